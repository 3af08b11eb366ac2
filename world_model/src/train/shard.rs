//! Losses and gradients of one shard of a step.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData, TensorReadError};

use super::batch::Batch;
use super::heads::imagine;
use super::objective::Encoded;
use super::parameters::{assign, flat_gradient};
use super::progress::LossTerms;
use crate::config::TrainConfig;
use crate::losses::sigreg::Sigreg;
use crate::networks::{Dimensions, Networks};

/// Turns batches into gradients. Every run works on a replica of the networks with leaves of its own,
/// so that two of them can build and reverse their graphs at the same time.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(super) template: Networks,
    pub(super) sigreg: Sigreg,
    pub(super) device: Device,
    pub(super) dimensions: Dimensions,
    pub(super) config: TrainConfig,
}

/// Gradient `[parameters]` and losses of one shard.
#[derive(Debug)]
pub(crate) struct ShardResult {
    pub gradient: Vec<f32>,
    pub losses: LossTerms,
}

impl Worker {
    /// A worker for networks shaped like `template`.
    pub fn new(template: Networks, dimensions: Dimensions, config: &TrainConfig) -> Self {
        Self {
            template,
            sigreg: Sigreg::new(config.sigreg_knots),
            device: Device::flex().autodiff(),
            dimensions,
            config: config.clone(),
        }
    }

    /// A replica with the given parameter values.
    pub fn networks(&self, values: &[f32]) -> Networks {
        assign(self.template.clone(), values, &self.device)
    }

    /// Loads `values` and computes losses and their gradient on `batch`, with `open_loop` steps of
    /// prediction. `average` are the encoder's parameters in the moving average, where targets come from one.
    ///
    /// # Errors
    /// When the backend cannot read a tensor back.
    pub fn run(
        &self,
        values: &[f32],
        average: Option<&[f32]>,
        batch: Batch,
        open_loop: usize,
    ) -> Result<ShardResult, TensorReadError> {
        let networks = self.networks(values);
        self.losses(&networks, values.len(), average, batch, open_loop)
    }

    fn losses(
        &self,
        networks: &Networks,
        parameters: usize,
        average: Option<&[f32]>,
        batch: Batch,
        open_loop: usize,
    ) -> Result<ShardResult, TensorReadError> {
        let n = batch.windows;
        let inputs = &self.dimensions.observation;
        let observations = self.constant(batch.observations, inputs.dim());
        let actions: Vec<Tensor<2>> = batch
            .actions
            .into_iter()
            .map(|block| self.constant(block, self.config.block * self.dimensions.action))
            .collect();

        let z = networks.encoder.forward(observations.clone(), inputs);
        let predicted = networks
            .predictor
            .open_loop(z.clone().narrow(0, 0, n), &actions[..open_loop]);
        let encoded = Encoded {
            n,
            observations: &observations,
            masked: batch
                .masked
                .map(|values| self.constant(values, inputs.dim())),
            z: &z,
        };
        let prediction = self.prediction_loss(networks, &encoded, &predicted, &actions, average);
        let (inverse, inverse_weight) = self.inverse_loss(networks, &encoded, &actions);

        let goals = self.constant(batch.pairs.goals.clone(), inputs.dim());
        let goals = networks.encoder.valid().forward(goals.inner(), inputs);
        let latents = imagine(networks, &z, &predicted, &actions, goals)?;
        let mut losses = LossTerms::default();
        let spreading =
            self.spreading_loss(z.clone(), &latents.encoded, &batch.directions, &mut losses)?;
        let reconstruction =
            self.reconstruction_loss(networks, &encoded, &predicted, &mut losses)?;
        let pose = self.pose_loss(
            networks,
            &latents,
            batch.encoded_poses,
            &batch.imagined_rows,
            batch.imagined_poses,
        );
        let reach = self.reach_loss(networks, &latents, &batch.pairs, n);

        let mut total = prediction.clone() + inverse.clone() * inverse_weight;
        for loss in [spreading, reconstruction].into_iter().flatten() {
            total = total + loss;
        }
        let total = total + pose.clone() + reach.clone();
        let gradient = flat_gradient(networks, &mut total.backward(), parameters)?;
        losses.prediction = prediction.try_into_scalar()?;
        losses.inverse = inverse.try_into_scalar()?;
        losses.pose = pose.try_into_scalar()?;
        losses.reach = reach.try_into_scalar()?;
        Ok(ShardResult { gradient, losses })
    }

    pub(super) fn constant(&self, values: Vec<f32>, columns: usize) -> Tensor<2> {
        let rows = values.len() / columns;
        Tensor::from_data(TensorData::new(values, [rows, columns]), &self.device)
    }
}
