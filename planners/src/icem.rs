//! Improved cross-entropy method (iCEM) for receding-horizon control.
//!
//! Samples sequences around a mean, refits mean and standard deviation to the elites, and repeats.
//! Its improvements over CEM, each of which can be switched off for an ablation (1): noise coloured
//! over time (`noise_beta`), a share of the elites kept from round to round (`keep_fraction`) and
//! shifted from decision to decision (`shift_elites`), a population that shrinks (`decay`), the
//! mean as a candidate of the last round (`mean_in_last_round`), and the best candidate seen
//! executed in place of the mean (`execute_best`).
//!
//! The planner to start with: robust to costs without gradient, to several modes and to small
//! populations.
//!
//! 1. Pinneri et al., Sample-efficient Cross-Entropy Method for Real-time Planning, CoRL 2020,
//!    arXiv 2008.06389.

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

/// Settings of iCEM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IcemConfig {
    /// Candidates scored in the first round. Default 64.
    pub population: usize,
    /// Rounds of a decision. Default 4.
    pub rounds: usize,
    /// Candidates to which the distribution is fitted. Default 8.
    pub elites: usize,
    /// Exponent of the noise spectrum `1/f^beta`; 0 is white, 2-3.5 suits manipulation and 0.25
    /// fast gaits. Default 2.
    pub noise_beta: f32,
    /// Share of the elites that stay candidates, in the next round and the next decision.
    /// Default 0.3.
    pub keep_fraction: f32,
    /// Whether kept elites, shifted, are candidates of the next decision. Default true.
    pub shift_elites: bool,
    /// Factor by which the population shrinks each round, down to twice the elites. Default 1.25.
    pub decay: f32,
    /// Whether the mean is a candidate of the last round. Default true.
    pub mean_in_last_round: bool,
    /// Whether the best candidate seen is the plan, or else the final mean. Default true.
    pub execute_best: bool,
    /// Whether a decision starts from the shifted mean and plan of the last. Default true.
    pub warm_start: bool,
    /// Standard deviation in the first round, in half ranges of the action. Default 0.5.
    pub initial_std: f32,
    /// Least standard deviation, in half ranges of the action. Default 0.05.
    pub std_floor: f32,
    /// Share of the old mean and standard deviation in the new. Default 0.1.
    pub momentum: f32,
}

impl Default for IcemConfig {
    fn default() -> Self {
        Self {
            population: 64,
            rounds: 4,
            elites: 8,
            noise_beta: 2.0,
            keep_fraction: 0.3,
            shift_elites: true,
            decay: 1.25,
            mean_in_last_round: true,
            execute_best: true,
            warm_start: true,
            initial_std: 0.5,
            std_floor: 0.05,
            momentum: 0.1,
        }
    }
}

impl IcemConfig {
    /// Checks every value.
    ///
    /// # Errors
    /// [`ConfigError`] naming the first value that cannot work.
    pub fn validate(&self) -> Result<(), ConfigError> {
        at_least("population", self.population, 4)?;
        at_least("rounds", self.rounds, 1)?;
        at_least("elites", self.elites, 2)?;
        at_most("elites", self.elites, "population", self.population)?;
        in_range("noise_beta", self.noise_beta, 0.0..=10.0, "0 to 10")?;
        in_range("keep_fraction", self.keep_fraction, 0.0..=1.0, "0 to 1")?;
        in_range("decay", self.decay, 1.0.., "at least 1")?;
        in_range(
            "initial_std",
            self.initial_std,
            f32::MIN_POSITIVE..,
            "above 0",
        )?;
        in_range("std_floor", self.std_floor, 0.0.., "at least 0")?;
        in_range("momentum", self.momentum, 0.0..1.0, "0 to below 1")
    }

    /// Candidates that a round draws.
    pub(crate) fn population_in(&self, round: usize) -> usize {
        let shrunk = self.population as f64 * f64::from(self.decay).powi(-(round.min(1000) as i32));
        let least = (2 * self.elites).min(self.population);
        (shrunk.round() as usize).max(least)
    }

    fn kept(&self) -> usize {
        (self.keep_fraction * self.elites as f32).ceil() as usize
    }
}

/// The iCEM planner.
pub type Icem = PlanningLoop<IcemSolver>;

impl Icem {
    /// An iCEM planner whose random streams all derive from `seed`.
    ///
    /// # Errors
    /// [`ConfigError`] naming the first value of the space or the configuration that cannot work.
    pub fn new(space: SearchSpace, config: IcemConfig, seed: u64) -> Result<Self, ConfigError> {
        space.validate()?;
        config.validate()?;
        let solver = IcemSolver::new(&space, config);
        Ok(Self::with_solver(space, solver, seed))
    }
}

/// The search distribution of iCEM and its elites.
#[derive(Clone, Debug)]
pub struct IcemSolver {
    config: IcemConfig,
    space: SearchSpace,
    sampler: SequenceSampler,
    centre: Vec<f32>,
    half_range: Vec<f32>,
    mean: Vec<f32>,
    std: Vec<f32>,
    /// Kept elites `[kept, horizon, action_dim]`, best first, of which the first `elite_count`
    /// exist.
    elites: Vec<f32>,
    elite_costs: Vec<f32>,
    elite_count: usize,
    /// Steps at the end of the kept elites that the last shifts left open.
    open_steps: usize,
    scratch: Vec<f32>,
}

