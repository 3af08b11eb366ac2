//! Runs the networks over held-out windows and fills in the diagnostics.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData, TensorReadError};

use super::spectrum::{Spectrum, ridge_r2};
use super::{Diagnostics, PoseErrors, Skill};
use crate::config::TrainConfig;
use crate::networks::{Dimensions, Networks};
use crate::random::{Purpose, stream};
use crate::train::TrainingData;

/// Held-out windows per evaluation.
const WINDOWS: usize = 512;
/// Horizons of the skill, in blocks.
const SKILL_BLOCKS: [usize; 3] = [1, 5, 10];
/// Horizon at which imagined poses are checked, in blocks: that of the planner.
const IMAGINED_BLOCKS: usize = 6;

/// Held-out windows and their latents; rows are frame-major.
struct Sample<'a> {
    data: &'a TrainingData<'a>,
    block: usize,
    firsts: Vec<usize>,
    /// `[(blocks + 1) * windows, latent]`
    encoded: Vec<f32>,
    /// `[blocks * windows, latent]`
    imagined: Vec<f32>,
    latent: usize,
}

/// Evaluates `networks` after `step` optimiser steps.
///
/// # Errors
/// When the backend cannot read a tensor back.
pub(crate) fn evaluate(
    networks: &Networks,
    data: &TrainingData<'_>,
    dimensions: &Dimensions,
    config: &TrainConfig,
    step: usize,
) -> Result<Diagnostics, TensorReadError> {
    let networks = networks.valid();
    let (sample, inverse_error) = Sample::new(&networks, data, dimensions, config)?;
    let spectrum = Spectrum::of(&sample.encoded, config.latent_dim);
    let imagined_blocks = IMAGINED_BLOCKS.min(data.held_out_blocks);
    let skill = SKILL_BLOCKS
        .into_iter()
        .filter(|blocks| *blocks <= data.held_out_blocks)
        .map(|blocks| Skill {
            blocks,
            skill: sample.skill(blocks),
        });
    let p = data.layout.position_dims;
    let yaw = p..p + data.layout.yaw_dims();
    Ok(Diagnostics {
        step,
        participation_ratio: spectrum.participation_ratio,
        rank_me: spectrum.rank_me,
        min_std: spectrum.min_std,
        mean_std: spectrum.mean_std,
        skill: skill.collect(),
        position_r2: sample.probe(|frame| data.frames.pose(frame)[..p].to_vec()),
        yaw_r2: data
            .layout
            .has_yaw
            .then(|| sample.probe(|frame| data.frames.pose(frame)[yaw.clone()].to_vec())),
        velocity_r2: sample.probe(|frame| velocity(data, frame)),
        encoded: sample.pose_errors(&networks, 0)?,
        imagined: sample.pose_errors(&networks, imagined_blocks)?,
        imagined_blocks,
        inverse_error,
    })
}

/// Change of the object and effector positions into `frame`, per control step; from an episode's
/// first frame the change out of it.
fn velocity(data: &TrainingData<'_>, frame: usize) -> Vec<f32> {
    let before = frame
        .saturating_sub(1)
        .max(data.frames.episode_around(frame).start);
    let after = if before == frame { frame + 1 } else { frame };
    let p = data.layout.position_dims;
    let effector = data.layout.effector_start();
    data.frames
        .pose(after)
        .iter()
        .zip(data.frames.pose(before))
        .enumerate()
        .filter(|(column, _)| *column < p || *column >= effector)
        .map(|(_, (after, before))| after - before)
        .collect()
}

