//! What a robot must offer, in the words of ros2_control.

use crate::error::RobotError;
use crate::joint_state::JointState;
use crate::safety::SafeJointCommand;

/// A robot, or whatever stands for one. The control loop calls it from one thread: `configure`, `activate`, then `read` and
/// `write` every tick, then `deactivate`. No call may block for longer than a fraction of the control period.
pub trait HardwareInterface: Send {
    /// Opens what leads to the robot. Nothing moves.
    ///
    /// # Errors
    /// Says in one line what is missing.
    fn configure(&mut self) -> Result<(), RobotError>;

    /// Makes the robot ready to take commands. Nothing moves until the first `write`.
    ///
    /// # Errors
    /// Says in one line what the robot refuses.
    fn activate(&mut self) -> Result<(), RobotError>;

    /// The newest report since the last call; older ones are passed over. None when nothing new has come.
    ///
    /// # Errors
    /// A broken link. The loop stops the arm.
    fn read(&mut self) -> Result<Option<JointState>, RobotError>;

    /// Waits for a report that was not read yet, for so many seconds at most. The loop asks for it at a deadline that the
    /// report has just missed. Hardware that measures when it is read has nothing to wait for.
    fn wait_for_state(&mut self, _seconds: f64) {}

    /// Sends a command. Only the safety filter can make one.
    ///
    /// # Errors
    /// A command that was not sent. The loop stops the arm.
    fn write(&mut self, command: &SafeJointCommand) -> Result<(), RobotError>;

    /// Lets the robot go. It holds where it is.
    ///
    /// # Errors
    /// Says in one line what went wrong.
    fn deactivate(&mut self) -> Result<(), RobotError>;

    /// Whether the robot's emergency stop is pressed; none when it does not say.
    fn emergency_pressed(&mut self) -> Option<bool> {
        None
    }

    /// What is wrong with the link, one line each, for `check` and the log: counterparts missing, settings that do not fit.
    fn problems(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Hears, about twice a second, how the loop does.
    fn tell(&mut self, _status: &crate::control_loop::LoopStatus) {}
}

/// Hardware that is chosen while the program runs.
impl<H: HardwareInterface + ?Sized> HardwareInterface for Box<H> {
    fn configure(&mut self) -> Result<(), RobotError> {
        (**self).configure()
    }

    fn activate(&mut self) -> Result<(), RobotError> {
        (**self).activate()
    }

    fn read(&mut self) -> Result<Option<JointState>, RobotError> {
        (**self).read()
    }

    fn wait_for_state(&mut self, seconds: f64) {
        (**self).wait_for_state(seconds);
    }

    fn write(&mut self, command: &SafeJointCommand) -> Result<(), RobotError> {
        (**self).write(command)
    }

    fn deactivate(&mut self) -> Result<(), RobotError> {
        (**self).deactivate()
    }

    fn emergency_pressed(&mut self) -> Option<bool> {
        (**self).emergency_pressed()
    }

    fn problems(&mut self) -> Vec<String> {
        (**self).problems()
    }

    fn tell(&mut self, status: &crate::control_loop::LoopStatus) {
        (**self).tell(status);
    }
}
