//! The training loop.
//!
//! A batch is split into two fixed shards, each with a replica of the networks and a graph of its
//! own on a thread of its own; gradients are summed in order, clipped and applied on the host. The
//! numbers therefore do not depend on the number of processors.

mod batch;
mod data;
mod error;
mod export;
mod heads;
mod mask;
mod objective;
pub(crate) mod optimiser;
pub(crate) mod parameters;
mod progress;
mod shard;
mod start;
mod state;
#[cfg(test)]
mod tests;
mod trainer;

pub(crate) use data::TrainingData;
pub use error::TrainError;
pub use progress::{LossTerms, TrainProgress};

use std::ops::ControlFlow;
use std::path::Path;

use crate::config::TrainConfig;
use crate::dataset::Dataset;
use crate::model::WorldModel;
use crate::sight::Sight;
use trainer::Trainer;

/// Trains a world model on the states of a data set, or on its images as `sight` looks at them.
///
/// With a `state_file` the state is written there at every evaluation, when `observer` breaks, and
/// at the end; if the file exists already, training continues from it, to exactly the model of an
/// uninterrupted run. The caller removes the file when it has saved the model.
///
/// `observer` is called after every step.
///
/// # Errors
/// Bad settings, data that hold no window, a state file that is damaged or of another run, a
/// collapsed latent, a loss that is not finite, an interruption: see [`TrainError`].
pub fn train(
    dataset: &Dataset,
    sight: Option<Sight>,
    config: &TrainConfig,
    state_file: Option<&Path>,
    observer: &mut dyn FnMut(&TrainProgress) -> ControlFlow<()>,
) -> Result<WorldModel, TrainError> {
    run(dataset, sight, None, config, state_file, observer)
}

/// Goes on training a finished model, on more data: its networks start from its weights, under its standardisation, which does
/// not change with the data. Networks that a model does not keep, the inverse dynamics and the decoder, start anew. Its sight
/// stays as it is. The state file is that of [`train`].
///
/// # Errors
/// Those of [`train`], and [`TrainError::Start`] where the settings ask for other networks than the model has.
pub fn continue_training(
    start: &WorldModel,
    dataset: &Dataset,
    config: &TrainConfig,
    state_file: &Path,
    observer: &mut dyn FnMut(&TrainProgress) -> ControlFlow<()>,
) -> Result<WorldModel, TrainError> {
    let sight = start.sight().cloned();
    run(
        dataset,
        sight,
        Some(start),
        config,
        Some(state_file),
        observer,
    )
}

fn run(
    dataset: &Dataset,
    sight: Option<Sight>,
    start: Option<&WorldModel>,
    config: &TrainConfig,
    state_file: Option<&Path>,
    observer: &mut dyn FnMut(&TrainProgress) -> ControlFlow<()>,
) -> Result<WorldModel, TrainError> {
    config.validate()?;
    let dimensions = TrainingData::dimensions(dataset, sight.as_ref())?;
    let normalisation = start.map(|start| &start.card().normalisation);
    let data = TrainingData::new(dataset, sight.as_ref(), normalisation, config)?;
    let mut trainer = Trainer::new(
        (dataset, &data),
        dimensions,
        sight,
        start,
        config,
        state_file,
    )?;
    while !trainer.finished() {
        let progress = trainer.advance()?;
        if observer(&progress).is_break() && !trainer.finished() {
            trainer.save_state()?;
            return Err(TrainError::Interrupted {
                step: progress.step,
                total: progress.total,
            });
        }
    }
    trainer.into_model()
}
