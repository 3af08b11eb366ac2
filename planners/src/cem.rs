//! Cross-entropy method (CEM): iCEM without its improvements.
//!
//! White noise, a population of constant size, no elites kept, and the mean of the elites is what
//! is executed. The baseline that most latent planners are published with; use it to compare.
//!
//! 1. Rubinstein and Kroese, The Cross-Entropy Method, Springer 2004.
//! 2. Chua et al., Deep Reinforcement Learning in a Handful of Trials (PETS), arXiv 1805.12114.

use serde::{Deserialize, Serialize};

use crate::{
    error::ConfigError,
    icem::{Icem, IcemConfig},
    search_space::SearchSpace,
};

/// Settings of CEM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CemConfig {
    /// Candidates scored in each round. Default 64.
    pub population: usize,
    /// Rounds of a decision. Default 4.
    pub rounds: usize,
    /// Candidates to which the distribution is fitted. Default 8.
    pub elites: usize,
    /// Whether a decision starts from the shifted mean and plan of the last. Default true.
    pub warm_start: bool,
    /// Standard deviation in the first round, in half ranges of the action. Default 0.5.
    pub initial_std: f32,
    /// Least standard deviation, in half ranges of the action. Default 0.05.
    pub std_floor: f32,
    /// Share of the old mean and standard deviation in the new. Default 0.1.
    pub momentum: f32,
}

impl Default for CemConfig {
    fn default() -> Self {
        let shared = IcemConfig::default();
        Self {
            population: shared.population,
            rounds: shared.rounds,
            elites: shared.elites,
            warm_start: shared.warm_start,
            initial_std: shared.initial_std,
            std_floor: shared.std_floor,
            momentum: shared.momentum,
        }
    }
}

impl From<CemConfig> for IcemConfig {
    fn from(cem: CemConfig) -> Self {
        Self {
            population: cem.population,
            rounds: cem.rounds,
            elites: cem.elites,
            warm_start: cem.warm_start,
            initial_std: cem.initial_std,
            std_floor: cem.std_floor,
            momentum: cem.momentum,
            noise_beta: 0.0,
            keep_fraction: 0.0,
            shift_elites: false,
            decay: 1.0,
            mean_in_last_round: false,
            execute_best: false,
        }
    }
}

impl CemConfig {
    /// A CEM planner whose random streams all derive from `seed`.
    ///
    /// # Errors
    /// [`ConfigError`] naming the first value of the space or the configuration that cannot work.
    pub fn build(self, space: SearchSpace, seed: u64) -> Result<Icem, ConfigError> {
        Icem::new(space, self.into(), seed)
    }
}