impl<'a> Sample<'a> {
    fn new(
        networks: &Networks,
        data: &'a TrainingData<'a>,
        dimensions: &Dimensions,
        config: &TrainConfig,
    ) -> Result<(Self, f32), TensorReadError> {
        let rng = &mut stream(config.seed, Purpose::Evaluation, 0, 0);
        let firsts = data
            .held_out_windows
            .draw(WINDOWS, config.eventful_fraction, rng);
        let inputs = &dimensions.observation;
        let offsets = || (0..=data.held_out_blocks).map(|k| k * config.block);
        let mut observations = Vec::new();
        for frame in offsets().flat_map(|offset| firsts.iter().map(move |first| first + offset)) {
            data.frames.extend_observation(frame, &mut observations);
        }
        let actions: Vec<Tensor<2>> = offsets()
            .take(data.held_out_blocks)
            .map(|offset| {
                let rows = firsts
                    .iter()
                    .flat_map(|first| data.frames.action_block(first + offset, config.block));
                tensor(rows.copied().collect(), config.block * dimensions.action)
            })
            .collect();
        let z = networks
            .encoder
            .forward(tensor(observations, inputs.dim()), inputs);
        let (now, next) = (
            z.clone().narrow(0, 0, WINDOWS),
            z.clone().narrow(0, WINDOWS, WINDOWS),
        );
        let error = networks.inverse.forward(now.clone(), next) - actions[0].clone();
        let inverse_error = (error.clone() * error).mean().try_into_scalar()?;
        let mut imagined = Vec::new();
        for latent in networks.predictor.open_loop(now, &actions) {
            imagined.extend(latent.try_into_vec_as::<f32>()?);
        }
        let sample = Self {
            data,
            block: config.block,
            firsts,
            encoded: z.try_into_vec_as()?,
            imagined,
            latent: config.latent_dim,
        };
        Ok((sample, inverse_error))
    }

    /// Encoded latents of all windows after `blocks` blocks.
    fn encoded_after(&self, blocks: usize) -> &[f32] {
        let size = self.firsts.len() * self.latent;
        &self.encoded[blocks * size..(blocks + 1) * size]
    }

    /// Latents imagined `blocks` ahead; encoded ones for zero.
    fn imagined_after(&self, blocks: usize) -> &[f32] {
        let size = self.firsts.len() * self.latent;
        match blocks {
            0 => self.encoded_after(0),
            _ => &self.imagined[(blocks - 1) * size..blocks * size],
        }
    }

    fn skill(&self, blocks: usize) -> f32 {
        let truth = self.encoded_after(blocks);
        let imagined = squared_distance(self.imagined_after(blocks), truth);
        1.0 - imagined / squared_distance(self.encoded_after(0), truth)
    }

    /// Ridge-probe R^2 of a target that depends on the frame.
    fn probe(&self, target: impl Fn(usize) -> Vec<f32>) -> f32 {
        let targets: Vec<f32> = (0..=self.data.held_out_blocks)
            .flat_map(|k| self.firsts.iter().map(move |first| first + k * self.block))
            .flat_map(target)
            .collect();
        let rows = self.encoded.len() / self.latent;
        ridge_r2(&self.encoded, self.latent, &targets, targets.len() / rows)
    }

    /// Mean errors of the pose probe on latents imagined `blocks` ahead.
    fn pose_errors(
        &self,
        networks: &Networks,
        blocks: usize,
    ) -> Result<PoseErrors, TensorReadError> {
        let latents = tensor(self.imagined_after(blocks).to_vec(), self.latent);
        let decoded: Vec<f32> = networks.pose.forward(latents).try_into_vec_as()?;
        let scaling = &self.data.normalisation.pose;
        let (mut position, mut yaw) = (0.0, 0.0);
        for (row, first) in decoded.chunks_exact(scaling.mean.len()).zip(&self.firsts) {
            let pose: Vec<f32> = row
                .iter()
                .zip(scaling.scale.iter().zip(&scaling.mean))
                .map(|(y, (scale, mean))| y * scale + mean)
                .collect();
            let truth = self.data.frames.pose(first + blocks * self.block);
            position += self.data.layout.position_error(&pose, truth);
            yaw += self.data.layout.yaw_error(&pose, truth);
        }
        let count = self.firsts.len() as f32;
        Ok(PoseErrors {
            position_m: position / count,
            yaw_rad: self.data.layout.has_yaw.then_some(yaw / count),
        })
    }
}

fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

fn tensor(values: Vec<f32>, columns: usize) -> Tensor<2> {
    let rows = values.len() / columns;
    Tensor::from_data(TensorData::new(values, [rows, columns]), &Device::flex())
}
