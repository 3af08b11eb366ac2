//! Futures and the past in the world: paths and ghosts.

use super::super::session::Session;
use super::super::surprise::FAR_BLOCKS;
use super::super::thinker::Thought;
use crate::side_by_side::Standing;
use sim::{Env, PoseShape};
use viewer::stream::{DragPlane, Ghost, GhostShape, Path};

const GOAL: [f32; 4] = [0.1, 0.62, 0.25, 0.38];
const REACHED: [f32; 4] = [0.1, 0.85, 0.2, 0.6];
const IMAGINED: [f32; 4] = [0.55, 0.2, 0.85, 0.35];
const BEST: [f32; 4] = [0.55, 0.1, 0.85, 1.0];
const ELITE: [f32; 4] = [0.55, 0.2, 0.85, 0.5];
const OTHER: [f32; 4] = [0.35, 0.4, 0.5, 0.28];
const ACTUAL: [f32; 4] = [0.1, 0.1, 0.1, 0.9];
const EXPECTED: [f32; 4] = [0.95, 0.5, 0.0, 0.9];

/// Colours of the modes side by side, in the order of `MODES`: System 2, System 1, hybrid.
const MODE_COLOURS: [[f32; 4]; 3] = [
    [0.1, 0.35, 0.95, 0.4],
    [0.95, 0.55, 0.05, 0.4],
    [0.85, 0.1, 0.25, 0.4],
];

/// Seconds of the actual path that are drawn.
const PATH_S: usize = 3;
/// Height at which paths of planar tasks are drawn above the ground, metres.
const LIFT: f32 = 0.002;

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

pub fn paths(session: &Session, thought: Option<&Thought>) -> Vec<Path> {
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
            let shown = blocks_to_end(poses, shape, goal);
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
    for (standing, colour) in standings(session).iter().zip(MODE_COLOURS) {
        let points = standing.poses.iter().map(|pose| mover_at(env, pose));
        let [red, green, blue, _] = colour;
        draw(points.collect(), [red, green, blue, 0.9], 1.0);
    }
    paths
}

/// How the modes side by side are doing; none where they are not shown.
pub fn standings(session: &Session) -> &[Standing] {
    session
        .rivals
        .as_ref()
        .map_or(&[], |rivals| rivals.standings())
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

pub fn ghosts(session: &Session, thought: Option<&Thought>) -> Vec<Ghost> {
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
    for (standing, colour) in standings(session).iter().zip(MODE_COLOURS) {
        let Some(pose) = standing.poses.last() else {
            continue;
        };
        ghosts.push(Ghost {
            name: standing.name.to_owned(),
            shape: match form {
                GhostShape::Ball(radius) => GhostShape::Ball(radius * 0.8),
                body @ GhostShape::Body(_) => body,
            },
            placement: env.placement_of(pose),
            colour,
            uncertainty_m: 0.0,
            drag: None,
        });
    }
    ghosts
}

/// Blocks of a future until its end: the horizon, or where the goal is reached.
fn blocks_to_end(poses: &[f32], shape: &PoseShape, goal: &[f32]) -> usize {
    let mut blocks = poses.chunks_exact(shape.dim());
    let all = blocks.len();
    let reached = blocks.position(|pose| shape.achieved(pose, goal));
    reached.map_or(all, |index| index + 1)
}

/// The pose in which the imagined future ends, and the blocks until there.
pub fn end_of<'a>(
    thought: &'a Thought,
    shape: &PoseShape,
    goal: &[f32],
) -> Option<(&'a [f32], usize)> {
    let blocks = blocks_to_end(&thought.poses, shape, goal);
    let mut poses = thought.poses.chunks_exact(shape.dim());
    Some((poses.nth(blocks.checked_sub(1)?)?, blocks))
}

/// Radius that 99 of 100 decoded positions were within, so many blocks ahead, metres; none when nothing is decoded.
pub fn uncertainty(session: &Session, blocks: usize) -> Option<f32> {
    if session.mind.in_physics() {
        return None;
    }
    let measured = &session.mind.band.as_ref()?.position_m;
    measured
        .get(blocks.saturating_sub(1))
        .or(measured.last())
        .copied()
}
