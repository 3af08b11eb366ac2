//! Policies on disk.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Policy, PolicyConfig, network};
use crate::checkpoint::{self, Archive, CheckpointError, Kind};
use crate::files;
use crate::model::WorldModel;

/// What a policy was trained on, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyCard {
    /// Task.
    pub task: String,
    /// Hash of the world model whose latents it reads.
    pub model_hash: String,
    /// Values of a latent.
    pub latent_dim: usize,
    /// Values of an action block.
    pub block_width: usize,
    /// Settings.
    pub config: PolicyConfig,
    /// Labels that a planner gave.
    pub labels: usize,
    /// Wall-clock seconds of training.
    pub training_seconds: f32,
    /// Thresholds of the arbiter; none before they were calibrated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
}

/// Quantiles on held-out episodes, beyond which something is out of the ordinary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Name of the cost that `miss` and `patience` were measured with.
    pub cost: String,
    /// The quantile that the thresholds but that of `closeness` are, in `(0, 1)`.
    pub quantile: f32,
    /// Disagreement of the policy's members.
    pub disagreement: f32,
    /// Surprise: root mean square difference of the latent that was predicted a block before from the one observed.
    pub surprise: f32,
    /// How near the best way that is imagined without a search comes to the goal, as a share of how far it is now, or of what is
    /// tolerated where it is nearer: in terms of the cost, without that of clearances.
    pub miss: f32,
    /// Most that is missing of a clearance on that way, as a share of its margin; of a quantile of its own. A policy that was
    /// calibrated before this was measured heeds none.
    #[serde(default = "nothing_exceeds")]
    pub closeness: f32,
    /// Decisions for which the distance from the goal may not fall, in the same terms.
    pub patience: usize,
}

fn nothing_exceeds() -> f32 {
    f32::MAX
}

impl Policy {
    /// The policy beside a model that has the latents of its own and another sight. Without thresholds: they were calibrated
    /// on what was seen before. Beside any other model it stays what it is.
    pub fn beside(mut self, model: &WorldModel) -> Self {
        if model.card().latents_of.as_ref() == Some(&self.card.model_hash) {
            self.card.model_hash = model.hash().to_owned();
            self.card.calibration = None;
        }
        self
    }

    /// Writes the policy atomically.
    ///
    /// # Errors
    /// [`CheckpointError::Write`], [`CheckpointError::Encode`].
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let bytes = self.to_bytes(path)?;
        files::replace(path, &bytes).map_err(|source| CheckpointError::Write {
            path: path.to_owned(),
            source,
        })
    }

    /// The bytes of a file of the policy; `path` is what errors name.
    ///
    /// # Errors
    /// [`CheckpointError::Encode`].
    pub fn to_bytes(&self, path: &Path) -> Result<Vec<u8>, CheckpointError> {
        let content = serde_json::to_string(&self.card).map_err(|e| CheckpointError::Encode {
            path: path.to_owned(),
            detail: e.to_string(),
        })?;
        let layers = self.layers.iter().enumerate();
        let tensors: Vec<_> = layers
            .flat_map(|(index, layer)| layer.tensors(&format!("policy.{index}")))
            .collect();
        checkpoint::encode(path, Kind::Policy, content, &tensors)
    }

    /// Reads a policy.
    ///
    /// # Errors
    /// [`CheckpointError`]: unreadable, truncated, foreign, damaged or inconsistent file.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        Self::of(checkpoint::read(path, Kind::Policy)?)
    }

    /// Reads what [`Policy::to_bytes`] gave; `path` is what errors name.
    ///
    /// # Errors
    /// [`CheckpointError`]: truncated, foreign, damaged or inconsistent bytes.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, CheckpointError> {
        Self::of(checkpoint::decode(path, bytes, Kind::Policy)?)
    }

    fn of(mut archive: Archive) -> Result<Self, CheckpointError> {
        let card: PolicyCard = archive.parse()?;
        card.config.validate().map_err(|e| archive.networks(&e))?;
        let ends = card.config.ends(card.latent_dim, card.block_width);
        let layers = archive.take_layers("policy", network::layers(&card.config, ends))?;
        Self::try_new(card, layers).map_err(|e| archive.networks(&e))
    }
}
