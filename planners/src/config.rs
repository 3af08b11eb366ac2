//! Any planner from one serialisable value: the space, the method and its settings.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    cem::CemConfig,
    error::ConfigError,
    gradient::{Gradient, GradientConfig},
    icem::{Icem, IcemConfig},
    mppi::{Mppi, MppiConfig},
    planner::Planner,
    planning_loop::PlanningLoop,
    predictive_sampling::{PredictiveSampling, PredictiveSamplingConfig},
    refinement::{Refined, RefinementConfig},
    search_space::SearchSpace,
    solver::Solver,
};

/// Everything that defines a planner but its seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannerConfig {
    /// What is searched.
    pub space: SearchSpace,
    /// How it is searched.
    pub method: Method,
    /// Gradient refinement of the best candidates; none by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refinement: Option<RefinementConfig>,
}

/// An algorithm with its settings. As text, `planner = "icem"` beside the settings that differ
/// from the defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "planner", rename_all = "lowercase")]
pub enum Method {
    /// Cross-entropy method.
    Cem(CemConfig),
    /// Improved cross-entropy method.
    Icem(IcemConfig),
    /// Model-predictive path integral control.
    Mppi(MppiConfig),
    /// Predictive sampling.
    Predictive(PredictiveSamplingConfig),
    /// Gradient descent from many starts.
    Gradient(GradientConfig),
}

impl Method {
    /// The names that [`Method::from_str`] knows.
    pub const NAMES: &str = "cem, icem, mppi, predictive, gradient";

    /// The same method with its population (and elites, and starts) scaled so that a decision takes about `steps` model steps
    /// at this horizon, with as many rounds as before.
    ///
    /// # Errors
    /// [`ConfigError::TooSmall`] when less than [`Self::LEAST_POPULATION`] candidates a round are left.
    pub fn scaled_to(&self, steps: u64, horizon: usize) -> Result<Self, ConfigError> {
        let mut method = self.clone();
        let shrinking = |rounds: usize, decay: f32| -> f64 {
            (0..rounds as i32).map(|r| f64::from(decay).powi(-r)).sum()
        };
        let (population, elites, rounds) = match &mut method {
            Self::Cem(c) => (&mut c.population, Some(&mut c.elites), c.rounds as f64),
            Self::Icem(c) => {
                let rounds = shrinking(c.rounds, c.decay);
                (&mut c.population, Some(&mut c.elites), rounds)
            }
            Self::Mppi(c) => (&mut c.population, Some(&mut c.elites), c.rounds as f64),
            Self::Predictive(c) => (&mut c.population, None, c.rounds as f64),
            Self::Gradient(c) => (&mut c.starts, None, c.iterations as f64),
        };
        let candidates = steps as f64 / (rounds * horizon.max(1) as f64);
        let least = match self {
            Self::Gradient(_) => 1,
            _ => Self::LEAST_POPULATION,
        };
        if !(least as f64..1.0e9).contains(&candidates) {
            return Err(ConfigError::TooSmall {
                name: "candidates a round that the budget leaves",
                value: candidates as usize,
                minimum: least,
            });
        }
        let factor = candidates / *population as f64;
        *population = candidates.round() as usize;
        if let Some(elites) = elites {
            *elites = ((*elites as f64 * factor).round() as usize).clamp(2, *population);
        }
        Ok(method)
    }

    /// Fewest candidates a round of a sampling planner that [`Self::scaled_to`] goes down to.
    pub const LEAST_POPULATION: usize = 8;
}

impl FromStr for Method {
    type Err = ConfigError;

    /// The method of this name with its defaults.
    fn from_str(name: &str) -> Result<Self, ConfigError> {
        match name {
            "cem" => Ok(Self::Cem(CemConfig::default())),
            "icem" => Ok(Self::Icem(IcemConfig::default())),
            "mppi" => Ok(Self::Mppi(MppiConfig::default())),
            "predictive" => Ok(Self::Predictive(PredictiveSamplingConfig::default())),
            "gradient" => Ok(Self::Gradient(GradientConfig::default())),
            _ => Err(ConfigError::UnknownPlanner {
                name: name.to_owned(),
                expected: Self::NAMES,
            }),
        }
    }
}

impl PlannerConfig {
    /// A planner whose random streams all derive from `seed`.
    ///
    /// # Errors
    /// [`ConfigError`] naming the first value that cannot work.
    pub fn build(&self, seed: u64) -> Result<Box<dyn Planner>, ConfigError> {
        let space = self.space.clone();
        match self.method.clone() {
            Method::Cem(cem) => self.finish(cem.build(space, seed)?, seed),
            Method::Icem(icem) => self.finish(Icem::new(space, icem, seed)?, seed),
            Method::Mppi(mppi) => self.finish(Mppi::new(space, mppi, seed)?, seed),
            Method::Predictive(predictive) => {
                self.finish(PredictiveSampling::new(space, predictive, seed)?, seed)
            }
            Method::Gradient(gradient) => self.finish(Gradient::new(space, gradient, seed)?, seed),
        }
    }

    fn finish<S: Solver + 'static>(
        &self,
        planner: PlanningLoop<S>,
        seed: u64,
    ) -> Result<Box<dyn Planner>, ConfigError> {
        Ok(match &self.refinement {
            Some(refinement) => Box::new(Refined::new(planner, refinement.clone(), seed)?),
            None => Box::new(planner),
        })
    }
}
