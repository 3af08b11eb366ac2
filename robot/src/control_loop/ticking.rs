//! One loop over one robot.

use super::handle::{Act, LoopHandle, Request};
use super::phase::{AFTER_REPORT, Deadlines};
use super::status::{LoopReport, LoopStatus};
use crate::clock::Clock;
use crate::error::RobotError;
use crate::hardware_interface::HardwareInterface;
use crate::joint_state::JointState;
use crate::latencies::Latencies;
use crate::niceness::Niceness;
use crate::planning::{Observation, Plan, PlannerThread, Proposer, Trajectory};
use crate::safety::{
    EnableError, Intervention, Mode, Motion, SafeJointCommand, SafetyConfig, SafetyFilter,
    StopCause,
};
use crate::watchdog::Watchdog;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Settings of the loop; those of the filter are among them.
#[derive(Clone, Debug, PartialEq)]
pub struct LoopSettings {
    /// The safety filter's, with the control period.
    pub safety: SafetyConfig,
    /// Shortest time between two plans, s.
    pub planner_period: f64,
    /// Niceness of the loop's thread, -20 (goes first) to 19; below 0 needs rights, and is told when refused.
    pub nice: i32,
}

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
    hardware: H,
    clock: Clock,
    settings: LoopSettings,
    filter: SafetyFilter,
    planner: PlannerThread,
    watchdog: Watchdog,
    recorder: Option<Box<dyn Recorder>>,
    requests: Receiver<Request>,
    handle: LoopHandle,
    status: LoopStatus,
    trajectory: Option<Trajectory>,
    target: Vec<Motion>,
    latencies: Latencies,
    commands: u64,
    emergency: bool,
    newest_arrival: Option<f64>,
    told: f64,
    enable_when_ready: bool,
}

