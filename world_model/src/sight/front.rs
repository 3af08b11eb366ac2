//! The encoder's front: layers that read a picture in rows, the same weights for each row.

use super::FRAMES;
use super::image::ImageShape;

/// One linear layer with ReLU, applied to `rows` rows of `inputs` values of each observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Rows of an observation.
    pub rows: usize,
    /// Values of a row.
    pub inputs: usize,
    /// Values that a row becomes.
    pub width: usize,
}

/// Values that each patch, and then each square of four patches, becomes.
const PATCH_WIDTH: usize = 128;

/// The front of whole frames: patches first, then squares of four of them.
pub(super) fn patch_stages(image: ImageShape, patch: usize) -> Vec<Stage> {
    let patches = FRAMES * (image.width / patch) * (image.height / patch);
    vec![
        Stage {
            rows: patches,
            inputs: 3 * patch * patch,
            width: PATCH_WIDTH,
        },
        Stage {
            rows: patches / 4,
            inputs: 4 * PATCH_WIDTH,
            width: PATCH_WIDTH,
        },
    ]
}

/// An image in patches, `[height / 2 patch, width / 2 patch, 2, 2, patch, patch, 3]`, from 0 to 1: four patches that make a
/// square follow each other.
pub(super) fn patches(image: &[u8], shape: ImageShape, patch: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(image.len());
    let square = 2 * patch;
    for top in (0..shape.height).step_by(square) {
        for left in (0..shape.width).step_by(square) {
            for corner in 0..4 {
                let (x, y) = (left + corner % 2 * patch, top + corner / 2 * patch);
                for row in y..y + patch {
                    let start = 3 * (row * shape.width + x);
                    let line = &image[start..start + 3 * patch];
                    out.extend(line.iter().map(|&c| f32::from(c) / 255.0));
                }
            }
        }
    }
    out
}
