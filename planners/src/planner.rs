//! The interface that every planner has: anytime, warm-started, and safe to execute from.

use crate::{
    budget::Budget,
    error::PlanError,
    plan::{Plan, PlanStatistics, Termination},
    population::Population,
    rollout_model::RolloutModel,
    search_space::SearchSpace,
};

/// Searches action sequences for a low cost under a model.
///
/// A decision is [`begin`](Self::begin), any number of [`refine`](Self::refine) calls, and
/// [`best`](Self::best) whenever an action is due. After executing `n` steps of the plan, call
/// [`shift`](Self::shift) with `n`, so that the next decision starts from the rest of it.
/// [`plan`](Self::plan) is one decision in one call.
///
/// Actions of a plan are always finite and within the bounds, whatever the model returns.
pub trait Planner: Send {
    /// What is searched.
    fn space(&self) -> &SearchSpace;

    /// Starts a decision. `epoch` is the caller's mark (episode or goal) that the plans carry.
    fn begin(&mut self, epoch: u64);

    /// The epoch of the last [`begin`](Self::begin), 0 before.
    fn epoch(&self) -> u64;

    /// Offers sequences `[count, horizon, action_dim]` as candidates of the next round, once:
    /// proposals of a policy, retrieved plans, zero. They are brought into the bounds. A gradient
    /// planner takes new sequences in the first round of a decision only.
    ///
    /// # Errors
    /// [`PlanError::InjectedLength`], [`PlanError::InjectedNonFinite`] or
    /// [`PlanError::TooManyInjected`]; nothing is taken then.
    fn inject(&mut self, sequences: &[f32]) -> Result<(), PlanError>;

    /// The number of sequences that may wait for the next round: half the population, so that a
    /// bad proposal can never starve the search.
    fn injection_capacity(&self) -> usize;

    /// Searches until the budget is spent. Further calls go on where the last one stopped.
    ///
    /// # Errors
    /// [`PlanError`] when the budget allows no round, when the model fails, or when too few
    /// candidates are finite and no earlier plan exists. An earlier plan stands in every case.
    fn refine(
        &mut self,
        model: &mut dyn RolloutModel,
        budget: Budget,
    ) -> Result<Termination, PlanError>;

    /// The best plan so far. It is the shifted one of an earlier decision, as its `sequence`
    /// tells, until this decision has found one.
    fn best(&self) -> Option<&Plan>;

    /// How the search of the current decision went so far.
    fn statistics(&self) -> &PlanStatistics;

    /// The candidates of the last round.
    fn population(&self) -> Population<'_>;

    /// Moves the warm start on by this many executed control steps.
    fn shift(&mut self, steps: usize);

    /// Forgets everything for a new episode; the planner is then as constructed with `seed`.
    fn reset(&mut self, seed: u64);

    /// One decision in the current epoch: begins, refines and returns the best plan.
    ///
    /// # Errors
    /// As [`refine`](Self::refine).
    fn plan(&mut self, model: &mut dyn RolloutModel, budget: Budget) -> Result<&Plan, PlanError> {
        self.begin(self.epoch());
        self.refine(model, budget)?;
        self.best().ok_or(PlanError::NoPlan)
    }
}
