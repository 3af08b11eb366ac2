//! Gathers what one shard of a step needs, on the host: windows, pairs and random directions.

use rand::RngExt;

use super::data::TrainingData;
use super::mask::masked;
use crate::config::{Reconstruction, TrainConfig};
use crate::encoder::Inputs;
use crate::first_passage::PairSampler;
use crate::losses::sigreg::random_directions;
use crate::random::{Purpose, stream};

/// Shards per batch. Fixed, so that results do not depend on the number of processors.
pub(crate) const SHARDS: usize = 2;

/// One shard. Rows are frame-major: all windows at their first frame, then all one block later.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Windows in the shard, `n` below.
    pub windows: usize,
    /// `[(open_loop_steps + 1) * n, observation]`, standardised.
    pub observations: Vec<f32>,
    /// The same with a random share of each set to zero, where reconstruction is masked.
    pub masked: Option<Vec<f32>>,
    /// `[n, block * action]` for each of `imagined_steps` blocks, standardised; zero past the end
    /// of an episode.
    pub actions: Vec<Vec<f32>>,
    /// `[(open_loop_steps + 1) * n, pose]`, standardised.
    pub encoded_poses: Vec<f32>,
    /// Rows of the imagined latents `[imagined_steps * n, latent]` that lie inside their episode.
    pub imagined_rows: Vec<usize>,
    /// `[imagined_rows, pose]`, standardised.
    pub imagined_poses: Vec<f32>,
    /// First-passage pairs.
    pub pairs: Pairs,
    /// `[directions, latent]`, unit rows.
    pub directions: Vec<f32>,
}

/// First-passage pairs, one for each window.
#[derive(Debug)]
pub(crate) struct Pairs {
    /// Blocks imagined before the start latent of each pair; zero for an encoded one.
    pub blocks: Vec<usize>,
    /// Observations of the goals, `[n, observation]`, standardised.
    pub goals: Vec<f32>,
    /// `ln(1 + steps)`, `[n]`.
    pub labels: Vec<f32>,
}

impl Batch {
    /// Draws the shard of `(config.seed, step, shard)`, of observations that `inputs` describe.
    pub fn draw(
        data: &TrainingData<'_>,
        inputs: &Inputs,
        config: &TrainConfig,
        step: usize,
        shard: usize,
    ) -> Self {
        let rng = &mut stream(config.seed, Purpose::Batch, step as u64, shard as u64);
        let windows = config.batch / SHARDS;
        let firsts = data
            .training_windows
            .draw(windows, config.eventful_fraction, rng);
        let frames = &data.frames;
        let mut batch = Self {
            windows,
            observations: Vec::new(),
            masked: None,
            actions: Vec::with_capacity(config.imagined_steps),
            encoded_poses: Vec::new(),
            imagined_rows: Vec::new(),
            imagined_poses: Vec::new(),
            pairs: Pairs {
                blocks: Vec::with_capacity(windows),
                goals: Vec::new(),
                labels: Vec::with_capacity(windows),
            },
            directions: random_directions(config.sigreg_directions, config.latent_dim, rng),
        };
        for offset in (0..=config.open_loop_steps).map(|k| k * config.block) {
            for first in &firsts {
                frames.extend_observation(first + offset, &mut batch.observations);
                batch
                    .encoded_poses
                    .extend(frames.standard_pose(first + offset));
            }
        }
        if config.reconstruction == Reconstruction::Masked {
            let rng = &mut stream(config.seed, Purpose::Mask, step as u64, shard as u64);
            let hidden = masked(&batch.observations, inputs, config.mask_fraction, rng);
            batch.masked = Some(hidden);
        }
        let block_dim = config.block * frames.action_dim();
        for step in 0..config.imagined_steps {
            let mut actions = Vec::with_capacity(windows * block_dim);
            for (index, first) in firsts.iter().enumerate() {
                let before = first + step * config.block;
                let after = before + config.block;
                if after < frames.episode_around(*first).end {
                    actions.extend(frames.action_block(before, config.block));
                    batch.imagined_rows.push(step * windows + index);
                    batch.imagined_poses.extend(frames.standard_pose(after));
                } else {
                    actions.resize(actions.len() + block_dim, 0.0);
                }
            }
            batch.actions.push(actions);
        }
        let sampler = PairSampler::new(frames, data.layout, &data.training_episodes, config);
        for first in firsts {
            let available = (frames.episode_around(first).end - 1 - first) / config.block;
            let blocks = if rng.random::<f32>() < config.reach_imagined_fraction {
                rng.random_range(1..=available.min(config.imagined_steps))
            } else {
                0
            };
            let (goal, label) = sampler.draw(first + blocks * config.block, rng);
            batch.pairs.blocks.push(blocks);
            frames.extend_observation(goal, &mut batch.pairs.goals);
            batch.pairs.labels.push(label);
        }
        batch
    }
}
