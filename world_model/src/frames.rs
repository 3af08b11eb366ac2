//! A data set in the form that training reads: flat, standardised, all frames in a row.

use std::ops::Range;

use crate::dataset::{Dataset, Episode};
use crate::networks::Dimensions;
use crate::normalise::{Normalisation, Standardiser, pose_groups};

/// All frames of a data set, one after the other.
#[derive(Debug)]
pub(crate) struct Frames {
    dimensions: Dimensions,
    observations: Vec<f32>,
    actions: Vec<f32>,
    poses: Vec<f32>,
    standard_poses: Vec<f32>,
    episodes: Vec<Range<usize>>,
    episode_of: Vec<u32>,
}

/// Widths of the columns of `dataset`.
pub(crate) fn dimensions(dataset: &Dataset) -> Dimensions {
    Dimensions {
        observation: dataset.spec.observation_names.len(),
        action: dataset.spec.action_names.len(),
        pose: dataset.spec.pose.dim(),
    }
}

/// Fits the standardisation on the episodes with the given indices.
pub(crate) fn fit_normalisation(dataset: &Dataset, episodes: &[usize]) -> Normalisation {
    let dims = dimensions(dataset);
    let chosen = || episodes.iter().filter_map(|&i| dataset.episodes.get(i));
    let observations = chosen().flat_map(|e| e.observations.chunks_exact(dims.observation));
    let actions = chosen().flat_map(|e| e.actions.chunks_exact(dims.action));
    let poses = chosen().flat_map(|e| e.poses.chunks_exact(dims.pose));
    Normalisation {
        observation: Standardiser::fit(observations, dims.observation),
        action: Standardiser::fit(actions, dims.action),
        pose: Standardiser::fit_groups(poses, &pose_groups(&dataset.spec.pose)),
    }
}

impl Frames {
    /// Standardises and concatenates every episode of `dataset`.
    pub fn new(dataset: &Dataset, normalisation: &Normalisation) -> Self {
        let mut frames = Self {
            dimensions: dimensions(dataset),
            observations: Vec::new(),
            actions: Vec::new(),
            poses: Vec::new(),
            standard_poses: Vec::new(),
            episodes: Vec::new(),
            episode_of: Vec::new(),
        };
        for episode in &dataset.episodes {
            frames.push(episode, normalisation);
        }
        frames
    }

    fn push(&mut self, episode: &Episode, normalisation: &Normalisation) {
        let dims = self.dimensions;
        for row in episode.observations.chunks_exact(dims.observation) {
            normalisation
                .observation
                .extend(row, &mut self.observations);
        }
        for row in episode.actions.chunks_exact(dims.action) {
            normalisation.action.extend(row, &mut self.actions);
        }
        for row in episode.poses.chunks_exact(dims.pose) {
            normalisation.pose.extend(row, &mut self.standard_poses);
        }
        self.poses.extend(&episode.poses);
        let start = self.episode_of.len();
        let end = self.poses.len() / dims.pose;
        self.episode_of.resize(end, self.episodes.len() as u32);
        self.episodes.push(start..end);
    }

    /// Widths of the columns.
    pub fn dimensions(&self) -> Dimensions {
        self.dimensions
    }

    /// Standardised observation of a frame.
    pub fn observation(&self, frame: usize) -> &[f32] {
        let dim = self.dimensions.observation;
        &self.observations[frame * dim..(frame + 1) * dim]
    }

    /// Standardised actions of the `block` control steps from `frame` on, concatenated.
    pub fn action_block(&self, frame: usize, block: usize) -> &[f32] {
        let dim = self.dimensions.action;
        &self.actions[frame * dim..(frame + block) * dim]
    }

    /// Pose of a frame, in physical units.
    pub fn pose(&self, frame: usize) -> &[f32] {
        let dim = self.dimensions.pose;
        &self.poses[frame * dim..(frame + 1) * dim]
    }

    /// Standardised pose of a frame.
    pub fn standard_pose(&self, frame: usize) -> &[f32] {
        let dim = self.dimensions.pose;
        &self.standard_poses[frame * dim..(frame + 1) * dim]
    }

    /// Frames of the episode with the given index.
    pub fn episode(&self, index: usize) -> Range<usize> {
        self.episodes[index].clone()
    }

    /// Frames of the episode that `frame` belongs to.
    pub fn episode_around(&self, frame: usize) -> Range<usize> {
        self.episode(self.episode_of[frame] as usize)
    }
}
