//! The trained world model: plain `f32` weights behind the fused engine, physical units in and out.

mod encoder;
mod layers;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::path::Path;

use crate::card::ModelCard;
use crate::checkpoint::{self, CheckpointError, Kind};
use crate::encoder::Inputs;
use crate::imagination::{Imagination, ImaginationError, Linear, Mlp, PackedMlp, Scratch};
use crate::normalise::{Standardiser, fold_output};
use crate::sight::{Sight, SightError, SightSpec};
pub use encoder::{EncoderScratch, PackedEncoder};
pub(crate) use layers::Layers;

thread_local! {
    /// Working memory of single forward passes, so that a shared model allocates nothing per call.
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
    static ENCODER_SCRATCH: RefCell<EncoderScratch> = RefCell::default();
}

/// A trained world model. It is immutable and shared between threads through an `Arc`.
#[derive(Debug)]
pub struct WorldModel {
    card: ModelCard,
    layers: Layers,
    hash: String,
    sight: Option<Sight>,
    encoder: PackedEncoder,
    imagination: Imagination,
    pose: PackedMlp,
    reach: Vec<PackedMlp>,
    slow: PackedMlp,
}

impl WorldModel {
    pub(crate) fn try_new(
        card: ModelCard,
        sight: Option<Sight>,
        layers: Layers,
    ) -> Result<Self, ImaginationError> {
        let pack = |mlp: &[_]| Ok(PackedMlp::new(&Mlp::try_new(mlp.to_vec())?));
        let predictor = pack(&layers.predictor)?;
        Ok(Self {
            encoder: PackedEncoder::try_new(Inputs::of_card(&card), &layers)?,
            imagination: Imagination::try_new(
                predictor,
                card.latent_dim(),
                card.block_action_dim(),
            )?,
            pose: pack(&layers.pose)?,
            slow: pack(&layers.slow)?,
            reach: layers
                .reach
                .iter()
                .map(|mlp| pack(mlp))
                .collect::<Result<_, _>>()?,
            hash: layers.hash(&sight),
            sight,
            card,
            layers,
        })
    }

