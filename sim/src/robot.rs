//! From normalised actions to servo targets.

use crate::error::SimError;
use crate::scene::{Joint, Scene};
use crate::spec::{ActionMode, TaskSpec};
use crate::world::World;

/// One axis of the action vector, resolved.
struct Axis {
    actuator: usize,
    mode: ActionMode,
    /// Target, or change of the target in one control step, at full action.
    gain: f32,
    /// How far a position servo's target may lead the joint.
    max_lead: f32,
    joint: Joint,
}

/// The task's actuators.
pub(crate) struct Robot {
    axes: Vec<Axis>,
    joint_of_actuator: Vec<(usize, String)>,
    actuators: usize,
}

impl Robot {
    pub fn resolve(spec: &TaskSpec, scene: &Scene) -> Result<Self, SimError> {
        let mut axes = Vec::new();
        let mut joint_of_actuator = Vec::new();
        for action in &spec.action {
            let unknown = |kind, name: &str| SimError::UnknownName {
                task: spec.name.clone(),
                kind,
                name: name.to_owned(),
            };
            let (actuator, joint_name) = scene
                .actuator(&action.actuator)
                .ok_or_else(|| unknown("actuator", &action.actuator))?;
            let joint = scene
                .joint(joint_name)
                .ok_or_else(|| unknown("joint", joint_name))?;
            let gain = match action.mode {
                ActionMode::Velocity => action.scale,
                ActionMode::PositionRate => action.scale / spec.control.rate_hz as f32,
            };
            axes.push(Axis {
                actuator,
                mode: action.mode,
                gain,
                max_lead: action.max_lead.unwrap_or(f32::INFINITY),
                joint,
            });
            joint_of_actuator.push((actuator, joint_name.to_owned()));
        }
        Ok(Self {
            axes,
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

    /// Servo targets that hold the given generalised coordinates at rest.
    pub fn rest_targets(&self, qpos: &[f64]) -> Vec<f32> {
        let mut targets = vec![0.0; self.actuators];
        for axis in &self.axes {
            if axis.mode == ActionMode::PositionRate {
                targets[axis.actuator] = qpos[axis.joint.qpos] as f32;
            }
        }
        targets
    }

    /// Moves the targets by one action, each entry of which is clamped to [-1, 1].
    pub fn command(&self, action: &[f32], world: &World, targets: &mut [f32]) {
        for (axis, &a) in self.axes.iter().zip(action) {
            let a = a.clamp(-1.0, 1.0);
            let target = &mut targets[axis.actuator];
            *target = match axis.mode {
                ActionMode::Velocity => a * axis.gain,
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
