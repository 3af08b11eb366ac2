//! A task ready to run: the file read and checked, every name resolved against the scene.

use crate::condition::Condition;
use crate::error::SimError;
use crate::pose::PoseShape;
use crate::robot::Robot;
use crate::scene::{Entity, Joint, Scene};
use crate::spec::{
    CameraSpec, ConditionKind, FactorKind, FactorSpec, GoalShare, ObservationSpec, RejectSpec,
    ResetSpec, TaskSpec,
};
use crate::variation::{Factor, Variant};
use rapier3d::prelude::RigidBodyHandle;
use std::path::{Path, PathBuf};

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
        check(&spec).map_err(fail)?;
        Self::resolve(spec, path, scenes)
    }

    fn resolve(spec: TaskSpec, path: &Path, scenes: &Path) -> Result<Self, SimError> {
        let scene_path: PathBuf = scenes.join(&spec.scene);
        let scene = Scene::load(&scene_path, &spec.control)?;
        let names = Names {
            task: &spec.name,
            scene: &scene,
        };
        let fail = |message: String| SimError::TaskFile {
            path: path.to_owned(),
            message,
        };
        let axes = |text: &str| axes(text).map_err(fail);

        let robot = Robot::resolve(&spec, &scene)?;
        let factors = Factor::resolve_all(&spec, &scene)?;
        let mut terms = Vec::new();
        let mut observation_names = Vec::new();
        for term in &spec.observation {
            let mut push = |term: Term, name: String| {
                terms.push(term);
                observation_names.push(name);
            };
            match term {
                ObservationSpec::JointPosition { joints } => {
                    for j in joints {
                        push(
                            Term::JointPosition(names.joint(j)?),
                            format!("{j}.position"),
                        );
                    }
                }
                ObservationSpec::JointVelocity { joints } => {
                    for j in joints {
                        push(
                            Term::JointVelocity(names.joint(j)?),
                            format!("{j}.velocity"),
                        );
                    }
                }
                ObservationSpec::JointTarget { joints } => {
                    for j in joints {
                        let actuator = robot
                            .actuator_of(j)
                            .ok_or_else(|| names.unknown("actuator on a joint", j))?;
                        push(Term::JointTarget { actuator }, format!("{j}.target"));
                    }
                }
                ObservationSpec::Position { of, axes: a } => {
                    for axis in axes(a)? {
                        let name = format!("{of}.{}", AXIS_NAMES[axis]);
                        push(Term::Position(names.entity(of)?, axis), name);
                    }
                }
                ObservationSpec::Velocity { of, axes: a } => {
                    for axis in axes(a)? {
                        let name = format!("{of}.v{}", AXIS_NAMES[axis]);
                        push(Term::Velocity(names.entity(of)?, axis), name);
                    }
                }
                ObservationSpec::Yaw { of } => {
                    push(Term::YawCosine(names.entity(of)?), format!("{of}.cos_yaw"));
                    push(Term::YawSine(names.entity(of)?), format!("{of}.sin_yaw"));
                }
                ObservationSpec::YawRate { of } => {
                    push(Term::YawRate(names.entity(of)?), format!("{of}.yaw_rate"));
                }
                ObservationSpec::UpAxis { of } => {
                    for (axis, letter) in AXIS_NAMES.iter().enumerate() {
                        let name = format!("{of}.up_{letter}");
                        push(Term::UpAxis(names.entity(of)?, axis), name);
                    }
                }
                ObservationSpec::AngularVelocity { of, axes: a } => {
                    for axis in axes(a)? {
                        let name = format!("{of}.w{}", AXIS_NAMES[axis]);
                        push(Term::AngularVelocity(names.entity(of)?, axis), name);
                    }
                }
                ObservationSpec::Condition { name } => {
                    let mut conditions = spec.goal.condition.iter();
                    let index = conditions
                        .position(|c| &c.name == name)
                        .ok_or_else(|| names.unknown("condition", name))?;
                    push(Term::Condition(index), format!("condition.{name}"));
                }
                ObservationSpec::Factor { name } => {
                    let index = factors
                        .iter()
                        .position(|f| &f.spec.name == name)
                        .ok_or_else(|| names.unknown("factor", name))?;
                    push(Term::Factor(index), format!("factor.{name}"));
                }
            }
        }
        let mut draws = Vec::new();
        for reset in &spec.reset {
            match reset {
                ResetSpec::Joints { joints, low, high } => {
                    if joints.len() != low.len() || joints.len() != high.len() {
                        return Err(fail(format!(
                            "reset of {} joints has {} low and {} high bounds",
                            joints.len(),
                            low.len(),
                            high.len()
                        )));
                    }
                    for ((j, &low), &high) in joints.iter().zip(low).zip(high) {
                        draws.push(Draw::Coordinate {
                            qpos: names.joint(j)?.qpos,
                            low,
                            high,
                        });
                    }
                }
                ResetSpec::PlanarPose {
                    body,
                    x,
                    y,
                    yaw_deg,
                } => {
                    let qpos = scene
                        .free_body(body)
                        .ok_or_else(|| names.unknown("free body", body))?;
                    let yaw_rad = yaw_deg.map(f32::to_radians);
                    draws.push(Draw::PlanarPose {
                        body: names.entity(body)?.body,
                        qpos,
                        x: *x,
                        y: *y,
                        yaw_rad,
                    });
                }
            }
        }
        let mut rejects = Vec::new();
        for reject in &spec.reject {
            rejects.push(match reject {
                RejectSpec::Closer { a, b, distance_m } => {
                    Reject::Closer(names.entity(a)?, names.entity(b)?, *distance_m)
                }
                RejectSpec::Band {
                    of,
                    axis,
                    low,
                    high,
                } => Reject::Band(names.entity(of)?, axes(&axis.to_string())?[0], *low, *high),
            });
        }
        let goal = &spec.goal;
        let object = names.entity(&goal.of)?;
        let object_axes = axes(&goal.axes)?;
        let effector = goal
            .effector
            .as_ref()
            .map(|e| names.entity(e))
            .transpose()?;
        let effector_axes = match &goal.effector_axes {
            Some(text) => axes(text)?,
            None => object_axes.clone(),
        };
        let conditions = goal
            .condition
            .iter()
            .map(|c| {
                let body = |name: &String| Ok(names.entity(name)?.body);
                let with = c.with.iter().map(body).collect::<Result<_, SimError>>()?;
                Condition::new(c.clone(), body(&c.of)?, with).map_err(fail)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let position_counts_when = match &goal.position_counts_when {
            Some(name) => {
                let found = goal.condition.iter().position(|c| &c.name == name);
                Some(found.ok_or_else(|| names.unknown("condition", name))?)
            }
            None => None,
        };
        let weight = |c: &Condition| c.spec.weight.unwrap_or(1.0);
        let pose = PoseShape {
            position_dims: object_axes.len(),
            has_yaw: goal.yaw_tolerance_deg.is_some(),
            condition_weights: conditions.iter().map(weight).collect(),
            position_counts_when,
            effector_dims: if effector.is_some() {
                object_axes.len()
            } else {
                0
            },
            position_tolerance_m: goal.position_tolerance_m,
            yaw_tolerance_rad: goal
                .yaw_tolerance_deg
                .map_or(f32::INFINITY, f32::to_radians),
        };
        Ok(Self {
            spec,
            scene,
            robot,
            terms,
            observation_names,
            draws,
            rejects,
            factors,
            object,
            object_axes,
            effector,
            effector_axes,
            conditions,
            pose,
        })
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

/// Indices of the axes named in a text like "xy".
fn axes(text: &str) -> Result<Vec<usize>, String> {
    let index = |c| {
        AXIS_NAMES
            .iter()
            .position(|&a| a == c)
            .ok_or_else(|| format!("axes '{text}': expected letters of x, y, z"))
    };
    if text.is_empty() {
        return Err("axes '': expected at least one of x, y, z".to_owned());
    }
    text.chars().map(index).collect()
}

/// What the scene does not need to know to be found wrong.
fn check(spec: &TaskSpec) -> Result<(), String> {
    let c = &spec.control;
    if c.rate_hz == 0 || c.physics_hz == 0 || !c.physics_hz.is_multiple_of(c.rate_hz) {
        return Err(format!(
            "physics_hz = {} must be a positive multiple of rate_hz = {}",
            c.physics_hz, c.rate_hz
        ));
    }
    let positive = |name: &str, value: f32| {
        if value.is_finite() && value > 0.0 {
            Ok(())
        } else {
            Err(format!("{name} = {value}: expected a positive number"))
        }
    };
    positive("length_unit_m", c.length_unit_m)?;
    positive("position_tolerance_m", spec.goal.position_tolerance_m)?;
    if let Some(yaw) = spec.goal.yaw_tolerance_deg {
        positive("yaw_tolerance_deg", yaw)?;
    }
    spec.camera.iter().try_for_each(check_camera)?;
    for factor in &spec.factor {
        check_factor(factor)?;
    }
    if let Some(turn) = spec.goal.turn_deg {
        positive("turn_deg", turn)?;
    }
    for condition in &spec.goal.condition {
        let weight = condition.weight.unwrap_or(1.0);
        positive(&format!("weight of condition '{}'", condition.name), weight)?;
    }
    if let Some(bicycle) = &spec.bicycle {
        positive("wheelbase_m", bicycle.wheelbase_m)?;
    }
    if spec.action.is_empty() || spec.observation.is_empty() {
        return Err("expected at least one [[action]] and one [[observation]]".to_owned());
    }
    for action in &spec.action {
        positive(&format!("scale of action '{}'", action.name), action.scale)?;
        if let Some(lead) = action.max_lead {
            positive(&format!("max_lead of action '{}'", action.name), lead)?;
        }
    }
    for (variant, settings) in &spec.variants {
        for name in settings.keys() {
            if !spec.factor.iter().any(|f| &f.name == name) {
                return Err(format!("variant '{variant}' sets unknown factor '{name}'"));
            }
        }
    }
    Ok(())
}

fn check_camera(camera: &CameraSpec) -> Result<(), String> {
    let CameraSpec { eye, target, .. } = camera;
    let finite = eye.iter().chain(target).all(|x| x.is_finite());
    if !finite || eye == target {
        return Err(format!(
            "camera from {eye:?} to {target:?}: expected two different points"
        ));
    }
    let (value, most) = match (camera.fov_deg, camera.height_m) {
        (Some(degrees), None) => (degrees, 179.0),
        (None, Some(metres)) => (metres, f32::MAX),
        _ => return Err("camera: expected one of fov_deg and height_m".to_owned()),
    };
    if !(value > 0.0 && value <= most) {
        return Err(format!(
            "camera of fov_deg or height_m = {value}: expected a number from 0 to {most}"
        ));
    }
    let shines = |light: [f32; 3]| {
        let square: f32 = light.iter().map(|x| x * x).sum();
        square.is_finite() && square > 0.0
    };
    match camera.light {
        Some(light) if !shines(light) => Err(format!("light = {light:?}: expected a direction")),
        _ => Ok(()),
    }
}

fn check_factor(factor: &FactorSpec) -> Result<(), String> {
    let FactorSpec { name, kind, .. } = factor;
    if !kind.is_visual() && factor.bodies.is_empty() {
        return Err(format!("factor '{name}': expected at least one of bodies"));
    }
    let [low, high] = factor.range;
    let least = match kind {
        FactorKind::Shift | FactorKind::Colour | FactorKind::LightTurn => f32::NEG_INFINITY,
        _ => 0.0,
    };
    let most = match kind {
        FactorKind::Texture | FactorKind::Shadow => 1.0,
        _ => f32::INFINITY,
    };
    if kind.is_visual() && !(least <= low && low <= high && high <= most) {
        return Err(format!(
            "range of factor '{name}' = {:?}: expected from {least} to {most}",
            factor.range
        ));
    }
    Ok(())
}

/// Look-ups whose failure names the task.
struct Names<'a> {
    task: &'a str,
    scene: &'a Scene,
}

impl Names<'_> {
    fn unknown(&self, kind: &'static str, name: &str) -> SimError {
        SimError::UnknownName {
            task: self.task.to_owned(),
            kind,
            name: name.to_owned(),
        }
    }

    fn entity(&self, name: &str) -> Result<Entity, SimError> {
        self.scene
            .entity(name)
            .ok_or_else(|| self.unknown("body or site", name))
    }

    fn joint(&self, name: &str) -> Result<Joint, SimError> {
        self.scene
            .joint(name)
            .ok_or_else(|| self.unknown("joint", name))
    }
}
