//! From the parameters of a finished run to the model.

use super::TrainError;
use super::trainer::Trainer;
use crate::card::{ModelCard, ObservationKind};
use crate::imagination::{ImaginationError, Linear};
use crate::model::{EncoderScratch, Layers, PackedEncoder, WorldModel};
use crate::random::{Purpose, stream};
use crate::slow::slow_features;

/// Pairs of frames, one block apart, that the slow features are fitted on.
const SLOW_PAIRS: usize = 20_000;

impl Trainer<'_> {
    /// The slow features of the latents of a share of the data, under the encoder of `layers`.
    fn slow_features(&self, layers: &Layers) -> Result<Linear, TrainError> {
        let latent = self.config.latent_dim;
        let inputs = self.dimensions.observation.clone();
        let encoder = PackedEncoder::try_new(inputs, layers)?;
        let mut memory = EncoderScratch::default();
        let rng = &mut stream(self.config.seed, Purpose::SlowFeatures, 0, 0);
        let firsts = self.data.training_windows.draw(SLOW_PAIRS, 0.0, rng);
        let mut encode = |offset: usize| {
            let mut latents = vec![0.0; SLOW_PAIRS * latent];
            let mut observation = Vec::new();
            for (first, latent) in firsts.iter().zip(latents.chunks_exact_mut(latent)) {
                observation.clear();
                let frames = &self.data.frames;
                frames.extend_observation(first + offset, &mut observation);
                encoder.forward(&observation, 1, latent, &mut memory)?;
            }
            Ok::<_, ImaginationError>(latents)
        };
        Ok(slow_features(
            &encode(0)?,
            &encode(self.config.block)?,
            latent,
        ))
    }

    /// The finished model.
    pub fn into_model(self) -> Result<WorldModel, TrainError> {
        let diagnostics = match self.diagnostics.clone() {
            Some(diagnostics) => diagnostics,
            None => self.evaluate()?,
        };
        let network = |prefix: &str| self.map.layers(&self.state.values, prefix);
        let mut layers = Layers {
            slow: vec![],
            front: network("encoder.front."),
            encoder: network("encoder.network."),
            encoder_norms: self.map.norms(&self.state.values, "encoder.network."),
            predictor: network("predictor."),
            pose: network("pose."),
            reach: (0..self.config.reach_heads)
                .map(|head| network(&format!("reach.{head}.")))
                .collect(),
        };
        layers.slow.push(self.slow_features(&layers)?);
        let spec = &self.dataset.spec;
        let card = ModelCard {
            task: spec.task.clone(),
            observation: match self.sight {
                Some(_) => ObservationKind::Pixels,
                None => ObservationKind::State,
            },
            sight: self.sight.as_ref().map(|sight| sight.spec().clone()),
            fps: spec.fps,
            observation_names: spec.observation_names.clone(),
            action_names: spec.action_names.clone(),
            pose_names: spec.pose_names.clone(),
            pose: spec.pose.clone(),
            config: self.config.clone(),
            data_hash: self.dataset.hash.clone(),
            latents_of: None,
            steps: self.state.step,
            training_seconds: self.state.seconds,
            slow_features: layers.slow[0].outputs,
            normalisation: self.data.normalisation.clone(),
            diagnostics,
        };
        let layers = layers.fold(&card.normalisation, self.config.latent_dim);
        Ok(WorldModel::try_new(card, self.sight, layers)?)
    }
}
