//! A task ready to run: the file read and checked, every name resolved against the scene.

mod check;
mod resolve;

use crate::clearance::Clearance;
use crate::condition::Condition;
use crate::error::SimError;
use crate::pose::PoseShape;
use crate::robot::Robot;
use crate::scene::{Entity, Joint, Scene};
use crate::spec::{ConditionKind, GoalShare, TaskSpec};
use crate::variation::{Factor, Variant};
use rapier3d::prelude::RigidBodyHandle;
use std::path::Path;

/// One resolved term of the observation.
pub(crate) enum Term {
    JointPosition(Joint),
    JointVelocity(Joint),
    JointTarget { actuator: usize },
    Position(Entity, usize),
    Velocity(Entity, usize),
    YawCosine(Entity),
    YawSine(Entity),
    YawRate(Entity),
    UpAxis(Entity, usize),
    AngularVelocity(Entity, usize),
    Condition(usize),
    Factor(usize),
}

/// One resolved draw of a start.
pub(crate) enum Draw {
    Coordinate {
        qpos: usize,
        low: f32,
        high: f32,
    },
    PlanarPose {
        body: RigidBodyHandle,
        qpos: usize,
        x: [f32; 2],
        y: [f32; 2],
        yaw_rad: [f32; 2],
    },
}

/// One resolved rejection.
pub(crate) enum Reject {
    Closer(Entity, Entity, f32),
    Band(Entity, usize, f32, f32),
}

/// A task with its scene, shared by all environments that run it.
pub struct Task {
    spec: TaskSpec,
    pub(crate) scene: Scene,
    pub(crate) robot: Robot,
    pub(crate) terms: Vec<Term>,
    observation_names: Vec<String>,
    pub(crate) draws: Vec<Draw>,
    pub(crate) rejects: Vec<Reject>,
    pub(crate) factors: Vec<Factor>,
    pub(crate) object: Entity,
    pub(crate) object_axes: Vec<usize>,
    pub(crate) effector: Option<Entity>,
    /// Axes along which the effector, or the robot itself, is moved about.
    pub(crate) effector_axes: Vec<usize>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) clearances: Vec<Clearance>,
    pose: PoseShape,
}

impl Task {
    /// Names of the tasks in `assets/tasks`, sorted.
    pub fn list(assets: &Path) -> Result<Vec<String>, SimError> {
        let folder = assets.join("tasks");
        let read = |source| SimError::Read {
            path: folder.clone(),
            source,
        };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(read)? {
            let path = entry.map_err(read)?.path();
            if path.extension().is_some_and(|e| e == "toml")
                && let Some(stem) = path.file_stem().and_then(|s| s.to_str())
            {
                names.push(stem.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Loads a task by name from the assets folder.
    pub fn load(assets: &Path, name: &str) -> Result<Self, SimError> {
        let known = Self::list(assets)?;
        if !known.iter().any(|k| k == name) {
            return Err(SimError::UnknownTask {
                name: name.to_owned(),
                known,
            });
        }
        Self::from_file(
            &assets.join("tasks").join(format!("{name}.toml")),
            &assets.join("scenes"),
        )
    }

    /// Loads a task file; its scene is looked up in `scenes`.
    pub fn from_file(path: &Path, scenes: &Path) -> Result<Self, SimError> {
        let text = std::fs::read_to_string(path).map_err(|source| SimError::Read {
            path: path.to_owned(),
            source,
        })?;
        let fail = |message: String| SimError::TaskFile {
            path: path.to_owned(),
            message,
        };
        let spec: TaskSpec =
            toml::from_str(&text).map_err(|e| fail(e.to_string().trim().replace('\n', " ")))?;
        check::check(&spec).map_err(fail)?;
        Self::resolve(spec, path, scenes)
    }

    /// The task file as read.
    pub fn spec(&self) -> &TaskSpec {
        &self.spec
    }

    /// The task's name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Length of an action.
    pub fn action_dim(&self) -> usize {
        self.spec.action.len()
    }

    /// Length of a state observation.
    pub fn observation_dim(&self) -> usize {
        self.terms.len()
    }

    /// One name for each entry of the state observation.
    pub fn observation_names(&self) -> &[String] {
        &self.observation_names
    }

    /// Layout of pose vectors and the success predicate.
    pub fn pose_shape(&self) -> &PoseShape {
        &self.pose
    }

    /// One name for each entry of a pose vector.
    pub fn pose_names(&self) -> Vec<String> {
        let goal = &self.spec.goal;
        let coordinates = |of: &str| -> Vec<String> {
            self.object_axes
                .iter()
                .map(|&a| format!("{of}.{}", AXIS_NAMES[a]))
                .collect()
        };
        let mut names = coordinates(&goal.of);
        if self.pose.has_yaw {
            names.extend([
                format!("{}.cos_yaw", goal.of),
                format!("{}.sin_yaw", goal.of),
            ]);
        }
        names.extend(
            goal.condition
                .iter()
                .map(|c| format!("condition.{}", c.name)),
        );
        names.extend(
            goal.clearance
                .iter()
                .map(|c| format!("clearance.{}", c.name)),
        );
        if let Some(effector) = &goal.effector {
            names.extend(coordinates(effector));
        }
        names
    }

    /// Names of the variants that the task declares; `["nominal"]` when it declares none.
    pub fn variants(&self) -> Vec<String> {
        if self.spec.variants.is_empty() {
            return vec![Variant::NOMINAL.to_owned()];
        }
        self.spec.variants.keys().cloned().collect()
    }

    /// Bodies by name.
    pub fn body_names(&self) -> impl Iterator<Item = &str> {
        self.scene.body_names()
    }

    /// The shapes of the scene.
    pub fn appearance(&self) -> &crate::shapes::Appearance {
        &self.scene.appearance
    }

    /// Index of the body whose pose counts, as in [`Self::appearance`]; none where it is a point of a body.
    pub fn object_body(&self) -> Option<usize> {
        let handles = self.scene.bodies();
        let found = handles.iter().position(|&b| b == self.object.body)?;
        (self.object.offset == rapier3d::prelude::Vector::ZERO).then_some(found)
    }

    /// Index of the body that carries what counts: the object, or what its point belongs to.
    pub fn carrier(&self) -> Option<usize> {
        let handles = self.scene.bodies();
        handles.iter().position(|&b| b == self.object.body)
    }

    /// Which value each condition has in the goals of a benchmark.
    pub fn goal_shares(&self) -> impl Iterator<Item = GoalShare> + '_ {
        self.conditions.iter().map(|c| c.spec.goals)
    }

    /// The condition that something is held, where the task has a gripper.
    pub(crate) fn grip(&self) -> Option<&Condition> {
        let mut conditions = self.conditions.iter();
        conditions.find(|c| c.spec.kind == ConditionKind::Held)
    }

    /// Whether goals lie in a horizontal plane.
    pub fn is_planar(&self) -> bool {
        self.object_axes == [0, 1]
    }

    /// Control steps a second.
    pub fn rate_hz(&self) -> u32 {
        self.spec.control.rate_hz
    }

    /// Physics steps in one control step.
    pub fn substeps(&self) -> u32 {
        self.spec.control.physics_hz / self.spec.control.rate_hz
    }
}

const AXIS_NAMES: [char; 3] = ['x', 'y', 'z'];
