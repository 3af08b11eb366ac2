//! Grasping: from above onto the object, close, wander with it, let go, and again.

use super::{Behaviour, response};
use crate::env::Env;
use crate::error::SimError;
use nalgebra::DVector;
use rand::RngExt;

/// Height above the object from which it is approached, in typical object sizes.
const HOVER: f32 = 0.8;
/// Distance at which the effector has arrived, in typical object sizes.
const ARRIVED: f32 = 0.12;
/// Horizontal distance at which it may come down, in typical object sizes.
const ABOVE: f32 = 0.2;
/// Control steps after which a way to the object is given up.
const PATIENCE: u64 = 24;
/// Fewest and most control steps that are spent on the way to a point.
const CARRY_STEPS: [u64; 2] = [3, 14];
/// How far to the sides, and how far up, an object is carried at a time, in typical object sizes.
const SPREAD: f32 = 1.2;
const RISE: [f32; 2] = [-0.5, 1.8];
/// Fewest and most control steps for which the gripper closes or opens.
const GRIP_STEPS: [u64; 2] = [4, 7];

/// A grasp under way.
pub(super) struct Grasp {
    phase: Phase,
    steps: u64,
    /// Control steps after which the phase ends in any case.
    patience: u64,
    /// Index of the action that moves the jaws, and its sign that closes them.
    jaws: (usize, f32),
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    /// To a place above the object, jaws open.
    Hover,
    /// Down to the object.
    Descend,
    Close,
    /// To a point, jaws closed; so many more points follow.
    Carry([f32; 3], u32),
    Open,
}

impl Behaviour {
    pub(super) fn grasp(&mut self, env: &Env) -> Result<Vec<f32>, SimError> {
        let (at, object) = (env.effector_position(), env.object_position());
        let unit = env.task().spec().control.length_unit_m;
        let mut grasp = match self.grasp.take() {
            Some(grasp) => grasp,
            None => Grasp {
                phase: Phase::Hover,
                steps: 0,
                patience: PATIENCE,
                jaws: jaws(env)?,
            },
        };
        let target = match grasp.phase {
            Phase::Hover => [object[0], object[1], object[2] + HOVER * unit],
            Phase::Descend => object,
            Phase::Carry(target, _) => target,
            Phase::Close | Phase::Open => at,
        };
        let away = DVector::from_fn(3, |i, _| target[i] - at[i]);
        let arrived = match grasp.phase {
            // Above is above, whatever the height.
            Phase::Hover => away.rows(0, 2).norm() < ABOVE * unit && at[2] > object[2],
            Phase::Close | Phase::Open => false,
            Phase::Descend | Phase::Carry(..) => away.norm() < ARRIVED * unit,
        };
        if grasp.steps == 0 {
            self.waypoint.response = response(env)?;
            self.waypoint.speed = 0.6 + 0.4 * self.rng.random::<f32>();
            self.waypoint.noise = 0.15 * self.rng.random::<f32>();
        }
        let mut action = self.along(&away);
        if matches!(grasp.phase, Phase::Close | Phase::Open) {
            let still = self.wander(self.waypoint.noise);
            action = still;
        }
        let closed = matches!(grasp.phase, Phase::Close | Phase::Carry(..));
        let (index, closing) = grasp.jaws;
        action[index] = if closed { closing } else { -closing };
        grasp.steps += 1;
        if arrived || grasp.steps >= grasp.patience {
            grasp.phase = self.after(grasp.phase, env);
            grasp.steps = 0;
            let [low, high] = match grasp.phase {
                Phase::Close | Phase::Open => GRIP_STEPS,
                Phase::Carry(..) => CARRY_STEPS,
                Phase::Hover | Phase::Descend => [PATIENCE; 2],
            };
            grasp.patience = self.rng.random_range(low..=high);
        }
        self.grasp = Some(grasp);
        Ok(action)
    }

    fn after(&mut self, phase: Phase, env: &Env) -> Phase {
        match phase {
            Phase::Hover => Phase::Descend,
            Phase::Descend => Phase::Close,
            Phase::Close => {
                let points = self.rng.random_range(0_u32..=3).saturating_sub(1);
                Phase::Carry(self.somewhere(env), points)
            }
            Phase::Carry(_, 0) => Phase::Open,
            Phase::Carry(_, points) => Phase::Carry(self.somewhere(env), points - 1),
            Phase::Open => Phase::Hover,
        }
    }

    /// A point near the object along the axes of the effector, mostly above it.
    fn somewhere(&mut self, env: &Env) -> [f32; 3] {
        let task = env.task();
        let unit = task.spec().control.length_unit_m;
        let mut target = env.object_position();
        for &axis in &task.effector_axes {
            let [low, high] = if axis == 2 { RISE } else { [-SPREAD, SPREAD] };
            target[axis] += unit * (low + (high - low) * self.rng.random::<f32>());
        }
        target[2] = target[2].max(env.effector_position()[2].min(0.2 * unit));
        target
    }
}

/// The action that moves the jaws, and its sign that closes them: the one that changes their opening most.
fn jaws(env: &Env) -> Result<(usize, f32), SimError> {
    let opening = |axis: usize, value: f32| -> Result<f32, SimError> {
        let mut fork = env.fork();
        let mut action = vec![0.0; env.task().action_dim()];
        action[axis] = value;
        for _ in 0..super::RESPONSE_STEPS {
            fork.step(&action)?;
        }
        Ok(fork.grip_opening())
    };
    let mut best = (0, 0.0);
    for axis in 0..env.task().action_dim() {
        let change = opening(axis, 1.0)? - opening(axis, -1.0)?;
        if change.abs() > f32::abs(best.1) {
            best = (axis, change);
        }
    }
    Ok((best.0, -best.1.signum()))
}
