//! One running instance of a task.

mod goal;
mod interaction;
mod picture;
mod servos;
mod snapshot;

pub use servos::Servo;

use crate::camera::Scenery;
use crate::error::SimError;
use crate::hand::Hand;
use crate::pose::{CONDITION_TOLERANCE, Goal};
use crate::scene::Entity;
use crate::shapes::Placement;
use crate::spec::GoalShare;
use crate::task::{Draw, Reject, Task, Term};
use crate::variation::Variant;
use crate::world::World;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rapier3d::prelude::*;
use std::sync::Arc;

/// Draws of a start before giving up.
const MAX_RESET_TRIES: usize = 1000;

/// A world with its task: steps at the control rate under normalised actions.
///
/// Equal seeds and actions give equal bytes, whatever other environments do on other threads.
pub struct Env {
    task: Arc<Task>,
    variant: Variant,
    world: World,
    /// Servo targets, one for each actuator of the scene.
    targets: Vec<f32>,
    factors: Vec<f32>,
    /// What the places of visual factors are drawn from.
    scenery: Scenery,
    /// Where the bodies were before the last control step.
    pub(crate) previous: Vec<Placement>,
    /// For each condition, whether it was lost for the rest of the episode.
    lost: Vec<bool>,
    step: u64,
    failure: Option<String>,
    /// Who drags a body; an input of the world, not a part of its state.
    hand: Option<Hand>,
}

impl Env {
    /// An environment in its first start, `seed` 0.
    ///
    /// # Errors
    /// [`SimError::NoStart`] when the task's rejections exclude every draw.
    pub fn new(task: Arc<Task>, variant: Variant) -> Result<Self, SimError> {
        let world = task.scene.blueprint.fork();
        let mut env = Self {
            task,
            variant,
            world,
            targets: Vec::new(),
            factors: Vec::new(),
            scenery: Scenery::default(),
            previous: Vec::new(),
            lost: Vec::new(),
            step: 0,
            failure: None,
            hand: None,
        };
        env.reset(0)?;
        Ok(env)
    }

    /// The task that this environment runs.
    pub fn task(&self) -> &Arc<Task> {
        &self.task
    }

    /// How the factors of variation are drawn.
    pub fn variant(&self) -> &Variant {
        &self.variant
    }

