//! From System 2 to System 1: what a policy is distilled from, round after round.
//!
//! 1. Exploration data in hindsight: what was reached later is taken for the goal. This alone is a policy without a planner.
//! 2. Planner runs: every decision of System 2 on the way to a goal that it reached is a label, of which the quickest count. Their
//!    courses can be relabelled with what they reached as well (`hindsight_share`), which cost more than it taught.
//! 3. Rounds of DAgger: the policy acts, and where it misses its goal the planner takes over and shows the way out.
//! 4. Practice: the policy acts, and each of its decisions is a label, the way that is imagined to be the best of those that it offers
//!    there. A policy learns from its practice alone.

pub(crate) mod calibration;
mod courses;
mod practice;
mod progress;
mod runs;

pub use calibration::calibrate;
pub use courses::{of_data, push_recording};
pub use progress::{Belongs, Progress};
pub use runs::{Errand, PlannerRun, Runs};

use crate::benchmark::Tier;
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use world_model::policy::PolicyConfig;

/// How a policy is distilled.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DistillConfig {
    /// The network and its training.
    pub policy: PolicyConfig,
    /// Training steps of the policies before the last: what they are asked for is where they miss. Default none: as many as of the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_steps: Option<usize>,
    /// Episodes of exploration data that are learned from in hindsight: by the first policy, and by later ones as far as `hindsight_share`
    /// says. No more are collected; from images each takes a while to look through. Default none: as many as there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exploration: Option<usize>,
    /// Goals that the planner goes to, over all tiers. Default 1500; none leaves a policy without a planner.
    pub planner_goals: usize,
    /// Model steps of a decision of the planner that goes to goals of its own, to which its population is scaled: many labels of a
    /// hasty teacher are worth more than few of a thorough one. Default none: it plans as in the task, as in the rounds always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<u64>,
    /// Rounds of DAgger. Default 2.
    pub rounds: usize,
    /// Goals that the policy goes to in each round. Default 500.
    pub round_goals: usize,
    /// Times that the planner takes over from a policy that missed its goal, each at a decision drawn at random. Default 2.
    pub recoveries: usize,
    /// Labels of the planner's own runs that one of such a way out counts as. Default 4: they are few, and where a policy misses.
    pub recovery_weight: usize,
    /// Rounds of practice after those. Default none: it helps where a policy misses because it cannot decide between good ways.
    pub practice_rounds: usize,
    /// Goals that the policy goes to in each of them. Default 1500.
    pub practice_goals: usize,
    /// Times that it goes to each. Default 3.
    pub practice_tries: usize,
    /// Goals on which the arbiter's thresholds are calibrated, in all variants of the task; none leaves a policy that acts alone or
    /// proposes. Default 200.
    pub calibration_goals: usize,
    /// Quantile of the signs on them that the thresholds are. Default 0.99.
    pub quantile: f32,
    /// Quantile of their closeness that its threshold is. Default 0.95: a touch is not undone by planning after it.
    pub closeness_quantile: f32,
    /// Tiers that goals are drawn from, in turn. Default all that the task has but far.
    pub tiers: Vec<Tier>,
}

impl DistillConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// The first setting that is out of range.
    pub fn validate(&self) -> Result<()> {
        self.policy.validate()?;
        let quantiles = [
            ("quantile", self.quantile),
            ("closeness_quantile", self.closeness_quantile),
        ];
        let wrong = quantiles.iter().find(|(_, q)| !(0.0..=1.0).contains(q));
        if let Some((name, value)) = wrong {
            bail!("distillation setting `{name}` is {value}, expected in [0, 1]");
        }
        let given = [
            ("early_steps", self.early_steps),
            ("exploration", self.exploration),
        ];
        if let Some((name, _)) = given.iter().find(|(_, value)| *value == Some(0)) {
            bail!("distillation setting `{name}` is 0, expected at least 1");
        }
        let least_one = [
            ("recoveries", self.recoveries),
            ("recovery_weight", self.recovery_weight),
        ];
        if let Some((name, _)) = least_one.iter().find(|(_, value)| *value == 0)
            && self.rounds > 0
        {
            bail!("distillation setting `{name}` is 0, expected at least 1 where there are rounds");
        }
        let practice = [
            ("practice_goals", self.practice_goals),
            ("practice_tries", self.practice_tries),
        ];
        if let Some((name, _)) = practice.iter().find(|(_, value)| *value == 0)
            && self.practice_rounds > 0
        {
            bail!(
                "distillation setting `{name}` is 0, expected at least 1 where there is practice"
            );
        }
        if self.tiers.is_empty() {
            bail!("distillation setting `tiers`: expected at least one");
        }
        Ok(())
    }

    /// Stage whose policy is the one that is kept: hindsight is 0, planner runs are 1, then rounds and practice.
    fn last_stage(&self) -> usize {
        match self.planner_goals {
            0 => 0,
            _ => 1 + self.rounds + self.practice_rounds,
        }
    }

    /// Settings of the policy that is trained in a stage: the first learns in hindsight alone, and in practice all labels count, as
    /// nobody has gone those ways to the end.
    pub fn policy_of(&self, stage: usize) -> PolicyConfig {
        let mut config = self.policy.clone();
        if let Some(steps) = self.early_steps
            && stage < self.last_stage()
        {
            config.steps = steps;
        }
        if stage == 0 {
            config.hindsight_share = 1.0;
        }
        if stage > 1 + self.rounds {
            config.quickest_share = 1.0;
        }
        config
    }
}

impl Default for DistillConfig {
    fn default() -> Self {
        Self {
            policy: PolicyConfig::default(),
            early_steps: None,
            exploration: None,
            planner_goals: 1500,
            budget: None,
            rounds: 2,
            round_goals: 500,
            recoveries: 2,
            recovery_weight: 4,
            practice_rounds: 0,
            practice_goals: 1500,
            practice_tries: 3,
            calibration_goals: 200,
            quantile: 0.99,
            closeness_quantile: 0.95,
            tiers: vec![Tier::Near, Tier::Mid, Tier::Turn],
        }
    }
}
