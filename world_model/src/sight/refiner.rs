//! A network that corrects where a landmark was found.
//!
//! The pixels that are marked as a landmark's tell where it is to a third of a pixel, and with a part of it hidden to less. A
//! second small perceptron reads the square of pixels around that place and says how far it is off, in the same pictures with
//! varied looks, and from just those places. It is the same for all landmarks and has a pair of outputs for each.
//!
//! Where the parts of a body are read together, the square around its first part tells where all of them are: how a body is turned
//! shows in all of its sides at once, and which side is which in what lies beside it. A part that is about to turn away is told to
//! be the nearer to the first one the less of it is seen, so that nothing jumps when it comes or goes.

use super::glimpse::places;
use super::image::{ImageShape, SightError};
use super::labels::{LocaliserSample, labelled};
use super::localiser::{Localiser, LocaliserConfig};
use super::spec::SightSpec;
use crate::imagination::{Linear, Mlp, PackedMlp, Scratch};
use crate::random::Purpose;
use crate::supervised::{FitProgress, LITTLE_DECAY, SupervisedPerceptron, fit_perceptron};
use crate::train::TrainError;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

/// Side of the square that is read, pixels.
const SIDE: usize = 24;
const INPUTS: usize = 3 * SIDE * SIDE;
/// Pixels that an output of 1 stands for.
const UNIT: f32 = 4.0;
/// Places that are further off than this in x or y, pixels, are another thing's, and teach nothing.
const FARTHEST: f32 = 8.0;
/// The square's middle is up to so many pixels beside the place in training.
const JITTER: i32 = 2;
/// Below this the loss is quadratic, in units of the outputs.
const SOFT: f32 = 0.02;
/// Fewest points of a label by which a landmark has a place.
const FEWEST_POINTS: usize = 4;
/// Squares in a step for each picture of the localiser's steps.
const SQUARES: usize = 8;
/// One picture in so many teaches where anchors are: they stand still, and soon there is nothing left to learn of them.
const ANCHOR_EVERY: usize = 8;

thread_local! {
    static SCRATCH: RefCell<(Scratch, Vec<f32>, Vec<f32>)> = RefCell::default();
}

/// A trained network. A clone shares its weights.
#[derive(Clone, Debug)]
pub(super) struct Refiner {
    image: ImageShape,
    views: usize,
    layers: Arc<[Linear]>,
    network: PackedMlp,
}

impl Refiner {
    pub fn try_new(
        image: ImageShape,
        views: usize,
        layers: Vec<Linear>,
    ) -> Result<Self, SightError> {
        let wrong = |what: String| SightError::Spec { what };
        let network = Mlp::try_new(layers.clone()).map_err(|e| wrong(format!("refiner: {e}")))?;
        let network = PackedMlp::new(&network);
        if network.inputs() != INPUTS || !network.outputs().is_multiple_of(2) {
            return Err(wrong(format!(
                "a refiner of {} inputs and {} outputs: expected {INPUTS}, and two for each landmark",
                network.inputs(),
                network.outputs()
            )));
        }
        Ok(Self {
            image,
            views,
            layers: layers.into(),
            network,
        })
    }

    /// Widths of the layers of a refiner.
    pub fn sizes(hidden: &[usize], landmarks: usize) -> Vec<usize> {
        [&[INPUTS], hidden, &[2 * landmarks]].concat()
    }

    pub fn layers(&self) -> &[Linear] {
        &self.layers
    }

    /// Corrects where the landmarks of a view were found, in pixels from its corner. Where those are that are read with another, as
    /// `read_with` says, the square around that other tells.
    pub fn correct(
        &self,
        image: &[u8],
        view: usize,
        read_with: &[Option<usize>],
        places: &mut [Option<[f32; 2]>],
    ) -> Result<(), SightError> {
        SCRATCH.with_borrow_mut(|(scratch, inputs, outputs)| {
            for (place, with) in places.iter_mut().zip(read_with) {
                if with.is_some() {
                    *place = None;
                }
            }
            inputs.clear();
            for place in places.iter().flatten() {
                let columns = self.image.columns(self.views, view);
                square(image, self.image, columns, middle(*place), inputs);
            }
            let (rows, width) = (inputs.len() / INPUTS, self.network.outputs());
            outputs.resize(rows * width, 0.0);
            self.network
                .forward(inputs, rows, outputs, scratch)
                .map_err(|e| SightError::Spec {
                    what: format!("refiner: {e}"),
                })?;
            let read = places.iter().enumerate();
            let read: Vec<(usize, [f32; 2])> = read
                .filter_map(|(index, place)| Some((index, (*place)?)))
                .collect();
            for ((index, found), row) in read.into_iter().zip(outputs.chunks_exact(width)) {
                let off = |landmark: usize| [0, 1].map(|axis| UNIT * row[2 * landmark + axis]);
                let place = sum(middle(found).map(|at| at as f32), off(index));
                places[index] = Some(place);
                for (part, with) in read_with.iter().enumerate() {
                    if *with == Some(index) {
                        places[part] = Some(sum(place, off(part)));
                    }
                }
            }
            Ok(())
        })
    }
}

fn sum(a: [f32; 2], b: [f32; 2]) -> [f32; 2] {
    [a[0] + b[0], a[1] + b[1]]
}

/// Middle of the square that is read for a place.
fn middle(place: [f32; 2]) -> [i32; 2] {
    place.map(|at| at.round() as i32)
}

