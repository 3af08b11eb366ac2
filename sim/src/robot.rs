//! From normalised actions to servo targets.

use crate::error::SimError;
use crate::scene::{Joint, Scene};
use crate::spec::{ActionMode, TaskSpec};
use crate::world::World;

/// One axis of the action vector, resolved.
pub(crate) struct Axis {
    pub actuator: usize,
    mode: ActionMode,
    /// Target, or change of the target in one control step, at full action.
    gain: f32,
    /// How far a position servo's target may lead the joint.
    max_lead: f32,
    pub joint: Joint,
}

/// A car: joints that together move like a kinematic bicycle.
struct Bicycle {
    actuators: [usize; 3],
    yaw: Joint,
    wheelbase: f32,
    /// Index of the action that gives the speed, and m/s at full action.
    speed: Option<(usize, f32)>,
    /// Index of the action that gives the steering angle, and rad at full action.
    steering: Option<(usize, f32)>,
}

/// What a car is told to do in a control step.
#[derive(Clone, Copy)]
pub(crate) struct Course {
    /// m/s along the heading.
    pub speed: f32,
    /// rad/s to the left.
    pub yaw_rate: f32,
}

/// The task's actuators.
pub(crate) struct Robot {
    axes: Vec<(usize, Axis)>,
    bicycle: Option<Bicycle>,
    joint_of_actuator: Vec<(usize, String)>,
    actuators: usize,
}

impl Robot {
    pub fn resolve(spec: &TaskSpec, scene: &Scene) -> Result<Self, SimError> {
        let mut axes = Vec::new();
        let mut joint_of_actuator = Vec::new();
        let unknown = |kind, name: &str| SimError::UnknownName {
            task: spec.name.clone(),
            kind,
            name: name.to_owned(),
        };
        let find = |name: &str| {
            let (actuator, joint) = scene
                .actuator(name)
                .ok_or_else(|| unknown("actuator", name))?;
            let found = scene.joint(joint).ok_or_else(|| unknown("joint", joint))?;
            Ok((actuator, found, joint.to_owned()))
        };
        let bicycle = match &spec.bicycle {
            Some(b) => {
                let [x, y, yaw] = b.actuators.each_ref().map(|name| find(name));
                let (x, y, yaw) = (x?, y?, yaw?);
                let driven_by = |mode| {
                    let found = spec.action.iter().position(|a| a.mode == mode)?;
                    Some((found, spec.action[found].scale))
                };
                joint_of_actuator.extend([(x.0, x.2), (y.0, y.2), (yaw.0, yaw.2)]);
                Some(Bicycle {
                    actuators: [x.0, y.0, yaw.0],
                    yaw: yaw.1,
                    wheelbase: b.wheelbase_m,
                    speed: driven_by(ActionMode::Speed),
                    steering: driven_by(ActionMode::Steering),
                })
            }
            None => None,
        };
        for (index, action) in spec.action.iter().enumerate() {
            let gain = match action.mode {
                ActionMode::Velocity => action.scale,
                ActionMode::PositionRate => action.scale / spec.control.rate_hz as f32,
                ActionMode::Speed | ActionMode::Steering => match spec.bicycle {
                    Some(_) => continue,
                    None => return Err(unknown("[bicycle] for action", &action.name)),
                },
            };
            if action.actuator.is_none() {
                return Err(unknown("actuator for action", &action.name));
            }
            for name in action.actuator.iter().chain(&action.also) {
                let (actuator, joint, joint_name) = find(name)?;
                let axis = Axis {
                    actuator,
                    mode: action.mode,
                    gain,
                    max_lead: action.max_lead.unwrap_or(f32::INFINITY),
                    joint,
                };
                axes.push((index, axis));
                joint_of_actuator.push((actuator, joint_name));
            }
        }
        Ok(Self {
            axes,
            bicycle,
            joint_of_actuator,
            actuators: scene.handles.actuators.len(),
        })
    }

    /// The actuator that drives a joint.
    pub fn actuator_of(&self, joint: &str) -> Option<usize> {
        self.joint_of_actuator
            .iter()
            .find(|(_, j)| j == joint)
            .map(|(a, _)| *a)
    }

    /// The axes where every action moves the target of one position servo, in the order of the actions; none otherwise.
    pub fn servos(&self, actions: usize) -> Option<Vec<&Axis>> {
        let alone = self.axes.iter().map(|(index, _)| *index).eq(0..actions);
        let rates = self
            .axes
            .iter()
            .all(|(_, a)| a.mode == ActionMode::PositionRate);
        (alone && rates).then(|| self.axes.iter().map(|(_, axis)| axis).collect())
    }

    /// The joint that an actuator drives.
    pub fn joint_of(&self, actuator: usize) -> Option<&str> {
        let mut pairs = self.joint_of_actuator.iter();
        pairs
            .find(|(a, _)| *a == actuator)
            .map(|(_, joint)| joint.as_str())
    }

    /// Servo targets that hold the given generalised coordinates at rest.
    pub fn rest_targets(&self, qpos: &[f64]) -> Vec<f32> {
        let mut targets = vec![0.0; self.actuators];
        for (_, axis) in &self.axes {
            if axis.mode == ActionMode::PositionRate {
                targets[axis.actuator] = qpos[axis.joint.qpos] as f32;
            }
        }
        targets
    }

    /// Moves the targets by one action, each entry of which is clamped to [-1, 1].
    pub fn command(&self, action: &[f32], world: &World, targets: &mut [f32]) {
        for (index, axis) in &self.axes {
            let a = action[*index].clamp(-1.0, 1.0);
            let target = &mut targets[axis.actuator];
            *target = match axis.mode {
                ActionMode::Velocity | ActionMode::Speed | ActionMode::Steering => a * axis.gain,
                ActionMode::PositionRate => {
                    let (at, _) = axis.joint.state(world);
                    let [low, high] = axis.joint.range;
                    (*target + a * axis.gain)
                        .max(at - axis.max_lead)
                        .min(at + axis.max_lead)
                        .max(low)
                        .min(high)
                }
            };
        }
    }

    /// What an action tells the car to do; none where the robot is no car.
    pub fn course(&self, action: &[f32]) -> Option<Course> {
        let bicycle = self.bicycle.as_ref()?;
        let value = |axis: Option<(usize, f32)>| {
            axis.map_or(0.0, |(index, scale)| action[index].clamp(-1.0, 1.0) * scale)
        };
        let speed = value(bicycle.speed);
        Some(Course {
            speed,
            yaw_rate: speed * value(bicycle.steering).tan() / bicycle.wheelbase,
        })
    }

    /// Turns the car's velocity targets into its present heading. To be called before every physics step: within a control step
    /// the heading changes so much that the car would slip sideways.
    pub fn steer(&self, course: Course, world: &World, targets: &mut [f32]) {
        let Some(bicycle) = &self.bicycle else { return };
        let (sin, cos) = bicycle.yaw.state(world).0.sin_cos();
        let wanted = [course.speed * cos, course.speed * sin, course.yaw_rate];
        for (&actuator, wanted) in bicycle.actuators.iter().zip(wanted) {
            targets[actuator] = wanted;
        }
    }

    /// Hands the targets to the joint motors and wakes the bodies that they drive.
    pub fn apply(&self, scene: &Scene, world: &mut World, targets: &[f32]) {
        let physics = &mut world.physics;
        scene.handles.apply_controls_multibody(
            &mut physics.bodies,
            &mut physics.multibody_joints,
            targets,
        );
    }
}
