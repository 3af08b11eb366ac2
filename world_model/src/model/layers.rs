//! The weights of a model as named tensors, with standardisation folded in.

use crate::card::ModelCard;
use crate::checkpoint::{Archive, CheckpointError, NamedTensor};
use crate::imagination::Linear;
use crate::normalise::{Normalisation, fold_input, fold_output};

/// Layers of each network, first to last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layers {
    pub encoder: Vec<Linear>,
    pub predictor: Vec<Linear>,
    pub pose: Vec<Linear>,
    pub reach: Vec<Vec<Linear>>,
    pub slow: Vec<Linear>,
}

impl Layers {
    /// Folds the standardisation in: observations into the encoder's first layer, actions into the
    /// predictor's first, poses into the probe's last.
    pub fn fold(mut self, normalisation: &Normalisation, latent_dim: usize) -> Self {
        if let Some(first) = self.encoder.first_mut() {
            fold_input(first, 0, &normalisation.observation);
        }
        if let Some(first) = self.predictor.first_mut() {
            fold_input(first, latent_dim, &normalisation.action);
        }
        if let Some(last) = self.pose.last_mut() {
            fold_output(last, &normalisation.pose);
        }
        self
    }

    /// Every weight and bias under its name in the file, `network.layer.weight`.
    pub fn tensors(&self) -> Vec<NamedTensor> {
        let heads = self
            .reach
            .iter()
            .enumerate()
            .map(|(head, layers)| (format!("reach.{head}"), layers));
        [
            ("encoder".to_owned(), &self.encoder),
            ("predictor".to_owned(), &self.predictor),
            ("pose".to_owned(), &self.pose),
            ("slow".to_owned(), &self.slow),
        ]
        .into_iter()
        .chain(heads)
        .flat_map(|(network, layers)| {
            layers.iter().enumerate().flat_map(move |(index, layer)| {
                [
                    NamedTensor {
                        name: format!("{network}.{index}.weight"),
                        shape: vec![layer.inputs, layer.outputs],
                        values: layer.weight.clone(),
                    },
                    NamedTensor {
                        name: format!("{network}.{index}.bias"),
                        shape: vec![layer.outputs],
                        values: layer.bias.clone(),
                    },
                ]
            })
        })
        .collect()
    }

    /// Hash of all of them. That of the file covers the card too, with the time that the training took.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for tensor in self.tensors() {
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
        let mut network = |name: &str, input: usize, hidden: &[usize], output: usize| {
            let sizes = [&[input], hidden, &[output]].concat();
            sizes
                .windows(2)
                .enumerate()
                .map(|(index, pair)| {
                    let (inputs, outputs) = (pair[0], pair[1]);
                    let weight = format!("{name}.{index}.weight");
                    let bias = format!("{name}.{index}.bias");
                    Ok(Linear {
                        inputs,
                        outputs,
                        weight: archive.take(&weight, &[inputs, outputs])?,
                        bias: archive.take(&bias, &[outputs])?,
                    })
                })
                .collect::<Result<Vec<_>, CheckpointError>>()
        };
        Ok(Self {
            encoder: network(
                "encoder",
                card.observation_dim(),
                &config.encoder_hidden,
                latent,
            )?,
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
