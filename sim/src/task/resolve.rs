//! Resolves every name of a task file against its scene.

use super::{AXIS_NAMES, Draw, Reject, Task, Term};
use crate::clearance::Clearance;
use crate::condition::Condition;
use crate::error::SimError;
use crate::pose::PoseShape;
use crate::robot::Robot;
use crate::scene::{Entity, Joint, Scene};
use crate::spec::{ObservationSpec, RejectSpec, ResetSpec, TaskSpec};
use crate::variation::Factor;
use std::path::{Path, PathBuf};

impl Task {
    pub(super) fn resolve(spec: TaskSpec, path: &Path, scenes: &Path) -> Result<Self, SimError> {
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
        let body = |name: &String| Ok(names.entity(name)?.body);
        let bodies = |names: &[String]| names.iter().map(body).collect::<Result<_, SimError>>();
        let conditions = goal
            .condition
            .iter()
            .map(|c| Condition::new(c.clone(), body(&c.of)?, bodies(&c.with)?).map_err(fail))
            .collect::<Result<Vec<_>, _>>()?;
        let clearances = goal
            .clearance
            .iter()
            .map(|c| {
                Clearance::new(c, body(&c.of)?, bodies(&c.from)?, &scene.blueprint).map_err(fail)
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
            clearance_weights: goal
                .clearance
                .iter()
                .map(|c| c.weight.unwrap_or(1.0))
                .collect(),
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
            clearances,
            pose,
        })
    }
}

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
