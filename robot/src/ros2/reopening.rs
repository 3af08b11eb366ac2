//! Opening the link anew, beside the control loop.

use super::link::Link;
use crate::clock::Clock;
use crate::error::RobotError;
use crate::profile::RosTable;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

/// A link that is on its way.
pub(super) struct Reopening {
    opened: Receiver<Result<Link, RobotError>>,
}

impl Reopening {
    /// Closes a link and opens another on a thread of its own, for both may take a while.
    pub fn start(old: Option<Link>, ros: &RosTable, clock: Clock) -> Result<Self, RobotError> {
        let (sender, opened) = sync_channel(1);
        let ros = ros.clone();
        std::thread::Builder::new()
            .name("ros2 reopening".to_owned())
            .spawn(move || {
                drop(old);
                // Nobody waits for it any more when the robot was let go meanwhile.
                let _ = sender.send(Link::open(&ros, clock));
            })
            .map_err(|source| RobotError::Thread {
                name: "ros2 reopening",
                source,
            })?;
        Ok(Self { opened })
    }

    /// The link, once it is open.
    pub fn poll(&self) -> Option<Result<Link, RobotError>> {
        match self.opened.try_recv() {
            Ok(opened) => Some(opened),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(RobotError::Hardware(
                "reopening the link panicked".to_owned(),
            ))),
        }
    }
}
