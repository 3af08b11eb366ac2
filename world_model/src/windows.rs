//! Which stretches of the data a step trains on: seeded windows, a share of them drawn among the
//! eventful ones. In contact-poor data most windows show an object at rest, and a model trained on
//! them learns little else.
//!
//! A window is eventful when it changes more than the average one: `sum_i w_i (|d_i| / E|d_i| - 1) > 0` over the
//! values of the observation, with `d` the change from its first to its last frame and weights `w` of one for
//! quantities and less for the many pixels of a picture. What moves all
//! the time adds little to that, what stands still most of the time adds much when it moves. No label
//! is needed to tell.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::frames::Frames;
use crate::random::{Purpose, stream};

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
    eventful: Vec<usize>,
}

impl WindowSampler {
    /// Collects the windows that span `steps` control steps (`steps + 1` frames).
    pub fn new(frames: &Frames, episodes: &[usize], steps: usize) -> Self {
        let all: Vec<usize> = episodes
            .iter()
            .map(|&index| frames.episode(index))
            .flat_map(|range| range.start..range.end.saturating_sub(steps))
            .collect();
        let weights = frames.change_weights();
        let changes = |first: usize| frames.changes(first, first + steps);
        let mut means = vec![0.0f64; weights.len()];
        for &first in &all {
            for (mean, change) in means.iter_mut().zip(changes(first)) {
                *mean += f64::from(change) / all.len() as f64;
            }
        }
        let score = |first: usize| -> f64 {
            let relative = changes(first).zip(means.iter().zip(&weights));
            // What never changes tells nothing.
            let relative = relative.filter(|(_, (mean, _))| **mean > 0.0);
            relative
                .map(|(change, (mean, weight))| weight * (f64::from(change) / mean - 1.0))
                .sum()
        };
        let eventful = all
            .iter()
            .copied()
            .filter(|&first| score(first) > 0.0)
            .collect();
        Self { all, eventful }
    }

    /// Whether no episode is long enough for a window.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Draws the first frames of `count` windows, `eventful_fraction` of them among the eventful
    /// ones (if there are any).
    pub fn draw(&self, count: usize, eventful_fraction: f32, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let eventful = (count as f32 * eventful_fraction).round() as usize;
        (0..count)
            .map(|index| {
                let pool = if index < eventful && !self.eventful.is_empty() {
                    &self.eventful
                } else {
                    &self.all
                };
                pool[rng.random_range(0..pool.len())]
            })
            .collect()
    }
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