    /// Control steps since the reset.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Draws a start. Equal seeds give equal starts.
    ///
    /// # Errors
    /// [`SimError::NoStart`] when no admissible start was found.
    pub fn reset(&mut self, seed: u64) -> Result<(), SimError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..MAX_RESET_TRIES {
            self.factors = self.variant.draw(&mut rng);
            let mut qpos = self.task.scene.qpos.clone();
            for draw in &self.task.draws {
                match draw {
                    Draw::Coordinate { qpos: i, low, high } => {
                        qpos[*i] = f64::from(low + (high - low) * rng.random::<f32>());
                    }
                    Draw::PlanarPose {
                        body,
                        qpos: i,
                        x,
                        y,
                        yaw_rad,
                    } => {
                        let mut between =
                            |r: &[f32; 2]| f64::from(r[0] + (r[1] - r[0]) * rng.random::<f32>());
                        qpos[*i] = between(x);
                        qpos[i + 1] = between(y);
                        qpos[i + 2] *= f64::from(self.scale(*body));
                        let half = between(yaw_rad) / 2.0;
                        qpos[i + 3..i + 7].copy_from_slice(&[half.cos(), 0.0, 0.0, half.sin()]);
                    }
                }
            }
            self.world = self.task.scene.blueprint.fork();
            for (factor, &value) in self.task.factors.iter().zip(&self.factors) {
                factor.apply(&mut self.world, value);
            }
            self.task.scene.place(&mut self.world, &qpos);
            self.targets = self.task.robot.rest_targets(&qpos);
            self.lost = vec![false; self.task.conditions.len()];
            self.step = 0;
            self.failure = None;
            if self.task.rejects.iter().all(|r| !self.rejected(r)) {
                self.scenery = Scenery {
                    seed,
                    object: self.object_position(),
                };
                self.remember();
                return Ok(());
            }
        }
        let task = self.task.name().to_owned();
        Err(SimError::NoStart {
            task,
            tries: MAX_RESET_TRIES,
            seed,
        })
    }

    /// Notes where the bodies are, for pictures of the moment before a step.
    fn remember(&mut self) {
        let mut previous = std::mem::take(&mut self.previous);
        self.present_into(&mut previous);
        self.previous = previous;
    }

    fn rejected(&self, reject: &Reject) -> bool {
        match *reject {
            Reject::Closer(a, b, distance) => {
                (self.position(a) - self.position(b)).length() < distance
            }
            Reject::Band(of, axis, low, high) => {
                let x = self.position(of)[axis];
                low < x && x < high
            }
        }
    }

    /// One control step under an action of [-1, 1] entries (clamped).
    ///
    /// # Errors
    /// [`SimError::Action`] for a mis-sized or non-finite action, which changes nothing; [`SimError::World`] when the
    /// physics fails, after which only [`Env::reset`] helps.
    pub fn step(&mut self, action: &[f32]) -> Result<(), SimError> {
        let expected = self.task.action_dim();
        if action.len() != expected || action.iter().any(|a| !a.is_finite()) {
            return Err(SimError::Action {
                action: action.to_vec(),
                expected,
            });
        }
        if let Some(message) = &self.failure {
            return Err(SimError::World {
                step: self.step,
                message: message.clone(),
            });
        }
        self.remember();
        self.task
            .robot
            .command(action, &self.world, &mut self.targets);
        let course = self.task.robot.course(action);
        self.apply_targets();
        let outcome = (0..self.task.substeps())
            .try_for_each(|_| {
                if let Some(course) = course {
                    let task = Arc::clone(&self.task);
                    task.robot.steer(course, &self.world, &mut self.targets);
                    self.apply_targets();
                }
                self.physics_step()?;
                self.note_losses();
                Ok(())
            })
            .and_then(|()| self.world.check());
        if let Err(message) = outcome {
            self.failure = Some(message.clone());
            return Err(SimError::World {
                step: self.step,
                message,
            });
        }
        self.step += 1;
        Ok(())
    }

    fn apply_targets(&mut self) {
        let task = &self.task;
        task.robot
            .apply(&task.scene, &mut self.world, &self.targets);
    }

    /// Remembers which sticky conditions do not hold now.
    fn note_losses(&mut self) {
        for (condition, lost) in self.task.conditions.iter().zip(&mut self.lost) {
            if condition.is_sticky() && !*lost {
                *lost = condition.value(&self.world) == 0.0;
            }
        }
    }

    /// Present value of a condition of the task, in `[0, 1]`.
    fn condition(&self, index: usize) -> f32 {
        let condition = &self.task.conditions[index];
        match condition.is_sticky() {
            true => f32::from(u8::from(!self.lost[index])),
            false => condition.value(&self.world),
        }
    }

    /// How much larger a body is than in the scene.
    pub(crate) fn scale(&self, body: RigidBodyHandle) -> f32 {
        let values = self.task.factors.iter().zip(&self.factors);
        values.map(|(f, &value)| f.scale_of(body, value)).product()
    }

    fn physics_step(&mut self) -> Result<(), String> {
        let Some(hand) = &self.hand else {
            return self.world.step();
        };
        let Some(&body) = self.task.scene.bodies().get(hand.body) else {
            return self.world.step();
        };
        hand.pull(&mut self.world, body);
        let outcome = self.world.step();
        Hand::release(&mut self.world, body);
        outcome
    }

    fn unknown(&self, kind: &'static str, name: &str) -> SimError {
        SimError::UnknownName {
            task: self.task.name().to_owned(),
            kind,
            name: name.to_owned(),
        }
    }

    /// Writes the state observation, `[observation_dim]`.
    pub fn observe_into(&self, out: &mut [f32]) {
        for (term, out) in self.task.terms.iter().zip(out) {
            *out = match term {
                Term::JointPosition(joint) => joint.state(&self.world).0,
                Term::JointVelocity(joint) => joint.state(&self.world).1,
                Term::JointTarget { actuator } => self.targets[*actuator],
                Term::Position(entity, axis) => self.position(*entity)[*axis],
                Term::Velocity(entity, axis) => {
                    self.body(entity).map_or(0.0, |b| b.linvel()[*axis])
                }
                Term::YawCosine(entity) => self.yaw(entity).0,
                Term::YawSine(entity) => self.yaw(entity).1,
                Term::YawRate(entity) => self.body(entity).map_or(0.0, |b| b.angvel().z),
                Term::UpAxis(entity, axis) => self
                    .body(entity)
                    .map_or(0.0, |b| (*b.rotation() * Vector::Z)[*axis]),
                Term::AngularVelocity(entity, axis) => {
                    self.body(entity).map_or(0.0, |b| b.angvel()[*axis])
                }
                Term::Condition(index) => self.condition(*index),
                Term::Factor(index) => self.factors[*index],
            };
        }
    }

    /// The state observation, `[observation_dim]`.
    pub fn observation(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.task.observation_dim()];
        self.observe_into(&mut out);
        out
    }

    /// Writes the pose vector, laid out as [`Task::pose_shape`] says.
    pub fn pose_into(&self, out: &mut [f32]) {
        let mut out = out.iter_mut();
        let mut write = |value: f32| {
            if let Some(slot) = out.next() {
                *slot = value;
            }
        };
        let object = self.position(self.task.object);
        self.task.object_axes.iter().for_each(|&a| write(object[a]));
        if self.task.pose_shape().has_yaw {
            let (cos, sin) = self.yaw(&self.task.object);
            write(cos);
            write(sin);
        }
        (0..self.task.conditions.len()).for_each(|i| write(self.condition(i)));
        let clearances = self.task.clearances.iter();
        clearances.for_each(|c| write(c.value(&self.world)));
        if let Some(effector) = self.task.effector {
            let effector = self.position(effector);
            self.task
                .object_axes
                .iter()
                .for_each(|&a| write(effector[a]));
        }
    }

    /// The pose vector.
    pub fn pose(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.task.pose_shape().dim()];
        self.pose_into(&mut out);
        out
    }

    /// The present state as a goal, in which the conditions hold that every goal has.
    pub fn as_goal(&self) -> Goal {
        let (mut pose, mut observation) = (self.pose(), self.observation());
        let first = self.task.pose_shape().conditions_start();
        for (index, condition) in self.task.conditions.iter().enumerate() {
            if condition.spec.goals != GoalShare::Always {
                continue;
            }
            pose[first + index] = 1.0;
            for (term, value) in self.task.terms.iter().zip(&mut observation) {
                if matches!(term, Term::Condition(i) if *i == index) {
                    *value = 1.0;
                }
            }
        }
        Goal {
            pose,
            observation,
            placements: [self.placements(), self.previous.clone()],
        }
    }

    /// Whether the success predicate holds now.
    pub fn achieved(&self, goal: &[f32]) -> bool {
        self.task.pose_shape().achieved(&self.pose(), goal)
    }

    /// Whether the success predicate cannot hold any more: the goal has a condition that was lost for the rest of the episode.
    pub fn is_out_of_reach(&self, goal: &[f32]) -> bool {
        let wanted = self.task.pose_shape().conditions(goal);
        let mut lost = self.lost.iter().zip(wanted);
        lost.any(|(lost, wanted)| *lost && *wanted >= CONDITION_TOLERANCE)
    }

    /// World position of what the robot moves things with: the effector, or the object where that is the robot itself.
    pub fn effector_position(&self) -> [f32; 3] {
        self.position(self.task.effector.unwrap_or(self.task.object))
            .to_array()
    }

    /// How far apart the jaws of the gripper are, metres; zero where the task has none.
    pub(crate) fn grip_opening(&self) -> f32 {
        let grip = self.task.grip();
        grip.and_then(|g| g.opening(&self.world)).unwrap_or(0.0)
    }

    /// World position of the object whose pose counts, metres.
    pub fn object_position(&self) -> [f32; 3] {
        self.position(self.task.object).to_array()
    }

    /// Applies an impulse at a body's centre of mass, N s.
    ///
    /// # Errors
    /// [`SimError::UnknownName`] when the scene has no such body.
    pub fn shove(&mut self, body: &str, impulse: [f32; 3]) -> Result<(), SimError> {
        let entity = self
            .task
            .scene
            .entity(body)
            .ok_or_else(|| self.unknown("body", body))?;
        if let Some(body) = self.world.physics.bodies.get_mut(entity.body) {
            body.apply_impulse(Vector::from_array(impulse), true);
        }
        Ok(())
    }

    fn body(&self, entity: &Entity) -> Option<&RigidBody> {
        self.world.physics.bodies.get(entity.body)
    }

    fn position(&self, entity: Entity) -> Vector {
        self.body(&entity)
            .map_or(Vector::ZERO, |b| *b.position() * entity.offset)
    }

    /// Cosine and sine of the heading of a body's x axis, seen from above.
    fn yaw(&self, entity: &Entity) -> (f32, f32) {
        let Some(body) = self.body(entity) else {
            return (1.0, 0.0);
        };
        let heading = *body.rotation() * Vector::X;
        let norm = heading.x.hypot(heading.y).max(1.0e-9);
        (heading.x / norm, heading.y / norm)
    }
}
