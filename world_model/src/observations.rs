//! The observations of a data set as training reads them: vectors, or whole frames that would not fit into memory as numbers.

use std::ops::Range;

use rayon::prelude::*;

use crate::dataset::Dataset;
use crate::normalise::Standardiser;
use crate::sight::{Sight, SightError, SightSpec};

/// The observations of all frames, one after the other.
#[derive(Debug)]
pub(crate) enum Observations {
    /// `[frames, dim]`: a state, or what a glimpse gives.
    Vectors {
        values: Vec<f32>,
        dim: usize,
        /// Columns with a mean and a scale of their own; those after them share one.
        leading: usize,
    },
    /// The image of each frame in patches, `[frames, dim / 2]`; an observation is that of the frame and that of the frame before.
    Frames { bytes: Vec<u8>, dim: usize },
}

/// Mean and scale of the pixels of whole frames.
const PIXEL_MEAN: f32 = 0.5;
const PIXEL_SCALE: f32 = 0.25;
/// Every so many bytes of whole frames are looked at to tell whether anything happened.
const PIXEL_SAMPLE: usize = 13;

impl Observations {
    /// The states of a data set.
    pub fn states(dataset: &Dataset) -> Self {
        let dim = dataset.spec.observation_names.len();
        let values = dataset.episodes.iter().flat_map(|e| &e.observations);
        Self::Vectors {
            values: values.copied().collect(),
            dim,
            leading: dim,
        }
    }

    /// What `sight` sees of a data set.
    ///
    /// # Errors
    /// [`SightError::NoImages`], or the first frame that cannot be looked at or in which nothing is seen.
    pub fn seen(dataset: &Dataset, sight: &Sight) -> Result<Self, SightError> {
        let shape = sight.spec().image();
        shape.check_data(&dataset.spec)?;
        let dim = sight.spec().features();
        let episodes = dataset.episodes.par_iter().enumerate();
        if let SightSpec::Frame { .. } = sight.spec() {
            let bytes = episodes
                .map(|(index, episode)| {
                    let mut bytes = Vec::with_capacity(episode.images.len() * shape.bytes());
                    for view in sight.look_through(index, episode)? {
                        bytes.extend(view.picture.iter().map(|v| (v * 255.0).round() as u8));
                    }
                    Ok(bytes)
                })
                .collect::<Result<Vec<_>, SightError>>()?
                .concat();
            return Ok(Self::Frames { bytes, dim });
        }
        let values = episodes
            .map(|(index, episode)| sight.observations(index, episode))
            .collect::<Result<Vec<_>, SightError>>()?
            .concat();
        Ok(Self::Vectors {
            values,
            dim,
            leading: sight.spec().leading(),
        })
    }

    /// Fits the standardisation on the given frames.
    pub fn fit(&self, frames: &[Range<usize>]) -> Standardiser {
        match self {
            Self::Vectors {
                values,
                dim,
                leading,
            } => {
                let rows = frames.iter().flat_map(|range| {
                    values[range.start * dim..range.end * dim].chunks_exact(*dim)
                });
                Standardiser::fit_leading(rows, *leading, *dim)
            }
            Self::Frames { .. } => Standardiser {
                mean: vec![PIXEL_MEAN],
                scale: vec![PIXEL_SCALE],
            },
        }
    }

    /// Standardises vectors; frames are standardised as they are read.
    pub fn standardise(&mut self, standardiser: &Standardiser) {
        if let Self::Vectors { values, dim, .. } = self {
            values
                .par_chunks_exact_mut(*dim)
                .for_each(|row| standardiser.apply(row));
        }
    }

    /// Sizes of the changes between two frames: of every value, or of a sample of the pixels.
    pub fn changes(&self, before: usize, after: usize) -> impl Iterator<Item = f32> {
        let values = |frame: usize| match self {
            Self::Vectors { values, dim, .. } => &values[frame * dim..(frame + 1) * dim],
            Self::Frames { .. } => &[],
        };
        let pixels = |frame: usize| match self {
            Self::Vectors { .. } => &[],
            Self::Frames { bytes, dim } => &bytes[frame * dim / 2..(frame + 1) * dim / 2],
        };
        let pairs = values(before).iter().zip(values(after));
        let sampled = pixels(before).iter().zip(pixels(after));
        pairs.map(|(b, a)| (a - b).abs()).chain(
            sampled
                .step_by(PIXEL_SAMPLE)
                .map(|(b, a)| f32::from(a.abs_diff(*b))),
        )
    }

    /// How much each of [`Observations::changes`] counts: a picture no more than a quarter of the quantities beside it.
    pub fn change_weights(&self) -> Vec<f64> {
        match self {
            Self::Vectors { dim, leading, .. } => {
                let mut weights = vec![1.0; *leading];
                let pixel = *leading as f64 / (4.0 * (dim - leading).max(1) as f64);
                weights.resize(*dim, pixel);
                weights
            }
            Self::Frames { dim, .. } => vec![1.0; (dim / 2).div_ceil(PIXEL_SAMPLE)],
        }
    }

    /// Appends the standardised observation of a frame, which comes after the frame `before`.
    pub fn extend(&self, frame: usize, before: usize, out: &mut Vec<f32>) {
        match self {
            Self::Vectors { values, dim, .. } => {
                out.extend_from_slice(&values[frame * dim..(frame + 1) * dim]);
            }
            Self::Frames { bytes, dim } => {
                let half = dim / 2;
                for frame in [frame, before] {
                    let image = &bytes[frame * half..(frame + 1) * half];
                    let standard = |b: &u8| (f32::from(*b) / 255.0 - PIXEL_MEAN) / PIXEL_SCALE;
                    out.extend(image.iter().map(standard));
                }
            }
        }
    }
}
