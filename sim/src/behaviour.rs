//! Exploration behaviours that need to know nothing of a task: they produce the data that a world model learns from, and
//! the futures from which goals are taken.

mod grasp;

use crate::env::Env;
use crate::error::SimError;
use crate::task::Task;
use grasp::Grasp;
use nalgebra::{DMatrix, DVector};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How an episode is explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BehaviourKind {
    /// A slowly changing random action, as a driver would wander.
    Smooth,
    /// Independent uniform actions: what an inverse-dynamics head must see so that it does not learn a habit.
    Independent,
    /// Moves the effector through points near the object, so that it touches and pushes; where the robot itself is the
    /// object, through points drawn like starts.
    Seeking,
    /// Where the robot has a gripper: comes from above, closes it when the object is between its jaws, wanders about with what it
    /// holds and lets go. Elsewhere the same as seeking.
    Grasping,
}

impl BehaviourKind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Smooth,
        Self::Independent,
        Self::Seeking,
        Self::Grasping,
    ];

    /// A name for logs and data sets.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smooth => "smooth random actions",
            Self::Independent => "independent random actions",
            Self::Seeking => "contact-seeking actions",
            Self::Grasping => "grasping actions",
        }
    }

    /// The kind explored in episode `index` of a data set: of ten episodes, three smooth, two independent, five seeking; with a
    /// gripper, two smooth, two independent, one seeking, five grasping.
    pub fn of_episode(task: &Task, index: u64) -> Self {
        match (index % 10, task.grip()) {
            (0 | 3, _) | (6, None) => Self::Smooth,
            (1 | 5, _) => Self::Independent,
            (9, _) | (_, None) => Self::Seeking,
            _ => Self::Grasping,
        }
    }

    /// The kind whose futures are the goals of a task.
    pub fn towards_goals(task: &Task) -> Self {
        match task.grip() {
            Some(_) => Self::Grasping,
            None => Self::Seeking,
        }
    }
}

/// Spread of waypoints about the object, in typical object sizes.
const WAYPOINT_SPREAD: f32 = 1.2;
/// Control steps for which a waypoint, and the response measured for it, is kept.
const WAYPOINT_STEPS: [u64; 2] = [6, 24];
/// Control steps for which a unit action is tried to measure the effector's response.
const RESPONSE_STEPS: usize = 2;
/// Arcs from which a robot that cannot move sideways chooses its way to a waypoint.
const ARCS: usize = 12;

/// A behaviour under way.
pub struct Behaviour {
    kind: BehaviourKind,
    rng: ChaCha8Rng,
    drift: Vec<f32>,
    /// How strongly the drift is pulled back in each step.
    rate: f32,
    waypoint: Waypoint,
    grasp: Option<Grasp>,
}

/// Where a seeking effector is heading.
struct Waypoint {
    target: [f32; 3],
    speed: f32,
    noise: f32,
    steps_left: u64,
    /// Displacement of the effector for a unit action on each axis, `[3, action_dim]`.
    response: DMatrix<f32>,
    /// The action that is kept until then, where the robot cannot move sideways.
    arc: Option<Vec<f32>>,
}

impl Behaviour {
    /// Starts a behaviour with its own stream of random numbers.
    pub fn new(kind: BehaviourKind, action_dim: usize, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(1);
        let rate = 0.05 + 0.25 * rng.random::<f32>();
        let waypoint = Waypoint {
            target: [0.0; 3],
            speed: 0.0,
            noise: 0.0,
            steps_left: 0,
            response: DMatrix::zeros(3, action_dim),
            arc: None,
        };
        let drift = (0..action_dim)
            .map(|_| 2.0 * rng.random::<f32>() - 1.0)
            .collect();
        Self {
            kind,
            rng,
            drift,
            rate,
            waypoint,
            grasp: None,
        }
    }

    /// The next action, `[action_dim]`.
    ///
    /// # Errors
    /// Those of stepping a fork of the world, with which a seeking behaviour measures how actions move the effector.
    pub fn act(&mut self, env: &Env) -> Result<Vec<f32>, SimError> {
        let mut action = match self.kind {
            BehaviourKind::Independent => {
                return Ok(self
                    .drift
                    .iter()
                    .map(|_| 2.0 * self.rng.random::<f32>() - 1.0)
                    .collect());
            }
            BehaviourKind::Smooth => self.wander(1.0),
            BehaviourKind::Grasping if env.task().grip().is_some() => self.grasp(env)?,
            BehaviourKind::Seeking | BehaviourKind::Grasping => self.seek(env)?,
        };
        action.iter_mut().for_each(|a| *a = a.clamp(-1.0, 1.0));
        Ok(action)
    }