impl IcemSolver {
    fn new(space: &SearchSpace, config: IcemConfig) -> Self {
        let centre = space.centre();
        let length = centre.len();
        let mut solver = Self {
            sampler: SequenceSampler::coloured(space, config.noise_beta),
            half_range: space.half_range(),
            mean: centre.clone(),
            std: vec![0.0; length],
            elites: vec![0.0; config.kept() * length],
            elite_costs: vec![0.0; config.kept()],
            elite_count: 0,
            open_steps: 0,
            scratch: vec![0.0; length],
            space: space.clone(),
            centre,
            config,
        };
        solver.widen();
        solver
    }

    fn widen(&mut self) {
        for (std, half_range) in self.std.iter_mut().zip(&self.half_range) {
            *std = self.config.initial_std * half_range;
        }
    }

    /// Elites of the last decision, their open end drawn anew.
    fn push_shifted_elites(&mut self, round: Round, room: usize, candidates: &mut Candidates) {
        let length = self.space.sequence_len();
        let open = length - self.open_steps * self.space.action_dim;
        let kept = self
            .elites
            .chunks_exact(length)
            .take(self.elite_count.min(room));
        for (index, elite) in kept.enumerate() {
            // Streams of the samples count up from 0, these down from the top.
            let key = round.stream(usize::MAX - index);
            self.scratch.copy_from_slice(elite);
            if open < length {
                self.sampler
                    .sample(key, &self.mean, &self.std, &mut self.scratch);
                self.scratch[..open].copy_from_slice(&elite[..open]);
            }
            candidates.push(&self.scratch);
        }
    }

    fn push_kept_elites(&self, candidates: &mut Candidates) {
        let kept = self.elites.chunks_exact(self.space.sequence_len());
        for (elite, &cost) in kept.zip(&self.elite_costs).take(self.elite_count) {
            candidates.push_scored(elite, cost);
        }
    }

    /// Moves mean and standard deviation towards those of the elites.
    fn refit(&mut self, candidates: &Candidates) {
        let elites = candidates.elites();
        let count = elites.len() as f64;
        let old = f64::from(self.config.momentum);
        for cell in 0..self.mean.len() {
            let (mut sum, mut squares) = (0.0, 0.0);
            for &elite in elites {
                let action = f64::from(candidates.sequence(elite)[cell]);
                sum += action;
                squares += action * action;
            }
            let mean = sum / count;
            let std = (squares / count - mean * mean).max(0.0).sqrt();
            let blend =
                |before: f32, now: f64| (old * f64::from(before) + (1.0 - old) * now) as f32;
            self.mean[cell] = blend(self.mean[cell], mean);
            self.std[cell] =
                blend(self.std[cell], std).max(self.config.std_floor * self.half_range[cell]);
        }
    }

    fn keep(&mut self, candidates: &Candidates) {
        let length = self.space.sequence_len();
        let kept = self
            .elites
            .chunks_exact_mut(length)
            .zip(&mut self.elite_costs);
        self.elite_count = 0;
        for ((slot, cost), &elite) in kept.zip(candidates.elites()) {
            slot.copy_from_slice(candidates.sequence(elite));
            *cost = candidates.cost(elite);
            self.elite_count += 1;
        }
        self.open_steps = 0;
    }
}

impl Solver for IcemSolver {
    fn rounds(&self) -> usize {
        self.config.rounds
    }

    fn population(&self, round: usize) -> usize {
        self.config.population_in(round)
    }

    fn carried(&self) -> usize {
        // The kept elites, and the mean that is scored when it is to be executed.
        self.config.kept() + 1
    }

    fn elites(&self) -> usize {
        self.config.elites
    }

    fn begin(&mut self) {
        self.widen();
        if !self.config.warm_start {
            self.mean.copy_from_slice(&self.centre);
        }
        if !self.config.shift_elites {
            self.elite_count = 0;
        }
    }

    fn propose(&mut self, round: Round, proposals: &mut Proposals, candidates: &mut Candidates) {
        let population = self.population(round.index);
        if round.index > 0 {
            self.push_kept_elites(candidates);
        }
        if let Some(plan) = proposals.take_plan()
            && self.config.warm_start
        {
            candidates.push(plan);
        }
        if round.last && self.config.mean_in_last_round {
            candidates.push(&self.mean);
        }
        proposals.drain_injected(population / 2, candidates);
        if round.index == 0 {
            let room = population.saturating_sub(candidates.unscored());
            self.push_shifted_elites(round, room, candidates);
        }
        self.sampler
            .fill(round, population, &self.mean, &self.std, candidates);
    }

    fn learn(&mut self, candidates: &Candidates) {
        self.refit(candidates);
        self.keep(candidates);
    }

    fn executed(&self) -> Option<&[f32]> {
        (!self.config.execute_best).then_some(self.mean.as_slice())
    }

    fn spread(&self) -> f32 {
        mean_of(&self.std)
    }

    fn shift(&mut self, steps: usize) {
        self.space.shift(&mut self.mean, steps);
        for elite in self.elites.chunks_exact_mut(self.space.sequence_len()) {
            self.space.shift(elite, steps);
        }
        self.open_steps = self
            .open_steps
            .saturating_add(steps)
            .min(self.space.horizon);
    }

    fn reset(&mut self) {
        self.mean.copy_from_slice(&self.centre);
        self.widen();
        self.elite_count = 0;
        self.open_steps = 0;
    }
}
