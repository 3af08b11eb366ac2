//! What the window is told: paths and ghosts in the world, curves, lamps and lines of text.

use super::mind::PLANNERS;
use super::pacer::Brake;
use super::session::Session;
use super::surprise::FAR_BLOCKS;
use super::thinker::Thought;
use sim::shapes::Placement;
use sim::{Env, PoseShape};
use std::collections::BTreeMap;
use std::time::Duration;
use viewer::stream::{DragPlane, Ghost, GhostShape, Lamp, Line, Path, Plot, Telemetry};

const GOAL: [f32; 4] = [0.1, 0.62, 0.25, 0.38];
const REACHED: [f32; 4] = [0.1, 0.85, 0.2, 0.6];
const IMAGINED: [f32; 4] = [0.55, 0.2, 0.85, 0.35];
const BEST: [f32; 4] = [0.55, 0.1, 0.85, 1.0];
const ELITE: [f32; 4] = [0.55, 0.2, 0.85, 0.5];
const OTHER: [f32; 4] = [0.35, 0.4, 0.5, 0.28];
const ACTUAL: [f32; 4] = [0.1, 0.1, 0.1, 0.9];
const EXPECTED: [f32; 4] = [0.95, 0.5, 0.0, 0.9];

/// How long a state that lasts a moment is shown.
const HOLD: Duration = Duration::from_millis(500);
/// Seconds of the actual path that are drawn.
const PATH_S: usize = 3;
/// Height at which paths of planar tasks are drawn above the ground, metres.
const LIFT: f32 = 0.002;
/// Length of cosine and sine of a decoded yaw below which it is called uncertain.
const CERTAIN_YAW: f32 = 0.8;

/// Centre and radius of what there is to see.
pub fn view(env: &Env) -> ([f32; 3], f32) {
    let placements = env.placements();
    let (mut aside, mut height): (f32, f32) = (0.3, 0.0);
    for part in &env.task().appearance().parts {
        // The ground goes on for ever.
        let Some(body) = part.body else { continue };
        let [x, y, z] = placements[body].apply(part.placement.position);
        aside = aside.max(x.hypot(y));
        height = height.max(z);
    }
    ([0.0, 0.0, height / 2.0], aside.max(height).min(0.5))
}

/// Bodies on their way from one control step to the next.
pub fn between(before: &[Placement], now: &[Placement], share: f32) -> Vec<Placement> {
    let mix = |(a, b): (&Placement, &Placement)| {
        let dot: f32 = (0..4).map(|i| a.rotation[i] * b.rotation[i]).sum();
        let sign = dot.signum();
        let mut rotation: [f32; 4] =
            std::array::from_fn(|i| a.rotation[i] + (sign * b.rotation[i] - a.rotation[i]) * share);
        let length = rotation.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-9);
        rotation.iter_mut().for_each(|x| *x /= length);
        Placement {
            position: std::array::from_fn(|i| {
                a.position[i] + (b.position[i] - a.position[i]) * share
            }),
            rotation,
        }
    };
    before.iter().zip(now).map(mix).collect()
}

/// All of it.
pub fn telemetry(session: &mut Session) -> Telemetry {
    let speed = session.pacer.factor();
    let session = &*session;
    let thought = session.mind.thought.as_deref();
    let shown = thought.filter(|_| session.switches.overlays && session.switches.plan);
    Telemetry {
        epoch: session.epoch,
        paths: paths(session, shown),
        ghosts: ghosts(session, shown),
        plots: plots(session, shown),
        landscape: shown.and_then(|t| t.landscape.clone()),
        lamps: lamps(session),
        status: status(session, thought, speed),
        banner: banner(session),
        message: session.message().cloned(),
        values: values(session, thought, speed),
    }
}

/// Where the object is when its pose is `pose`, as a point on a path.
fn object_at(env: &Env, pose: &[f32]) -> [f32; 3] {
    let mut at = env.placement_of(pose).position;
    at[2] += LIFT;
    at
}

/// Where what moves is: the effector, or the object where that is the robot itself.
fn mover_at(env: &Env, pose: &[f32]) -> [f32; 3] {
    env.effector_of(pose)
        .unwrap_or_else(|| object_at(env, pose))
}

