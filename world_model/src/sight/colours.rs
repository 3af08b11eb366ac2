//! Landmarks by their colours: a table from every colour to how much it looks like each of them.

use super::Landmark;
use super::glimpse::Mask;
use super::image::ImageShape;

/// Levels of each channel in the table.
const LEVELS: usize = 32;
/// Distance of chromaticities within which a colour is a landmark's own, and beyond which it is not.
const SAME: f32 = 0.05;
const OTHER: f32 = 0.13;
/// Sum of the channels below which a colour cannot be told from black.
const DARK: f32 = 0.15;

/// How much each colour looks like each landmark. Only chromaticity counts, so that light and shade do not.
#[derive(Clone, Debug)]
pub(super) struct ColourTable {
    /// `[LEVELS^3, landmarks]`.
    likeness: Vec<f32>,
}

impl ColourTable {
    pub fn new(landmarks: &[Landmark]) -> Self {
        let levels = 0..LEVELS * LEVELS * LEVELS;
        let likeness = levels.flat_map(|index| {
            // The middle of what falls into an entry: its edge would make dark colours darker in one channel than in another.
            let level = |i: usize| ((i % LEVELS) as f32 + 0.5) / LEVELS as f32;
            let colour = [
                level(index / (LEVELS * LEVELS)),
                level(index / LEVELS),
                level(index),
            ];
            landmarks.iter().map(move |l| {
                let each = l.colours.iter().map(|own| likeness(*own, colour));
                each.fold(0.0, f32::max)
            })
        });
        Self {
            likeness: likeness.collect(),
        }
    }

    /// One mask for each landmark.
    pub fn masks(&self, image: &[u8], shape: ImageShape, landmarks: usize) -> Vec<Mask> {
        let mut masks = vec![Mask::empty(shape); landmarks];
        for (pixel, rgb) in image.as_chunks::<3>().0.iter().enumerate() {
            let [r, g, b] = rgb.map(|c| usize::from(c) * LEVELS / 256);
            let entry = ((r * LEVELS + g) * LEVELS + b) * landmarks;
            let entry = &self.likeness[entry..entry + landmarks];
            for (mask, likeness) in masks.iter_mut().zip(entry) {
                mask.values[pixel] = *likeness;
            }
        }
        masks
    }
}

fn likeness(own: [f32; 3], colour: [f32; 3]) -> f32 {
    if colour.iter().sum::<f32>() < DARK {
        return 0.0;
    }
    let (a, b) = (chromaticity(own), chromaticity(colour));
    let apart = (a[0] - b[0]).hypot(a[1] - b[1]);
    ((OTHER - apart) / (OTHER - SAME)).clamp(0.0, 1.0)
}

fn chromaticity([r, g, b]: [f32; 3]) -> [f32; 2] {
    let sum = (r + g + b).max(1.0e-6);
    [r / sum, g / sum]
}
