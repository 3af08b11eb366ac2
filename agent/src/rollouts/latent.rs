//! Imagined rollouts: the world model's predictor, scored block by block in the latent.

use super::{action_cost, blocks};
use crate::objective::{LatentCost, Stage, cost_of_future};
use planners::{CandidateShape, DifferentiableModel, RolloutError, RolloutModel};
use std::sync::Arc;
use world_model::WorldModel;
use world_model::imagination::{
    ImaginationError, ImaginationScratch, Readout, RolloutTape, Scratch,
};

/// A world model at a moment, with a goal.
pub struct LatentRollouts {
    model: Arc<WorldModel>,
    cost: LatentCost,
    action_weight: f32,
    /// `[latent]`.
    start: Vec<f32>,
    /// Values of a block's readout.
    width: usize,
    readouts: Vec<f32>,
    scratch: ImaginationScratch,
    /// Derivative of the cost by the readouts.
    slopes: Vec<f32>,
    tape: RolloutTape,
}

/// What a sequence of actions is imagined to lead to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlook {
    /// The cost now and after each block, `[1 + blocks]`.
    pub costs: Vec<f32>,
    /// How far the goal is now: the cost less that of what is missing of clearances.
    pub distance: f32,
    /// How near the goal comes, as a share of how far it is now, or of what is tolerated where it is nearer.
    pub miss: f32,
    /// Most that is missing of a clearance before the goal is reached, as a share of its margin; zero for costs that heed none.
    pub closeness: f32,
}

impl LatentRollouts {
    /// Rollouts towards a goal; [`LatentRollouts::observe`] must be called before planning.
    pub fn new(model: Arc<WorldModel>, cost: LatentCost, action_weight: f32) -> Self {
        let start = vec![0.0; model.card().latent_dim()];
        let width = model
            .imagination()
            .readout_dim(cost.readout(&cost.heads(&model)));
        Self {
            width,
            model,
            cost,
            action_weight,
            start,
            readouts: Vec::new(),
            scratch: ImaginationScratch::new(),
            slopes: Vec::new(),
            tape: RolloutTape::new(),
        }
    }

    /// Encodes the present observation; rollouts start there.
    ///
    /// # Errors
    /// When the observation has another length than the model's.
    pub fn observe(&mut self, observation: &[f32]) -> Result<(), ImaginationError> {
        self.model.encode(observation, &mut self.start)
    }

    /// Rollouts start in a latent `[latent]`.
    pub fn start_from(&mut self, latent: &[f32]) {
        self.start.copy_from_slice(latent);
    }

    /// The latent of the last observation, `[latent]`.
    pub fn latent(&self) -> &[f32] {
        &self.start
    }

    /// The pose decoded from a latent `[latent]` after the actions `[steps, action_dim]`; without actions that of the latent.
    ///
    /// # Errors
    /// When the latent does not fit, or the actions are not whole blocks.
    pub fn pose_after(
        &self,
        latent: &[f32],
        actions: &[f32],
    ) -> Result<Vec<f32>, ImaginationError> {
        let end = self.model.imagination().after(latent, actions)?;
        let mut pose = vec![0.0; self.model.pose_head().outputs()];
        self.model.pose(&end, &mut pose)?;
        Ok(pose)
    }

    /// The poses decoded after each block of sequences `[candidates, horizon, action_dim]`, `[candidates, blocks, pose]`.
    ///
    /// # Errors
    /// When the sequences do not consist of whole blocks.
    pub fn poses(&self, actions: &[f32], candidates: usize) -> Result<Vec<f32>, ImaginationError> {
        let card = self.model.card();
        let blocks = actions.len() / card.block_action_dim() / candidates.max(1);
        let heads = [self.model.pose_head()];
        let mut poses = vec![0.0; candidates * blocks * heads[0].outputs()];
        self.model.imagination().rollout(
            &self.start,
            actions,
            candidates,
            blocks,
            Readout::Heads(&heads),
            &mut poses,
            &mut ImaginationScratch::new(),
        )?;
        Ok(poses)
    }

