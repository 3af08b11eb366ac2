//! Model-predictive path integral control (MPPI).
//!
//! The mean moves to the average of the candidates, weighted by `exp(-cost / temperature)` (1). Costs are
//! standardised over the better candidates first, so that one temperature serves every task and a
//! few exploding costs cannot flatten the weights. The noise shrinks from round to round (2).
//! An average of two good ways round an obstacle may be a bad one, so the plan is the best
//! sequence *scored*, and the mean is a candidate of each round.
//!
//! Good where the cost is smooth and noisy, and where smooth motion matters.
//!
//! 1. Williams et al., Information Theoretic Model Predictive Control: Theory and Applications to
//!    Autonomous Driving, arXiv 1707.02342.
//! 2. Xue et al., Full-Order Sampling-Based MPC for Torque-Level Locomotion Control via
//!    Diffusion-Style Annealing, arXiv 2409.15610.

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

/// Settings of MPPI.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MppiConfig {
    /// Candidates scored in each round. Default 64.
    pub population: usize,
    /// Rounds of a decision. Default 4.
    pub rounds: usize,
    /// Best candidates that are weighted, and over which costs are standardised. Default 32.
    pub elites: usize,
    /// Temperature in standard deviations of the elites' cost; lower is greedier. Default 0.3.
    pub temperature: f32,
    /// Exponent of the noise spectrum `1/f^beta`. Default 2.
    pub noise_beta: f32,
    /// Standard deviation in the first round, in half ranges of the action. Default 0.5.
    pub initial_std: f32,
    /// Factor on the standard deviation from round to round; 1 is plain MPPI. Default 0.5.
    pub noise_decay: f32,
    /// Whether a decision starts from the shifted mean and plan of the last. Default true.
    pub warm_start: bool,
}

impl Default for MppiConfig {
    fn default() -> Self {
        Self {
            population: 64,
            rounds: 4,
            elites: 32,
            temperature: 0.3,
            noise_beta: 2.0,
            initial_std: 0.5,
            noise_decay: 0.5,
            warm_start: true,
        }
    }
}

impl MppiConfig {
    /// Checks every value.
    ///
    /// # Errors
    /// [`ConfigError`] naming the first value that cannot work.
    pub fn validate(&self) -> Result<(), ConfigError> {
        at_least("population", self.population, 4)?;
        at_least("rounds", self.rounds, 1)?;
        at_least("elites", self.elites, 2)?;
        at_most("elites", self.elites, "population", self.population)?;
        in_range("temperature", self.temperature, 1e-6.., "at least 1e-6")?;
        in_range("noise_beta", self.noise_beta, 0.0..=10.0, "0 to 10")?;
        in_range("initial_std", self.initial_std, 1e-6.., "at least 1e-6")?;
        in_range("noise_decay", self.noise_decay, 1e-6..=1.0, "1e-6 to 1")
    }
}

/// The MPPI planner.
pub type Mppi = PlanningLoop<MppiSolver>;

impl Mppi {
    /// An MPPI planner whose random streams all derive from `seed`.
    ///
    /// # Errors
    /// [`ConfigError`] naming the first value of the space or the configuration that cannot work.
    pub fn new(space: SearchSpace, config: MppiConfig, seed: u64) -> Result<Self, ConfigError> {
        space.validate()?;
        config.validate()?;
        let solver = MppiSolver::new(&space, config);
        Ok(Self::with_solver(space, solver, seed))
    }
}

/// The mean of MPPI and its noise.
#[derive(Clone, Debug)]
pub struct MppiSolver {
    config: MppiConfig,
    space: SearchSpace,
    sampler: SequenceSampler,
    centre: Vec<f32>,
    half_range: Vec<f32>,
    mean: Vec<f32>,
    std: Vec<f32>,
    weights: Vec<f64>,
}

impl MppiSolver {
    fn new(space: &SearchSpace, config: MppiConfig) -> Self {
        let centre = space.centre();
        Self {
            sampler: SequenceSampler::coloured(space, config.noise_beta),
            half_range: space.half_range(),
            mean: centre.clone(),
            std: vec![0.0; centre.len()],
            weights: Vec::with_capacity(config.elites),
            space: space.clone(),
            centre,
            config,
        }
    }

    /// Fills `weights` with those of the elites, which sum to one.
    fn weigh(&mut self, candidates: &Candidates) {
        let elites = candidates.elites();
        let costs = || elites.iter().map(|&e| f64::from(candidates.cost(e)));
        let count = elites.len() as f64;
        let mean = costs().sum::<f64>() / count;
        let variance = costs().map(|cost| (cost - mean).powi(2)).sum::<f64>() / count;
        let unit = f64::from(self.config.temperature) * variance.sqrt();
        let least = costs().fold(f64::INFINITY, f64::min);
        self.weights.clear();
        // Equal costs have no spread to be measured in, and equal weights.
        self.weights.extend(costs().map(|cost| {
            if unit > 0.0 {
                (-(cost - least) / unit).exp()
            } else {
                1.0
            }
        }));
        let sum: f64 = self.weights.iter().sum();
        for weight in &mut self.weights {
            *weight /= sum;
        }
    }
}

impl Solver for MppiSolver {
    fn rounds(&self) -> usize {
        self.config.rounds
    }

    fn population(&self, _round: usize) -> usize {
        self.config.population
    }

    fn elites(&self) -> usize {
        self.config.elites
    }

    fn begin(&mut self) {
        if !self.config.warm_start {
            self.mean.copy_from_slice(&self.centre);
        }
    }

    fn propose(&mut self, round: Round, proposals: &mut Proposals, candidates: &mut Candidates) {
        let decay = self.config.noise_decay.powf(round.index as f32);
        for (std, half_range) in self.std.iter_mut().zip(&self.half_range) {
            *std = self.config.initial_std * decay * half_range;
        }
        candidates.push(&self.mean);
        if let Some(plan) = proposals.take_plan()
            && self.config.warm_start
        {
            candidates.push(plan);
        }
        let population = self.config.population;
        proposals.drain_injected(population / 2, candidates);
        self.sampler
            .fill(round, population, &self.mean, &self.std, candidates);
    }

    fn learn(&mut self, candidates: &Candidates) {
        self.weigh(candidates);
        for (cell, mean) in self.mean.iter_mut().enumerate() {
            let elites = candidates.elites().iter().zip(&self.weights);
            let sum: f64 = elites
                .map(|(&elite, weight)| weight * f64::from(candidates.sequence(elite)[cell]))
                .sum();
            *mean = sum as f32;
        }
    }

    fn spread(&self) -> f32 {
        mean_of(&self.std)
    }

    fn shift(&mut self, steps: usize) {
        self.space.shift(&mut self.mean, steps);
    }

    fn reset(&mut self) {
        self.mean.copy_from_slice(&self.centre);
    }
}
