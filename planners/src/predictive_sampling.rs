//! Predictive sampling: perturb the plan with random splines and keep the best.
//!
//! The simplest planner that works (1). No distribution is fitted: each round draws splines around
//! the best sequence so far, which is itself a candidate, so the cost never rises within a
//! decision. Good when decisions are frequent and cheap, and as a baseline.
//!
//! 1. Howell et al., Predictive Sampling: Real-time Behaviour Synthesis with MuJoCo, arXiv
//!    2212.00541.

use serde::{Deserialize, Serialize};

use crate::{
    error::{ConfigError, at_least, at_most, in_range},
    noise::{SequenceSampler, mean_of},
    planning_loop::PlanningLoop,
    population::Candidates,
    proposals::Proposals,
    search_space::SearchSpace,
    solver::{Round, Solver},
};

/// Settings of predictive sampling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PredictiveSamplingConfig {
    /// Candidates scored in each round. Default 64.
    pub population: usize,
    /// Rounds of a decision; the paper runs one and replans at once. Default 4.
    pub rounds: usize,
    /// Random points of the linear spline over the horizon, at most `horizon`. Default 6.
    pub knots: usize,
    /// Standard deviation, in half ranges of the action. Default 0.2.
    pub std: f32,
    /// Whether a decision starts from the shifted plan of the last. Default true.
    pub warm_start: bool,
}

impl Default for PredictiveSamplingConfig {
    fn default() -> Self {
        Self {
            population: 64,
            rounds: 4,
            knots: 6,
            std: 0.2,
            warm_start: true,
        }
    }
}

impl PredictiveSamplingConfig {
    /// Checks every value that does not depend on the space.
    ///
    /// # Errors
    /// [`ConfigError`] naming the first value that cannot work.
    pub fn validate(&self) -> Result<(), ConfigError> {
        at_least("population", self.population, 4)?;
        at_least("rounds", self.rounds, 1)?;
        at_least("knots", self.knots, 1)?;
        in_range("std", self.std, 1e-6.., "at least 1e-6")
    }
}

/// The predictive sampling planner.
pub type PredictiveSampling = PlanningLoop<PredictiveSamplingSolver>;

impl PredictiveSampling {
    /// A predictive sampling planner whose random streams all derive from `seed`.
    ///
    /// # Errors
    /// [`ConfigError`] naming the first value of the space or the configuration that cannot work.
    pub fn new(
        space: SearchSpace,
        config: PredictiveSamplingConfig,
        seed: u64,
    ) -> Result<Self, ConfigError> {
        space.validate()?;
        config.validate()?;
        at_most("knots", config.knots, "horizon", space.horizon)?;
        let solver = PredictiveSamplingSolver::new(&space, config);
        Ok(Self::with_solver(space, solver, seed))
    }
}

/// The sequence around which predictive sampling draws.
#[derive(Clone, Debug)]
pub struct PredictiveSamplingSolver {
    config: PredictiveSamplingConfig,
    sampler: SequenceSampler,
    centre: Vec<f32>,
    nominal: Vec<f32>,
    std: Vec<f32>,
}

impl PredictiveSamplingSolver {
    fn new(space: &SearchSpace, config: PredictiveSamplingConfig) -> Self {
        let centre = space.centre();
        let half_range = space.half_range();
        Self {
            sampler: SequenceSampler::spline(space, config.knots),
            nominal: centre.clone(),
            std: half_range.iter().map(|half| config.std * half).collect(),
            centre,
            config,
        }
    }
}

impl Solver for PredictiveSamplingSolver {
    fn rounds(&self) -> usize {
        self.config.rounds
    }

    fn population(&self, _round: usize) -> usize {
        self.config.population
    }

    fn elites(&self) -> usize {
        // Only the best is used; the others are for overlays and refinement.
        (self.config.population / 8).max(2)
    }

    fn begin(&mut self) {
        self.nominal.copy_from_slice(&self.centre);
    }

    fn propose(&mut self, round: Round, proposals: &mut Proposals, candidates: &mut Candidates) {
        if let Some(plan) = proposals.take_plan()
            && self.config.warm_start
        {
            self.nominal.copy_from_slice(plan);
        }
        candidates.push(&self.nominal);
        let population = self.config.population;
        proposals.drain_injected(population / 2, candidates);
        self.sampler
            .fill(round, population, &self.nominal, &self.std, candidates);
    }

    fn learn(&mut self, candidates: &Candidates) {
        if let Some(&best) = candidates.elites().first() {
            self.nominal.copy_from_slice(candidates.sequence(best));
        }
    }

    fn spread(&self) -> f32 {
        mean_of(&self.std)
    }

    fn shift(&mut self, _steps: usize) {
        // The shifted plan is where the next decision starts.
    }

    fn reset(&mut self) {
        self.nominal.copy_from_slice(&self.centre);
    }
}
