//! Planners that search over imagined action sequences.
//!
//! A planner proposes batches of action sequences `[candidates, horizon, action_dim]`, a
//! [`RolloutModel`] says what each would cost, and the planner returns the best as a [`Plan`]. It
//! knows nothing of latents, physics or tasks: whoever owns a model implements the trait.
//!
//! ```
//! use planners::{Budget, CandidateShape, Icem, IcemConfig, Planner, RolloutError, RolloutModel, SearchSpace};
//!
//! /// Every action should be one half.
//! struct Half;
//!
//! impl RolloutModel for Half {
//!     fn evaluate(
//!         &mut self,
//!         actions: &[f32],
//!         shape: CandidateShape,
//!         costs: &mut [f32],
//!     ) -> Result<(), RolloutError> {
//!         shape.check(actions, costs)?;
//!         for (sequence, cost) in actions.chunks_exact(shape.sequence_len()).zip(costs) {
//!             *cost = sequence.iter().map(|action| (action - 0.5).powi(2)).sum();
//!         }
//!         Ok(())
//!     }
//! }
//!
//! let space = SearchSpace::new(10, 2, 5);
//! let mut planner = Icem::new(space, IcemConfig::default(), 7)?;
//! let plan = planner.plan(&mut Half, Budget::Configured)?;
//! assert!(plan.cost < 1.0);
//! planner.shift(5); // five control steps were executed: the next decision starts from the rest
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod budget;
pub mod cem;
mod committed;
mod config;
mod descent;
mod error;
pub mod gradient;
pub mod icem;
pub mod mppi;
mod noise;
mod plan;
mod planner;
mod planning_loop;
mod population;
pub mod predictive_sampling;
mod proposals;
mod ramped;
pub mod refinement;
mod rollout_model;
mod search_space;
mod solver;

pub use budget::Budget;
pub use cem::CemConfig;
pub use committed::Committed;
pub use config::{Method, PlannerConfig};
pub use error::{ConfigError, PlanError};
pub use gradient::{Gradient, GradientConfig};
pub use icem::{Icem, IcemConfig};
pub use mppi::{Mppi, MppiConfig};
pub use plan::{Plan, PlanStatistics, Termination};
pub use planner::Planner;
pub use population::Population;
pub use predictive_sampling::{PredictiveSampling, PredictiveSamplingConfig};
pub use ramped::{Ramp, Ramped};
pub use refinement::{Refined, RefinementConfig};
pub use rollout_model::{CandidateShape, DifferentiableModel, RolloutError, RolloutModel};
pub use search_space::SearchSpace;
