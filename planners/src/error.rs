//! What can be wrong with a planner's configuration, and with one decision.

use crate::rollout_model::RolloutError;

/// A configuration value that no planner can work with.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// A count is below its minimum.
    #[error("{name} is {value}, expected at least {minimum}")]
    TooSmall {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: usize,
        /// The least that works.
        minimum: usize,
    },
    /// A count exceeds what another setting allows.
    #[error("{name} is {value}, more than {limit_name} ({limit})")]
    TooLarge {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: usize,
        /// Name of the setting that limits it.
        limit_name: &'static str,
        /// The value of that setting.
        limit: usize,
    },
    /// A number is outside its range, or not finite.
    #[error("{name} is {value}, expected {expected}")]
    OutOfRange {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: f32,
        /// The range in words.
        expected: &'static str,
    },
    /// The lower bound of an action exceeds the upper one.
    #[error("bounds of action {dimension} are reversed: lower {lower}, upper {upper}")]
    BoundsReversed {
        /// Index of the action dimension.
        dimension: usize,
        /// Its lower bound.
        lower: f32,
        /// Its upper bound.
        upper: f32,
    },
    /// There are not as many bounds as action dimensions.
    #[error("{name} has {length} entries, expected {action_dim} (action_dim) or none")]
    BoundsLength {
        /// `lower` or `upper`.
        name: &'static str,
        /// Number of entries.
        length: usize,
        /// The action dimension.
        action_dim: usize,
    },
    /// No planner has this name.
    #[error("unknown planner `{name}`, expected one of {expected}")]
    UnknownPlanner {
        /// The name given.
        name: String,
        /// The names there are.
        expected: &'static str,
    },
}

/// The most of anything counted: beyond it lies a slip of the keyboard, or no memory.
pub(crate) const LARGEST_COUNT: usize = 100_000;

/// Checks that a count reaches its minimum, and is not absurd.
pub(crate) fn at_least(
    name: &'static str,
    value: usize,
    minimum: usize,
) -> Result<(), ConfigError> {
    if value < minimum {
        return Err(ConfigError::TooSmall {
            name,
            value,
            minimum,
        });
    }
    at_most(name, value, "the largest count", LARGEST_COUNT)
}

/// Checks that a count stays within another setting.
pub(crate) fn at_most(
    name: &'static str,
    value: usize,
    limit_name: &'static str,
    limit: usize,
) -> Result<(), ConfigError> {
    if value > limit {
        return Err(ConfigError::TooLarge {
            name,
            value,
            limit_name,
            limit,
        });
    }
    Ok(())
}

/// Checks that a number lies in a range, which NaN never does.
pub(crate) fn in_range(
    name: &'static str,
    value: f32,
    range: impl std::ops::RangeBounds<f32>,
    expected: &'static str,
) -> Result<(), ConfigError> {
    if range.contains(&value) && value.is_finite() {
        return Ok(());
    }
    Err(ConfigError::OutOfRange {
        name,
        value,
        expected,
    })
}

/// Why a decision produced no new plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The model failed; the previous plan, if any, still stands.
    #[error("the model could not score the candidates: {0}")]
    Rollout(#[from] RolloutError),
    /// The budget does not reach for one round.
    #[error("a budget of {budget} model steps is too small for one round, which takes {needed}")]
    BudgetTooSmall {
        /// Model steps allowed.
        budget: u64,
        /// Model steps of the next round.
        needed: u64,
    },
    /// A budget of no round.
    #[error("a budget of 0 rounds allows no search, expected at least 1")]
    NoRounds,
    /// A time budget that is not a positive number.
    #[error("a budget of {milliseconds} ms allows no search, expected a positive finite number")]
    InvalidMilliseconds {
        /// The value given.
        milliseconds: f64,
    },
    /// The deadline had passed before the first round, and there is no earlier plan.
    #[error("the deadline passed {late_secs:.6} s before the first round, and no plan exists yet")]
    DeadlinePassed {
        /// How long ago, in seconds.
        late_secs: f64,
    },
    /// Too few candidates had a finite cost, and there is no earlier plan to fall back on.
    #[error("only {finite} of {candidates} candidates have a finite cost, and no plan exists yet")]
    TooFewFinite {
        /// Candidates with a finite cost.
        finite: usize,
        /// Candidates in the round.
        candidates: usize,
    },
    /// The search ended without ever having found a plan.
    #[error("no plan exists yet")]
    NoPlan,
    /// A planner that follows gradients got a model without.
    #[error("this planner follows gradients, and the model has none")]
    NotDifferentiable,
    /// Injected numbers do not form whole sequences.
    #[error("{length} injected numbers are no whole number of sequences of {sequence_len}")]
    InjectedLength {
        /// Numbers given.
        length: usize,
        /// Numbers in one sequence, `horizon * action_dim`.
        sequence_len: usize,
    },
    /// An injected action is NaN or infinite.
    #[error("injected action {index} is {value}, expected a finite number")]
    InjectedNonFinite {
        /// Index into the injected slice.
        index: usize,
        /// The value there.
        value: f32,
    },
    /// More sequences were injected than the population has room for.
    #[error("{waiting} injected sequences exceed the {capacity} that this planner takes a round")]
    TooManyInjected {
        /// Sequences that would be waiting.
        waiting: usize,
        /// Sequences that fit.
        capacity: usize,
    },
}
