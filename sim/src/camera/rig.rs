//! Several views in one image, side by side.

use super::Camera;
use crate::error::SimError;
use crate::task::Task;

/// The cameras of a task, whose pictures stand beside each other in one image. One thread uses it at a time; a clone has buffers
/// of its own.
#[derive(Clone)]
pub struct Rig {
    cameras: Vec<Camera>,
    /// Picture of one view.
    view: Vec<u8>,
}

impl Task {
    /// The views that the task file has, at least one.
    pub fn views(&self) -> usize {
        self.spec().camera.len().max(1)
    }

    /// All cameras of the task file, each with pictures of `side` times `side` pixels.
    ///
    /// # Errors
    /// [`SimError::Camera`] for a size of zero or beyond 1024 pixels.
    pub fn rig(&self, side: usize) -> Result<Rig, SimError> {
        let views = 0..self.views();
        Ok(Rig {
            cameras: views
                .map(|view| self.camera_of_view(view, side, side))
                .collect::<Result<_, _>>()?,
            view: Vec::new(),
        })
    }
}

impl Rig {
    /// Width of an image: that of all views together, pixels.
    pub fn width(&self) -> usize {
        self.cameras.iter().map(Camera::width).sum()
    }

    /// Height of an image, pixels.
    pub fn height(&self) -> usize {
        self.cameras.first().map_or(0, Camera::height)
    }

    /// Draws an image of `channels` bytes a pixel, `[height, width, channels]`, view by view, with one of the drawing functions
    /// of [`crate::Env`].
    ///
    /// # Errors
    /// Those of `draw`, and [`SimError::Camera`] for an image of another length.
    pub fn draw(
        &mut self,
        channels: usize,
        image: &mut [u8],
        draw: impl Fn(&mut Camera, &mut [u8]) -> Result<(), SimError>,
    ) -> Result<(), SimError> {
        let stride = self.width() * channels;
        if let [camera] = self.cameras.as_mut_slice() {
            return draw(camera, image);
        }
        let mut left = 0;
        for camera in &mut self.cameras {
            let width = camera.width() * channels;
            camera.check_length(image.len(), stride * camera.height())?;
            self.view.resize(width * camera.height(), 0);
            draw(camera, &mut self.view)?;
            let rows = self.view.chunks_exact(width);
            for (row, line) in rows.zip(image.chunks_exact_mut(stride)) {
                line[left..left + width].copy_from_slice(row);
            }
            left += width;
        }
        Ok(())
    }
}
