//! The thread that hears the robot: states, emergency stop, and who came and went.

use super::matching::Matching;
use crate::clock::Clock;
use crate::error::RobotError;
use crate::joint_state::JointState;
use crate::messages::{Bool, JointStateMessage};
use futures::channel::oneshot;
use futures::stream::{BoxStream, FusedStream, StreamExt};
use futures::{executor::block_on, select};
use ros2_client::dds::rustdds::{DomainParticipant, StatusEvented};
use ros2_client::{Subscription, error::ReadResult, message_info::MessageInfo};
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// What was heard.
#[derive(Default)]
pub(super) struct Heard {
    /// The newest state that nobody has taken yet.
    pub state: Option<JointState>,
    /// States heard.
    pub states: u64,
    /// The emergency stop, and when it was told, s of the steady clock.
    pub emergency: Option<(bool, f64)>,
    /// The other ends.
    pub matching: Matching,
    /// Messages that could not be read.
    pub unreadable: u64,
}

/// What was heard, and a bell for each state.
#[derive(Default)]
struct Board {
    heard: Mutex<Heard>,
    bell: Condvar,
}

/// Listens until it is dropped.
pub(super) struct Listener {
    heard: Arc<Board>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a listener listens to.
pub(super) struct Sources {
    pub participant: DomainParticipant,
    pub states: Subscription<JointStateMessage>,
    pub emergency: Option<Subscription<Bool>>,
}

impl Listener {
    pub fn start(sources: Sources, matching: Matching, clock: Clock) -> Result<Self, RobotError> {
        let heard = Mutex::new(Heard {
            matching,
            ..Heard::default()
        });
        let heard = Arc::new(Board {
            heard,
            bell: Condvar::new(),
        });
        let (end, ended) = oneshot::channel();
        let shared = Arc::clone(&heard);
        let thread = std::thread::Builder::new()
            .name("ros2".to_owned())
            .spawn(move || block_on(listen(sources, ended, &shared, clock)))
            .map_err(|source| RobotError::Thread {
                name: "ros2",
                source,
            })?;
        Ok(Self {
            heard,
            end: Some(end),
            thread: Some(thread),
        })
    }

    /// What was heard so far.
    pub fn heard(&self) -> MutexGuard<'_, Heard> {
        locked(&self.heard.heard)
    }

    /// Waits until there is a state to take, for so many seconds at most.
    pub fn wait(&self, seconds: f64) {
        let patience = Duration::from_secs_f64(seconds.max(0.0));
        let nothing = |heard: &mut Heard| heard.state.is_none();
        drop(
            self.heard
                .bell
                .wait_timeout_while(self.heard(), patience, nothing),
        );
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // The receiver is gone only when the thread has ended already.
        let _ = self.end.take().map(|end| end.send(()));
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the ROS 2 listener panicked");
        }
    }
}

fn locked(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

type Told = BoxStream<'static, ReadResult<(Bool, MessageInfo)>>;

async fn listen(sources: Sources, ended: oneshot::Receiver<()>, board: &Board, clock: Clock) {
    let Sources {
        participant,
        states,
        emergency,
    } = sources;
    let status = participant.status_listener();
    let mut events = pin!(status.as_async_status_stream());
    let mut states = pin!(states.async_stream());
    let never: Told = futures::stream::pending().boxed();
    let mut told = pin!(told(emergency.as_ref(), never));
    let mut ended = ended;
    let heard = &board.heard;
    loop {
        select! {
            _ = ended => return,
            state = states.next() => match state {
                Some(Ok((message, _))) => {
                    let (received, wall) = (clock.now(), Clock::wall_nanos());
                    let mut heard = locked(heard);
                    heard.state = Some(message.into_state(received, wall));
                    heard.states += 1;
                    board.bell.notify_all();
                }
                Some(Err(error)) => unreadable(heard, &error.to_string()),
                None => return,
            },
            pressed = told.next() => match pressed {
                Some(Ok((Bool { data }, _))) => locked(heard).emergency = Some((data, clock.now())),
                Some(Err(error)) => unreadable(heard, &error.to_string()),
                None => return,
            },
            event = events.next() => {
                let Some(event) = event else { return };
                if let Some(wrong) = locked(heard).matching.take(event) {
                    tracing::warn!("{wrong}");
                }
            }
        }
    }
}

fn told<'a>(
    emergency: Option<&'a Subscription<Bool>>,
    never: Told,
) -> impl FusedStream<Item = ReadResult<(Bool, MessageInfo)>> + 'a {
    match emergency {
        Some(subscription) => subscription.async_stream().left_stream(),
        None => never.fuse().right_stream(),
    }
}

fn unreadable(heard: &Mutex<Heard>, error: &str) {
    tracing::warn!("unreadable message: {error}");
    locked(heard).unreadable += 1;
}