/// Appends the square of a view's pixels around `middle`, which counts from the view's corner.
fn square(
    image: &[u8],
    shape: ImageShape,
    columns: Range<usize>,
    [x, y]: [i32; 2],
    out: &mut Vec<f32>,
) {
    let half = (SIDE / 2) as isize;
    let corner = [
        columns.start as isize + x as isize - half,
        y as isize - half,
    ];
    shape.square(image, columns, corner, SIDE, out);
}

/// A landmark in a picture: where it was found and where it is, in pixels from the corner of its view, and how far those that are
/// read with it are from there.
struct Case {
    sample: usize,
    view: usize,
    landmark: usize,
    found: [f32; 2],
    place: [f32; 2],
    parts: Vec<(usize, [f32; 2])>,
}

/// The landmarks of all pictures that `localiser` finds, but not elsewhere, and that are read by themselves; anchors of some.
fn cases(
    samples: &[LocaliserSample],
    spec: &SightSpec,
    views: usize,
    localiser: &Localiser,
) -> Result<Vec<Case>, SightError> {
    let read_with = spec.read_with();
    let of_sample = |(sample, picture): (usize, &LocaliserSample)| {
        let masks = localiser.masks(&picture.image, None, spec.faint())?;
        let mut cases = Vec::new();
        for view in 0..views {
            let found = places(&masks, view, spec);
            let labelled = labelled(picture, spec.image(), views, view, found.len());
            for (landmark, found) in found.into_iter().enumerate() {
                if spec.landmarks()[landmark].is_anchor() && !sample.is_multiple_of(ANCHOR_EVERY) {
                    continue;
                }
                let place = labelled[landmark].place(FEWEST_POINTS);
                let (Some(found), Some(place), None) = (found, place, read_with[landmark]) else {
                    continue;
                };
                let near = |axis: usize| (found[axis] - place[axis]).abs() <= FARTHEST;
                if !near(0) || !near(1) {
                    continue;
                }
                let mut parts = Vec::new();
                for (part, with) in read_with.iter().enumerate() {
                    if *with == Some(landmark) {
                        parts.push((part, labelled[part].offset_from(place)));
                    }
                }
                cases.push(Case {
                    sample,
                    view,
                    landmark,
                    found,
                    place,
                    parts,
                });
            }
        }
        Ok(cases)
    };
    let all = samples.par_iter().enumerate().map(of_sample);
    let all = all.collect::<Result<Vec<_>, SightError>>()?;
    Ok(all.into_iter().flatten().collect())
}

/// Trains the refiner of `localiser` on its pictures. `progress` hears of the steps done and how many pixels the places of a step
/// are off on average.
pub(super) fn train(
    samples: &[LocaliserSample],
    spec: &SightSpec,
    localiser: &Localiser,
    config: &LocaliserConfig,
    progress: &mut FitProgress,
) -> Result<Refiner, TrainError> {
    let (image, views) = (spec.image(), spec.views());
    let cases = cases(samples, spec, views, localiser)?;
    if cases.is_empty() {
        return Err(SightError::Spec {
            what: "the localiser finds no landmark in its pictures: nothing to refine".to_owned(),
        }
        .into());
    }
    let sizes = Refiner::sizes(&config.hidden, spec.landmarks().len());
    let width = 2 * spec.landmarks().len();
    let task = SupervisedPerceptron {
        sizes: &sizes,
        steps: config.steps,
        learning_rate: config.learning_rate,
        weight_decay: LITTLE_DECAY,
        seed: (config.seed, Purpose::Refiner),
        draw: |rng: &mut ChaCha8Rng, inputs: &mut Vec<f32>, targets: &mut Vec<f32>| {
            for _ in 0..(SQUARES * config.batch).div_ceil(2) {
                let case = &cases[rng.random_range(0..cases.len())];
                let middle = middle(case.found).map(|at| at + rng.random_range(-JITTER..=JITTER));
                let columns = image.columns(views, case.view);
                square(&samples[case.sample].image, image, columns, middle, inputs);
                let off = [0, 1].map(|axis| case.place[axis] - middle[axis] as f32);
                let start = targets.len();
                targets.resize(start + width, f32::NAN);
                for (landmark, off) in [(case.landmark, off)].iter().chain(&case.parts) {
                    let at = start + 2 * landmark;
                    targets[at..at + 2].copy_from_slice(&off.map(|pixels| pixels / UNIT));
                }
            }
        },
        // The distance between the places and where they are said to be, of all that are told; the others' outputs do not count.
        loss: |outputs: &[f32], targets: &[f32], slopes: &mut [f32]| {
            let told = targets.iter().filter(|target| !target.is_nan()).count();
            let share = 2.0 * UNIT / told.max(1) as f32;
            let pairs = outputs.chunks_exact(2).zip(targets.chunks_exact(2));
            let mut loss = 0.0;
            for ((output, target), slope) in pairs.zip(slopes.chunks_exact_mut(2)) {
                if target[0].is_nan() {
                    continue;
                }
                let (x, y) = (output[0] - target[0], output[1] - target[1]);
                let distance = (x * x + y * y + SOFT * SOFT).sqrt();
                loss += share * (distance - SOFT);
                slope[0] = share * x / distance;
                slope[1] = share * y / distance;
            }
            loss
        },
    };
    let layers = fit_perceptron(task, progress)?;
    let layers = layers.into_iter().map(Linear::halved).collect();
    Ok(Refiner::try_new(image, views, layers)?)
}
