//! Models as planners see them: the latent one, and true physics.

pub mod latent;
pub mod physics;

pub use latent::{LatentRollouts, Outlook};
pub use physics::{Judge, PhysicsRollouts};

use planners::{CandidateShape, RolloutError};

/// Number of action blocks in a horizon.
fn blocks(shape: CandidateShape, action_dim: usize, block: usize) -> Result<usize, RolloutError> {
    if shape.action_dim != action_dim {
        return Err(RolloutError::ActionDim {
            action_dim: shape.action_dim,
            expected: action_dim,
        });
    }
    if shape.horizon == 0 || !shape.horizon.is_multiple_of(block) {
        return Err(RolloutError::Horizon {
            horizon: shape.horizon,
            reason: format!("expected a multiple of its blocks of {block} control steps"),
        });
    }
    Ok(shape.horizon / block)
}

/// Weighted mean squared action of one sequence.
fn action_cost(weight: f32, sequence: &[f32]) -> f32 {
    if weight == 0.0 {
        return 0.0;
    }
    weight * sequence.iter().map(|a| a * a).sum::<f32>() / sequence.len() as f32
}
