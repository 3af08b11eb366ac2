//! A network that has learned what landmarks look like: it marks the pixels of each.
//!
//! The image is taken apart in cells of 8 pixels, each with its surroundings of 24. The same small perceptron reads them all
//! and says for every pixel of the cell how much of it belongs to each landmark. It is trained on pictures whose texture,
//! light, shadows, colours, look-alikes and occlusions vary, with the true pixels of each landmark as labels; so it goes by
//! shape and surroundings where colour does not help. Where the marked pixels say that a landmark is can be corrected by a second
//! network, its refiner.

use super::glimpse::Mask;
use super::image::{ImageShape, SightError};
use super::labels::{LABEL_POINTS, LocaliserSample};
use super::refiner::{self, Refiner};
use super::spec::SightSpec;
use crate::config::{ConfigError, check};
use crate::imagination::{Linear, Mlp, PackedMlp, Scratch};
use crate::random::Purpose;
use crate::supervised::{FitProgress, LITTLE_DECAY, SupervisedPerceptron, fit_perceptron};
use crate::train::TrainError;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::sync::Arc;

/// Side of a cell, pixels.
pub(super) const CELL: usize = 8;
/// Pixels of its surroundings on each side.
const MARGIN: usize = 8;
/// Values that a cell is read from.
const INPUTS: usize = 3 * (CELL + 2 * MARGIN) * (CELL + 2 * MARGIN);
/// Share of the cells without a landmark that training reads: there are many, and most show nothing.
const EMPTY_SHARE: f32 = 1.0 / 3.0;

thread_local! {
    static SCRATCH: RefCell<(Scratch, Vec<f32>, Vec<f32>)> = RefCell::default();
}

/// How a localiser is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LocaliserConfig {
    /// Pictures to train on. Default 48000.
    pub pictures: usize,
    /// Optimiser steps, and as many more where places are refined. Default 20000.
    pub steps: usize,
    /// Pictures in a step. Default 16. The refiner reads eight landmarks in a step for each.
    pub batch: usize,
    /// Widths of the hidden layers, of the refiner as well. Default 128, 128.
    pub hidden: Vec<usize>,
    /// Peak learning rate. Default 0.001.
    pub learning_rate: f32,
    /// Seed.
    pub seed: u64,
}

impl Default for LocaliserConfig {
    fn default() -> Self {
        Self {
            pictures: 48_000,
            steps: 20_000,
            batch: 16,
            hidden: vec![128, 128],
            learning_rate: 1.0e-3,
            seed: 0,
        }
    }
}

impl LocaliserConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// The first setting that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let positive = [
            ("pictures", self.pictures),
            ("steps", self.steps),
            ("batch", self.batch),
        ];
        for (name, value) in positive {
            check(name, value, "at least 1", value >= 1)?;
        }
        let hidden = &self.hidden;
        let fits = !hidden.contains(&0);
        check("hidden", format!("{hidden:?}"), "widths >= 1", fits)?;
        let rate = self.learning_rate;
        let fits = rate.is_finite() && rate > 0.0;
        check("learning_rate", rate, "a positive number", fits)
    }
}

/// A trained network. A clone shares its weights.
#[derive(Clone, Debug)]
pub struct Localiser {
    image: ImageShape,
    landmarks: usize,
    layers: Arc<[Linear]>,
    network: PackedMlp,
    refiner: Option<Refiner>,
}

impl Localiser {
    pub(crate) fn try_new(image: ImageShape, layers: Vec<Linear>) -> Result<Self, SightError> {
        let wrong = |what: String| SightError::Spec { what };
        let network = Mlp::try_new(layers.clone()).map_err(|e| wrong(format!("localiser: {e}")))?;
        let network = PackedMlp::new(&network);
        let landmarks = network.outputs() / (CELL * CELL);
        if network.inputs() != INPUTS || landmarks * CELL * CELL != network.outputs() {
            return Err(wrong(format!(
                "a localiser of {} inputs and {} outputs for images of {image}: expected {INPUTS}, and {} for each landmark",
                network.inputs(),
                network.outputs(),
                CELL * CELL
            )));
        }
        Ok(Self {
            image,
            landmarks,
            layers: layers.into(),
            network,
            refiner: None,
        })
    }

