//! A task file that is wrong says so in one line that names the file and the value.

use crate::support::assets;
use sim::Task;

/// Loads the shipped push task with one piece of its text replaced.
fn edited(from: &str, to: &str) -> Result<Task, String> {
    let text = std::fs::read_to_string(assets().join("tasks/push.toml")).unwrap();
    assert!(
        text.contains(from),
        "the task file no longer contains {from:?}"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("push.toml");
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    Task::from_file(&path, &assets().join("scenes")).map_err(|e| e.to_string())
}

#[test]
fn wrong_task_files_are_refused_by_name_and_value() {
    let cases = [
        ("rate_hz = 20", "rate_hz = 20\nrate = 3", "rate"),
        ("rate_hz = 20", "rate_hz = 30", "rate_hz = 30"),
        ("rate_hz = 20", "rate_hz = 0", "rate_hz = 0"),
        (
            "position_tolerance_m = 0.02",
            "position_tolerance_m = -1",
            "position_tolerance_m = -1",
        ),
        (
            "actuator = \"pusher_x\"",
            "actuator = \"pusher_w\"",
            "pusher_w",
        ),
        (
            "of = \"block\"\naxes = \"xy\"",
            "of = \"blok\"\naxes = \"xy\"",
            "blok",
        ),
        ("axes = \"xy\"", "axes = \"xw\"", "xw"),
        (
            "scene = \"push.xml\"",
            "scene = \"nowhere.xml\"",
            "nowhere.xml",
        ),
        ("kind = \"yaw\"", "kind = \"colour\"", "colour"),
        ("low = [-0.25, -0.25]", "low = [-0.25]", "1 low"),
        ("scale = 0.2", "scale = 0.2\nmax_lead = -1.0", "max_lead"),
        ("scale = 0.2", "scale = 0.2\nmax_lead = nan", "max_lead"),
        ("name = \"push\"", "name = push", "push"),
        (
            "[[camera]]",
            "[[goal.condition]]\nname = \"up\"\nkind = \"upright\"\nof = \"block\"\ntilt_deg = 5.0\nweight = -1.0\n\n[[camera]]",
            "weight of condition 'up' = -1",
        ),
        (
            "[[camera]]",
            "[[goal.clearance]]\nname = \"apart\"\nof = \"block\"\nfrom = []\nmargin_m = 0.1\n\n[[camera]]",
            "clearance 'apart' names no bodies",
        ),
        (
            "[[camera]]",
            "[[goal.clearance]]\nname = \"apart\"\nof = \"block\"\nfrom = [\"wal\"]\nmargin_m = 0.1\n\n[[camera]]",
            "'wal'",
        ),
        (
            "[[camera]]",
            "[[goal.clearance]]\nname = \"apart\"\nof = \"block\"\nfrom = [\"block\"]\nmargin_m = 0.1\n\n[[camera]]",
            "clearance 'apart' of 'block' from 'block'",
        ),
        (
            "[[camera]]",
            "[[goal.clearance]]\nname = \"apart\"\nof = \"block\"\nfrom = [\"pusher\"]\nmargin_m = 0.0\n\n[[camera]]",
            "margin_m of clearance 'apart' = 0",
        ),
        (
            "[[camera]]",
            "[[goal.clearance]]\nname = \"apart\"\nof = \"block\"\nfrom = [\"pusher\"]\nmargin_m = 0.1\nweight = nan\n\n[[camera]]",
            "weight of clearance 'apart' = NaN",
        ),
    ];
    for (from, to, expected) in cases {
        let message = edited(from, to)
            .err()
            .unwrap_or_else(|| panic!("{to:?} was accepted"));
        assert!(message.contains(expected), "{to:?}: {message}");
        assert_eq!(message.lines().count(), 1, "{to:?}: {message}");
    }
}

#[test]
fn an_unknown_task_names_the_known_ones() {
    let message = Task::load(&assets(), "puhs").err().unwrap().to_string();
    assert!(
        message.contains("'puhs'") && message.contains("push") && message.contains("two-room"),
        "{message}"
    );
}

#[test]
fn every_shipped_task_loads_and_describes_itself() {
    for name in Task::list(&assets()).unwrap() {
        let task = Task::load(&assets(), &name).unwrap();
        assert_eq!(task.name(), name);
        assert_eq!(task.observation_names().len(), task.observation_dim());
        assert_eq!(task.pose_names().len(), task.pose_shape().dim());
    }
}
