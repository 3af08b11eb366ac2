//! The task's own robot, put as a real one reports to be: what the world model would observe of it.

use anyhow::{Context, Result, bail};
use robot::profile::Profile;
use sim::spec::{ObservationSpec, ResetSpec};
use sim::variation::Variant;
use sim::{Env, Servo, Task};
use std::sync::Arc;

/// A robot of position servos in rapier, and which joint of a profile each of them is. Physics does not run in it.
pub struct Twin {
    env: Env,
    /// For each servo of the task, its joint in the profile.
    order: Vec<usize>,
}

impl Twin {
    /// The robot of a task, with joints named as in a profile.
    ///
    /// # Errors
    /// When the task moves something else than the profile's joints, or observes what their positions do not tell.
    pub fn new(task: &Arc<Task>, profile: &Profile) -> Result<Self> {
        let (name, joints) = (task.name(), profile.joints());
        let Some(servos) = task.servo_joints() else {
            bail!(
                "task '{name}' has other actions than rates of joints, expected joints {}",
                joints.join(", ")
            );
        };
        let mut sorted = [servos.clone(), joints.clone()];
        sorted.iter_mut().for_each(|names| names.sort());
        if sorted[0] != sorted[1] {
            bail!(
                "task '{name}' moves the joints {}, expected those of profile {}: {}",
                servos.join(", "),
                profile.name,
                joints.join(", ")
            );
        }
        told_by_joints(task)?;
        let place = |servo: &String| joints.iter().position(|joint| joint == servo);
        Ok(Self {
            env: Env::new(Arc::clone(task), Variant::of(task, None)?)?,
            order: servos.iter().filter_map(place).collect(),
        })
    }

    /// The robot as it was put last.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// The robot, to run it or to change its factors.
    pub fn env_mut(&mut self) -> &mut Env {
        &mut self.env
    }

    /// For each servo of the task, its joint in the profile.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Puts the joints where they are measured, at the velocities that were measured, with the servos sent to `target`: all
    /// `[joints]` in the profile's order, rad and rad/s.
    ///
    /// # Errors
    /// A value that is not finite, or a joint that is missing.
    pub fn put(&mut self, position: &[f64], velocity: &[f64], target: &[f64]) -> Result<()> {
        let servo = |&joint: &usize| {
            Some(Servo {
                position: *position.get(joint)? as f32,
                velocity: *velocity.get(joint)? as f32,
                target: *target.get(joint)? as f32,
            })
        };
        let servos: Option<Vec<Servo>> = self.order.iter().map(servo).collect();
        let servos = servos.with_context(|| {
            format!(
                "{} joints are told, expected {}",
                position.len(),
                self.order.len()
            )
        })?;
        Ok(self.env.set_servos(&servos)?)
    }

    /// Puts the joints somewhere at rest, rad.
    ///
    /// # Errors
    /// As [`Twin::put`].
    pub fn put_at_rest(&mut self, position: &[f64]) -> Result<()> {
        self.put(position, &vec![0.0; position.len()], position)
    }
}

/// Positions of bodies and joints are told by the joints; what moves by itself, or a velocity of a body, is not.
fn told_by_joints(task: &Task) -> Result<()> {
    let spec = task.spec();
    let told = |term: &ObservationSpec| {
        use ObservationSpec as Term;
        matches!(
            term,
            Term::JointPosition { .. }
                | Term::JointVelocity { .. }
                | Term::JointTarget { .. }
                | Term::Position { .. }
                | Term::Yaw { .. }
                | Term::UpAxis { .. }
        )
    };
    if let Some(other) = spec.observation.iter().find(|term| !told(term)) {
        bail!(
            "task '{}' observes {other:?}, which joints do not tell",
            task.name()
        );
    }
    let joints_alone = |draw: &ResetSpec| matches!(draw, ResetSpec::Joints { .. });
    if let Some(other) = spec.reset.iter().find(|draw| !joints_alone(draw)) {
        bail!(
            "task '{}' has bodies beside the robot ({other:?}), which joints do not tell of",
            task.name()
        );
    }
    Ok(())
}
