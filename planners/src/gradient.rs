//! Gradient planner: descends from many starts at once through a differentiable model.
//!
//! Starts are the shifted plan, injected proposals, the middle of the bounds and coloured noise.
//! Its steps are those of projected, normalised Adam that only ever accepts a lower cost; a
//! plain latent distance has a rugged landscape, where one start often ends in a poor minimum and a
//! batch of them does not (1). A latent trained with a curvature loss suits it best (2).
//!
//! 1. Parthasarathy et al., Closing the Train-Test Gap in World Models for Gradient-Based
//!    Planning, arXiv 2512.09929.
//! 2. Wang et al., Temporal Straightening for Latent Planning, arXiv 2603.12231.

use serde::{Deserialize, Serialize};

use crate::{
    descent::Descent,
    error::{ConfigError, PlanError, at_least, in_range},
    noise::SequenceSampler,
    planning_loop::PlanningLoop,
    population::Candidates,
    proposals::Proposals,
    rollout_model::RolloutModel,
    search_space::SearchSpace,
    solver::{Round, Solver},
};

/// Settings of the gradient planner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GradientConfig {
    /// Sequences descended at once. Default 16.
    pub starts: usize,
    /// Gradient steps of a decision, after the round that scores the starts. Default 20.
    pub iterations: usize,
    /// Root mean square of a full step, in half ranges of the action. Default 0.2.
    pub learning_rate: f32,
    /// Exponent of the starts' noise spectrum `1/f^beta`. Default 2.
    pub noise_beta: f32,
    /// Standard deviation of the starts, in half ranges of the action. Default 0.5.
    pub initial_std: f32,
    /// Whether the shifted plan of the last decision is a start. Default true.
    pub warm_start: bool,
}

impl Default for GradientConfig {
    fn default() -> Self {
        Self {
            starts: 16,
            iterations: 20,
            learning_rate: 0.2,
            noise_beta: 2.0,
            initial_std: 0.5,
            warm_start: true,
        }
    }
}

impl GradientConfig {
    /// Checks every value.
    ///
    /// # Errors
    /// [`ConfigError`] naming the first value that cannot work.
    pub fn validate(&self) -> Result<(), ConfigError> {
        at_least("starts", self.starts, 1)?;
        at_least("iterations", self.iterations, 1)?;
        in_range("learning_rate", self.learning_rate, 1e-6..=2.0, "1e-6 to 2")?;
        in_range("noise_beta", self.noise_beta, 0.0..=10.0, "0 to 10")?;
        in_range("initial_std", self.initial_std, 1e-6.., "at least 1e-6")
    }
}

/// The gradient planner. Its model has to be differentiable.
pub type Gradient = PlanningLoop<GradientSolver>;

impl Gradient {
    /// A gradient planner whose random streams all derive from `seed`.
    ///
    /// # Errors
    /// [`ConfigError`] naming the first value of the space or the configuration that cannot work.
    pub fn new(space: SearchSpace, config: GradientConfig, seed: u64) -> Result<Self, ConfigError> {
        space.validate()?;
        config.validate()?;
        let injection = config.starts / 2;
        let solver = GradientSolver::new(&space, config, injection);
        Ok(Self::with_solver(space, solver, seed))
    }

    /// A gradient planner all of whose starts may be injected.
    pub(crate) fn of_proposals(
        space: SearchSpace,
        config: GradientConfig,
        seed: u64,
    ) -> Result<Self, ConfigError> {
        space.validate()?;
        config.validate()?;
        let injection = config.starts;
        let solver = GradientSolver::new(&space, config, injection);
        Ok(Self::with_solver(space, solver, seed))
    }
}

/// The starts of the gradient planner and their descent.
#[derive(Clone, Debug)]
pub struct GradientSolver {
    config: GradientConfig,
    sampler: SequenceSampler,
    centre: Vec<f32>,
    std: Vec<f32>,
    injection: usize,
    descent: Descent,
    started: bool,
}

impl GradientSolver {
    fn new(space: &SearchSpace, config: GradientConfig, injection: usize) -> Self {
        let half_range = space.half_range();
        Self {
            sampler: SequenceSampler::coloured(space, config.noise_beta),
            centre: space.centre(),
            std: half_range
                .iter()
                .map(|half| config.initial_std * half)
                .collect(),
            descent: Descent::new(space, config.starts, config.learning_rate),
            started: false,
            injection,
            config,
        }
    }

    fn propose_starts(
        &mut self,
        round: Round,
        proposals: &mut Proposals,
        candidates: &mut Candidates,
    ) {
        if let Some(plan) = proposals.take_plan()
            && self.config.warm_start
        {
            candidates.push(plan);
        }
        proposals.drain_injected(self.config.starts - candidates.unscored(), candidates);
        if candidates.unscored() < self.config.starts {
            candidates.push(&self.centre);
        }
        self.sampler.fill(
            round,
            self.config.starts,
            &self.centre,
            &self.std,
            candidates,
        );
    }
}

impl Solver for GradientSolver {
    fn rounds(&self) -> usize {
        self.config.iterations + 1
    }

    fn population(&self, _round: usize) -> usize {
        self.config.starts
    }

    fn elites(&self) -> usize {
        self.config.starts.div_ceil(4)
    }

    fn injection_capacity(&self) -> usize {
        self.injection
    }

    fn begin(&mut self) {
        self.started = false;
    }

    fn propose(&mut self, round: Round, proposals: &mut Proposals, candidates: &mut Candidates) {
        if self.started {
            self.descent.propose(candidates);
        } else {
            self.propose_starts(round, proposals, candidates);
        }
    }

    fn score(
        &mut self,
        model: &mut dyn RolloutModel,
        candidates: &mut Candidates,
    ) -> Result<(), PlanError> {
        self.descent.score(model, candidates)
    }

    fn least_finite(&self, _round: usize) -> usize {
        // A trial that fails only shortens its step; without any finite start there is no descent.
        usize::from(!self.started)
    }

    fn learn(&mut self, candidates: &Candidates) {
        if self.started {
            self.descent.judge(candidates);
        } else {
            self.descent.start(candidates);
            self.started = true;
        }
    }

    fn converged(&self) -> bool {
        self.started && self.descent.settled()
    }

    fn follows_gradients(&self) -> bool {
        true
    }

    fn spread(&self) -> f32 {
        self.descent.mean_step()
    }

    fn shift(&mut self, _steps: usize) {
        // The shifted plan is a start of the next decision.
    }

    fn reset(&mut self) {
        self.started = false;
    }
}
