//! The acts that only a person, or a program in their name, may do while the loop runs.

use super::LoopStatus;
use crate::error::RobotError;
use crate::safety::EnableError;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// An act, and where its outcome goes.
pub(super) struct Request {
    pub act: Act,
    pub reply: SyncSender<Result<(), EnableError>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Act {
    Enable,
    Reset,
    Stop,
    Emergency(bool),
}

/// Steers a running loop from other threads.
#[derive(Clone)]
pub struct LoopHandle {
    pub(super) requests: SyncSender<Request>,
    pub(super) status: Arc<Mutex<LoopStatus>>,
}

/// The loop answers within a tick or two; no answer for so long means that it does not run.
const PATIENCE: Duration = Duration::from_secs(2);

impl LoopHandle {
    /// Starts to follow the planner, from where the arm is. The second of two acts after a stop.
    ///
    /// # Errors
    /// Says why not, or that the loop does not run.
    pub fn enable(&self) -> Result<(), RobotError> {
        self.ask(Act::Enable)
    }

    /// Leaves a latched stop. The first of two acts; nothing moves.
    ///
    /// # Errors
    /// Says why not, or that the loop does not run.
    pub fn reset(&self) -> Result<(), RobotError> {
        self.ask(Act::Reset)
    }

    /// Decelerates and holds, latched.
    ///
    /// # Errors
    /// When the loop does not run.
    pub fn stop(&self) -> Result<(), RobotError> {
        self.ask(Act::Stop)
    }

    /// Presses or releases the emergency stop of this program. It adds to the robot's own, and cannot release that.
    ///
    /// # Errors
    /// When the loop does not run.
    pub fn emergency(&self, pressed: bool) -> Result<(), RobotError> {
        self.ask(Act::Emergency(pressed))
    }

    /// How the loop does.
    pub fn status(&self) -> LoopStatus {
        self.status
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn ask(&self, act: Act) -> Result<(), RobotError> {
        let (reply, answer) = sync_channel(1);
        let silent = || RobotError::Hardware("the control loop does not answer".to_owned());
        self.requests
            .try_send(Request { act, reply })
            .map_err(|_| silent())?;
        Ok(answer.recv_timeout(PATIENCE).map_err(|_| silent())??)
    }
}
