//! What a planner needs from a model: the cost of a batch of imagined action sequences.
//!
//! The planner owns the trait and the model is adapted to it, so the same search runs over a
//! learned latent model and over true physics.

use std::error::Error;

/// Size of a batch of action sequences `[candidates, horizon, action_dim]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CandidateShape {
    /// Number of action sequences.
    pub candidates: usize,
    /// Length of each sequence in control steps.
    pub horizon: usize,
    /// Numbers per control step.
    pub action_dim: usize,
}

impl CandidateShape {
    /// Numbers in one sequence: `horizon * action_dim`.
    pub fn sequence_len(&self) -> usize {
        self.horizon * self.action_dim
    }

    /// Numbers in the whole batch.
    pub fn actions_len(&self) -> usize {
        self.candidates * self.sequence_len()
    }

    /// Control steps that the model simulates for this batch: `candidates * horizon`.
    pub fn model_steps(&self) -> u64 {
        self.candidates as u64 * self.horizon as u64
    }

    /// Checks that the slices handed to [`RolloutModel::evaluate`] have this shape.
    ///
    /// # Errors
    /// [`RolloutError::Length`] with the name of the slice and both lengths.
    pub fn check(&self, actions: &[f32], costs: &[f32]) -> Result<(), RolloutError> {
        check_len("actions", actions.len(), self.actions_len())?;
        check_len("costs", costs.len(), self.candidates)
    }
}

fn check_len(name: &'static str, length: usize, expected: usize) -> Result<(), RolloutError> {
    if length == expected {
        Ok(())
    } else {
        Err(RolloutError::Length {
            name,
            length,
            expected,
        })
    }
}

/// Why a model could not score a batch.
#[derive(Debug, thiserror::Error)]
pub enum RolloutError {
    /// A slice does not have the length that the shape asks for.
    #[error("{name} has {length} numbers, expected {expected}")]
    Length {
        /// Name of the slice.
        name: &'static str,
        /// Its length.
        length: usize,
        /// The length that the shape asks for.
        expected: usize,
    },
    /// The planner's action dimension is not the model's.
    #[error("the model takes {expected} numbers per action, the planner gives {action_dim}")]
    ActionDim {
        /// The planner's.
        action_dim: usize,
        /// The model's.
        expected: usize,
    },
    /// The model cannot be stepped over this horizon, for example as it is no multiple of its block.
    #[error("a horizon of {horizon} steps does not fit the model: {reason}")]
    Horizon {
        /// Control steps asked for.
        horizon: usize,
        /// What the model needs.
        reason: String,
    },
    /// The adapter's own error.
    #[error(transparent)]
    Model(Box<dyn Error + Send + Sync>),
}

impl RolloutError {
    /// Wraps an adapter's error, or a message.
    pub fn model(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Model(error.into())
    }
}

/// A model that can imagine action sequences from its current state.
pub trait RolloutModel {
    /// Scores every sequence from the model's current state; lower is better.
    ///
    /// A cost that is not finite counts as infinite: the candidate is never chosen.
    ///
    /// # Shapes
    /// `actions`: `[candidates, horizon, action_dim]`, row-major, each within `[-1, 1]`;
    /// `costs`: `[candidates]`, every entry is to be written.
    ///
    /// # Errors
    /// [`RolloutError`] when the batch as a whole cannot be scored.
    fn evaluate(
        &mut self,
        actions: &[f32],
        shape: CandidateShape,
        costs: &mut [f32],
    ) -> Result<(), RolloutError>;

    /// This model as a differentiable one, if it is; planners that follow gradients ask for it.
    fn as_differentiable(&mut self) -> Option<&mut dyn DifferentiableModel> {
        None
    }
}

/// A model that also knows how its costs change with the actions.
pub trait DifferentiableModel: RolloutModel {
    /// As [`RolloutModel::evaluate`], and the derivative of each cost by its own actions.
    ///
    /// # Shapes
    /// `gradients`: as `actions`, `[candidates, horizon, action_dim]`.
    ///
    /// # Errors
    /// [`RolloutError`] when the batch as a whole cannot be scored.
    fn evaluate_with_gradient(
        &mut self,
        actions: &[f32],
        shape: CandidateShape,
        costs: &mut [f32],
        gradients: &mut [f32],
    ) -> Result<(), RolloutError>;
}
