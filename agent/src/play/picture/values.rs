//! Numbers by name, for scripts.

use super::super::session::Session;
use super::super::thinker::Thought;
use super::futures::standings;
use super::words::{depth, starved};
use sim::shapes::Placement;
use std::collections::BTreeMap;

/// Numbers for scripts.
pub fn values(session: &Session, thought: Option<&Thought>, speed: f64) -> BTreeMap<String, f64> {
    let flag = |on: bool| f64::from(u8::from(on));
    let ground = &session.ground;
    let env = &ground.env;
    let (mind, switches) = (&session.mind, &session.switches);
    let goal = env.placement_of(&ground.goal.pose);
    let object = env.placement_of(&env.pose());
    let yaw = |p: &Placement| f64::from(2.0 * p.rotation[2].atan2(p.rotation[3]));
    let mut values: BTreeMap<String, f64> = [
        ("tick", ground.tick as f64),
        ("step", env.steps() as f64),
        ("seed", ground.seed as f64),
        ("hash", ground.fingerprint()),
        ("behind", ground.behind() as f64),
        ("energy", f64::from(ground.energy())),
        ("energy_peak", f64::from(ground.energy_peak)),
        ("simulate", flag(switches.simulate)),
        ("plan", flag(switches.plan)),
        ("act", flag(switches.act)),
        ("overlays", flag(switches.overlays)),
        ("landscape", flag(switches.landscape)),
        ("side_by_side", flag(switches.side_by_side)),
        ("modes_shown", standings(session).len() as f64),
        ("new_goals", flag(switches.new_goals)),
        ("unlimited", flag(switches.unlimited)),
        ("speed", session.speed),
        ("speed_measured", speed),
        ("task", session.scene as f64),
        ("planner", mind.planner as f64),
        ("cost", mind.cost as f64),
        ("model", mind.model as f64),
        ("decisions", mind.decisions as f64),
        ("misses", mind.misses as f64),
        ("decision_ms", mind.decision_ms(0.5).unwrap_or(f64::NAN)),
        (
            "decision_ms_p99",
            mind.decision_ms(0.99).unwrap_or(f64::NAN),
        ),
        ("replans", mind.replans_a_second() as f64),
        ("calibrated", flag(mind.band.is_some())),
        ("depth", f64::from(depth(session).unwrap_or(f32::NAN))),
        ("starved", flag(starved(session))),
        ("noise", f64::from(ground.disturbance.noise_std)),
        ("latency", ground.disturbance.latency as f64),
        ("shove_ns", session.shove_ns),
        ("recording", flag(ground.is_recording())),
        ("replaying", flag(session.replay.is_some())),
        ("mismatches", session.mismatches as f64),
        ("messages", session.messages as f64),
        ("benched", session.benched.0 as f64),
        ("bench_success", session.benched.1),
        ("reached", flag(env.achieved(&ground.goal.pose))),
        ("goal_x", f64::from(goal.position[0])),
        ("goal_y", f64::from(goal.position[1])),
        ("goal_z", f64::from(goal.position[2])),
        ("goal_yaw", yaw(&goal)),
        ("object_x", f64::from(object.position[0])),
        ("object_y", f64::from(object.position[1])),
        ("object_z", f64::from(object.position[2])),
        ("object_yaw", yaw(&object)),
        (
            "goal_of_plan_x",
            thought.map_or(f64::NAN, |t| {
                f64::from(env.placement_of(&t.goal.pose).position[0])
            }),
        ),
        (
            "candidates_shown",
            thought.map_or(0.0, |t| (t.elites.len() + t.others.len()) as f64),
        ),
        (
            "landscape_shown",
            flag(thought.is_some_and(|t| t.landscape.is_some())),
        ),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    for (factor, &value) in env.task().spec().factor.iter().zip(env.factors()) {
        values.insert(format!("factor/{}", factor.name), f64::from(value));
    }
    let settings = serde_json::to_value(&mind.config).unwrap_or_default();
    for name in ["population", "rounds", "elites"] {
        let value = settings.pointer(&format!("/planner/{name}"));
        if let Some(value) = value.and_then(serde_json::Value::as_f64) {
            values.insert(name.to_owned(), value);
        }
    }
    values.insert(
        "horizon_blocks".to_owned(),
        mind.config.horizon_blocks as f64,
    );
    values
}