    /// Index and cost of the cheapest of sequences `[candidates, horizon, action_dim]`, the first of equals.
    ///
    /// # Errors
    /// When there is no sequence, or they do not consist of whole blocks.
    pub fn cheapest(
        &mut self,
        actions: &[f32],
        horizon: usize,
    ) -> Result<(usize, f32), RolloutError> {
        let action_dim = self.model.card().action_dim();
        let shape = CandidateShape {
            candidates: actions.len() / (horizon * action_dim).max(1),
            horizon,
            action_dim,
        };
        let mut costs = vec![0.0; shape.candidates];
        self.evaluate(actions, shape, &mut costs)?;
        let cheapest = costs.into_iter().enumerate();
        let cheapest = cheapest.min_by(|a, b| a.1.total_cmp(&b.1));
        Ok(cheapest.unwrap_or((0, f32::INFINITY)))
    }

    /// What one sequence is imagined to lead to.
    ///
    /// # Errors
    /// When the sequence does not consist of whole blocks.
    pub fn outlook(&mut self, actions: &[f32]) -> Result<Outlook, RolloutError> {
        let width = self.model.card().action_dim();
        let shape = CandidateShape {
            candidates: 1,
            horizon: actions.len() / width,
            action_dim: width,
        };
        let now = self
            .cost
            .read(&self.model, &self.start, &mut Scratch::new())
            .map_err(RolloutError::model)?;
        self.evaluate(actions, shape, &mut [0.0])?;
        let (stage, distance) = self.judge(&now);
        let mut outlook = Outlook {
            costs: vec![stage.cost],
            distance,
            miss: 0.0,
            closeness: 0.0,
        };
        let (mut least, mut remaining) = (f32::INFINITY, 1.0);
        for values in self.readouts.chunks_exact(self.width) {
            let (stage, distance) = self.judge(values);
            outlook.costs.push(stage.cost);
            least = least.min(distance);
            let closeness = remaining * self.cost.closeness(values);
            outlook.closeness = outlook.closeness.max(closeness);
            remaining *= stage.remaining;
        }
        outlook.miss = least / distance.abs().max(self.cost.tolerated());
        Ok(outlook)
    }

    /// A latent, from what is read out there, and how far the goal is from it.
    fn judge(&self, values: &[f32]) -> (Stage, f32) {
        let stage = self.cost.stage(values);
        (stage, stage.cost - self.cost.of_clearances(values))
    }
}

impl LatentRollouts {
    /// Checks a batch and makes room for its readouts. Returns the blocks in its horizon.
    fn prepare(
        &mut self,
        actions: &[f32],
        shape: CandidateShape,
        costs: &[f32],
    ) -> Result<usize, RolloutError> {
        shape.check(actions, costs)?;
        let card = self.model.card();
        let horizon = blocks(shape, card.action_dim(), card.block())?;
        self.readouts
            .resize(shape.candidates * horizon * self.width, 0.0);
        Ok(horizon)
    }

    /// Sums readouts `[candidates, horizon, width]` up to costs.
    fn score(&self, actions: &[f32], shape: CandidateShape, costs: &mut [f32]) {
        let futures = self
            .readouts
            .chunks_exact(self.readouts.len() / shape.candidates);
        let sequences = actions.chunks_exact(shape.sequence_len());
        for ((cost, future), sequence) in costs.iter_mut().zip(futures).zip(sequences) {
            let stages = future
                .chunks_exact(self.width)
                .map(|values| self.cost.stage(values));
            let reaching = cost_of_future(stages, self.cost.tail_blocks());
            *cost = reaching + action_cost(self.action_weight, sequence);
        }
    }
}

impl RolloutModel for LatentRollouts {
    fn evaluate(
        &mut self,
        actions: &[f32],
        shape: CandidateShape,
        costs: &mut [f32],
    ) -> Result<(), RolloutError> {
        let horizon = self.prepare(actions, shape, costs)?;
        let imagination = self.model.imagination();
        let heads = self.cost.heads(&self.model);
        let readout = self.cost.readout(&heads);
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
        self.score(actions, shape, costs);
        Ok(())
    }

    fn as_differentiable(&mut self) -> Option<&mut dyn DifferentiableModel> {
        Some(self)
    }
}

