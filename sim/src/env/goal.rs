//! A goal from nothing but a pose: as if the simulator had rendered it.

use super::Env;
use crate::error::SimError;
use crate::pose::Goal;
use crate::task::Draw;
use nalgebra::{DMatrix, DVector};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rapier3d::prelude::*;

/// Starts from which the joints are sought that bring the object to its place.
const STARTS: u64 = 24;
/// Steps of Gauss-Newton from each.
const ITERATIONS: usize = 30;
/// Displacement of a joint for its difference quotient, m or rad.
const NUDGE: f64 = 1.0e-3;
/// Levenberg's damping.
const DAMPING: f64 = 1.0e-6;
/// Share of the position tolerance within which the object is where it should be.
const EXACTNESS: f32 = 0.1;

/// Share of the position tolerance by which the object may be elsewhere after a control step at rest: further when it was put
/// into something.
const STAYS: f32 = 0.25;
/// m/s^2. What falls freely for a control step may do so: a stretched arm sags before its servos hold it, and what was put into
/// something is not pushed down.
const GRAVITY: f32 = 9.81;

/// A coordinate that a start draws: its slot, its value now, and what its joint allows.
struct Coordinate {
    qpos: usize,
    now: f64,
    low: f64,
    high: f64,
}

pub(super) fn at(env: &Env, pose: &[f32]) -> Result<Goal, SimError> {
    let shape = env.task.pose_shape();
    let object = env.task.object;
    let wanted = pose.get(..shape.position_dims + 2 * usize::from(shape.has_yaw));
    let unreachable = || SimError::Unreachable {
        task: env.task.name().to_owned(),
        pose: pose.to_vec(),
    };
    let Some(wanted) = wanted.filter(|w| w.iter().all(|x| x.is_finite())) else {
        return Err(unreachable());
    };
    let free = env
        .task
        .draws
        .iter()
        .any(|draw| matches!(draw, Draw::PlanarPose { body, .. } if *body == object.body));
    let mut fork = env.fork();
    if free {
        lay(&mut fork, wanted);
        return Ok(fork.as_goal());
    }
    let joints: Vec<Coordinate> = env
        .task
        .draws
        .iter()
        .filter_map(|draw| match draw {
            Draw::Coordinate { qpos, low, high } => {
                let joint = env.task.scene.joint_at(*qpos)?;
                let [least, most] = joint.range;
                Some(Coordinate {
                    qpos: *qpos,
                    now: f64::from(joint.state(&env.world).0),
                    low: f64::from(if least.is_finite() { least } else { *low }),
                    high: f64::from(if most.is_finite() { most } else { *high }),
                })
            }
            Draw::PlanarPose { .. } => None,
        })
        .collect();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    for start in 0..STARTS {
        let mut qpos = fork.task.scene.qpos.clone();
        for joint in &joints {
            qpos[joint.qpos] = match start {
                0 => joint.now,
                _ => joint.low + (joint.high - joint.low) * rng.random::<f64>(),
            };
        }
        if solve(&mut fork, &joints, &mut qpos, wanted) {
            fork.targets = fork.task.robot.rest_targets(&qpos);
            let goal = fork.as_goal();
            let rest = vec![0.0; fork.task.action_dim()];
            let moved = match fork.step(&rest) {
                Ok(()) => shape.position_error_m(&raised(&fork, &goal.pose), &goal.pose),
                Err(_) => f32::INFINITY,
            };
            if moved < STAYS * shape.position_tolerance_m {
                return Ok(goal);
            }
            fork = env.fork();
        }
    }
    Err(unreachable())
}

/// The pose vector of a world one control step after it was put into a pose, without what may have fallen meanwhile.
fn raised(env: &Env, put: &[f32]) -> Vec<f32> {
    let mut pose = env.pose();
    let step = 1.0 / env.task.rate_hz() as f32;
    if let Some(z) = env.task.object_axes.iter().position(|&axis| axis == 2) {
        pose[z] += (put[z] - pose[z]).max(0.0).min(0.5 * GRAVITY * step * step);
    }
    pose
}

/// Puts a free object where it should be, at rest.
fn lay(env: &mut Env, wanted: &[f32]) {
    let (object, n) = (env.task.object, env.task.pose_shape().position_dims);
    let axes = env.task.object_axes.clone();
    let now = env.yaw(&object);
    let Some(body) = env.world.physics.bodies.get_mut(object.body) else {
        return;
    };
    let mut position = body.translation();
    for (axis, &x) in axes.iter().zip(wanted) {
        position[*axis] = x;
    }
    body.set_translation(position, true);
    if let [cos, sin] = wanted[n..] {
        let turn = sin.atan2(cos) - now.1.atan2(now.0);
        let rotation = Rotation::from_rotation_z(turn) * *body.rotation();
        body.set_rotation(rotation, true);
    }
    body.set_linvel(Vector::ZERO, true);
    body.set_angvel(Vector::ZERO, true);
}

/// Turns the joints until the object is where it should be. Returns whether it is.
fn solve(env: &mut Env, joints: &[Coordinate], qpos: &mut [f64], wanted: &[f32]) -> bool {
    let shape = env.task.pose_shape().clone();
    let n = wanted.len();
    let mut pose_at = |qpos: &[f64]| {
        let task = std::sync::Arc::clone(&env.task);
        task.scene.place(&mut env.world, qpos);
        env.pose()
    };
    for _ in 0..ITERATIONS {
        let pose = pose_at(qpos);
        let close = shape.position_error_m(&pose, wanted) < EXACTNESS * shape.position_tolerance_m;
        if close && shape.yaw_error_rad(&pose, wanted) <= EXACTNESS * shape.yaw_tolerance_rad {
            return true;
        }
        let error = DVector::from_iterator(n, (0..n).map(|i| f64::from(wanted[i] - pose[i])));
        let mut slopes = DMatrix::zeros(n, joints.len());
        for (column, joint) in joints.iter().enumerate() {
            let mut nudged = qpos.to_vec();
            nudged[joint.qpos] += NUDGE;
            for (row, (after, before)) in pose_at(&nudged).iter().zip(&pose).take(n).enumerate() {
                slopes[(row, column)] = f64::from(after - before) / NUDGE;
            }
        }
        let normal =
            slopes.transpose() * &slopes + DMatrix::identity(joints.len(), joints.len()) * DAMPING;
        let Some(step) = normal.lu().solve(&(slopes.transpose() * error)) else {
            return false;
        };
        for (joint, step) in joints.iter().zip(step.iter()) {
            let moved = qpos[joint.qpos] + step.clamp(-0.3, 0.3);
            qpos[joint.qpos] = moved.clamp(joint.low, joint.high);
        }
    }
    false
}
