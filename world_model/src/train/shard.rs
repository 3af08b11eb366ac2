//! Losses and gradients of one shard of a step.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData, TensorReadError};

use super::batch::{Batch, Pairs};
use super::parameters::{assign, flat_gradient};
use super::progress::LossTerms;
use crate::config::TrainConfig;
use crate::losses::sigreg::Sigreg;
use crate::losses::{expectile, mean_squared_error, open_loop_prediction};
use crate::networks::{Dimensions, Networks};

/// Turns batches into gradients. Every run works on a replica of the networks with leaves of its own,
/// so that two of them can build and reverse their graphs at the same time.
#[derive(Debug)]
pub(crate) struct Worker {
    template: Networks,
    sigreg: Sigreg,
    device: Device,
    dimensions: Dimensions,
    config: TrainConfig,
}

/// Gradient `[parameters]` and losses of one shard.
#[derive(Debug)]
pub(crate) struct ShardResult {
    pub gradient: Vec<f32>,
    pub losses: LossTerms,
}

/// Latents without a graph, row-major on the host.
struct Latents {
    /// `[(open_loop_steps + 1) * n, latent]`
    encoded: Vec<f32>,
    /// `[imagined_steps * n, latent]`
    imagined: Vec<f32>,
    /// `[n, latent]`
    goals: Vec<f32>,
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
    /// prediction.
    ///
    /// # Errors
    /// When the backend cannot read a tensor back.
    pub fn run(
        &self,
        values: &[f32],
        batch: Batch,
        open_loop: usize,
    ) -> Result<ShardResult, TensorReadError> {
        self.losses(&self.networks(values), values.len(), batch, open_loop)
    }

    fn losses(
        &self,
        networks: &Networks,
        parameters: usize,
        batch: Batch,
        open_loop: usize,
    ) -> Result<ShardResult, TensorReadError> {
        let n = batch.windows;
        let pairs_of_frames = self.config.open_loop_steps * n;
        let inputs = &self.dimensions.observation;
        let observations = self.constant(batch.observations, inputs.dim());
        let actions: Vec<Tensor<2>> = batch
            .actions
            .into_iter()
            .map(|block| self.constant(block, self.config.block * self.dimensions.action))
            .collect();

        let z = networks.encoder.forward(observations, inputs);
        let predicted = networks
            .predictor
            .open_loop(z.clone().narrow(0, 0, n), &actions[..open_loop]);
        let prediction = open_loop_prediction(
            &predicted,
            z.clone().narrow(0, n, open_loop * n),
            self.config.prediction_delta,
        );
        let inverse = mean_squared_error(
            networks.inverse.forward(
                z.clone().narrow(0, 0, pairs_of_frames),
                z.clone().narrow(0, n, pairs_of_frames),
            ),
            Tensor::cat(actions[..self.config.open_loop_steps].to_vec(), 0),
        );

        let goals = self.constant(batch.pairs.goals.clone(), inputs.dim());
        let goals = networks.encoder.valid().forward(goals.inner(), inputs);
        let latents = imagine(networks, &z, &predicted, &actions, goals)?;
        let (sigreg, sigreg_value) = self.sigreg_loss(z, &latents.encoded, &batch.directions);
        let pose = self.pose_loss(
            networks,
            &latents,
            batch.encoded_poses,
            &batch.imagined_rows,
            batch.imagined_poses,
        );
        let reach = self.reach_loss(networks, &latents, &batch.pairs, n);

        let total = prediction.clone()
            + inverse.clone() * self.config.lambda_idm
            + sigreg * self.config.lambda_sigreg
            + pose.clone()
            + reach.clone();
        let gradient = flat_gradient(networks, &mut total.backward(), parameters)?;
        Ok(ShardResult {
            gradient,
            losses: LossTerms {
                prediction: prediction.try_into_scalar()?,
                inverse: inverse.try_into_scalar()?,
                sigreg: sigreg_value,
                pose: pose.try_into_scalar()?,
                reach: reach.try_into_scalar()?,
            },
        })
    }

    /// A term whose gradient to the latents is that of SIGReg (its own value is meaningless), and
    /// the value of SIGReg.
    fn sigreg_loss(&self, z: Tensor<2>, encoded: &[f32], directions: &[f32]) -> (Tensor<1>, f32) {
        let mut gradient = vec![0.0; encoded.len()];
        let width = self.config.latent_dim;
        let value = self
            .sigreg
            .value_and_gradient(encoded, directions, width, &mut gradient);
        ((z * self.constant(gradient, width)).sum(), value)
    }

    fn pose_loss(
        &self,
        networks: &Networks,
        latents: &Latents,
        encoded_poses: Vec<f32>,
        imagined_rows: &[usize],
        imagined_poses: Vec<f32>,
    ) -> Tensor<1> {
        let width = self.config.latent_dim;
        let mut inputs = latents.encoded.clone();
        for &row in imagined_rows {
            inputs.extend(&latents.imagined[row * width..(row + 1) * width]);
        }
        let mut targets = encoded_poses;
        targets.extend(imagined_poses);
        mean_squared_error(
            networks.pose.forward(self.constant(inputs, width)),
            self.constant(targets, self.dimensions.pose),
        )
    }

    fn reach_loss(
        &self,
        networks: &Networks,
        latents: &Latents,
        pairs: &Pairs,
        n: usize,
    ) -> Tensor<1> {
        let width = self.config.latent_dim;
        let mut inputs = Vec::with_capacity(2 * n * width);
        for (index, (blocks, goal)) in pairs
            .blocks
            .iter()
            .zip(latents.goals.chunks_exact(width))
            .enumerate()
        {
            let start = match blocks {
                0 => &latents.encoded[index * width..(index + 1) * width],
                _ => {
                    let row = (blocks - 1) * n + index;
                    &latents.imagined[row * width..(row + 1) * width]
                }
            };
            inputs.extend(start);
            inputs.extend(goal);
        }
        let inputs = self.constant(inputs, 2 * width);
        let labels = self.constant(pairs.labels.clone(), 1);
        let losses = networks.reach.iter().map(|head| {
            expectile(
                head.forward(inputs.clone()),
                labels.clone(),
                self.config.reach_expectile,
            )
        });
        Tensor::cat(losses.collect(), 0).sum()
    }

    fn constant(&self, values: Vec<f32>, columns: usize) -> Tensor<2> {
        let rows = values.len() / columns;
        Tensor::from_data(TensorData::new(values, [rows, columns]), &self.device)
    }
}

/// Detaches what the heads train on: encoded latents, the open-loop predictions carried on to the
/// whole imagined horizon, and the latents of the goals.
fn imagine(
    networks: &Networks,
    z: &Tensor<2>,
    predicted: &[Tensor<2>],
    actions: &[Tensor<2>],
    goals: Tensor<2>,
) -> Result<Latents, TensorReadError> {
    let mut imagined = Vec::new();
    for latent in predicted {
        imagined.extend(latent.clone().inner().try_into_vec_as::<f32>()?);
    }
    if let Some(last) = predicted.last() {
        let rest: Vec<Tensor<2>> = actions[predicted.len()..]
            .iter()
            .map(|action| action.clone().inner())
            .collect();
        let predictor = networks.predictor.valid();
        for latent in predictor.open_loop(last.clone().inner(), &rest) {
            imagined.extend(latent.try_into_vec_as::<f32>()?);
        }
    }
    Ok(Latents {
        encoded: z.clone().inner().try_into_vec_as()?,
        goals: goals.try_into_vec_as()?,
        imagined,
    })
}
