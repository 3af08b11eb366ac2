//! Everything that is trained, as one burn module.

use burn::module::Module;
use burn::tensor::Device;

use crate::config::{Reconstruction, TrainConfig};
use crate::decoder::Decoder;
use crate::encoder::{Encoder, Inputs};
use crate::heads::{FirstPassage, InverseDynamics, PoseProbe};
use crate::predictor::Predictor;
use crate::random::{Purpose, stream};

/// Widths of the data that the networks are built for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimensions {
    /// What the encoder reads.
    pub observation: Inputs,
    /// Values per control action.
    pub action: usize,
    /// Values per pose.
    pub pose: usize,
}

/// The trainable networks. The order of the fields is the order of the flat parameter vector:
/// representation first, heads on detached latents after.
#[derive(Module, Debug)]
pub struct Networks {
    /// Observation to latent.
    pub encoder: Encoder,
    /// Latent and action block to the next latent.
    pub predictor: Predictor,
    /// Latent to observation, where observations are reconstructed.
    pub decoder: Option<Decoder>,
    /// Two latents to the action block between them.
    pub inverse: InverseDynamics,
    /// Latent to pose.
    pub pose: PoseProbe,
    /// Ensemble of first-passage heads.
    pub reach: Vec<FirstPassage>,
}

/// Name prefixes of the parameters that the representation losses train. The inverse dynamics are among them where they
/// shape the latents.
pub(crate) fn representation(config: &TrainConfig) -> &'static [&'static str] {
    let all = &["encoder.", "predictor.", "decoder.", "inverse."];
    match config.anti_collapse.has_inverse() {
        true => all,
        false => &all[..3],
    }
}

/// Random stream of the decoder's weights, apart from those of the ensemble.
const DECODER_STREAM: u64 = 1 << 32;

impl Networks {
    /// Draws the initial weights from `config.seed`.
    pub fn init(dimensions: &Dimensions, config: &TrainConfig, device: &Device) -> Self {
        let rng = |network: u64| stream(config.seed, Purpose::Initialisation, 0, network);
        let block_action = config.block * dimensions.action;
        Self {
            encoder: Encoder::init(&dimensions.observation, config, &mut rng(0), device),
            predictor: Predictor::init(block_action, config, &mut rng(1), device),
            decoder: match config.reconstruction {
                Reconstruction::None => None,
                _ => Some(Decoder::init(
                    &dimensions.observation,
                    config,
                    &mut rng(DECODER_STREAM),
                    device,
                )),
            },
            inverse: InverseDynamics::init(block_action, config, &mut rng(2), device),
            pose: PoseProbe::init(dimensions.pose, config, &mut rng(3), device),
            reach: (0..config.reach_heads as u64)
                .map(|head| FirstPassage::init(config, &mut rng(4 + head), device))
                .collect(),
        }
    }
}
