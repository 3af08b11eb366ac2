//! Imagined rollouts: the world model's predictor, scored block by block in the latent.

use super::{action_cost, blocks};
use crate::objective::LatentCost;
use planners::{CandidateShape, RolloutError, RolloutModel};
use std::sync::Arc;
use world_model::WorldModel;
use world_model::imagination::{ImaginationError, ImaginationScratch};

/// A world model at a moment, with a goal.
pub struct LatentRollouts {
    model: Arc<WorldModel>,
    cost: LatentCost,
    action_weight: f32,
    /// `[latent]`.
    start: Vec<f32>,
    readouts: Vec<f32>,
    scratch: ImaginationScratch,
}

impl LatentRollouts {
    /// Rollouts towards a goal; [`LatentRollouts::observe`] must be called before planning.
    pub fn new(model: Arc<WorldModel>, cost: LatentCost, action_weight: f32) -> Self {
        let start = vec![0.0; model.card().latent_dim()];
        Self {
            model,
            cost,
            action_weight,
            start,
            readouts: Vec::new(),
            scratch: ImaginationScratch::new(),
        }
    }

    /// Encodes the present observation; rollouts start there.
    ///
    /// # Errors
    /// When the observation has another length than the model's.
    pub fn observe(&mut self, observation: &[f32]) -> Result<(), ImaginationError> {
        self.model.encode(observation, &mut self.start)
    }

    /// The present latent, `[latent]`.
    pub fn latent(&self) -> &[f32] {
        &self.start
    }
}

impl RolloutModel for LatentRollouts {
    fn evaluate(
        &mut self,
        actions: &[f32],
        shape: CandidateShape,
        costs: &mut [f32],
    ) -> Result<(), RolloutError> {
        shape.check(actions, costs)?;
        let card = self.model.card();
        let horizon = blocks(shape, card.action_dim(), card.block())?;
        let imagination = self.model.imagination();
        let heads = self.cost.heads(&self.model);
        let readout = self.cost.readout(&heads);
        let width = imagination.readout_dim(readout);
        self.readouts
            .resize(shape.candidates * horizon * width, 0.0);
        imagination
            .rollout(
                &self.start,
                actions,
                shape.candidates,
                horizon,
                readout,
                &mut self.readouts,
                &mut self.scratch,
            )
            .map_err(RolloutError::model)?;
        let futures = self.readouts.chunks_exact(horizon * width);
        let sequences = actions.chunks_exact(shape.sequence_len());
        for ((cost, future), sequence) in costs.iter_mut().zip(futures).zip(sequences) {
            let reaching: f32 = future
                .chunks_exact(width)
                .map(|values| self.cost.cost(values))
                .sum();
            *cost = reaching + action_cost(self.action_weight, sequence);
        }
        Ok(())
    }
}