fn paths(session: &Session, thought: Option<&Thought>) -> Vec<Path> {
    let mut paths = Vec::new();
    if !session.switches.overlays {
        return paths;
    }
    let env = &session.ground.env;
    let shape = env.task().pose_shape();
    let goal = &session.ground.goal.pose;
    let width = shape.dim();
    let rate = env.task().rate_hz() as usize;
    let mut draw = |points: Vec<[f32; 3]>, colour, fade| {
        if points.len() > 1 {
            paths.push(Path {
                points,
                colour,
                fade,
            });
        }
    };
    if let Some(thought) = thought {
        // A future starts where the world was when it was imagined.
        let start = pose_at(session, thought.plan.observed);
        let future = |poses: &[f32], place: &dyn Fn(&Env, &[f32]) -> [f32; 3]| {
            let first = start.as_deref().map(|pose| place(env, pose));
            // It ends where the goal is reached: what comes after that costs nothing, and is anything.
            let mut blocks = poses.chunks_exact(width);
            let reached = blocks.position(|pose| shape.achieved(pose, goal));
            let shown = reached.map_or(usize::MAX, |index| index + 1);
            let rest = poses
                .chunks_exact(width)
                .take(shown)
                .map(|pose| place(env, pose));
            first.into_iter().chain(rest).collect::<Vec<_>>()
        };
        for other in &thought.others {
            draw(future(other, &mover_at), OTHER, 0.2);
        }
        for elite in &thought.elites {
            draw(future(elite, &mover_at), ELITE, 0.3);
        }
        draw(future(&thought.poses, &mover_at), BEST, 0.5);
        if env.effector_of(&env.pose()).is_some() {
            draw(future(&thought.poses, &object_at), BEST, 0.5);
        }
    }
    // What was imagined some time ago, and what has come of it.
    if let Some((_, poses)) = session.mind.expected(session.ground.tick, FAR_BLOCKS) {
        let points = poses.chunks_exact(width).map(|pose| object_at(env, pose));
        draw(points.collect(), EXPECTED, 0.6);
    }
    let trail = &session.ground.trail;
    let recent = trail.iter().skip(trail.len().saturating_sub(PATH_S * rate));
    let points = recent.map(|t| object_at(env, &t.pose)).collect();
    draw(points, ACTUAL, 1.0);
    paths
}

/// The pose after a control step of the recent past.
fn pose_at(session: &Session, tick: usize) -> Option<Vec<f32>> {
    if tick == session.ground.tick {
        return Some(session.ground.env.pose());
    }
    let trail = &session.ground.trail;
    let newest = trail.back()?.tick;
    let index = (trail.len() + tick).checked_sub(newest + 1)?;
    Some(trail.get(index)?.pose.clone())
}

fn ghosts(session: &Session, thought: Option<&Thought>) -> Vec<Ghost> {
    let env = &session.ground.env;
    let task = env.task();
    let shape = task.pose_shape();
    let form = task.object_body().map_or(
        GhostShape::Ball(shape.position_tolerance_m),
        GhostShape::Body,
    );
    let goal = &session.ground.goal.pose;
    let mut ghosts = vec![Ghost {
        name: "goal".to_owned(),
        shape: form,
        placement: env.placement_of(goal),
        colour: match env.achieved(goal) {
            true => REACHED,
            false => GOAL,
        },
        uncertainty_m: 0.0,
        drag: Some(match task.is_planar() {
            true => DragPlane::Horizontal,
            false => DragPlane::Facing,
        }),
    }];
    if let Some((pose, blocks)) = thought.and_then(|t| end_of(t, shape, goal)) {
        ghosts.push(Ghost {
            name: "imagined".to_owned(),
            shape: match form {
                GhostShape::Ball(radius) => GhostShape::Ball(radius * 0.6),
                body @ GhostShape::Body(_) => body,
            },
            placement: env.placement_of(pose),
            colour: IMAGINED,
            uncertainty_m: uncertainty(session, blocks).unwrap_or(0.0),
            drag: None,
        });
    }
    ghosts
}

/// The pose in which the imagined future ends, and the blocks until there: the horizon, or where the goal is reached.
fn end_of<'a>(thought: &'a Thought, shape: &PoseShape, goal: &[f32]) -> Option<(&'a [f32], usize)> {
    let mut poses = thought.poses.chunks_exact(shape.dim());
    let blocks = poses.len();
    match poses.position(|pose| shape.achieved(pose, goal)) {
        Some(index) => Some((
            &thought.poses[index * shape.dim()..][..shape.dim()],
            index + 1,
        )),
        None => Some((thought.poses.chunks_exact(shape.dim()).last()?, blocks)),
    }
}

/// Radius that 99 of 100 decoded positions were within, so many blocks ahead, metres; none when nothing is decoded.
fn uncertainty(session: &Session, blocks: usize) -> Option<f32> {
    if session.mind.in_physics() {
        return None;
    }
    let measured = &session.mind.band.as_ref()?.position_m;
    measured
        .get(blocks.saturating_sub(1))
        .or(measured.last())
        .copied()
}

/// Errors of a pose in tolerances: position, yaw; and the distance of the effector from the object, decimetres.
fn terms(shape: &PoseShape, pose: &[f32], goal: &[f32]) -> [f64; 3] {
    let position = shape.position_error_m(pose, goal) / shape.position_tolerance_m;
    let yaw = match shape.has_yaw {
        true => shape.yaw_error_rad(pose, goal) / shape.yaw_tolerance_rad,
        false => 0.0,
    };
    let effector = &pose[shape.dim() - shape.effector_dims..];
    let squared: f32 = effector
        .iter()
        .zip(pose)
        .map(|(e, o)| (e - o).powi(2))
        .sum();
    let apart = if shape.effector_dims > 0 {
        squared.sqrt() * 10.0
    } else {
        0.0
    };
    [f64::from(position), f64::from(yaw), f64::from(apart)]
}

