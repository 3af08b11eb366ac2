//! A data set in the form that training reads: flat, standardised, all frames in a row.

use std::ops::Range;

use crate::dataset::{Dataset, Episode};
use crate::normalise::{Normalisation, Standardiser, pose_groups};
use crate::observations::Observations;

/// All frames of a data set, one after the other.
#[derive(Debug)]
pub(crate) struct Frames {
    observations: Observations,
    action_dim: usize,
    pose_dim: usize,
    actions: Vec<f32>,
    poses: Vec<f32>,
    standard_poses: Vec<f32>,
    episodes: Vec<Range<usize>>,
    episode_of: Vec<u32>,
}

/// Fits the standardisation on the episodes with the given indices.
pub(crate) fn fit_normalisation(
    dataset: &Dataset,
    observations: &Observations,
    episodes: &[usize],
) -> Normalisation {
    let spec = &dataset.spec;
    let ranges = episode_ranges(dataset);
    let frames: Vec<_> = episodes.iter().map(|&i| ranges[i].clone()).collect();
    let chosen = || episodes.iter().filter_map(|&i| dataset.episodes.get(i));
    let action_dim = spec.action_names.len();
    let actions = chosen().flat_map(|e| e.actions.chunks_exact(action_dim));
    let poses = chosen().flat_map(|e| e.poses.chunks_exact(spec.pose.dim()));
    Normalisation {
        observation: observations.fit(&frames),
        action: Standardiser::fit(actions, action_dim),
        pose: Standardiser::fit_groups(poses, &pose_groups(&spec.pose)),
    }
}

/// Frames of each episode.
fn episode_ranges(dataset: &Dataset) -> Vec<Range<usize>> {
    let ends = dataset.episodes.iter().scan(0, |end, episode| {
        let start = *end;
        *end += episode.poses.len() / dataset.spec.pose.dim();
        Some(start..*end)
    });
    ends.collect()
}

impl Frames {
    /// Standardises and concatenates every episode of `dataset`, whose observations are given.
    pub fn new(
        dataset: &Dataset,
        mut observations: Observations,
        normalisation: &Normalisation,
    ) -> Self {
        observations.standardise(&normalisation.observation);
        let mut frames = Self {
            observations,
            action_dim: dataset.spec.action_names.len(),
            pose_dim: dataset.spec.pose.dim(),
            actions: Vec::new(),
            poses: Vec::new(),
            standard_poses: Vec::new(),
            episodes: episode_ranges(dataset),
            episode_of: Vec::new(),
        };
        for episode in &dataset.episodes {
            frames.push(episode, normalisation);
        }
        for (index, range) in frames.episodes.iter().enumerate() {
            frames.episode_of.resize(range.end, index as u32);
        }
        frames
    }

    fn push(&mut self, episode: &Episode, normalisation: &Normalisation) {
        for row in episode.actions.chunks_exact(self.action_dim) {
            normalisation.action.extend(row, &mut self.actions);
        }
        for row in episode.poses.chunks_exact(self.pose_dim) {
            normalisation.pose.extend(row, &mut self.standard_poses);
        }
        self.poses.extend(&episode.poses);
    }

    /// Values of an action.
    pub fn action_dim(&self) -> usize {
        self.action_dim
    }

    /// Sizes of the changes of an observation between two frames, value by value.
    pub fn changes(&self, before: usize, after: usize) -> impl Iterator<Item = f32> {
        self.observations.changes(before, after)
    }

    /// How much each of [`Frames::changes`] counts.
    pub fn change_weights(&self) -> Vec<f64> {
        self.observations.change_weights()
    }

    /// Appends the standardised observation of a frame.
    pub fn extend_observation(&self, frame: usize, out: &mut Vec<f32>) {
        let first = self.episode_around(frame).start;
        self.observations
            .extend(frame, frame.saturating_sub(1).max(first), out);
    }

    /// Standardised actions of the `block` control steps from `frame` on, concatenated.
    pub fn action_block(&self, frame: usize, block: usize) -> &[f32] {
        let dim = self.action_dim;
        &self.actions[frame * dim..(frame + block) * dim]
    }

    /// Pose of a frame, in physical units.
    pub fn pose(&self, frame: usize) -> &[f32] {
        let dim = self.pose_dim;
        &self.poses[frame * dim..(frame + 1) * dim]
    }

    /// Standardised pose of a frame.
    pub fn standard_pose(&self, frame: usize) -> &[f32] {
        let dim = self.pose_dim;
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
