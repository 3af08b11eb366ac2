//! `robot dry-run`: the loop and the filter as in earnest, but nothing is written.

use crate::error::RobotError;
use crate::hardware_interface::HardwareInterface;
use crate::joint_state::JointState;
use crate::safety::SafeJointCommand;

/// Hardware that reads the real robot's reports and keeps every command to itself.
///
/// From the first command on, the joints that are commanded seem to be exactly where they were sent: otherwise every plan
/// would start from the same pose, and the arm that stays where it is would trip the monitors. Stamps, delays, rates, and all
/// that is wrong with them, are the robot's.
pub struct Rehearsal<H> {
    hardware: H,
    joints: Vec<String>,
    sent: Vec<f64>,
    velocity: Vec<f64>,
}

impl<H> Rehearsal<H> {
    /// Wraps hardware whose commands are for these joints.
    pub fn new(hardware: H, joints: &[String]) -> Self {
        Self {
            hardware,
            joints: joints.to_vec(),
            sent: Vec::new(),
            velocity: Vec::new(),
        }
    }
}

impl<H: HardwareInterface> HardwareInterface for Rehearsal<H> {
    fn configure(&mut self) -> Result<(), RobotError> {
        self.hardware.configure()
    }

    fn activate(&mut self) -> Result<(), RobotError> {
        self.hardware.activate()
    }

    fn read(&mut self) -> Result<Option<JointState>, RobotError> {
        let Some(mut state) = self.hardware.read()? else {
            return Ok(None);
        };
        for (joint, (&sent, &velocity)) in
            self.joints.iter().zip(self.sent.iter().zip(&self.velocity))
        {
            let Some(index) = state.name.iter().position(|name| name == joint) else {
                continue;
            };
            // What the robot reports as no number stays none.
            if let Some(value) = state
                .position
                .get_mut(index)
                .filter(|value| value.is_finite())
            {
                *value = sent;
            }
            if let Some(value) = state
                .velocity
                .get_mut(index)
                .filter(|value| value.is_finite())
            {
                *value = velocity;
            }
        }
        Ok(Some(state))
    }

    fn wait_for_state(&mut self, seconds: f64) {
        self.hardware.wait_for_state(seconds);
    }

    fn write(&mut self, command: &SafeJointCommand) -> Result<(), RobotError> {
        self.sent = command.position().to_vec();
        self.velocity = command.velocity().to_vec();
        Ok(())
    }

    fn deactivate(&mut self) -> Result<(), RobotError> {
        self.hardware.deactivate()
    }

    fn emergency_pressed(&mut self) -> Option<bool> {
        self.hardware.emergency_pressed()
    }

    fn problems(&mut self) -> Vec<String> {
        self.hardware.problems()
    }
}
