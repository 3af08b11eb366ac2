//! The safety filter: a pure function of what it was told and the time it was told at. It owns no clock and no thread.

use super::braking::{Bounds, Motion, braked};
use super::command::SafeJointCommand;
use super::config::SafetyConfig;
use super::gate::StateGate;
use super::intervention::Interventions;
use super::mode::{Mode, StopCause};
use super::monitors::{SentHistory, monitor};
use super::tracking::track;
use super::{Refusal, plan_gate::PlanGate};
use crate::joint_limits::JointLimits;
use crate::joint_state::{JointState, Measured};
use crate::planning::Plan;

/// Stands between whatever proposes motion and the robot.
///
/// Every tick it moves each joint as near to its target as the limits allow, relative to what was last *sent*, and only to
/// motions from which it can still stop inside the limits. Whatever goes wrong, it decelerates and holds.
#[derive(Debug)]
pub struct SafetyFilter {
    pub(super) config: SafetyConfig,
    pub(super) mode: Mode,
    pub(super) epoch: u64,
    /// What was last sent; empty while nothing is sent.
    pub(super) sent: Vec<Motion>,
    pub(super) enabled_at: f64,
    pub(super) last_tick: f64,
    pub(super) last_target: Option<f64>,
    pub(super) emergency_pressed: bool,
    pub(super) states: StateGate,
    plans: PlanGate,
    pub(super) history: SentHistory,
    command: SafeJointCommand,
    scratch: Vec<Motion>,
    bounds: Vec<Bounds>,
    pub(super) interventions: Interventions,
}

/// Share of the speed limit right after enabling.
const RAMP_START: f64 = 0.05;

impl SafetyFilter {
    /// A filter that sends nothing until it is enabled.
    pub fn new(config: SafetyConfig) -> Self {
        Self {
            command: SafeJointCommand::new(config.joints.len()),
            config,
            mode: Mode::Idle,
            epoch: 0,
            sent: Vec::new(),
            enabled_at: 0.0,
            last_tick: f64::NEG_INFINITY,
            last_target: None,
            emergency_pressed: false,
            states: StateGate::default(),
            plans: PlanGate::default(),
            history: SentHistory::default(),
            scratch: Vec::new(),
            bounds: Vec::new(),
            interventions: Interventions::default(),
        }
    }

    /// Takes a report of the robot, and stops the arm where a monitor says so.
    ///
    /// # Errors
    /// Refuses the whole report when it is non-finite, mis-sized, mis-named, stale, duplicated or out of order.
    pub fn observe(&mut self, state: &JointState, now: f64) -> Result<(), Refusal> {
        self.stands_still(now);
        let measured = match self.states.accept(state, &self.config) {
            Ok(measured) => measured,
            Err(refusal) => return Err(self.refused("state", refusal, now)),
        };
        if self.mode == Mode::Active
            && let Ok(limits) = &self.config.limits
            && let Some(cause) = monitor(measured, &self.history, limits, &self.config.joints)
        {
            self.protective_stop(cause, now);
        }
        Ok(())
    }

    /// Judges a plan as a whole before any of it is followed.
    ///
    /// # Errors
    /// Refuses it when it is non-finite, mis-sized, mis-named, stale, duplicated or of an old epoch.
    pub fn admit(&mut self, plan: &Plan, now: f64) -> Result<(), Refusal> {
        match self.plans.accept(plan, &self.config, self.epoch, now) {
            Ok(()) => Ok(()),
            Err(refusal) => Err(self.refused("plan", refusal, now)),
        }
    }

    /// One tick of control at its nominal time. `target` is where the plan wants the joints one period later.
    ///
    /// Returns what to write, or nothing while nothing may be sent.
    pub fn tick(&mut self, now: f64, target: Option<&[Motion]>) -> Option<&SafeJointCommand> {
        self.stands_still(now);
        let gap = now - self.last_tick;
        self.last_tick = now;
        if self.sent.is_empty() {
            return None;
        }
        let limits = self.config.limits.as_ref().ok()?;
        ramped(
            &mut self.bounds,
            limits,
            &self.config,
            now - self.enabled_at,
        );
        let missed = (gap / self.config.period).round() as usize;
        for _ in 1..missed {
            self.brake();
        }
        self.watch(now);
        match self.usable(target, now) {
            Some(target) => {
                self.last_target = Some(now);
                self.follow(target, now);
            }
            None => self.brake(),
        }
        if self.falls_silent(now) {
            self.sent.clear();
            return None;
        }
        self.history.push(now + self.config.period, &self.sent);
        self.command.fill(
            (self.epoch, now),
            &self.sent,
            &self.bounds,
            &mut self.scratch,
        );
        Some(&self.command)
    }

