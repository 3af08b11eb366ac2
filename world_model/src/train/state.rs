//! The state of an unfinished run: enough to continue to exactly the model that an uninterrupted
//! run would have given. Random streams are keyed by the step, so none needs saving.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::TrainError;
use super::optimiser::Moments;
use crate::checkpoint::{self, CheckpointError, Kind, NamedTensor};
use crate::config::TrainConfig;

/// Weights, optimiser moments and counters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TrainState {
    pub values: Vec<f32>,
    pub moments: Moments,
    /// Steps done.
    pub step: usize,
    /// Seconds trained.
    pub seconds: f32,
}

#[derive(Serialize, Deserialize)]
struct Content {
    config: TrainConfig,
    data_hash: String,
    step: usize,
    seconds: f32,
}

impl TrainState {
    /// Writes the state atomically.
    ///
    /// # Errors
    /// [`CheckpointError::Write`], [`CheckpointError::Encode`].
    pub fn save(
        &self,
        path: &Path,
        config: &TrainConfig,
        data_hash: &str,
    ) -> Result<(), CheckpointError> {
        let content = Content {
            config: config.clone(),
            data_hash: data_hash.to_owned(),
            step: self.step,
            seconds: self.seconds,
        };
        let content = serde_json::to_string(&content).map_err(|e| CheckpointError::Encode {
            path: path.to_owned(),
            detail: e.to_string(),
        })?;
        let tensor = |name: &str, values: &[f32]| NamedTensor {
            name: name.to_owned(),
            shape: vec![values.len()],
            values: values.to_vec(),
        };
        let tensors = [
            tensor("parameters", &self.values),
            tensor("first_moment", &self.moments.first),
            tensor("second_moment", &self.moments.second),
        ];
        checkpoint::write(path, Kind::TrainingState, content, &tensors)
    }

    /// Reads a state of `parameters` parameters.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] for a bad file, [`TrainError::OtherConfig`] or
    /// [`TrainError::OtherData`] for one of another run.
    pub fn load(
        path: &Path,
        config: &TrainConfig,
        data_hash: &str,
        parameters: usize,
    ) -> Result<Self, TrainError> {
        let mut archive = checkpoint::read(path, Kind::TrainingState)?;
        let content: Content = archive.parse()?;
        if content.data_hash != data_hash {
            return Err(TrainError::OtherData {
                path: path.to_owned(),
                expected: data_hash.to_owned(),
                found: content.data_hash,
            });
        }
        if let Some((setting, found, expected)) = first_difference(&content.config, config) {
            return Err(TrainError::OtherConfig {
                path: path.to_owned(),
                setting,
                expected,
                found,
            });
        }
        let mut take = |name: &str| archive.take(name, &[parameters]);
        Ok(Self {
            values: take("parameters")?,
            moments: Moments {
                first: take("first_moment")?,
                second: take("second_moment")?,
            },
            step: content.step,
            seconds: content.seconds,
        })
    }
}

/// Name and both values of the first setting in which `found` and `wanted` differ.
fn first_difference(found: &TrainConfig, wanted: &TrainConfig) -> Option<(String, String, String)> {
    if found == wanted {
        return None;
    }
    let fields = |config| serde_json::to_value(config).unwrap_or_default();
    let (found, wanted) = (fields(found), fields(wanted));
    let names = wanted.as_object()?.keys();
    names
        .filter(|name| found[name.as_str()] != wanted[name.as_str()])
        .map(|name| {
            let text = |value: &serde_json::Value| value[name.as_str()].to_string();
            (name.clone(), text(&found), text(&wanted))
        })
        .next()
}
