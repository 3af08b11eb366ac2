//! The planner on its own thread: newest observation in, newest plan out, nothing queues.

use super::plan::{Observation, Plan, Proposer};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How the planner is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlannerStatus {
    /// Plans handed out.
    pub plans: u64,
    /// Times it said that it has no plan.
    pub failures: u64,
    /// The last reason it gave.
    pub last_failure: Option<String>,
    /// What it said when it panicked; it plans no more.
    pub panicked: Option<String>,
}

#[derive(Default)]
struct Desk {
    observation: Option<Observation>,
    plan: Option<Plan>,
    status: PlannerStatus,
    closed: bool,
}

/// Runs a planner; dropping it tells the planner to end, without waiting for one that is stuck.
pub struct PlannerThread {
    desk: Arc<(Mutex<Desk>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

/// How long dropping waits for the planner.
const PATIENCE: Duration = Duration::from_millis(200);

impl PlannerThread {
    /// Starts a planner that plans at most once in `period` seconds.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(mut proposer: Box<dyn Proposer>, period: f64) -> std::io::Result<Self> {
        let desk = Arc::new((Mutex::new(Desk::default()), Condvar::new()));
        let shared = Arc::clone(&desk);
        let period = Duration::from_secs_f64(period.max(0.0));
        let thread = std::thread::Builder::new()
            .name("planner".to_owned())
            .spawn(move || {
                let mut sequence = 0;
                while let Some(observation) = wait_for_work(&shared) {
                    let started = Instant::now();
                    sequence += 1;
                    let outcome = catch_unwind(AssertUnwindSafe(|| proposer.propose(&observation)));
                    let mut desk = locked(&shared.0);
                    match outcome {
                        Ok(Ok(proposal)) => {
                            desk.plan = Some(Plan::stamped(proposal, &observation, sequence));
                            desk.status.plans += 1;
                        }
                        Ok(Err(error)) => {
                            desk.status.failures += 1;
                            desk.status.last_failure = Some(error.to_string());
                        }
                        Err(payload) => {
                            desk.status.panicked = Some(words(payload.as_ref()));
                            return;
                        }
                    }
                    drop(desk);
                    std::thread::sleep(period.saturating_sub(started.elapsed()));
                }
            })?;
        Ok(Self {
            desk,
            thread: Some(thread),
        })
    }

    /// Hands over an observation; one that the planner has not begun with is replaced.
    pub fn observe(&self, observation: Observation) {
        locked(&self.desk.0).observation = Some(observation);
        self.desk.1.notify_one();
    }

    /// Takes the newest plan, if there is one that was not taken yet.
    pub fn take_plan(&self) -> Option<Plan> {
        locked(&self.desk.0).plan.take()
    }

    /// How the planner is.
    pub fn status(&self) -> PlannerStatus {
        locked(&self.desk.0).status.clone()
    }
}

impl Drop for PlannerThread {
    fn drop(&mut self) {
        locked(&self.desk.0).closed = true;
        self.desk.1.notify_all();
        let Some(thread) = self.thread.take() else {
            return;
        };
        let started = Instant::now();
        while !thread.is_finished() && started.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(2));
        }
        // One that is still busy is left alone: nothing it proposes is heard any more.
    }
}

fn wait_for_work(shared: &(Mutex<Desk>, Condvar)) -> Option<Observation> {
    let mut desk = locked(&shared.0);
    loop {
        if desk.closed {
            return None;
        }
        if let Some(observation) = desk.observation.take() {
            return Some(observation);
        }
        desk = shared.1.wait(desk).unwrap_or_else(PoisonError::into_inner);
    }
}

/// The planner never holds the lock while it plans, so nothing behind a poisoned one is half done.
fn locked(mutex: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn words(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
