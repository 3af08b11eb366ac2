//! The losses that train the representation.

use burn::module::Module;
use burn::tensor::{Tensor, TensorReadError};

use super::parameters::assign;
use super::progress::LossTerms;
use super::shard::Worker;
use crate::config::AntiCollapse;
use crate::losses::vicreg::variance_and_covariance;
use crate::losses::{mean_squared_error, open_loop_prediction, reconstruction};
use crate::networks::Networks;
use crate::norm::standard_rows;

/// The encoded frames of a shard, frame-major, `n` windows at each.
pub(super) struct Encoded<'a> {
    pub n: usize,
    /// `[(open_loop_steps + 1) * n, observation]`
    pub observations: &'a Tensor<2>,
    /// The same with a share of each hidden, where reconstruction is masked.
    pub masked: Option<Tensor<2>>,
    /// `[(open_loop_steps + 1) * n, latent]`
    pub z: &'a Tensor<2>,
}

impl Worker {
    /// The prediction loss of latents `predicted` from the first frame of each window. In a reconstruction model it does not reach
    /// the encoder: both what predictions start from and what they should give are detached.
    pub(super) fn prediction_loss(
        &self,
        networks: &Networks,
        encoded: &Encoded<'_>,
        predicted: &[Tensor<2>],
        actions: &[Tensor<2>],
        average: Option<&[f32]>,
    ) -> Tensor<1> {
        let targets = self.targets(encoded, average, predicted.len());
        let delta = self.config.prediction_delta;
        if !self.config.is_reconstruction_model() {
            return open_loop_prediction(predicted, targets, delta);
        }
        let start = encoded.z.clone().narrow(0, 0, encoded.n).detach();
        let actions = &actions[..predicted.len()];
        let predicted = networks.predictor.open_loop(start, actions);
        open_loop_prediction(&predicted, targets.detach(), delta)
    }

    /// What `open_loop` steps of prediction should give, `[open_loop * n, latent]`: the encoded frames; with a moving average
    /// of the encoder's parameters, what that encodes, normalised.
    fn targets(
        &self,
        encoded: &Encoded<'_>,
        average: Option<&[f32]>,
        open_loop: usize,
    ) -> Tensor<2> {
        let n = encoded.n;
        match average {
            Some(average) => {
                let encoder = assign(self.template.encoder.clone(), average, &self.device).valid();
                let frames = encoded.observations.clone().narrow(0, n, open_loop * n);
                let inputs = &self.dimensions.observation;
                Tensor::from_inner(standard_rows(encoder.forward(frames.inner(), inputs)))
            }
            None => encoded.z.clone().narrow(0, n, open_loop * n),
        }
    }

    /// The inverse-dynamics loss, of detached latents where it does not shape them, and its weight.
    pub(super) fn inverse_loss(
        &self,
        networks: &Networks,
        encoded: &Encoded<'_>,
        actions: &[Tensor<2>],
    ) -> (Tensor<1>, f32) {
        let n = encoded.n;
        let pairs_of_frames = self.config.open_loop_steps * n;
        let (z, weight) = match self.config.anti_collapse.has_inverse() {
            true => (encoded.z.clone(), self.config.lambda_idm),
            false => (encoded.z.clone().detach(), 1.0),
        };
        let loss = mean_squared_error(
            networks.inverse.forward(
                z.clone().narrow(0, 0, pairs_of_frames),
                z.narrow(0, n, pairs_of_frames),
            ),
            Tensor::cat(actions[..self.config.open_loop_steps].to_vec(), 0),
        );
        (loss, weight)
    }

    /// What spreads the latents besides inverse dynamics, weighted; none where nothing does. `values` are those of `z`.
    ///
    /// # Errors
    /// When the backend cannot read a tensor back.
    pub(super) fn spreading_loss(
        &self,
        z: Tensor<2>,
        values: &[f32],
        directions: &[f32],
        terms: &mut LossTerms,
    ) -> Result<Option<Tensor<1>>, TensorReadError> {
        let config = &self.config;
        if config.anti_collapse.has_sigreg() {
            let (sigreg, value) = self.sigreg_loss(z, values, directions);
            terms.sigreg = value;
            return Ok(Some(sigreg * config.lambda_sigreg));
        }
        if config.anti_collapse != AntiCollapse::Vicreg {
            return Ok(None);
        }
        let (variance, covariance) = variance_and_covariance(z);
        terms.variance = variance.clone().try_into_scalar()?;
        terms.covariance = covariance.clone().try_into_scalar()?;
        let loss = variance * config.lambda_variance + covariance * config.lambda_covariance;
        Ok(Some(loss))
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

    /// The reconstruction loss, weighted; none without a decoder. Observations are decoded from their own latents (of masked
    /// observations, where they are masked), and from those predicted for them.
    ///
    /// # Errors
    /// When the backend cannot read a tensor back.
    pub(super) fn reconstruction_loss(
        &self,
        networks: &Networks,
        encoded: &Encoded<'_>,
        predicted: &[Tensor<2>],
        terms: &mut LossTerms,
    ) -> Result<Option<Tensor<1>>, TensorReadError> {
        let Some(decoder) = &networks.decoder else {
            return Ok(None);
        };
        let inputs = &self.dimensions.observation;
        let decoded = |latents: Tensor<2>, targets: Tensor<2>| {
            reconstruction(decoder.forward(latents, inputs), targets, inputs.leading)
        };
        let own = match &encoded.masked {
            Some(masked) => networks.encoder.forward(masked.clone(), inputs),
            None => encoded.z.clone(),
        };
        let now = decoded(own, encoded.observations.clone());
        let frames = predicted.len() * encoded.n;
        let later = encoded.observations.clone().narrow(0, encoded.n, frames);
        let later = decoded(Tensor::cat(predicted.to_vec(), 0), later);
        terms.reconstruction = now.clone().try_into_scalar()?;
        terms.imagined_reconstruction = later.clone().try_into_scalar()?;
        Ok(Some((now + later) * self.config.lambda_reconstruction))
    }
}
