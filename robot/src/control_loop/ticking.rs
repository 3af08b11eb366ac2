//! One loop over one robot.

use super::handle::{LoopHandle, Request};
use super::phase::{AFTER_REPORT, Deadlines};
use super::status::{LoopReport, LoopStatus};
use crate::clock::Clock;
use crate::error::RobotError;
use crate::hardware_interface::HardwareInterface;
use crate::joint_state::JointState;
use crate::latencies::Latencies;
use crate::planning::{Plan, PlannerThread, Proposer, Trajectory};
use crate::real_time;
use crate::safety::{
    Intervention, Motion, SafeJointCommand, SafetyConfig, SafetyFilter, StopCause,
};
use crate::watchdog::Watchdog;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};

/// Settings of the loop; those of the filter are among them.
#[derive(Clone, Debug, PartialEq)]
pub struct LoopSettings {
    /// The safety filter's, with the control period.
    pub safety: SafetyConfig,
    /// Shortest time between two plans, s.
    pub planner_period: f64,
    /// Real-time priority of the loop and its hardware's threads, 1 to 99, or 0 for none; needs rights, and a refusal is told.
    pub real_time_priority: u8,
}

/// Is asked every tick whether to end.
pub type Finished<'a> = &'a mut (dyn FnMut(&LoopStatus) -> bool + Send);

/// Hears everything that goes in and out of the loop. It must not block.
pub trait Recorder: Send {
    /// A report of the robot, as it came.
    fn state(&mut self, state: &JointState);
    /// A plan, and whether it is followed.
    fn plan(&mut self, plan: &Plan, accepted: bool);
    /// A command that was written.
    fn command(&mut self, command: &SafeJointCommand);
    /// An intervention of the filter.
    fn intervention(&mut self, intervention: &Intervention);
}

/// Reads, filters and writes at a steady rate, with the planner and the watchdogs on threads of their own.
pub struct ControlLoop<H> {
    pub(super) hardware: H,
    pub(super) clock: Clock,
    pub(super) settings: LoopSettings,
    pub(super) filter: SafetyFilter,
    pub(super) planner: PlannerThread,
    pub(super) watchdog: Watchdog,
    pub(super) recorder: Option<Box<dyn Recorder>>,
    pub(super) requests: Receiver<Request>,
    pub(super) handle: LoopHandle,
    pub(super) status: LoopStatus,
    pub(super) trajectory: Option<Trajectory>,
    pub(super) target: Vec<Motion>,
    pub(super) latencies: Latencies,
    pub(super) commands: u64,
    pub(super) emergency: bool,
    pub(super) newest_arrival: Option<f64>,
    pub(super) told: f64,
    pub(super) enable_when_ready: bool,
}

/// Requests that may wait; more than a person can make in a tick.
const REQUESTS: usize = 8;
/// Time for the arm to come to rest at the end, s.
const LAST_STOP: f64 = 10.0;

impl<H: HardwareInterface> ControlLoop<H> {
    /// Prepares a loop. Nothing is opened yet.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn new(
        hardware: H,
        clock: Clock,
        settings: LoopSettings,
        proposer: Box<dyn Proposer>,
        recorder: Option<Box<dyn Recorder>>,
    ) -> Result<Self, RobotError> {
        let thread = |source| RobotError::Thread {
            name: "planner",
            source,
        };
        let safety = settings.safety.clone();
        let (sender, requests) = sync_channel(REQUESTS);
        let handle = LoopHandle {
            requests: sender,
            status: Arc::new(Mutex::new(LoopStatus::default())),
        };
        Ok(Self {
            planner: PlannerThread::start(proposer, settings.planner_period).map_err(thread)?,
            watchdog: Watchdog::start(
                clock,
                safety.state_timeout,
                safety.command_timeout,
                settings.real_time_priority,
            )?,
            filter: SafetyFilter::new(safety),
            hardware,
            clock,
            settings,
            recorder,
            requests,
            handle,
            status: LoopStatus::default(),
            trajectory: None,
            target: Vec::new(),
            latencies: Latencies::default(),
            commands: 0,
            emergency: false,
            newest_arrival: None,
            told: 0.0,
            enable_when_ready: false,
        })
    }

    /// A handle for other threads.
    pub fn handle(&self) -> LoopHandle {
        self.handle.clone()
    }

    /// Enables once, as soon as the arm lets itself be enabled. Asking for it is the explicit act.
    pub fn enable_when_ready(&mut self) {
        self.enable_when_ready = true;
    }

    /// Opens the robot and runs on a thread of its own until `finished` says so, then stops the arm and lets the robot go.
    /// Nothing moves until somebody enables.
    ///
    /// # Errors
    /// When the robot cannot be opened or let go. Failures in between stop the arm and are told in the status.
    pub fn run(&mut self, finished: Finished<'_>) -> Result<LoopReport, RobotError> {
        let priority = self.settings.real_time_priority;
        std::thread::scope(|scope| {
            let name = "control loop";
            let body = || {
                // Threads that the hardware starts inherit it; the planner's was started before.
                real_time::ask(priority);
                self.run_here(finished)
            };
            let builder = std::thread::Builder::new().name(name.to_owned());
            let thread = builder
                .spawn_scoped(scope, body)
                .map_err(|source| RobotError::Thread { name, source })?;
            thread.join().unwrap_or_else(|_| {
                Err(RobotError::Hardware("the control loop panicked".to_owned()))
            })
        })
    }

    fn run_here(&mut self, finished: Finished<'_>) -> Result<LoopReport, RobotError> {
        self.hardware.configure()?;
        self.hardware.activate()?;
        let mut deadlines = self.first_deadline();
        let mut ending: Option<f64> = None;
        loop {
            self.clock.sleep_until(deadlines.next());
            self.status.missed += deadlines.catch_up(self.clock.now());
            let now = deadlines.next();
            self.tick(now);
            deadlines.advance(self.newest_arrival.map(|arrival| now - arrival));
            match ending {
                None if finished(&self.status) => {
                    self.filter.protective_stop(StopCause::Requested, now);
                    ending = Some(now);
                }
                Some(since) if self.filter.rests() || now - since > LAST_STOP => break,
                _ => {}
            }
        }
        self.watchdog.disarm();
        self.hardware.deactivate()?;
        Ok(LoopReport {
            status: self.status.clone(),
            commands: self.commands,
            latency_p50: self.latencies.quantile(0.5),
            latency_p99: self.latencies.quantile(0.99),
            latency_max: self.latencies.longest(),
        })
    }

    /// Shortly after a report of the robot, or now when none comes for a few periods.
    fn first_deadline(&mut self) -> Deadlines {
        let period = self.settings.safety.period;
        let started = self.clock.now();
        let mut now = started;
        while now - started < 10.0 * period {
            if let Ok(Some(state)) = self.hardware.read()
                && now - started > 2.0 * period
            {
                return Deadlines::starting(state.received + AFTER_REPORT, period);
            }
            self.clock.sleep_until(now + 2e-4);
            now = self.clock.now();
        }
        Deadlines::starting(now, period)
    }
}