    /// Where the loop stood still for too long, the robot has run into its braking manoeuvre, or stopped dead. Only its own
    /// report can tell where it is, so nothing more is sent.
    fn stands_still(&mut self, now: f64) {
        let gap = now - self.last_tick;
        if !self.sent.is_empty() && gap > self.config.command_timeout {
            self.protective_stop(StopCause::Stall { gap }, now);
            self.sent.clear();
        }
    }

    /// Watchdogs of states and targets.
    fn watch(&mut self, now: f64) {
        let age = self.states.age(now);
        if age > self.config.state_timeout {
            self.protective_stop(StopCause::StateTimeout { age }, now);
        }
        if let Some(last) = self.last_target
            && now - last > self.config.command_timeout
        {
            self.protective_stop(StopCause::CommandTimeout { gap: now - last }, now);
        }
    }

    /// The target, if it may be followed now.
    fn usable<'a>(&mut self, target: Option<&'a [Motion]>, now: f64) -> Option<&'a [Motion]> {
        let target = target.filter(|_| self.mode == Mode::Active)?;
        let finite = |m: &Motion| {
            m.position.is_finite() && m.velocity.is_finite() && m.acceleration.is_finite()
        };
        if target.len() == self.sent.len() && target.iter().all(finite) {
            return Some(target);
        }
        self.interventions
            .add(now, "target refused", || format!("{target:?}"));
        None
    }

    fn follow(&mut self, target: &[Motion], now: f64) {
        for (joint, (motion, target)) in self.sent.iter_mut().zip(target).enumerate() {
            let (next, limit) = track(*motion, *target, &self.bounds[joint]);
            if let Some(limit) = limit {
                let name = &self.config.joints[joint];
                self.interventions.add(now, &limit.to_string(), || {
                    format!(
                        "{limit}: {name} to {:.4} rad instead of {:.4}",
                        next.position, target.position
                    )
                });
            }
            *motion = next;
        }
    }

    fn brake(&mut self) {
        for (motion, bounds) in self.sent.iter_mut().zip(&self.bounds) {
            *motion = if motion.rests(bounds) {
                Motion::at_rest(motion.position)
            } else {
                braked(*motion, bounds)
            };
        }
    }

    /// Whether nothing should be sent any more: a stopped arm that stands, and that others may have moved meanwhile.
    fn falls_silent(&self, now: f64) -> bool {
        let elsewhere = || {
            let (Some(measured), Ok(limits)) = (self.states.newest(), &self.config.limits) else {
                return true;
            };
            let far = |(m, (&q, l)): (&Motion, (&f64, &JointLimits))| {
                (m.position - q).abs() > l.following_error
            };
            let pairs = self.sent.iter().zip(measured.position.iter().zip(limits));
            self.states.age(now) > self.config.state_timeout || { pairs }.any(far)
        };
        match self.mode {
            Mode::Idle | Mode::Active => false,
            Mode::ProtectiveStop(_) => self.rests() && elsewhere(),
            Mode::EmergencyStop => self.rests(),
        }
    }

    fn refused(&mut self, what: &str, refusal: Refusal, now: f64) -> Refusal {
        self.interventions
            .add(now, &format!("{what} {}", refusal.kind()), || {
                format!("{what} refused: {refusal}")
            });
        refusal
    }

    /// Whether the arm was last sent to stand still, or is sent nothing.
    pub fn rests(&self) -> bool {
        self.sent
            .iter()
            .zip(&self.bounds)
            .all(|(motion, bounds)| motion.rests(bounds))
    }

    /// What was last sent, one motion for each joint; nothing while nothing is sent.
    pub fn sent(&self) -> Option<&[Motion]> {
        (!self.sent.is_empty()).then_some(&self.sent)
    }

    /// How the joints were sent to move at a time of the last half second, as far as it is remembered: the oldest known motion
    /// before that. Nothing while nothing is sent.
    pub fn sent_at(&self, time: f64) -> Option<Vec<Motion>> {
        let joints = self.sent()?.len();
        self.history.motion(time, joints, self.config.period)
    }

    /// The newest state that was accepted.
    pub fn measured(&self) -> Option<&Measured> {
        self.states.newest()
    }

    /// Whether the arm may move, and if not, why.
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// Number of the last enabling.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Settings.
    pub fn config(&self) -> &SafetyConfig {
        &self.config
    }

    /// What was done so far.
    pub fn interventions(&mut self) -> &mut Interventions {
        &mut self.interventions
    }
}

/// The limits of this tick: speed ramps up after enabling, and never down.
fn ramped(bounds: &mut Vec<Bounds>, limits: &[JointLimits], config: &SafetyConfig, since: f64) {
    let share = if config.ramp > 0.0 {
        (since / config.ramp).clamp(RAMP_START, 1.0)
    } else {
        1.0
    };
    bounds.clear();
    bounds.extend(limits.iter().map(|l| Bounds {
        period: config.period,
        velocity: l.velocity * share,
        acceleration: l.acceleration,
        jerk: l.jerk,
        position_min: l.position_min,
        position_max: l.position_max,
    }));
}
