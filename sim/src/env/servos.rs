//! A robot of position servos, joint by joint: what a real one reports of itself can be put in, and its servos can be driven at
//! the rate of the physics, past the task's actions.

use super::Env;
use crate::error::SimError;
use crate::robot::Axis;
use crate::task::Task;

/// A joint with its position servo.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Servo {
    /// Where the joint is, rad (m where it slides).
    pub position: f32,
    /// How fast it moves, rad/s.
    pub velocity: f32,
    /// Where the servo is sent, rad.
    pub target: f32,
}

impl Task {
    /// The joints whose servo targets the actions move, one for each action and in their order; none where an action does
    /// anything else.
    pub fn servo_joints(&self) -> Option<Vec<String>> {
        let names = self.robot.servos(self.action_dim())?;
        let names = names.iter().map(|axis| self.robot.joint_of(axis.actuator));
        names.map(|name| name.map(str::to_owned)).collect()
    }

    /// Ranges of those joints, `[joints]` of lowest and highest, rad.
    pub fn servo_ranges(&self) -> Option<Vec<[f32; 2]>> {
        let axes = self.robot.servos(self.action_dim())?;
        Some(axes.iter().map(|axis| axis.joint.range).collect())
    }
}

impl Env {
    /// The servos, in the order of [`Task::servo_joints`].
    ///
    /// # Errors
    /// [`SimError::Servos`] where the task's actions do more than move servos.
    pub fn servos(&self) -> Result<Vec<Servo>, SimError> {
        let axes = axes(&self.task)?;
        let servo = |axis: &&Axis| {
            let (position, velocity) = axis.joint.state(&self.world);
            Servo {
                position,
                velocity,
                target: self.targets[axis.actuator],
            }
        };
        Ok(axes.iter().map(servo).collect())
    }

    /// Puts the joints and their servos as they are given, whatever the present state; nothing else of the scene changes.
    ///
    /// # Errors
    /// [`SimError::Servos`] for a wrong number or a value that is not finite; nothing changes then.
    pub fn set_servos(&mut self, servos: &[Servo]) -> Result<(), SimError> {
        let task = std::sync::Arc::clone(&self.task);
        let axes = axes(&task)?;
        let finite = |s: &Servo| {
            [s.position, s.velocity, s.target]
                .iter()
                .all(|x| x.is_finite())
        };
        if servos.len() != axes.len() || !servos.iter().all(finite) {
            return Err(wrong(&task, format!("{servos:?}")));
        }
        let (mut qpos, mut qvel) = (task.scene.qpos.clone(), task.scene.rest());
        for (axis, servo) in axes.iter().zip(servos) {
            qpos[axis.joint.qpos] = f64::from(servo.position);
            qvel[axis.joint.qvel] = f64::from(servo.velocity);
            self.targets[axis.actuator] = servo.target;
        }
        task.scene.place_moving(&mut self.world, &qpos, &qvel);
        self.remember();
        Ok(())
    }

    /// One physics step with the servos sent to `targets`, rad; they stay within the joints' ranges.
    ///
    /// # Errors
    /// [`SimError::Servos`] for a wrong number or a value that is not finite, which changes nothing; [`SimError::World`] when
    /// the physics fails.
    pub fn drive(&mut self, targets: &[f32]) -> Result<(), SimError> {
        let task = std::sync::Arc::clone(&self.task);
        let axes = axes(&task)?;
        if targets.len() != axes.len() || targets.iter().any(|t| !t.is_finite()) {
            return Err(wrong(&task, format!("are sent to {targets:?}")));
        }
        for (axis, &target) in axes.iter().zip(targets) {
            let [low, high] = axis.joint.range;
            self.targets[axis.actuator] = target.max(low).min(high);
        }
        self.apply_targets();
        let outcome = self.physics_step().and_then(|()| self.world.check());
        outcome.map_err(|message| SimError::World {
            step: self.step,
            message,
        })
    }

    /// Multiplies the damping of every joint of the robot.
    ///
    /// # Errors
    /// [`SimError::Servos`] where the task's actions do more than move servos, or for a factor that is negative or not finite.
    pub fn scale_damping(&mut self, by: f32) -> Result<(), SimError> {
        let task = std::sync::Arc::clone(&self.task);
        let axes = axes(&task)?;
        if !(by.is_finite() && by >= 0.0) {
            return Err(wrong(&task, format!("are damped {by} times")));
        }
        // The joints of a robot are of one multibody.
        let joints = &mut self.world.physics.multibody_joints;
        if let Some((multibody, _)) = axes
            .first()
            .and_then(|axis| joints.get_mut(axis.joint.handle))
        {
            *multibody.damping_mut() *= by;
        }
        Ok(())
    }
}

fn axes(task: &Task) -> Result<Vec<&Axis>, SimError> {
    let axes = task.robot.servos(task.action_dim());
    axes.ok_or_else(|| wrong(task, "are driven one by one".to_owned()))
}

fn wrong(task: &Task, given: String) -> SimError {
    let expected = match task.servo_joints() {
        Some(joints) => format!("a finite value for each of {}", joints.join(", ")),
        None => "a task whose actions move position servos, one each".to_owned(),
    };
    SimError::Servos {
        task: task.name().to_owned(),
        given,
        expected,
    }
}
