//! The weights of a model as named tensors, with standardisation folded in.

use crate::card::ModelCard;
use crate::checkpoint::{Archive, CheckpointError, NamedTensor};
use crate::encoder::Inputs;
use crate::imagination::Linear;
use crate::norm::NormWeights;
use crate::normalise::{Normalisation, Standardiser, fold_input, fold_output};
use crate::sight::Sight;

/// Layers of each network, first to last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layers {
    /// Of the encoder, over rows of pictures; none for states.
    pub front: Vec<Linear>,
    pub encoder: Vec<Linear>,
    /// One before each ReLU of `encoder`, or none.
    pub encoder_norms: Vec<NormWeights>,
    pub predictor: Vec<Linear>,
    pub pose: Vec<Linear>,
    pub reach: Vec<Vec<Linear>>,
    pub slow: Vec<Linear>,
}

impl Layers {
    /// Folds the standardisation in: observations into the encoder's first layer, actions into the
    /// predictor's first, poses into the probe's last.
    pub fn fold(mut self, normalisation: &Normalisation, latent_dim: usize) -> Self {
        self.fold_observation(&normalisation.observation);
        if let Some(first) = self.predictor.first_mut() {
            fold_input(first, latent_dim, &normalisation.action);
        }
        if let Some(last) = self.pose.last_mut() {
            fold_output(last, &normalisation.pose);
        }
        self
    }

    /// Makes the encoder take observations as they are.
    pub fn fold_observation(&mut self, observation: &Standardiser) {
        match (self.front.first_mut(), self.encoder.first_mut()) {
            (Some(front), Some(first)) => {
                let (leading, pixels) = observation.split(observation.mean.len() - 1);
                fold_input(front, 0, &pixels);
                let others = first.inputs - leading.mean.len();
                fold_input(first, 0, &leading.with_plain(others));
            }
            (None, Some(first)) => fold_input(first, 0, observation),
            _ => {}
        }
    }

    /// Every weight and bias under its name in the file, `network.layer.weight`.
    pub fn tensors(&self) -> Vec<NamedTensor> {
        let norms = self.encoder_norms.iter().enumerate();
        let norms = norms.flat_map(|(index, norm)| norm.tensors(&format!("encoder_norm.{index}")));
        let heads = self
            .reach
            .iter()
            .enumerate()
            .map(|(head, layers)| (format!("reach.{head}"), layers));
        [
            ("front".to_owned(), &self.front),
            ("encoder".to_owned(), &self.encoder),
            ("predictor".to_owned(), &self.predictor),
            ("pose".to_owned(), &self.pose),
            ("slow".to_owned(), &self.slow),
        ]
        .into_iter()
        .chain(heads)
        .flat_map(|(network, layers)| {
            let named = layers.iter().enumerate();
            named.flat_map(move |(index, layer)| layer.tensors(&format!("{network}.{index}")))
        })
        .chain(norms)
        .collect()
    }

    /// Hash of all of them, and of those that a sight has. That of the file covers the card too, with the time that the
    /// training took.
    pub fn hash(&self, sight: &Option<Sight>) -> String {
        let mut hasher = blake3::Hasher::new();
        let sight = sight.iter().flat_map(Sight::tensors);
        for tensor in self.tensors().into_iter().chain(sight) {
            hasher.update(tensor.name.as_bytes());
            for value in &tensor.values {
                hasher.update(&value.to_le_bytes());
            }
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Reads the layers that `card` describes.
    ///
    /// # Errors
    /// The first tensor that is missing, misshapen or not finite.
    pub fn take_from(archive: &mut Archive, card: &ModelCard) -> Result<Self, CheckpointError> {
        let config = &card.config;
        let latent = config.latent_dim;
        let inputs = Inputs::of_card(card);
        let front = inputs.front.iter().enumerate();
        let front = front
            .map(|(i, stage)| archive.take_layer(&format!("front.{i}"), stage.inputs, stage.width))
            .collect::<Result<_, _>>()?;
        let norms = config.encoder_hidden.iter().enumerate();
        let encoder_norms = norms
            .map(|(i, &width)| {
                let name = format!("encoder_norm.{i}");
                NormWeights::take_from(archive, &name, config.encoder_norm, width)
            })
            .filter_map(Result::transpose)
            .collect::<Result<_, _>>()?;
        let mut network = |name: &str, input: usize, hidden: &[usize], output: usize| {
            archive.take_network(name, &[&[input], hidden, &[output]].concat())
        };
        Ok(Self {
            front,
            encoder_norms,
            encoder: network("encoder", inputs.joined(), &config.encoder_hidden, latent)?,
            predictor: network(
                "predictor",
                latent + card.block_action_dim(),
                &config.predictor_hidden,
                latent,
            )?,
            slow: network("slow", latent, &[], card.slow_features)?,
            pose: network("pose", latent, &config.pose_hidden, card.pose.dim())?,
            reach: (0..config.reach_heads)
                .map(|head| {
                    network(
                        &format!("reach.{head}"),
                        2 * latent,
                        &config.reach_hidden,
                        1,
                    )
                })
                .collect::<Result<_, _>>()?,
        })
    }
}
