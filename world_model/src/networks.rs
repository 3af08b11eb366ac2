//! Everything that is trained, as one burn module.

use burn::module::Module;
use burn::tensor::Device;

use crate::config::TrainConfig;
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
    /// Two latents to the action block between them.
    pub inverse: InverseDynamics,
    /// Latent to pose.
    pub pose: PoseProbe,
    /// Ensemble of first-passage heads.
    pub reach: Vec<FirstPassage>,
}

/// Name prefixes of the parameters that the representation losses train.
pub(crate) const REPRESENTATION: [&str; 3] = ["encoder", "predictor", "inverse"];

impl Networks {
    /// Draws the initial weights from `config.seed`.
    pub fn init(dimensions: &Dimensions, config: &TrainConfig, device: &Device) -> Self {
        let rng = |network: u64| stream(config.seed, Purpose::Initialisation, 0, network);
        let block_action = config.block * dimensions.action;
        Self {
            encoder: Encoder::init(&dimensions.observation, config, &mut rng(0), device),
            predictor: Predictor::init(block_action, config, &mut rng(1), device),
            inverse: InverseDynamics::init(block_action, config, &mut rng(2), device),
            pose: PoseProbe::init(dimensions.pose, config, &mut rng(3), device),
            reach: (0..config.reach_heads as u64)
                .map(|head| FirstPassage::init(config, &mut rng(4 + head), device))
                .collect(),
        }
    }
}
