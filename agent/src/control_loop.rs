//! Planning while the world runs on: plans stamped with the state that they were made for, and the actions that go on while the
//! next one is being made.

use crate::controller::{Controller, Decision};
use anyhow::Result;
use sim::Env;
use std::time::Duration;

/// A decision and the control step whose state it was made in.
pub struct StampedPlan {
    /// What was decided.
    pub decision: Decision,
    /// Control steps that the world had gone.
    pub observed: usize,
    /// Its first control steps that were under way, or to go on meanwhile, and not the planner's choice.
    pub committed: usize,
}

impl StampedPlan {
    /// The actions from a control step on, `[steps, action_dim]`; none beyond the horizon.
    pub fn from(&self, step: usize, width: usize) -> &[f32] {
        let first = step.saturating_sub(self.observed) * width;
        self.decision.actions.get(first..).unwrap_or(&[])
    }
}

/// How far the world will get while a plan is made: as far as it got while the last one was.
pub struct Anticipation {
    expected: usize,
    last: Option<usize>,
}

impl Default for Anticipation {
    fn default() -> Self {
        Self {
            expected: 1,
            last: None,
        }
    }
}

impl Anticipation {
    /// Decides in the state of `env` after `step` control steps, where an action is under way and the plan before goes on
    /// meanwhile; or nothing is, because the world waits.
    ///
    /// # Errors
    /// As [`Controller::decide`].
    pub fn decide(
        &mut self,
        controller: &mut Controller,
        env: &Env,
        step: usize,
        under_way: Option<&[f32]>,
        before: Option<&StampedPlan>,
    ) -> Result<StampedPlan> {
        let mut committed = Vec::new();
        if let Some(action) = under_way {
            let width = action.len();
            // What is under way, and what follows it in the plan that will go on.
            committed.extend(action);
            if let Some(plan) = before {
                committed.extend(plan.from(step + 1, width));
            }
            committed.resize(self.expected * width, 0.0);
        }
        let passed = self.last.map_or(0, |last| step.saturating_sub(last));
        let decision = controller.decide(env, passed, &committed)?;
        self.last = Some(step);
        Ok(StampedPlan {
            decision,
            observed: step,
            committed: under_way.map_or(0, |_| self.expected),
        })
    }

    /// The control step at which a plan is too late: the world is further than was expected.
    pub fn deadline(&self, plan: &StampedPlan) -> usize {
        plan.observed + self.expected
    }

    /// Learns how long a plan of so many `steps` took, in periods of the world.
    pub fn took(&mut self, elapsed: Duration, period: Duration, steps: usize) {
        let periods = elapsed.as_secs_f64() / period.as_secs_f64().max(1.0e-9);
        self.expected = (periods.ceil() as usize).min(steps / 2).max(1);
    }
}
