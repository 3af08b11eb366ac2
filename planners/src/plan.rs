//! The result of a decision: an action sequence, its cost and how it was found.

use std::time::{Duration, Instant};

/// An action sequence with its predicted cost and its provenance.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Actions `[horizon, action_dim]`, row-major, finite and within the bounds.
    pub actions: Vec<f32>,
    /// Cost that the model predicted when the plan was made. After a shift the actions have moved
    /// on, and the cost is still the one of the whole plan.
    pub cost: f32,
    /// The caller's epoch (episode or goal) in which the plan was made.
    pub epoch: u64,
    /// Number of the decision that made it, counted from the planner's construction or reset.
    pub sequence: u64,
    /// When it was made.
    pub created: Instant,
    /// How the search that made it went.
    pub statistics: PlanStatistics,
}

impl Plan {
    /// Time since the plan was made.
    pub fn age(&self) -> Duration {
        self.created.elapsed()
    }
}

/// What one decision cost and how far its search has converged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlanStatistics {
    /// Rounds run.
    pub rounds: usize,
    /// Control steps simulated: candidates times horizon, summed over the rounds.
    pub model_steps: u64,
    /// Those of `model_steps` for which the gradient was computed as well.
    pub gradient_steps: u64,
    /// Mean cost of the last round's elites; NaN before the first round.
    pub elite_cost: f32,
    /// Mean standard deviation of the search distribution, in action units; for planners that
    /// follow gradients the mean step size.
    pub std: f32,
    /// Fraction of the candidates, over all rounds, whose cost was finite; NaN before the first.
    pub finite_fraction: f32,
    /// Why the last refinement stopped; none before the first.
    pub termination: Option<Termination>,
}

impl PlanStatistics {
    /// The statistics of a decision that has not run a round yet.
    pub(crate) const EMPTY: Self = Self {
        rounds: 0,
        model_steps: 0,
        gradient_steps: 0,
        elite_cost: f32::NAN,
        std: 0.0,
        finite_fraction: f32::NAN,
        termination: None,
    };
}

/// Why a refinement stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Termination {
    /// The rounds of the budget, or of the configuration, are done.
    Rounds,
    /// The next round would exceed the budget of model steps.
    ModelSteps,
    /// The next round would not end before the deadline.
    Deadline,
    /// No candidate can be improved any further.
    Converged,
    /// Too few candidates had a finite cost; the plan from before stands.
    TooFewFinite,
}
