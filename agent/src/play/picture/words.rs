//! Lamps, lines of text, and what must not be overlooked.

use super::super::mind::PLANNERS;
use super::super::pacer::Brake;
use super::super::session::Session;
use super::super::thinker::Thought;
use super::futures::{end_of, standings, uncertainty};
use std::time::Duration;
use viewer::stream::Lamp;

/// How long a state that lasts a moment is shown.
const HOLD: Duration = Duration::from_millis(500);
/// Length of cosine and sine of a decoded yaw below which it is called uncertain.
const CERTAIN_YAW: f32 = 0.8;

/// The newest prediction errors as shares of their bands; none before they are known.
pub fn depth(session: &Session) -> Option<f32> {
    let band = session.mind.band.as_ref()?;
    let rate = session.ground.env.task().rate_hz() as usize;
    let recent = session.ground.trail.iter().rev().take(rate / 4);
    recent
        .filter_map(|t| t.errors.as_ref())
        .map(|e| (e.near / band.near).max(e.far.unwrap_or(0.0) / band.far))
        .reduce(f32::max)
}

/// Whether the world wanted an action just now that no plan had.
pub fn starved(session: &Session) -> bool {
    session.starved.is_some_and(|when| when.elapsed() < HOLD)
}

pub fn lamps(session: &Session) -> Vec<Lamp> {
    let lamp = |name: &str, on, warning| Lamp {
        name: name.to_owned(),
        on,
        warning,
    };
    let goal = &session.ground.goal.pose;
    vec![
        lamp("reached", session.ground.env.achieved(goal), false),
        lamp("recording", session.ground.is_recording(), false),
        lamp("replay", session.replay.is_some(), false),
        lamp(
            "out of its depth",
            depth(session).is_some_and(|d| d > 1.0),
            true,
        ),
        lamp("starved", starved(session), true),
    ]
}

pub fn banner(session: &Session) -> Option<String> {
    if starved(session) {
        let period = session.pacer.period(session.pace()).as_secs_f64() * 1e3;
        let took = session.mind.decision_ms(0.5);
        return Some(match took {
            Some(ms) => format!(
                "Starved: no plan for now. A decision takes {ms:.0} ms, a control step {period:.0} ms."
            ),
            None => "Starved: no plan yet.".to_owned(),
        });
    }
    if !session.switches.simulate {
        return Some("Paused".to_owned());
    }
    None
}

pub fn status(session: &Session, thought: Option<&Thought>, speed: f64) -> Vec<(String, String)> {
    let mind = &session.mind;
    let pace = session.pace();
    let reason = match session.pacer.brake(pace, session.waits_for_plan()) {
        _ if !session.switches.simulate => " (paused)",
        Brake::Physics => " (physics is the limit)",
        Brake::Planner => " (planner is the limit)",
        // Slow motion has too few steps a second to tell.
        Brake::None if pace.is_some_and(|p| p > 0.1 && speed < 0.9 * p) => " (the machine is busy)",
        Brake::None => "",
    };
    let asked = pace.map_or("as fast as possible".to_owned(), |p| format!("{p:.3}x"));
    let ms = |quantile| {
        mind.decision_ms(quantile)
            .map_or("-".to_owned(), |ms| format!("{ms:.1}"))
    };
    let env = &session.ground.env;
    let shape = env.task().pose_shape();
    let (pose, goal) = (env.pose(), &session.ground.goal.pose);
    let mut error = format!("{:.1} cm", 100.0 * shape.position_error_m(&pose, goal));
    if shape.has_yaw {
        error += &format!(", {:.0}°", shape.yaw_error_rad(&pose, goal).to_degrees());
    }
    let age = mind.plan_age().map_or("-".to_owned(), |a| {
        format!("{:.0} ms", a.as_secs_f64() * 1e3)
    });
    let acts = thought.map_or("-".to_owned(), |thought| {
        let decision = &thought.plan.decision;
        format!("{}, {}", decision.actor.name(), decision.reason.name())
    });
    let mut lines = vec![
        ("acts", acts),
        ("speed", format!("{speed:.2}x of {asked}{reason}")),
        ("seed", session.ground.seed.to_string()),
        ("to the goal", error),
        ("planner", PLANNERS[mind.planner].to_owned()),
        (
            "plan time",
            format!("{} / {} ms (p50 / p99)", ms(0.5), ms(0.99)),
        ),
        ("plan age", age),
        ("replans", format!("{} a second", mind.replans_a_second())),
        (
            "deadlines",
            format!("{} missed of {}", mind.misses, mind.decisions),
        ),
        (
            "rewind",
            format!(
                "{:.1} s kept",
                session.ground.behind() as f64 / f64::from(env.task().rate_hz())
            ),
        ),
    ];
    if let Some(thought) = thought
        && let Some((end, blocks)) = end_of(thought, shape, goal)
        && let Some(metres) = uncertainty(session, blocks)
    {
        let n = shape.position_dims;
        let blurred = shape.has_yaw && end[n].hypot(end[n + 1]) < CERTAIN_YAW;
        let yaw = if blurred { ", yaw uncertain" } else { "" };
        let line = format!("± {:.1} cm after {blocks} blocks{yaw}", 100.0 * metres);
        lines.push(("imagined end", line));
    }
    for standing in standings(session) {
        let steps = standing.poses.len().saturating_sub(1);
        let how = if standing.reached {
            "reached"
        } else {
            "on its way"
        };
        let planned = 100.0 * standing.planned_share;
        let line = format!("{how}, {steps} steps, {planned:.0}% planned");
        lines.push((standing.name, line));
    }
    if let Some(replay) = &session.replay {
        let (shown, all) = (replay.next, replay.recording.steps.len());
        lines.push(("replay", format!("step {shown} of {all}")));
    }
    lines.into_iter().map(|(n, v)| (n.to_owned(), v)).collect()
}