    /// An Ornstein-Uhlenbeck step of the drift, scaled.
    fn wander(&mut self, scale: f32) -> Vec<f32> {
        let kick = 1.2 * self.rate.sqrt();
        for d in &mut self.drift {
            // A uniform on [-sqrt 3, sqrt 3] has unit variance.
            let noise = (2.0 * self.rng.random::<f32>() - 1.0) * 3.0_f32.sqrt();
            *d += -self.rate * *d + kick * noise;
        }
        self.drift.iter().map(|d| scale * d).collect()
    }

    fn seek(&mut self, env: &Env) -> Result<Vec<f32>, SimError> {
        let at = env.effector_position();
        let away = |target: &[f32; 3]| DVector::from_fn(3, |i, _| target[i] - at[i]);
        if self.waypoint.steps_left == 0 || away(&self.waypoint.target).norm() < 0.01 {
            self.choose_waypoint(env)?;
        }
        self.waypoint.steps_left -= 1;
        if let Some(arc) = self.waypoint.arc.clone() {
            let wander = self.wander(self.waypoint.noise);
            return Ok(arc.iter().zip(wander).map(|(a, w)| a + w).collect());
        }
        Ok(self.along(&away(&self.waypoint.target)))
    }

    /// The action that moves the effector in a direction, with the waypoint's speed and noise.
    fn along(&mut self, direction: &DVector<f32>) -> Vec<f32> {
        let response = &self.waypoint.response;
        // Damped least squares: the action whose effect points at the waypoint.
        let gram = response * response.transpose();
        let damping = 1.0e-3 * gram.trace().max(1.0e-12);
        let regular = gram + DMatrix::identity(3, 3) * damping;
        let along = regular.lu().solve(direction).map_or_else(
            || DVector::zeros(self.drift.len()),
            |x| response.transpose() * x,
        );
        let peak = along.amax().max(1.0e-9);
        let (speed, noise) = (self.waypoint.speed, self.waypoint.noise);
        let wander = self.wander(noise);
        along
            .iter()
            .zip(wander)
            .map(|(a, w)| speed * (a / peak) + w)
            .collect()
    }

    fn choose_waypoint(&mut self, env: &Env) -> Result<(), SimError> {
        let task = env.task();
        let target = if task.effector.is_some() {
            let spread = WAYPOINT_SPREAD * task.spec().control.length_unit_m;
            let mut target = env.object_position();
            for &axis in &task.effector_axes {
                target[axis] += spread * (2.0 * self.rng.random::<f32>() - 1.0);
            }
            target
        } else {
            let mut elsewhere = env.fork();
            elsewhere.reset(self.rng.random())?;
            elsewhere.object_position()
        };
        let [low, high] = WAYPOINT_STEPS;
        self.waypoint = Waypoint {
            target,
            speed: 0.3 + 0.7 * self.rng.random::<f32>(),
            noise: 0.3 * self.rng.random::<f32>(),
            steps_left: self.rng.random_range(low..=high),
            response: response(env)?,
            arc: None,
        };
        if task.spec().bicycle.is_some() {
            self.waypoint.arc = Some(self.best_arc(env)?);
        }
        Ok(())
    }

    /// Of some random actions, the one that brings the robot nearest to the waypoint when it is kept.
    fn best_arc(&mut self, env: &Env) -> Result<Vec<f32>, SimError> {
        let mut best = (f32::INFINITY, vec![0.0; self.drift.len()]);
        for _ in 0..ARCS {
            let draw = |_: &f32| 2.0 * self.rng.random::<f32>() - 1.0;
            let action: Vec<f32> = self.drift.iter().map(draw).collect();
            let mut fork = env.fork();
            let mut nearest = f32::INFINITY;
            for _ in 0..self.waypoint.steps_left {
                fork.step(&action)?;
                let at = fork.effector_position();
                let away = DVector::from_fn(3, |i, _| self.waypoint.target[i] - at[i]);
                nearest = nearest.min(away.norm());
            }
            if nearest < best.0 {
                best = (nearest, action);
            }
        }
        Ok(best.1)
    }
}

/// How the effector moves under a unit action on each axis, against doing nothing, metres, `[3, action_dim]`. Axes along
/// which the effector is not to be moved count as zero.
fn response(env: &Env) -> Result<DMatrix<f32>, SimError> {
    let task = env.task();
    let n = task.action_dim();
    let after = |axis: Option<usize>| -> Result<[f32; 3], SimError> {
        let mut fork = env.fork();
        let mut action = vec![0.0; n];
        if let Some(axis) = axis {
            action[axis] = 1.0;
        }
        (0..RESPONSE_STEPS).try_for_each(|_| fork.step(&action))?;
        Ok(fork.effector_position())
    };
    let rest = after(None)?;
    let mut matrix = DMatrix::zeros(3, n);
    for column in 0..n {
        let moved = after(Some(column))?;
        for &row in &task.effector_axes {
            matrix[(row, column)] = moved[row] - rest[row];
        }
    }
    Ok(matrix)
}
