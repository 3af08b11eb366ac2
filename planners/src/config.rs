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

    /// Checks every setting.
    ///
    /// # Errors
    /// [`ConfigError`] naming the first value that cannot work.
    pub fn validate(&self) -> Result<(), ConfigError> {
        match self {
            Self::Cem(config) => IcemConfig::from(config.clone()).validate(),
            Self::Icem(config) => config.validate(),
            Self::Mppi(config) => config.validate(),
            Self::Predictive(config) => config.validate(),
            Self::Gradient(config) => config.validate(),
        }
    }

    /// Candidates of a decision over all rounds, a refinement's apart.
    pub fn candidates(&self) -> usize {
        match self {
            Self::Cem(c) => c.population * c.rounds,
            Self::Icem(c) => (0..c.rounds).map(|round| c.population_in(round)).sum(),
            Self::Mppi(c) => c.population * c.rounds,
            Self::Predictive(c) => c.population * c.rounds,
            Self::Gradient(c) => c.starts * c.iterations.max(1),
        }
    }

    /// The same method with its population (and elites, and starts) scaled so that a decision takes about `steps` model steps
    /// at this horizon, with as many rounds as before. A refinement comes on top.
    ///
    /// # Errors
    /// [`ConfigError`] for settings that cannot work, and when less than [`Self::LEAST_POPULATION`] candidates a round are left.
    pub fn scaled_to(&self, steps: u64, horizon: usize) -> Result<Self, ConfigError> {
        self.validate()?;
        let candidates = self.candidates();
        let mut method = self.clone();
        let (population, elites, least) = match &mut method {
            Self::Cem(c) => (
                &mut c.population,
                Some(&mut c.elites),
                Self::LEAST_POPULATION,
            ),
            Self::Icem(c) => (
                &mut c.population,
                Some(&mut c.elites),
                Self::LEAST_POPULATION,
            ),
            Self::Mppi(c) => (
                &mut c.population,
                Some(&mut c.elites),
                Self::LEAST_POPULATION,
            ),
            Self::Predictive(c) => (&mut c.population, None, Self::LEAST_POPULATION),
            Self::Gradient(c) => (&mut c.starts, None, 1),
        };
        let factor = steps as f64 / (candidates * horizon.max(1)) as f64;
        let scaled = |count: usize| (count as f64 * factor).round() as usize;
        if scaled(*population) < least {
            return Err(ConfigError::TooSmall {
                name: "candidates a round that the budget leaves",
                value: scaled(*population),
                minimum: least,
            });
        }
        *population = scaled(*population);
        if let Some(elites) = elites {
            *elites = scaled(*elites).clamp(2, *population);
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