/// Requests that may wait; more than a person can make in a tick.
const REQUESTS: usize = 8;
/// How long a tick waits for a report that is about to come, as a share of the period.
const GRACE: f64 = 0.3;
/// Time between two words to the hardware, s.
const TELL: f64 = 0.5;
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
            watchdog: Watchdog::start(clock, safety.state_timeout, safety.command_timeout)?,
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

    /// Opens the robot and runs until `finished` says so, then stops the arm and lets the robot go. Nothing moves until
    /// somebody enables.
    ///
    /// # Errors
    /// When the robot cannot be opened or let go. Failures in between stop the arm and are told in the status.
    pub fn run(
        &mut self,
        finished: &mut dyn FnMut(&LoopStatus) -> bool,
    ) -> Result<LoopReport, RobotError> {
        // Threads that the hardware starts inherit it; the planner's was started before.
        let _raised = Niceness::set(self.settings.nice);
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

    fn tick(&mut self, now: f64) {
        self.watchdog.tick(self.clock.now());
        let arrival = self.take_state();
        self.take_emergency(now);
        while let Ok(request) = self.requests.try_recv() {
            let outcome = self.act(request.act, now);
            // Who asked may have given up waiting.
            let _ = request.reply.try_send(outcome);
        }
        if self.enable_when_ready {
            self.status.waiting_for = self
                .act(Act::Enable, now)
                .err()
                .map(|error| error.to_string());
            self.enable_when_ready = self.filter.mode() == &Mode::Idle;
        }
        if self.filter.mode() == &Mode::Active
            && let Some(cause) = self.watchdog.tripped()
        {
            self.filter.protective_stop(cause, now);
        }
        self.take_plan(now);
        self.write(now, arrival);
        if self.filter.mode() != &Mode::Active {
            self.watchdog.disarm();
        }
        self.give_observation(now);
        self.update_status(now);
    }

    /// Reads the robot. Returns when the report arrived that the filter accepted in this tick.
    fn take_state(&mut self) -> Option<f64> {
        let period = self.settings.safety.period;
        if self
            .newest_arrival
            .is_some_and(|arrival| self.clock.now() - arrival < 2.0 * period)
        {
            self.hardware.wait_for_state(GRACE * period);
        }
        let now = self.clock.now();
        let state = match self.hardware.read() {
            Ok(state) => state?,
            Err(error) => {
                self.filter
                    .protective_stop(StopCause::Hardware(error.to_string()), now);
                return None;
            }
        };
        self.newest_arrival = Some(state.received);
        if let Some(recorder) = &mut self.recorder {
            recorder.state(&state);
        }
        // Refusals are counted and logged by the filter.
        self.filter.observe(&state, now).ok()?;
        if let Some(measured) = self.filter.measured() {
            self.watchdog.state(measured.at);
        }
        Some(state.received)
    }

    fn take_emergency(&mut self, now: f64) {
        let pressed = self.emergency || self.hardware.emergency_pressed() == Some(true);
        self.status.emergency_pressed = pressed;
        self.filter.emergency(pressed, now);
    }

    fn act(&mut self, act: Act, now: f64) -> Result<(), EnableError> {
        match act {
            Act::Enable => {
                self.filter.enable(now)?;
                self.trajectory = None;
                self.watchdog.arm(self.clock.now());
                if let Some(measured) = self.filter.measured() {
                    self.watchdog.state(measured.at);
                }
            }
            Act::Reset => {
                self.filter.reset()?;
                self.watchdog.disarm();
            }
            Act::Stop => self.filter.protective_stop(StopCause::Requested, now),
            Act::Emergency(pressed) => {
                self.emergency = pressed;
                self.take_emergency(now);
            }
        }
        Ok(())
    }

    fn take_plan(&mut self, now: f64) {
        let Some(plan) = self.planner.take_plan() else {
            return;
        };
        let arrived = self.clock.now();
        let accepted =
            self.filter.mode() == &Mode::Active && self.filter.admit(&plan, arrived).is_ok();
        if let Some(recorder) = &mut self.recorder {
            recorder.plan(&plan, accepted);
        }
        if !accepted {
            return;
        }
        self.status.plan_latency = arrived - plan.observed_at;
        let (trajectory, expired) = Trajectory::ahead(&plan, now, self.trajectory.as_ref());
        self.status.expired_points += expired as u64;
        if trajectory.is_some() {
            self.trajectory = trajectory;
        }
    }

    fn write(&mut self, now: f64, arrival: Option<f64>) {
        let period = self.settings.safety.period;
        let active = self.filter.mode() == &Mode::Active;
        let trajectory = self.trajectory.as_ref().filter(|_| active);
        let has_target =
            trajectory.is_some_and(|t| t.sample(now + period, period, &mut self.target));
        if has_target {
            self.watchdog.target(self.clock.now());
        }
        let target = has_target.then_some(self.target.as_slice());
        let Some(command) = self.filter.tick(now, target) else {
            return;
        };
        match self.hardware.write(command) {
            Ok(()) => {
                self.commands += 1;
                if let Some(arrival) = arrival {
                    self.latencies.add(self.clock.now() - arrival);
                }
                if let Some(recorder) = &mut self.recorder {
                    recorder.command(command);
                }
            }
            Err(error) => self
                .filter
                .protective_stop(StopCause::Hardware(error.to_string()), now),
        }
    }

    fn give_observation(&mut self, now: f64) {
        let (Mode::Active, Some(measured), Some(sent)) = (
            self.filter.mode(),
            self.filter.measured(),
            self.filter.sent(),
        ) else {
            return;
        };
        let latency = self.status.plan_latency;
        let then = measured.at + latency;
        let expected = match &self.trajectory {
            Some(trajectory) if then > now => (0..sent.len())
                .map(|joint| trajectory.position(then, joint))
                .collect(),
            _ => sent.iter().map(|m| m.position).collect(),
        };
        let epoch = self.filter.epoch();
        self.planner.observe(Observation {
            epoch,
            at: measured.at,
            measured: measured.clone(),
            latency,
            expected,
        });
    }

    fn update_status(&mut self, now: f64) {
        let interventions = self.filter.interventions();
        for intervention in interventions.drain() {
            tracing::debug!("{}", intervention.detail);
            if let Some(recorder) = &mut self.recorder {
                recorder.intervention(&intervention);
            }
        }
        if self.status.interventions != *interventions.counts() {
            self.status.interventions.clone_from(interventions.counts());
        }
        let status = &mut self.status;
        if status.mode != *self.filter.mode() {
            tracing::warn!("{} -> {}", status.mode, self.filter.mode());
            status.mode = self.filter.mode().clone();
        }
        status.at = now;
        status.ticks += 1;
        status.epoch = self.filter.epoch();
        status.resting = self.filter.rests();
        status.sent.clear();
        status
            .sent
            .extend(self.filter.sent().unwrap_or(&[]).iter().map(|m| m.position));
        status.sending = !status.sent.is_empty();
        if let Some(measured) = self.filter.measured() {
            status.position.clone_from(&measured.position);
            status.state_age = Some(now - measured.at);
        }
        status.planner = self.planner.status();
        self.handle
            .status
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(status);
        if now - self.told >= TELL {
            self.told = now;
            self.hardware.tell(&self.status);
        }
    }
}
