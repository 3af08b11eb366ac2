//! How long a planner may search: rounds, model steps, or time.
//!
//! Rounds and model steps give the same plan on every machine. A deadline gives the best plan
//! that this machine finds in time, so its result depends on the machine's speed.

use std::time::{Duration, Instant};

use crate::{error::PlanError, plan::Termination};

/// Limit of one refinement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Budget {
    /// As many rounds as the planner's configuration says.
    #[default]
    Configured,
    /// This many rounds.
    Rounds(usize),
    /// As many rounds as fit into this number of control steps, counted as candidates times
    /// horizon.
    ModelSteps(u64),
    /// As many rounds as end before this moment.
    Deadline(Instant),
    /// As many rounds as end within this time from the start of the refinement.
    Milliseconds(f64),
}

impl Budget {
    /// Replaces a number of milliseconds by the deadline that they end at from now.
    ///
    /// # Errors
    /// [`PlanError::InvalidMilliseconds`] when they are not a positive number.
    pub fn with_deadline(self) -> Result<Self, PlanError> {
        let Self::Milliseconds(milliseconds) = self else {
            return Ok(self);
        };
        deadline_after(Instant::now(), milliseconds)
            .map(Self::Deadline)
            .ok_or(PlanError::InvalidMilliseconds { milliseconds })
    }
}

#[derive(Clone, Copy, Debug)]
enum Limit {
    Rounds(usize),
    ModelSteps(u64),
    Deadline(Instant),
}

/// Counts one refinement against its budget.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meter {
    limit: Limit,
    rounds: usize,
    steps: u64,
    reserve: u64,
    started: Instant,
}

impl Meter {
    /// Starts counting. `reserve` model steps are set aside for work after the last round.
    pub(crate) fn start(
        budget: Budget,
        configured_rounds: usize,
        reserve: u64,
    ) -> Result<Self, PlanError> {
        let started = Instant::now();
        let limit = match budget.with_deadline()? {
            Budget::Configured => Limit::Rounds(configured_rounds),
            Budget::Rounds(0) => return Err(PlanError::NoRounds),
            Budget::Rounds(rounds) => Limit::Rounds(rounds),
            Budget::ModelSteps(steps) => Limit::ModelSteps(steps),
            Budget::Deadline(deadline) => Limit::Deadline(deadline),
            Budget::Milliseconds(milliseconds) => {
                return Err(PlanError::InvalidMilliseconds { milliseconds });
            }
        };
        Ok(Self {
            limit,
            rounds: 0,
            steps: 0,
            reserve,
            started,
        })
    }

    /// Why a round of `steps` model steps may not start, if it may not.
    ///
    /// The first round before a deadline may always start: its duration is not known yet.
    pub(crate) fn stop_before(&self, steps: u64) -> Option<Termination> {
        self.stop_after(self.rounds, self.steps, steps)
    }

    /// Whether no round of `next` steps may follow one of `current` steps.
    pub(crate) fn is_last(&self, current: u64, next: u64) -> bool {
        let steps = self.steps.saturating_add(current);
        self.stop_after(self.rounds + 1, steps, next).is_some()
    }

    /// Counts a finished round.
    pub(crate) fn count(&mut self, steps: u64) {
        self.rounds += 1;
        self.steps = self.steps.saturating_add(steps);
    }

    /// Rounds finished.
    pub(crate) fn rounds(&self) -> usize {
        self.rounds
    }

    /// Seconds by which a deadline has passed, zero if it has not.
    pub(crate) fn late_secs(&self) -> f64 {
        match self.limit {
            Limit::Deadline(deadline) => Instant::now()
                .saturating_duration_since(deadline)
                .as_secs_f64(),
            Limit::Rounds(_) | Limit::ModelSteps(_) => 0.0,
        }
    }

    /// The limit on model steps, if it is one.
    pub(crate) fn step_limit(&self) -> Option<u64> {
        match self.limit {
            Limit::ModelSteps(steps) => Some(steps),
            Limit::Rounds(_) | Limit::Deadline(_) => None,
        }
    }

    /// Why a round of `next` steps may not follow `rounds` rounds of `steps` steps altogether.
    fn stop_after(&self, rounds: usize, steps: u64, next: u64) -> Option<Termination> {
        match self.limit {
            Limit::Rounds(limit) => (rounds >= limit).then_some(Termination::Rounds),
            Limit::ModelSteps(limit) => {
                let wanted = steps.saturating_add(next).saturating_add(self.reserve);
                (wanted > limit).then_some(Termination::ModelSteps)
            }
            Limit::Deadline(deadline) => {
                let now = Instant::now();
                // Rounds that are still to run before `next` count at the pace so far.
                let pending = steps.saturating_sub(self.steps).saturating_add(next);
                let wanted_secs = match self.steps {
                    0 => 0.0,
                    done => (now - self.started).as_secs_f64() * (pending as f64 / done as f64),
                };
                let fits = deadline
                    .checked_duration_since(now)
                    .is_some_and(|left| left.as_secs_f64() > wanted_secs);
                (!fits).then_some(Termination::Deadline)
            }
        }
    }
}

fn deadline_after(started: Instant, milliseconds: f64) -> Option<Instant> {
    if milliseconds.is_nan() || milliseconds <= 0.0 {
        return None;
    }
    let duration = Duration::try_from_secs_f64(milliseconds / 1e3).ok()?;
    started.checked_add(duration)
}
