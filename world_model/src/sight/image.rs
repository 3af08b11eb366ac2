//! Images: their size, their files, and what can be wrong with them.

use crate::dataset::DatasetSpec;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use thiserror::Error;

/// Size of an RGB image, 8 bits a channel, `[height, width, 3]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageShape {
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
}

impl std::fmt::Display for ImageShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// Why an image cannot be looked at.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SightError {
    /// The image has another size or number of channels.
    #[error("an image of {found} bytes, expected {expected}: RGB of {shape} pixels")]
    Size {
        /// Its bytes.
        found: usize,
        /// Bytes expected.
        expected: usize,
        /// Size expected.
        shape: ImageShape,
    },
    /// The file of an image is damaged or is not what the data set says.
    #[error("{found}, expected a PNG of {shape} pixels with 8 bits of RGB")]
    File {
        /// What it is.
        found: String,
        /// Size expected.
        shape: ImageShape,
    },
    /// The camera sees nothing of what it looks for.
    #[error("the camera sees none of {landmarks}")]
    Nothing {
        /// What it looks for.
        landmarks: String,
    },
    /// A sight that cannot work.
    #[error("sight: {what}")]
    Spec {
        /// What is wrong.
        what: String,
    },
    /// A sight that tells an encoder something else than the one that it learned to read.
    #[error("the sight tells {found}; expected what the model learned to read: {expected}")]
    TellsOther {
        /// What it tells.
        found: String,
        /// What the encoder reads.
        expected: String,
    },
    /// A frame of a data set that cannot be looked at.
    #[error("episode {episode}, frame {frame}: {what}")]
    Frame {
        /// Index of the episode.
        episode: usize,
        /// Frame within it.
        frame: usize,
        /// What is wrong with it.
        what: Box<SightError>,
    },
    /// A data set without images.
    #[error(
        "the data set of task '{task}' has no images: expected one that was collected with --pixels"
    )]
    NoImages {
        /// Its task.
        task: String,
    },
}

impl ImageShape {
    /// Largest side, pixels.
    const MAX_SIDE: usize = 1024;

    /// Fails for data without images of this size.
    ///
    /// # Errors
    /// [`SightError::NoImages`], or [`SightError::Spec`] for images of another size.
    pub fn check_data(self, data: &DatasetSpec) -> Result<(), SightError> {
        match data.image {
            None => Err(SightError::NoImages {
                task: data.task.clone(),
            }),
            Some(found) if found != self => Err(SightError::Spec {
                what: format!("images of {found} in the data, expected {self}"),
            }),
            Some(_) => Ok(()),
        }
    }

    /// Bytes of an image.
    pub fn bytes(self) -> usize {
        self.width * self.height * 3
    }

    /// Columns that one of so many views beside each other takes up.
    pub(super) fn columns(self, views: usize, view: usize) -> Range<usize> {
        let width = self.width / views;
        view * width..(view + 1) * width
    }

    /// Fails for a size that no camera has.
    pub(super) fn check(self) -> Result<(), SightError> {
        let fits = |side: usize| (8..=Self::MAX_SIDE).contains(&side);
        if fits(self.width) && fits(self.height) {
            return Ok(());
        }
        Err(SightError::Spec {
            what: format!(
                "images of {self}: expected sides of 8 to {}",
                Self::MAX_SIDE
            ),
        })
    }

    /// Fails for a buffer of another size.
    pub(super) fn check_buffer(self, image: &[u8]) -> Result<(), SightError> {
        if image.len() == self.bytes() {
            return Ok(());
        }
        Err(SightError::Size {
            found: image.len(),
            expected: self.bytes(),
            shape: self,
        })
    }

    /// Appends the square of `side` pixels whose upper left corner is at `[left, top]`, `[side, side, 3]`, from -1 to 1; 0 outside
    /// the image and outside `columns`.
    pub(super) fn square(
        self,
        image: &[u8],
        columns: Range<usize>,
        [left, top]: [isize; 2],
        side: usize,
        out: &mut Vec<f32>,
    ) {
        let (first, end) = (columns.start as isize, columns.end as isize);
        let (height, side) = (self.height as isize, side as isize);
        for y in top..top + side {
            if !(0..height).contains(&y) {
                out.resize(out.len() + 3 * side as usize, 0.0);
                continue;
            }
            let before = (first - left).clamp(0, side) as usize;
            let after = (left + side - end).clamp(0, side) as usize;
            out.resize(out.len() + 3 * before, 0.0);
            let inside = (side as usize).saturating_sub(before + after);
            if inside > 0 {
                let start = 3 * (y * self.width as isize + left.max(first)) as usize;
                let line = &image[start..start + 3 * inside];
                out.extend(line.iter().map(|&c| f32::from(c) / 127.5 - 1.0));
            }
            out.resize(out.len() + 3 * after, 0.0);
        }
    }

    /// The bytes of a PNG file of an image.
    ///
    /// # Errors
    /// [`SightError::Size`] for an image of another size, [`SightError::File`] when it cannot be encoded.
    pub fn to_png(self, image: &[u8]) -> Result<Vec<u8>, SightError> {
        self.check_buffer(image)?;
        let failed = |e: png::EncodingError| SightError::File {
            found: format!("cannot be encoded: {e}"),
            shape: self,
        };
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header().map_err(failed)?;
        writer.write_image_data(image).map_err(failed)?;
        writer.finish().map_err(failed)?;
        Ok(file)
    }

    /// The image in a PNG file of this size.
    ///
    /// # Errors
    /// [`SightError::File`] for a file that is damaged, or of another size or kind.
    pub fn from_png(self, file: &[u8]) -> Result<Vec<u8>, SightError> {
        let wrong = |found: String| SightError::File { found, shape: self };
        let damaged = |e: png::DecodingError| wrong(format!("a damaged image file ({e})"));
        let decoder = png::Decoder::new(std::io::Cursor::new(file));
        let mut reader = decoder.read_info().map_err(damaged)?;
        let info = reader.info();
        let size = (info.width as usize, info.height as usize);
        if size != (self.width, self.height)
            || (info.color_type, info.bit_depth) != (png::ColorType::Rgb, png::BitDepth::Eight)
        {
            return Err(wrong(format!(
                "an image of {}x{} pixels, {:?} with {:?} bits",
                size.0, size.1, info.color_type, info.bit_depth
            )));
        }
        let mut image = vec![0; self.bytes()];
        reader.next_frame(&mut image).map_err(damaged)?;
        Ok(image)
    }
}