    /// The same, and where it finds landmarks is corrected.
    pub(super) fn refined_by(mut self, refiner: Refiner) -> Self {
        self.refiner = Some(refiner);
        self
    }

    /// What corrects where landmarks are found.
    pub(super) fn refiner(&self) -> Option<&Refiner> {
        self.refiner.as_ref()
    }

    /// Widths of the layers of a localiser.
    pub(crate) fn sizes(hidden: &[usize], landmarks: usize) -> Vec<usize> {
        [&[INPUTS], hidden, &[landmarks * CELL * CELL]].concat()
    }

    pub(super) fn check(&self, spec: &SightSpec) -> Result<(), SightError> {
        let (image, landmarks) = (spec.image(), spec.landmarks().len());
        if (self.image, self.landmarks) != (image, landmarks) {
            return Err(SightError::Spec {
                what: format!(
                    "a localiser of {} landmarks in images of {}, expected {landmarks} and {image}",
                    self.landmarks, self.image
                ),
            });
        }
        if self.refiner.is_some() != spec.refines() {
            return Err(SightError::Spec {
                what: "a localiser and a sight of which only one refines places".to_owned(),
            });
        }
        Ok(())
    }

    pub(crate) fn layers(&self) -> &[Linear] {
        &self.layers
    }

    /// One mask for each landmark, of all cells or of these. Shares below `faint` count as nothing, so that a large background does not draw a centre away.
    pub(super) fn masks(
        &self,
        image: &[u8],
        cells: Option<&[bool]>,
        faint: f32,
    ) -> Result<Vec<Mask>, SightError> {
        let read = |(index, corner)| cells.is_none_or(|cells| cells[index]).then_some(corner);
        let corners = || corners(self.image).enumerate().filter_map(read);
        SCRATCH.with_borrow_mut(|(scratch, inputs, outputs)| {
            inputs.clear();
            for corner in corners() {
                cell(image, self.image, corner, inputs);
            }
            let rows = inputs.len() / INPUTS;
            outputs.resize(rows * self.network.outputs(), 0.0);
            self.network
                .forward(inputs, rows, outputs, scratch)
                .map_err(|e| SightError::Spec {
                    what: format!("localiser: {e}"),
                })?;
            let mut masks = vec![Mask::empty(self.image); self.landmarks];
            let outputs = outputs.chunks_exact(self.network.outputs());
            for ([x, y], logits) in corners().zip(outputs) {
                for (mask, logits) in masks.iter_mut().zip(logits.chunks_exact(CELL * CELL)) {
                    for (row, line) in logits.chunks_exact(CELL).enumerate() {
                        let start = (y + row) * self.image.width + x;
                        let values = &mut mask.values[start..start + CELL];
                        for (value, &logit) in values.iter_mut().zip(line) {
                            let share = sigmoid(logit);
                            *value = if share > faint { share } else { 0.0 };
                        }
                    }
                }
            }
            Ok(masks)
        })
    }

