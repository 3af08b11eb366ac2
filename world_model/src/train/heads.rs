//! The losses of the heads, on detached latents.

use burn::module::Module;
use burn::tensor::{Tensor, TensorReadError};

use super::batch::Pairs;
use super::shard::Worker;
use crate::losses::{expectile, mean_squared_error};
use crate::networks::Networks;

/// Latents without a graph, row-major on the host.
pub(super) struct Latents {
    /// `[(open_loop_steps + 1) * n, latent]`
    pub encoded: Vec<f32>,
    /// `[imagined_steps * n, latent]`
    pub imagined: Vec<f32>,
    /// `[n, latent]`
    pub goals: Vec<f32>,
}

impl Worker {
    pub(super) fn pose_loss(
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

    pub(super) fn reach_loss(
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
}

/// Detaches what the heads train on: encoded latents, the open-loop predictions carried on to the
/// whole imagined horizon, and the latents of the goals.
pub(super) fn imagine(
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
