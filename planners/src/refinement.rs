//! Gradient refinement of a sampling planner's best candidates.
//!
//! The sampling planner finds the right basin, and a few gradient steps from its elites find the
//! bottom of it. Costs re-scored after each step decide, so a refinement never makes a plan
//! worse; what it found enters the next decision's population.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::{
    budget::Budget,
    error::{ConfigError, PlanError, at_least, in_range},
    gradient::{Gradient, GradientConfig},
    plan::{Plan, PlanStatistics, Termination},
    planner::Planner,
    planning_loop::PlanningLoop,
    population::Population,
    rollout_model::RolloutModel,
    search_space::SearchSpace,
    solver::Solver,
};

/// Settings of the refinement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RefinementConfig {
    /// Best candidates that are refined. Default 8.
    pub top: usize,
    /// Gradient steps, after the round that computes the first gradient. Default 8.
    pub iterations: usize,
    /// Root mean square of a full step, in half ranges of the action. Default 0.1.
    pub learning_rate: f32,
    /// Share of a time budget that is kept for the refinement. Default 0.4.
    pub time_share: f32,
}

impl Default for RefinementConfig {
    fn default() -> Self {
        Self {
            top: 8,
            iterations: 8,
            learning_rate: 0.1,
            time_share: 0.4,
        }
    }
}

impl RefinementConfig {
    /// Checks every value.
    ///
    /// # Errors
    /// [`ConfigError`] naming the first value that cannot work.
    pub fn validate(&self) -> Result<(), ConfigError> {
        at_least("top", self.top, 1)?;
        in_range("time_share", self.time_share, 0.05..=0.95, "0.05 to 0.95")?;
        self.descent().validate()
    }

    fn descent(&self) -> GradientConfig {
        GradientConfig {
            starts: self.top,
            iterations: self.iterations,
            learning_rate: self.learning_rate,
            // The plan and every other start come from the sampling planner.
            warm_start: false,
            ..GradientConfig::default()
        }
    }
}

/// A sampling planner followed by gradient descent. Its model has to be differentiable.
#[derive(Clone, Debug)]
pub struct Refined<S> {
    sampler: PlanningLoop<S>,
    descent: Gradient,
    config: RefinementConfig,
}

impl<S: Solver> Refined<S> {
    /// Adds a refinement to a planner that has not planned yet; its seed is for starts that no elite
    /// fills.
    ///
    /// # Errors
    /// [`ConfigError`] naming the first value of the configuration that cannot work.
    pub fn new(
        sampler: PlanningLoop<S>,
        config: RefinementConfig,
        seed: u64,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let descent = Gradient::of_proposals(sampler.space().clone(), config.descent(), seed)?;
        Ok(Self {
            sampler,
            descent,
            config,
        })
    }

    /// The share of the budget that the sampling planner has, and the descent's.
    fn split(&self, budget: Budget) -> Result<(Budget, Budget), PlanError> {
        match budget.with_deadline()? {
            Budget::ModelSteps(budget) => {
                let rounds = self.config.iterations as u64 + 1;
                let shape = self.space().shape(self.config.top);
                let descent = shape.model_steps().saturating_mul(rounds);
                let first = self.sampler.next_round_steps();
                let needed = descent.saturating_add(first);
                if budget < needed {
                    return Err(PlanError::BudgetTooSmall { budget, needed });
                }
                Ok((Budget::ModelSteps(budget - descent), Budget::Configured))
            }
            Budget::Deadline(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                let kept = left.mul_f32(self.config.time_share);
                Ok((Budget::Deadline(deadline - kept), budget))
            }
            rounds => Ok((rounds, Budget::Configured)),
        }
    }

    /// Descends from the elites of the last round.
    fn descend(
        &mut self,
        model: &mut dyn RolloutModel,
        budget: Budget,
    ) -> Result<Termination, PlanError> {
        self.descent.begin(self.sampler.epoch());
        let population = self.sampler.population();
        for &elite in population.elites.iter().take(self.config.top) {
            if let Some(sequence) = population.sequence(elite) {
                self.descent.inject(sequence)?;
            }
        }
        match self.descent.refine(model, budget) {
            Err(PlanError::DeadlinePassed { .. }) => Ok(Termination::Deadline),
            Err(PlanError::TooFewFinite { .. }) => Ok(Termination::TooFewFinite),
            result => result,
        }
    }
}

impl<S: Solver> Planner for Refined<S> {
    fn space(&self) -> &SearchSpace {
        self.sampler.space()
    }

    fn begin(&mut self, epoch: u64) {
        self.sampler.begin(epoch);
    }

    fn epoch(&self) -> u64 {
        self.sampler.epoch()
    }

    fn inject(&mut self, sequences: &[f32]) -> Result<(), PlanError> {
        self.sampler.inject(sequences)
    }

    fn injection_capacity(&self) -> usize {
        self.sampler.injection_capacity()
    }

    fn refine(
        &mut self,
        model: &mut dyn RolloutModel,
        budget: Budget,
    ) -> Result<Termination, PlanError> {
        if model.as_differentiable().is_none() {
            return Err(PlanError::NotDifferentiable);
        }
        let (sampling, descending) = self.split(budget)?;
        let sampled = self.sampler.refine(model, sampling)?;
        if sampled == Termination::TooFewFinite || !self.sampler.has_new_plan() {
            return Ok(sampled);
        }
        let termination = self.descend(model, descending)?;
        self.sampler.absorb(&self.descent, termination);
        Ok(termination)
    }

    fn best(&self) -> Option<&Plan> {
        self.sampler.best()
    }

    fn statistics(&self) -> &PlanStatistics {
        self.sampler.statistics()
    }

    fn population(&self) -> Population<'_> {
        self.sampler.population()
    }

    fn shift(&mut self, steps: usize) {
        self.sampler.shift(steps);
    }

    fn reset(&mut self, seed: u64) {
        self.sampler.reset(seed);
        self.descent.reset(seed);
    }
}