    /// The cells in which one of the masks marks something, and those beside them.
    pub(super) fn around(&self, masks: &[Mask]) -> Vec<bool> {
        let (columns, rows) = (self.image.width / CELL, self.image.height / CELL);
        let mut around = vec![false; columns * rows];
        for (index, [x, y]) in corners(self.image).enumerate() {
            let mut lines = (y..y + CELL).map(|row| row * self.image.width + x);
            let marked = lines.any(|at| {
                masks
                    .iter()
                    .any(|m| m.values[at..at + CELL].iter().any(|&v| v > 0.0))
            });
            if marked {
                let (column, row) = (index % columns, index / columns);
                for row in row.saturating_sub(1)..(row + 2).min(rows) {
                    let line = row * columns;
                    around[line + column.saturating_sub(1)..line + (column + 2).min(columns)]
                        .fill(true);
                }
            }
        }
        around
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Upper left corners of an image's cells, `[x, y]`.
fn corners(shape: ImageShape) -> impl Iterator<Item = [usize; 2]> {
    let rows = (0..shape.height).step_by(CELL);
    rows.flat_map(move |top| (0..shape.width).step_by(CELL).map(move |left| [left, top]))
}

/// Appends a cell of an image with its surroundings, `[INPUTS]`.
fn cell(image: &[u8], shape: ImageShape, corner: [usize; 2], out: &mut Vec<f32>) {
    let corner = corner.map(|at| at as isize - MARGIN as isize);
    shape.square(image, 0..shape.width, corner, CELL + 2 * MARGIN, out);
}

/// Appends the shares that the landmarks have in a cell's pixels, `[landmarks * CELL^2]`, and returns whether one is there.
fn label(
    sample: &LocaliserSample,
    shape: ImageShape,
    [left, top]: [usize; 2],
    landmarks: usize,
    out: &mut Vec<f32>,
) -> bool {
    let start = out.len();
    out.resize(start + landmarks * CELL * CELL, 0.0);
    let shares = &mut out[start..];
    let (side, stride) = (LABEL_POINTS * CELL, LABEL_POINTS * shape.width);
    let mut there = false;
    for row in 0..side {
        let from = (LABEL_POINTS * top + row) * stride + LABEL_POINTS * left;
        for (column, &landmark) in sample.landmarks[from..from + side].iter().enumerate() {
            if landmark > 0 {
                let pixel = row / LABEL_POINTS * CELL + column / LABEL_POINTS;
                let at = (usize::from(landmark) - 1) * CELL * CELL + pixel;
                shares[at] += 1.0 / (LABEL_POINTS * LABEL_POINTS) as f32;
                there = true;
            }
        }
    }
    there
}

/// Trains the localiser of a sight on pictures. `progress` hears of the steps done and the loss: the mean cross-entropy a pixel of the
/// cells that it was measured on, and then, where places are refined, how many pixels they are off, in as many steps more.
///
/// # Errors
/// Bad settings; pictures or labels of another size, or none; an interruption; what the backend says.
pub fn train_localiser(
    samples: &[LocaliserSample],
    spec: &SightSpec,
    config: &LocaliserConfig,
    progress: &mut FitProgress,
) -> Result<Localiser, TrainError> {
    config.validate()?;
    let (image, landmarks) = (spec.image(), spec.landmarks().len());
    if samples.is_empty() {
        return Err(SightError::Spec {
            what: "no pictures to learn landmarks from, expected at least one".to_owned(),
        }
        .into());
    }
    for (index, sample) in samples.iter().enumerate() {
        let fits = sample.check(image, landmarks);
        fits.map_err(|what| SightError::Frame {
            episode: 0,
            frame: index,
            what: Box::new(what),
        })?;
    }
    let sizes = Localiser::sizes(&config.hidden, landmarks);
    let task = SupervisedPerceptron {
        sizes: &sizes,
        steps: config.steps,
        learning_rate: config.learning_rate,
        weight_decay: LITTLE_DECAY,
        seed: (config.seed, Purpose::Localiser),
        draw: |rng: &mut ChaCha8Rng, inputs: &mut Vec<f32>, targets: &mut Vec<f32>| {
            for _ in 0..config.batch.div_ceil(2) {
                let sample = &samples[rng.random_range(0..samples.len())];
                for corner in corners(image) {
                    let known = targets.len();
                    let there = label(sample, image, corner, landmarks, targets);
                    if there || rng.random::<f32>() < EMPTY_SHARE {
                        cell(&sample.image, image, corner, inputs);
                    } else {
                        targets.truncate(known);
                    }
                }
            }
        },
        loss: |outputs: &[f32], targets: &[f32], slopes: &mut [f32]| {
            let share = 1.0 / outputs.len() as f32;
            let mut loss = 0.0;
            for ((logit, target), slope) in outputs.iter().zip(targets).zip(slopes) {
                *slope = share * (sigmoid(*logit) - target);
                loss += share * (logit.max(0.0) - logit * target + (-logit.abs()).exp().ln_1p());
            }
            loss
        },
    };
    let layers = fit_perceptron(task, progress)?;
    let layers = layers.into_iter().map(Linear::halved).collect();
    let localiser = Localiser::try_new(image, layers)?;
    if !spec.refines() {
        return Ok(localiser);
    }
    let refiner = refiner::train(samples, spec, &localiser, config, &mut |step, loss| {
        progress(config.steps + step, loss)
    })?;
    Ok(localiser.refined_by(refiner))
}