impl DifferentiableModel for LatentRollouts {
    fn evaluate_with_gradient(
        &mut self,
        actions: &[f32],
        shape: CandidateShape,
        costs: &mut [f32],
        gradients: &mut [f32],
    ) -> Result<(), RolloutError> {
        let horizon = self.prepare(actions, shape, costs)?;
        let imagination = self.model.imagination();
        let heads = self.cost.heads(&self.model);
        let readout = self.cost.readout(&heads);
        imagination
            .rollout_with_tape(
                &self.start,
                actions,
                shape.candidates,
                horizon,
                readout,
                &mut self.readouts,
                &mut self.tape,
            )
            .map_err(RolloutError::model)?;
        self.score(actions, shape, costs);
        self.slopes.resize(self.readouts.len(), 0.0);
        let futures = self
            .readouts
            .chunks_exact(horizon * self.width)
            .zip(self.slopes.chunks_exact_mut(horizon * self.width));
        for (future, slopes) in futures {
            slope_of_future(&self.cost, future, slopes, self.width);
        }
        imagination
            .backward(readout, &self.slopes, gradients, &mut self.tape)
            .map_err(RolloutError::model)?;
        let scale = 2.0 * self.action_weight / shape.sequence_len() as f32;
        for (gradient, action) in gradients.iter_mut().zip(actions) {
            *gradient += scale * action;
        }
        Ok(())
    }
}

/// Writes the derivative of a future's cost by its readouts `[horizon, width]`.
fn slope_of_future(cost: &LatentCost, future: &[f32], slopes: &mut [f32], width: usize) {
    let blocks = || future.chunks_exact(width);
    // Backwards the cost from each block on, and with it the block's own derivative.
    let mut later = None;
    for (values, slopes) in blocks().rev().zip(slopes.chunks_exact_mut(width).rev()) {
        let stage = cost.stage(values);
        let (own, after) = match later {
            Some(later) => (1.0, later),
            None => {
                let tail = cost.tail_blocks();
                (1.0 + stage.remaining * tail, tail * stage.cost)
            }
        };
        cost.gradient(values, own, after, slopes);
        later = Some(stage.then(after));
    }
    // Forwards how much of each block counts.
    let mut counts = 1.0;
    for (values, slopes) in blocks().zip(slopes.chunks_exact_mut(width)) {
        slopes.iter_mut().for_each(|slope| *slope *= counts);
        counts *= cost.stage(values).remaining;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::{ObjectiveConfig, PoseCost};
    use sim::pose::PoseShape;

    /// A future of two blocks in the plane, `[2, pose]`, that is about to end in the first one.
    const FUTURE: [f32; 4] = [0.015, 0.002, 0.013, -0.004];

    fn cost_of(cost: &LatentCost, future: &[f32]) -> f32 {
        let stages = future.chunks_exact(2).map(|values| cost.stage(values));
        cost_of_future(stages, cost.tail_blocks())
    }

    #[test]
    fn slopes_of_futures_agree_with_differences() {
        let planar = PoseShape {
            position_dims: 2,
            has_yaw: false,
            condition_weights: Vec::new(),
            clearance_weights: Vec::new(),
            position_counts_when: None,
            effector_dims: 0,
            position_tolerance_m: 0.02,
            yaw_tolerance_rad: 0.0,
        };
        let config = ObjectiveConfig::default();
        let costs = [
            LatentCost::Pose(PoseCost::new(planar, &[0.0, 0.0], &config)),
            LatentCost::Slow {
                goal: vec![0.1, 0.2],
                tail_blocks: 3.0,
            },
        ];
        for cost in costs {
            let mut slopes = [0.0; FUTURE.len()];
            slope_of_future(&cost, &FUTURE, &mut slopes, 2);
            for (i, slope) in slopes.iter().enumerate() {
                let moved = |by: f32| {
                    let mut future = FUTURE;
                    future[i] += by;
                    cost_of(&cost, &future)
                };
                let step = 1.0e-5;
                let difference = (moved(step) - moved(-step)) / (2.0 * step);
                assert!(
                    (slope - difference).abs() < 0.02 * (1.0 + difference.abs()),
                    "{i}: {slope} {difference}"
                );
            }
        }
    }
}
