//! Training pairs of the first-passage heads: how many control steps until the object satisfies
//! the goal for the first time.
//!
//! The label is the first frame at which the goal predicate holds, not the offset at which the goal
//! was drawn: a trajectory may pass its goal earlier, and at offset zero an object already in place
//! needs no step. Offsets are log-uniform, so near goals are as frequent as far ones.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::config::TrainConfig;
use crate::frames::Frames;
use crate::pose::PoseLayout;

/// Draws goals and labels.
#[derive(Debug)]
pub(crate) struct PairSampler<'a> {
    frames: &'a Frames,
    layout: &'a PoseLayout,
    episodes: &'a [usize],
    max_steps: usize,
    cross_fraction: f32,
}

impl<'a> PairSampler<'a> {
    /// A sampler whose cross-trajectory goals come from `episodes` (not empty).
    pub fn new(
        frames: &'a Frames,
        layout: &'a PoseLayout,
        episodes: &'a [usize],
        config: &TrainConfig,
    ) -> Self {
        Self {
            frames,
            layout,
            episodes,
            max_steps: config.reach_max_steps,
            cross_fraction: config.reach_cross_fraction,
        }
    }

    /// A goal frame for `start`, and the label `ln(1 + steps)`.
    pub fn draw(&self, start: usize, rng: &mut ChaCha8Rng) -> (usize, f32) {
        let last = self.frames.episode_around(start).end - 1;
        let goal = if rng.random::<f32>() < self.cross_fraction {
            let episode = self.episodes[rng.random_range(0..self.episodes.len())];
            rng.random_range(self.frames.episode(episode))
        } else {
            let span = (self.max_steps as f32 + 1.0).ln();
            let offset = (rng.random::<f32>() * span).exp() as usize;
            (start + offset.clamp(1, self.max_steps)).min(last)
        };
        (goal, (self.steps(start, goal) as f32).ln_1p())
    }

    /// Control steps from `start` to the first frame of its own episode that satisfies the pose of
    /// `goal`, at most the maximum.
    fn steps(&self, start: usize, goal: usize) -> usize {
        let wanted = self.frames.pose(goal);
        let end = self.frames.episode_around(start).end;
        (start..end.min(start + self.max_steps))
            .position(|frame| self.layout.achieved(self.frames.pose(frame), wanted))
            .unwrap_or(self.max_steps)
    }
}
