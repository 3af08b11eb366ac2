//! Futures that begin with actions which are under way already: what a planner sees while the world runs on.

use crate::rollout_model::{CandidateShape, DifferentiableModel, RolloutError, RolloutModel};

/// A model in which every candidate starts with the same committed actions.
pub struct Committed<'a> {
    model: &'a mut dyn RolloutModel,
    /// `[steps, action_dim]`.
    prefix: &'a [f32],
    actions: Vec<f32>,
}

impl<'a> Committed<'a> {
    /// The futures of `model` that start with `prefix`, `[steps, action_dim]`.
    pub fn new(model: &'a mut dyn RolloutModel, prefix: &'a [f32]) -> Self {
        Self {
            model,
            prefix,
            actions: Vec::new(),
        }
    }

    /// Copies a batch and replaces the start of each sequence.
    fn commit(&mut self, actions: &[f32], shape: CandidateShape) {
        let length = shape.sequence_len().max(1);
        let prefix = &self.prefix[..self.prefix.len().min(length)];
        self.actions.clear();
        self.actions.extend(actions);
        for sequence in self.actions.chunks_exact_mut(length) {
            sequence[..prefix.len()].copy_from_slice(prefix);
        }
    }
}

impl RolloutModel for Committed<'_> {
    fn evaluate(
        &mut self,
        actions: &[f32],
        shape: CandidateShape,
        costs: &mut [f32],
    ) -> Result<(), RolloutError> {
        self.commit(actions, shape);
        self.model.evaluate(&self.actions, shape, costs)
    }

    fn as_differentiable(&mut self) -> Option<&mut dyn DifferentiableModel> {
        self.model.as_differentiable()?;
        Some(self)
    }
}

impl DifferentiableModel for Committed<'_> {
    fn evaluate_with_gradient(
        &mut self,
        actions: &[f32],
        shape: CandidateShape,
        costs: &mut [f32],
        gradients: &mut [f32],
    ) -> Result<(), RolloutError> {
        self.commit(actions, shape);
        let Some(model) = self.model.as_differentiable() else {
            return Err(RolloutError::model("the model has no gradient"));
        };
        model.evaluate_with_gradient(&self.actions, shape, costs, gradients)?;
        let length = shape.sequence_len().max(1);
        let committed = self.prefix.len().min(length);
        for gradient in gradients.chunks_exact_mut(length) {
            gradient[..committed].fill(0.0);
        }
        Ok(())
    }
}
