//! What a person can set, as the window is told of it.

use super::mind::{COSTS, MODES, PLANNERS};
use super::session::Session;
use super::settings;
use viewer::stream::{Control, ControlKind};

/// Slowest and fastest speed that can be asked for, seconds of the world in a second.
pub const SPEED: [f64; 2] = [0.001, 4.0];

/// Latency that can be asked for, control steps.
const MAX_LATENCY: f64 = 10.0;

struct List(Vec<Control>);

impl List {
    fn add(
        &mut self,
        group: &str,
        id: &str,
        label: &str,
        key: Option<&'static str>,
        hint: &str,
        kind: ControlKind,
    ) {
        self.0.push(Control {
            id: id.to_owned(),
            label: label.to_owned(),
            group: group.to_owned(),
            key,
            hint: hint.to_owned(),
            kind,
        });
    }

    fn button(
        &mut self,
        group: &str,
        id: &str,
        label: &str,
        key: Option<&'static str>,
        hint: &str,
    ) {
        self.add(group, id, label, key, hint, ControlKind::Button);
    }
}

fn slider(
    value: f64,
    range: [f64; 2],
    default: f64,
    whole: bool,
    logarithmic: bool,
) -> ControlKind {
    ControlKind::Slider {
        value: value.clamp(range[0], range[1]),
        range,
        default,
        whole,
        logarithmic,
    }
}

fn choice<T: ToString>(options: impl IntoIterator<Item = T>, chosen: usize) -> ControlKind {
    ControlKind::Choice {
        options: options.into_iter().map(|o| o.to_string()).collect(),
        chosen,
    }
}