fn plots(session: &Session, thought: Option<&Thought>) -> Vec<Plot> {
    let ground = &session.ground;
    let task = ground.env.task();
    let shape = task.pose_shape();
    let goal = &ground.goal.pose;
    let rate = f64::from(task.rate_hz());
    let time = |tick: usize| tick as f64 / rate;
    let now = time(ground.tick);
    let line = |name: &str| Line {
        name: name.to_owned(),
        past: Vec::new(),
        future: Vec::new(),
    };

    let mut cost = vec![line("position / tolerance")];
    if shape.has_yaw {
        cost.push(line("yaw / tolerance"));
    }
    if shape.effector_dims > 0 {
        cost.push(line("effector to object, dm"));
    }
    let used = |terms: [f64; 3]| {
        let [position, yaw, apart] = terms;
        let yaw = shape.has_yaw.then_some(yaw);
        let apart = (shape.effector_dims > 0).then_some(apart);
        [Some(position), yaw, apart].into_iter().flatten()
    };
    for trace in &ground.trail {
        for (line, value) in cost.iter_mut().zip(used(terms(shape, &trace.pose, goal))) {
            line.past.push([time(trace.tick), value]);
        }
    }
    let mut planned = line("cost of the plan");
    planned.past = session.mind.costs().map(|(t, c)| [time(t), c]).collect();
    let mut actions: Vec<Line> = task.spec().action.iter().map(|a| line(&a.name)).collect();
    for trace in &ground.trail {
        for (line, &a) in actions.iter_mut().zip(&trace.action) {
            line.past.push([time(trace.tick), f64::from(a)]);
        }
    }
    if let Some(thought) = thought {
        let blocks = thought.poses.chunks_exact(shape.dim());
        for (index, pose) in blocks.enumerate() {
            let then = time(thought.plan.observed + (index + 1) * thought.block);
            for (line, value) in cost.iter_mut().zip(used(terms(shape, pose, goal))) {
                line.future.push([then, value]);
            }
        }
        let steps = thought
            .plan
            .decision
            .actions
            .chunks_exact(task.action_dim());
        for (index, action) in steps.enumerate() {
            let then = time(thought.plan.observed + index + 1);
            for (line, &a) in actions.iter_mut().zip(action) {
                line.future.push([then, f64::from(a)]);
            }
        }
    }
    let mut plots = vec![
        Plot {
            title: "distance to the goal, past and imagined".to_owned(),
            lines: cost,
            now,
            limit: Some(1.0),
        },
        Plot {
            title: "cost of the plan".to_owned(),
            lines: vec![planned],
            now,
            limit: None,
        },
        Plot {
            title: "actions, past and planned".to_owned(),
            lines: actions,
            now,
            limit: None,
        },
    ];
    if let Some(band) = &session.mind.band {
        let mut near = line("one block");
        let mut far = line(&format!("{FAR_BLOCKS} blocks"));
        for trace in &ground.trail {
            if let Some(errors) = &trace.errors {
                let at = time(trace.tick);
                near.past.push([at, f64::from(errors.near / band.near)]);
                if let Some(error) = errors.far {
                    far.past.push([at, f64::from(error / band.far)]);
                }
            }
        }
        plots.push(Plot {
            title: "prediction error / its 99 % band".to_owned(),
            lines: vec![near, far],
            now,
            limit: Some(1.0),
        });
    }
    plots
}

/// The newest prediction errors as shares of their bands; none before they are known.
fn depth(session: &Session) -> Option<f32> {
    let band = session.mind.band.as_ref()?;
    let rate = session.ground.env.task().rate_hz() as usize;
    let recent = session.ground.trail.iter().rev().take(rate / 4);
    recent
        .filter_map(|t| t.errors.as_ref())
        .map(|e| (e.near / band.near).max(e.far.unwrap_or(0.0) / band.far))
        .reduce(f32::max)
}

fn starved(session: &Session) -> bool {
    session.starved.is_some_and(|when| when.elapsed() < HOLD)
}

fn lamps(session: &Session) -> Vec<Lamp> {
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

fn banner(session: &Session) -> Option<String> {
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

fn status(session: &Session, thought: Option<&Thought>, speed: f64) -> Vec<(String, String)> {
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
    let mut lines = vec![
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
    if let Some(replay) = &session.replay {
        let (shown, all) = replay.progress();
        lines.push(("replay", format!("step {shown} of {all}")));
    }
    lines.into_iter().map(|(n, v)| (n.to_owned(), v)).collect()
}

/// Numbers for scripts.
fn values(session: &Session, thought: Option<&Thought>, speed: f64) -> BTreeMap<String, f64> {
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
        (
            "mismatches",
            session.replay.as_ref().map_or(0.0, |r| r.mismatches as f64),
        ),
        ("message", flag(session.message().is_some())),
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