    /// Reads a model.
    ///
    /// # Errors
    /// [`CheckpointError`]: unreadable, truncated, foreign, damaged or inconsistent file.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        let mut archive = checkpoint::read(path, Kind::WorldModel)?;
        let card: ModelCard = archive.parse()?;
        let layers = Layers::take_from(&mut archive, &card)?;
        let spec = card.sight.clone();
        let sight = spec
            .map(|spec| Sight::take_from(&mut archive, spec))
            .transpose()?;
        Self::try_new(card, sight, layers).map_err(|e| archive.networks(&e))
    }

    /// Writes the model atomically.
    ///
    /// # Errors
    /// [`CheckpointError::Write`], [`CheckpointError::Encode`].
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let content = serde_json::to_string(&self.card).map_err(|e| CheckpointError::Encode {
            path: path.to_owned(),
            detail: e.to_string(),
        })?;
        let mut tensors = self.layers.tensors();
        tensors.extend(self.sight.iter().flat_map(Sight::tensors));
        checkpoint::write(path, Kind::WorldModel, content, &tensors)
    }

    /// The same model with another encoder, of images and without norms, that was trained on standardised latents.
    pub(crate) fn with_encoder(
        &self,
        card: ModelCard,
        sight: Sight,
        (front, encoder): (Vec<Linear>, Vec<Linear>),
        latents: &Standardiser,
    ) -> Result<Self, ImaginationError> {
        let mut layers = Layers {
            front,
            encoder,
            encoder_norms: Vec::new(),
            ..self.layers.clone()
        };
        layers.fold_observation(&card.normalisation.observation);
        if let Some(last) = layers.encoder.last_mut() {
            fold_output(last, latents);
        }
        Self::try_new(card, Some(sight), layers)
    }

    /// Checks that another sight could stand before the same encoder.
    ///
    /// # Errors
    /// [`SightError::TellsOther`] for one that tells something else than the encoder reads.
    pub fn check_sight(&self, spec: &SightSpec) -> Result<(), SightError> {
        let (found, own) = (spec.told(), self.sight.as_ref());
        let expected = own.map_or("states".to_owned(), |own| own.spec().told());
        match found == expected {
            true => Ok(()),
            false => Err(SightError::TellsOther { found, expected }),
        }
    }

    /// The same model with another sight: encoder, dynamics and heads stay as they are.
    ///
    /// # Errors
    /// [`SightError::TellsOther`] for one that tells something else than the encoder reads.
    pub fn with_sight(&self, sight: Sight) -> Result<Self, SightError> {
        self.check_sight(sight.spec())?;
        let card = ModelCard {
            sight: Some(sight.spec().clone()),
            latents_of: Some(self.hash.clone()),
            ..self.card.clone()
        };
        let renewed = Self::try_new(card, Some(sight), self.layers.clone());
        renewed.map_err(|e| SightError::Spec {
            what: e.to_string(),
        })
    }

    /// The weights as they were trained, on standardised values.
    pub(crate) fn unfolded(&self) -> Layers {
        let inverse = self.card.normalisation.inverse();
        self.layers.clone().fold(&inverse, self.card.latent_dim())
    }

    /// The weights, with standardisation folded in.
    #[cfg(test)]
    pub(crate) fn layers(&self) -> &Layers {
        &self.layers
    }

    /// What the model was trained on, how, and how well it did.
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// Hash of the weights: two models with the same one are the same model.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// How it looks at images; none for a model of states.
    pub fn sight(&self) -> Option<&Sight> {
        self.sight.as_ref()
    }

    /// Encodes one observation: a state in the units of the task, or what [`WorldModel::sight`] makes of images.
    ///
    /// # Shapes
    /// - observation: `[observation]`
    /// - latent: `[latent]`, overwritten
    ///
    /// # Errors
    /// [`ImaginationError::BufferLength`].
    pub fn encode(&self, observation: &[f32], latent: &mut [f32]) -> Result<(), ImaginationError> {
        ENCODER_SCRATCH.with_borrow_mut(|s| self.encoder.forward(observation, 1, latent, s))
    }

    /// Decodes the pose, in metres and cosine and sine (not of unit length) of the yaw.
    ///
    /// # Shapes
    /// - latent: `[latent]`
    /// - pose: `[pose]`, overwritten, laid out as [`ModelCard::pose`] says
    ///
    /// # Errors
    /// [`ImaginationError::BufferLength`].
    pub fn pose(&self, latent: &[f32], pose: &mut [f32]) -> Result<(), ImaginationError> {
        forward(&self.pose, latent, pose)
    }

    /// Mean and standard deviation over the ensemble of `ln(1 + control steps)` until the object
    /// satisfies the goal.
    ///
    /// # Shapes
    /// - latent, goal: `[latent]`
    ///
    /// # Errors
    /// [`ImaginationError::BufferLength`].
    pub fn steps_to_reach(
        &self,
        latent: &[f32],
        goal: &[f32],
    ) -> Result<(f32, f32), ImaginationError> {
        let pair = [latent, goal].concat();
        let (mut sum, mut squares) = (0.0, 0.0);
        for head in &self.reach {
            let mut estimate = [0.0];
            forward(head, &pair, &mut estimate)?;
            sum += estimate[0];
            squares += estimate[0] * estimate[0];
        }
        let count = self.reach.len().max(1) as f32;
        let mean = sum / count;
        Ok((mean, (squares / count - mean * mean).max(0.0).sqrt()))
    }

    /// The latent dynamics, over action blocks `[block * action]` in `[-1, 1]`.
    pub fn imagination(&self) -> &Imagination {
        &self.imagination
    }

    /// The encoder, observation `[observation]` to latent `[latent]`, for batches.
    pub fn encoder(&self) -> &PackedEncoder {
        &self.encoder
    }

    /// The pose probe, latent `[latent]` to pose `[pose]` in physical units.
    pub fn pose_head(&self) -> &PackedMlp {
        &self.pose
    }

    /// The slow features, latent `[latent]` to `[slow]`, each in units of its mean change in an action block: what changes only
    /// now and then, such as an object that must be pushed. They were found without any label.
    pub fn slow_head(&self) -> &PackedMlp {
        &self.slow
    }

    /// The first-passage heads with the goal folded in: latent `[latent]` to `ln(1 + steps)` `[1]`.
    ///
    /// # Errors
    /// [`ImaginationError::ContextLength`] or [`ImaginationError::NonFiniteInput`] for a goal that
    /// is not `[latent]` finite values.
    pub fn reach_heads(&self, goal: &[f32]) -> Result<Vec<PackedMlp>, ImaginationError> {
        self.reach
            .iter()
            .map(|head| head.with_context(goal))
            .collect()
    }
}

fn forward(network: &PackedMlp, input: &[f32], output: &mut [f32]) -> Result<(), ImaginationError> {
    SCRATCH.with_borrow_mut(|scratch| network.forward(input, 1, output, scratch))
}
