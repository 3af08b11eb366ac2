//! The state of an unfinished run: enough to continue to exactly the model that an uninterrupted
//! run would have given. Random streams are keyed by the step, so none needs saving.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::TrainError;
use super::optimiser::Moments;
use crate::checkpoint::{self, CheckpointError, Kind, NamedTensor};
use crate::config::{AntiCollapse, TrainConfig};

/// Weights, optimiser moments and counters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TrainState {
    pub values: Vec<f32>,
    pub moments: Moments,
    /// Moving average of the encoder's parameters, where targets come from one.
    pub average: Option<Vec<f32>>,
    /// Steps done.
    pub step: usize,
    /// Seconds trained.
    pub seconds: f32,
}

/// What a state belongs to: it continues with the same only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'a> {
    pub config: &'a TrainConfig,
    pub data_hash: &'a str,
    /// [`crate::sight::Sight::fingerprint`]; none where states are observed.
    pub sight: Option<&'a str>,
    /// Hash of the model that it started from; none where it started from nothing.
    pub start: Option<&'a str>,
}

#[derive(Serialize, Deserialize)]
struct Content {
    config: TrainConfig,
    data_hash: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sight: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    step: usize,
    seconds: f32,
}

impl TrainState {
    /// Writes the state atomically.
    ///
    /// # Errors
    /// [`CheckpointError::Write`], [`CheckpointError::Encode`].
    pub fn save(&self, path: &Path, run: Run<'_>) -> Result<(), CheckpointError> {
        let content = Content {
            config: run.config.clone(),
            data_hash: run.data_hash.to_owned(),
            sight: run.sight.map(str::to_owned),
            start: run.start.map(str::to_owned),
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
        let mut tensors = vec![
            tensor("parameters", &self.values),
            tensor("first_moment", &self.moments.first),
            tensor("second_moment", &self.moments.second),
        ];
        let average = self.average.iter();
        tensors.extend(average.map(|values| tensor("encoder_average", values)));
        checkpoint::write(path, Kind::TrainingState, content, &tensors)
    }

    /// Reads a state of `parameters` parameters, the first `encoder` of them the encoder's.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] for a bad file, [`TrainError::OtherConfig`],
    /// [`TrainError::OtherData`], [`TrainError::OtherSight`] or [`TrainError::OtherStart`] for one of another run.
    pub fn load(
        path: &Path,
        run: Run<'_>,
        parameters: usize,
        encoder: usize,
    ) -> Result<Self, TrainError> {
        let config = run.config;
        let mut archive = checkpoint::read(path, Kind::TrainingState)?;
        let content: Content = archive.parse()?;
        if content.data_hash != run.data_hash {
            return Err(TrainError::OtherData {
                path: path.to_owned(),
                expected: run.data_hash.to_owned(),
                found: content.data_hash,
            });
        }
        if content.sight.as_deref() != run.sight {
            let name = |sight: Option<&str>| sight.unwrap_or("none").to_owned();
            return Err(TrainError::OtherSight {
                path: path.to_owned(),
                expected: name(run.sight),
                found: name(content.sight.as_deref()),
            });
        }
        if content.start.as_deref() != run.start {
            let name = |start: Option<&str>| start.unwrap_or("none").to_owned();
            return Err(TrainError::OtherStart {
                path: path.to_owned(),
                expected: name(run.start),
                found: name(content.start.as_deref()),
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
        let average = match config.anti_collapse {
            AntiCollapse::Ema => Some(archive.take("encoder_average", &[encoder])?),
            _ => None,
        };
        let mut take = |name: &str| archive.take(name, &[parameters]);
        Ok(Self {
            values: take("parameters")?,
            moments: Moments {
                first: take("first_moment")?,
                second: take("second_moment")?,
            },
            average,
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