/// All controls, as they stand.
pub fn list(session: &Session) -> Vec<Control> {
    let mut list = List(Vec::new());
    let group = "Run";
    let s = &session.switches;
    for (id, label, key, hint, on) in [
        (
            "simulate",
            "simulate",
            "Space",
            "Run or pause the world",
            s.simulate,
        ),
        ("plan", "plan", "P", "Let the planner think", s.plan),
        ("act", "act", "A", "Execute its actions", s.act),
        (
            "overlays",
            "overlays",
            "O",
            "Show what it imagines",
            s.overlays,
        ),
        (
            "landscape",
            "landscape",
            "L",
            "Show the cost over the first block, where it is imagined",
            s.landscape,
        ),
        (
            "side_by_side",
            "side by side",
            "I",
            "Let System 1 (orange), System 2 (blue) and hybrid (red) act on forks of this moment",
            s.side_by_side,
        ),
        (
            "new_goals",
            "new goals",
            "N",
            "Give a new goal once one has been held for a second",
            s.new_goals,
        ),
        (
            "unlimited",
            "as fast as possible",
            "M",
            "Let the world wait for plans and for nothing else",
            s.unlimited,
        ),
    ] {
        list.add(group, id, label, Some(key), hint, ControlKind::Switch(on));
    }
    list.button(group, "step", "step", Some("S"), "One control step");
    list.button(
        group,
        "back",
        "◀",
        Some("Left"),
        "Half a second back, and pause",
    );
    list.button(
        group,
        "forward",
        "▶",
        Some("Right"),
        "Half a second forward again",
    );
    list.button(
        group,
        "back_30",
        "◀◀",
        Some("Down"),
        "Back as far as is kept: 30 seconds",
    );
    list.button(
        group,
        "slower",
        "slower",
        Some("Minus"),
        "Slower by a third",
    );
    list.button(group, "faster", "faster", Some("Equal"), "Faster by a half");
    let speed = slider(session.speed, SPEED, 1.0, false, true);
    list.add(
        group,
        "speed",
        "speed",
        None,
        "Seconds of the world in a second",
        speed,
    );

    let group = "Scene and mind";
    list.button(
        group,
        "reset",
        "new start",
        Some("R"),
        "Another start and goal",
    );
    list.button(
        group,
        "again",
        "same seed",
        Some("G"),
        "The same start and goal again",
    );
    list.button(
        group,
        "next_goal",
        "new goal",
        Some("J"),
        "Another goal from here",
    );
    let names = session
        .scenes
        .iter()
        .map(|(task, variant)| match variant.as_str() {
            "nominal" => task.clone(),
            variant => format!("{task}/{variant}"),
        });
    list.add(
        group,
        "task",
        "task",
        Some("T"),
        "Next task",
        choice(names, session.scene),
    );
    let mind = &session.mind;
    list.add(
        group,
        "mode",
        "mode",
        None,
        "Who acts",
        choice(MODES, mind.mode),
    );
    let planners = choice(PLANNERS, mind.planner);
    list.add(
        group,
        "planner",
        "planner",
        Some("D"),
        "Next planner",
        planners,
    );
    let costs = choice(COSTS.map(|c| c.name()), mind.cost);
    list.add(group, "cost", "cost", Some("F"), "Next cost", costs);
    let models = mind.models.iter().map(|path| {
        let name = path.file_stem().unwrap_or(path.as_os_str());
        name.to_string_lossy().into_owned()
    });
    list.add(
        group,
        "model",
        "model",
        None,
        "World model",
        choice(models, mind.model),
    );

    let group = "Disturb";
    list.button(
        group,
        "shove",
        "shove",
        Some("V"),
        "Shove the selected body, or the object, somewhere",
    );
    let shove = slider(session.shove_ns, [0.001, 2.0], 0.1, false, true);
    list.add(
        group,
        "shove_ns",
        "shove, N s",
        None,
        "Strength of a shove",
        shove,
    );
    let disturbance = &session.ground.disturbance;
    let noise = slider(
        f64::from(disturbance.noise_std),
        [0.0, 1.0],
        0.0,
        false,
        false,
    );
    list.add(
        group,
        "noise",
        "action noise",
        None,
        "Standard deviation of the noise on every action",
        noise,
    );
    let latency = slider(
        disturbance.latency as f64,
        [0.0, MAX_LATENCY],
        0.0,
        true,
        false,
    );
    list.add(
        group,
        "latency",
        "latency",
        None,
        "Control steps by which actions come late",
        latency,
    );
    let env = &session.ground.env;
    for (factor, &value) in env.task().spec().factor.iter().zip(env.factors()) {
        if factor.kind.is_visual() {
            continue; // of cameras, not of the window
        }
        let decimal = |x: f32| format!("{x}").parse().unwrap_or(f64::from(x));
        let range = factor.range.map(decimal);
        let kind = slider(decimal(value), range, decimal(factor.nominal), false, false);
        let id = format!("factor/{}", factor.name);
        list.add(
            group,
            &id,
            &factor.name,
            None,
            "Factor of variation of the task",
            kind,
        );
    }

    let group = "Files";
    list.button(group, "save", "save", Some("F6"), "Save this moment");
    list.button(group, "load", "load", Some("F7"), "Load the saved moment");
    let recording = ControlKind::Switch(session.ground.is_recording());
    list.add(
        group,
        "record",
        "record",
        Some("C"),
        "Record the run to a file",
        recording,
    );
    list.button(
        group,
        "replay",
        "replay",
        Some("X"),
        "Show the recorded run again, bit for bit",
    );
    list.button(
        group,
        "defaults",
        "default settings",
        None,
        "Reset all settings of the planner",
    );
    list.button(
        group,
        "save_settings",
        "save settings",
        Some("K"),
        "Write them to a file that `bench --config` takes",
    );
    list.button(
        group,
        "bench",
        "benchmark this",
        Some("B"),
        "Run the headless benchmark with exactly these settings",
    );

    let mut controls = list.0;
    controls.extend(settings::controls(
        &mind.config,
        &mind.defaults(),
        mind.in_physics(),
    ));
    controls
}
