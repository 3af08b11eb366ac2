//! The data of a run: standardised frames, the split into training and held-out episodes, and the
//! windows of both.

use super::TrainError;
use crate::config::TrainConfig;
use crate::dataset::Dataset;
use crate::encoder::Inputs;
use crate::frames::{Frames, fit_normalisation};
use crate::networks::Dimensions;
use crate::normalise::Normalisation;
use crate::observations::Observations;
use crate::pose::PoseLayout;
use crate::sight::Sight;
use crate::windows::{WindowSampler, split_episodes};

/// Longest horizon of the held-out diagnostics, in blocks.
const EVALUATION_BLOCKS: usize = 10;

/// Everything that training reads, prepared once.
#[derive(Debug)]
pub(crate) struct TrainingData<'a> {
    pub frames: Frames,
    pub normalisation: Normalisation,
    pub layout: &'a PoseLayout,
    pub training_episodes: Vec<usize>,
    pub training_windows: WindowSampler,
    pub held_out_windows: WindowSampler,
    /// Horizon of `held_out_windows`, in blocks.
    pub held_out_blocks: usize,
}

impl<'a> TrainingData<'a> {
    /// Splits and standardises `dataset`, of which the states are observed, or what `sight` sees: as `normalisation` says, or as it
    /// is fitted on the training episodes.
    ///
    /// # Errors
    /// [`TrainError::Sight`] for a frame that cannot be looked at.
    /// [`TrainError::TooFewEpisodes`], [`TrainError::TooShort`] when training or held-out episodes
    /// have no window of `open_loop_steps` blocks.
    pub fn new(
        dataset: &'a Dataset,
        sight: Option<&Sight>,
        normalisation: Option<&Normalisation>,
        config: &TrainConfig,
    ) -> Result<Self, TrainError> {
        let episodes = dataset.episodes.len();
        let (training_episodes, held_out) =
            split_episodes(episodes, config.held_out_fraction, config.seed)
                .ok_or(TrainError::TooFewEpisodes { found: episodes })?;
        let observations = match sight {
            Some(sight) => Observations::seen(dataset, sight)?,
            None => Observations::states(dataset),
        };
        let normalisation = match normalisation {
            Some(given) => given.clone(),
            None => fit_normalisation(dataset, &observations, &training_episodes),
        };
        let frames = Frames::new(dataset, observations, &normalisation);
        let layout = &dataset.spec.pose;
        let windows = |episodes: &[usize], blocks: usize| {
            WindowSampler::new(&frames, episodes, blocks * config.block)
        };
        let training_windows = windows(&training_episodes, config.open_loop_steps);
        let (held_out_blocks, held_out_windows) = (config.open_loop_steps
            ..=EVALUATION_BLOCKS.max(config.open_loop_steps))
            .rev()
            .map(|blocks| (blocks, windows(&held_out, blocks)))
            .find(|(_, windows)| !windows.is_empty())
            .ok_or_else(|| too_short(&frames, &held_out, config))?;
        if training_windows.is_empty() {
            return Err(too_short(&frames, &training_episodes, config));
        }
        Ok(Self {
            training_windows,
            held_out_windows,
            held_out_blocks,
            layout,
            training_episodes,
            normalisation,
            frames,
        })
    }

    /// What the networks read and write.
    ///
    /// # Errors
    /// [`TrainError::NoColumns`] when a kind of column is missing.
    pub fn dimensions(dataset: &Dataset, sight: Option<&Sight>) -> Result<Dimensions, TrainError> {
        let observation = match sight {
            Some(sight) => Inputs::of_sight(sight.spec()),
            None => Inputs::of_states(dataset.spec.observation_names.len()),
        };
        let (action, pose) = (dataset.spec.action_names.len(), dataset.spec.pose.dim());
        for (what, width) in [
            ("observation", observation.dim()),
            ("action", action),
            ("pose", pose),
        ] {
            if width == 0 {
                return Err(TrainError::NoColumns { what });
            }
        }
        Ok(Dimensions {
            observation,
            action,
            pose,
        })
    }
}

fn too_short(frames: &Frames, episodes: &[usize], config: &TrainConfig) -> TrainError {
    let longest = episodes.iter().map(|&i| frames.episode(i).len()).max();
    TrainError::TooShort {
        longest: longest.unwrap_or(0),
        needed: config.open_loop_steps * config.block + 1,
    }
}
