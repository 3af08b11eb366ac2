//! One tick: read, act, plan, filter, write, tell.

use super::handle::Act;
use super::ticking::ControlLoop;
use crate::hardware_interface::HardwareInterface;
use crate::planning::{Observation, Trajectory};
use crate::safety::{EnableError, Mode, StopCause};
use std::sync::PoisonError;

/// How long a tick waits for a report that is about to come, as a share of the period.
const GRACE: f64 = 0.5;
/// Time between two words to the hardware, s.
const TELL: f64 = 0.5;

impl<H: HardwareInterface> ControlLoop<H> {
    pub(super) fn tick(&mut self, now: f64) {
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
        let then = self.filter.sent_at(measured.at);
        self.planner.observe(Observation {
            epoch,
            at: measured.at,
            measured: measured.clone(),
            latency,
            sent: then.unwrap_or_else(|| sent.to_vec()),
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
