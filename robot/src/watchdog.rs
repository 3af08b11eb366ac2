//! Watchdogs on a thread of their own: they trip even while the control loop stands still, and what tripped stays tripped.

use crate::clock::Clock;
use crate::error::RobotError;
use crate::real_time;
use crate::safety::StopCause;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

#[derive(Default)]
struct Shared {
    armed: AtomicBool,
    closed: AtomicBool,
    /// Steady times as bits of `f64`; zero until the first.
    state: AtomicU64,
    target: AtomicU64,
    tick: AtomicU64,
    tripped: Mutex<Option<StopCause>>,
}

/// Watches the age of the robot's state, of the planner's targets and of the loop itself.
pub(crate) struct Watchdog {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Starts to watch, with the timeouts for states and for commands, s, at a real-time priority.
    pub fn start(
        clock: Clock,
        state_timeout: f64,
        command_timeout: f64,
        priority: u8,
    ) -> Result<Self, RobotError> {
        let shared = Arc::new(Shared::default());
        let watched = Arc::clone(&shared);
        let pause = Duration::from_secs_f64((state_timeout.min(command_timeout) / 10.0).max(0.001));
        let thread = std::thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || {
                real_time::ask(priority);
                while !watched.closed.load(Ordering::Acquire) {
                    std::thread::sleep(pause);
                    watched.look(clock.now(), state_timeout, command_timeout);
                }
            })
            .map_err(|source| RobotError::Thread {
                name: "watchdog",
                source,
            })?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Begins to watch afresh.
    pub fn arm(&self, now: f64) {
        for time in [&self.shared.state, &self.shared.tick] {
            time.store(now.to_bits(), Ordering::Release);
        }
        self.shared.target.store(0, Ordering::Release);
        *self
            .shared
            .tripped
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
        self.shared.armed.store(true, Ordering::Release);
    }

    /// Watches no more until armed again.
    pub fn disarm(&self) {
        self.shared.armed.store(false, Ordering::Release);
    }

    /// A fresh state was measured.
    pub fn state(&self, at: f64) {
        self.shared.state.store(at.to_bits(), Ordering::Release);
    }

    /// The planner gave a target.
    pub fn target(&self, at: f64) {
        self.shared.target.store(at.to_bits(), Ordering::Release);
    }

    /// The loop ticks.
    pub fn tick(&self, at: f64) {
        self.shared.tick.store(at.to_bits(), Ordering::Release);
    }

    /// What tripped since it was armed.
    pub fn tripped(&self) -> Option<StopCause> {
        self.shared
            .tripped
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Shared {
    fn look(&self, now: f64, state_timeout: f64, command_timeout: f64) {
        if !self.armed.load(Ordering::Acquire) {
            return;
        }
        let age = |time: &AtomicU64| match time.load(Ordering::Acquire) {
            0 => 0.0,
            bits => now - f64::from_bits(bits),
        };
        let (state, target, tick) = (age(&self.state), age(&self.target), age(&self.tick));
        let cause = if tick > command_timeout {
            StopCause::Stall { gap: tick }
        } else if state > state_timeout {
            StopCause::StateTimeout { age: state }
        } else if target > command_timeout {
            StopCause::CommandTimeout { gap: target }
        } else {
            return;
        };
        let mut tripped = self.tripped.lock().unwrap_or_else(PoisonError::into_inner);
        if tripped.is_none() {
            tracing::error!("watchdog: {cause}");
            *tripped = Some(cause);
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // The thread cannot panic, and ends within one pause.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn it_trips_while_the_loop_stands_still_and_stays_tripped() {
        let clock = Clock::start();
        let watchdog = Watchdog::start(clock, 0.1, 0.1, 0).unwrap();
        std::thread::sleep(Duration::from_millis(150));
        assert_eq!(watchdog.tripped(), None, "not armed");
        watchdog.arm(clock.now());
        std::thread::sleep(Duration::from_millis(200));
        assert!(matches!(watchdog.tripped(), Some(StopCause::Stall { .. })));
        for _ in 0..5 {
            let now = clock.now();
            watchdog.tick(now);
            watchdog.state(now);
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(watchdog.tripped().is_some());
    }

    #[test]
    fn each_age_has_its_watchdog() {
        let cause = |state: f64, target: f64| {
            let shared = Shared::default();
            shared.armed.store(true, Ordering::Release);
            shared.tick.store(10.0_f64.to_bits(), Ordering::Release);
            shared.state.store(state.to_bits(), Ordering::Release);
            shared.target.store(target.to_bits(), Ordering::Release);
            shared.look(10.0, 0.1, 0.2);
            shared.tripped.into_inner().unwrap()
        };
        assert_eq!(cause(9.95, 9.85), None);
        assert!(matches!(
            cause(9.85, 9.95),
            Some(StopCause::StateTimeout { .. })
        ));
        assert!(matches!(
            cause(9.95, 9.75),
            Some(StopCause::CommandTimeout { .. })
        ));
    }
}
