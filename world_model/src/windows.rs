//! Which stretches of the data a step trains on: seeded windows, a share of them drawn among those
//! in which the object moves. In contact-poor data most windows show an object at rest, and a model
//! trained on them learns little else.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::frames::Frames;
use crate::pose::PoseLayout;
use crate::random::{Purpose, stream};

/// Share of the goal tolerance by which the pose must change to count as moved.
const MOVED_SHARE: f32 = 0.25;

/// Splits episode indices into (training, held out): at least one of each. `None` with fewer than
/// two episodes.
pub(crate) fn split_episodes(
    count: usize,
    held_out_fraction: f32,
    seed: u64,
) -> Option<(Vec<usize>, Vec<usize>)> {
    if count < 2 {
        return None;
    }
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut stream(seed, Purpose::Split, 0, 0));
    let held_out = (count as f32 * held_out_fraction).ceil() as usize;
    let training = order.split_off(held_out.clamp(1, count - 1));
    Some((training, order))
}

/// First frames of all windows of one length in a set of episodes.
#[derive(Debug)]
pub(crate) struct WindowSampler {
    all: Vec<usize>,
    moving: Vec<usize>,
}

impl WindowSampler {
    /// Collects the windows that span `steps` control steps (`steps + 1` frames).
    pub fn new(frames: &Frames, episodes: &[usize], steps: usize, layout: &PoseLayout) -> Self {
        let all: Vec<usize> = episodes
            .iter()
            .map(|&index| frames.episode(index))
            .flat_map(|range| range.start..range.end.saturating_sub(steps))
            .collect();
        let moving = all
            .iter()
            .copied()
            .filter(|&first| moved(frames.pose(first), frames.pose(first + steps), layout))
            .collect();
        Self { all, moving }
    }

    /// Whether no episode is long enough for a window.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Draws the first frames of `count` windows, `moving_fraction` of them among the windows in
    /// which the object moves (if there is any).
    pub fn draw(&self, count: usize, moving_fraction: f32, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let moving = (count as f32 * moving_fraction).round() as usize;
        (0..count)
            .map(|index| {
                let pool = if index < moving && !self.moving.is_empty() {
                    &self.moving
                } else {
                    &self.all
                };
                pool[rng.random_range(0..pool.len())]
            })
            .collect()
    }
}

fn moved(before: &[f32], after: &[f32], layout: &PoseLayout) -> bool {
    layout.position_error(before, after) > MOVED_SHARE * layout.position_tolerance_m
        || layout.yaw_error(before, after) > MOVED_SHARE * layout.yaw_tolerance_rad
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_is_disjoint_complete_and_repeatable() {
        let (training, held_out) = split_episodes(40, 0.05, 3).unwrap_or_default();
        assert_eq!(held_out.len(), 2);
        let mut together = [training.clone(), held_out].concat();
        together.sort_unstable();
        assert_eq!(together, (0..40).collect::<Vec<_>>());
        assert_eq!(split_episodes(40, 0.05, 3).map(|s| s.0), Some(training));
        assert_eq!(split_episodes(1, 0.05, 3), None);
    }
}
