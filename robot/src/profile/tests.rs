use super::*;

const GOOD: &str = include_str!("../../../assets/profiles/so101.toml");

fn with(from: &str, to: &str) -> Result<Profile, String> {
    assert!(GOOD.contains(from), "{from} is not in the profile");
    Profile::parse("arm.toml", &GOOD.replacen(from, to, 1)).map_err(|error| error.to_string())
}

#[test]
fn the_shipped_profile_has_every_limit_and_is_tighter_than_the_published_model() {
    let profile = Profile::parse("so101.toml", GOOD).unwrap();
    let limits = profile.settings().safety.limits.unwrap();
    let published = [
        (-1.91986, 1.91986),
        (-1.74533, 1.74533),
        (-1.69, 1.69),
        (-1.65806, 1.65806),
        (-2.74385, 2.84121),
    ];
    assert_eq!(limits.len(), published.len());
    for (limits, (min, max)) in limits.iter().zip(published) {
        assert!(limits.position_min > min && limits.position_max < max);
        assert!(limits.velocity < 10.0, "the description's limit");
    }
}

#[test]
fn a_wrong_value_is_told_in_one_line_with_file_key_value_and_what_was_expected() {
    for (from, to, expected) in [
        (
            "control_hz = 100.0",
            "control_hz = 0.0",
            "profile arm.toml: rates.control_hz is 0, expected 1 to 1000 Hz",
        ),
        (
            "control_hz = 100.0",
            "control_hz = nan",
            "rates.control_hz is NaN",
        ),
        (
            "control_hz = 100.0",
            "control_hertz = 100.0",
            "unknown field `control_hertz`",
        ),
        (
            "control_hz = 100.0",
            "control_hz = \"fast\"",
            "invalid type: string \"fast\"",
        ),
        ("control_hz = 100.0", "control_hz = ", "line "),
        (
            "ramp_secs = 1.0",
            "ramp_secs = -1.0",
            "safety.ramp_secs is -1, expected 0 to 60 s",
        ),
        (
            "\"/joint_states\"",
            "\"joint states\"",
            "ros.states.topic is \"joint states\", expected an absolute name",
        ),
        (
            "name = \"elbow_flex\"",
            "name = \"shoulder_pan\"",
            "joint.name is \"shoulder_pan\"",
        ),
        (
            "position_max = 1.69",
            "position_max = -1.69",
            "position_max of joint elbow_flex is -1.69, expected more than",
        ),
    ] {
        let error = with(from, to).unwrap_err();
        assert!(
            error.contains(expected) && error.lines().count() == 1,
            "{error}"
        );
        assert!(error.starts_with("profile arm.toml: "), "{error}");
    }
}

#[test]
fn a_missing_limit_is_named() {
    let profile = with("jerk = 60.0\n", "").unwrap();
    assert_eq!(
        profile.settings().safety.limits,
        Err("joint shoulder_pan has no jerk".to_owned())
    );
}
