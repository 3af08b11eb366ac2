//! What a camera sees of an environment.

use super::Env;
use crate::camera::{Camera, Moment};
use crate::error::SimError;
use crate::shapes::Placement;

impl Env {
    /// Draws the present: `rgb` is `[height, width, 3]`.
    ///
    /// # Errors
    /// [`SimError::Camera`] for a buffer of another length, for a camera of another task, and when the first picture of an
    /// episode shows none of the scene's bodies.
    pub fn render_into(&self, camera: &mut Camera, rgb: &mut [u8]) -> Result<(), SimError> {
        camera.check(self.task.name(), rgb.len(), 3)?;
        self.present_into(&mut camera.placements);
        camera.draw(&self.moment(), rgb)
    }

    /// Draws the moment one control step ago, or the present right after a reset: `rgb` is `[height, width, 3]`.
    ///
    /// # Errors
    /// As [`Self::render_into`].
    pub fn render_previous_into(
        &self,
        camera: &mut Camera,
        rgb: &mut [u8],
    ) -> Result<(), SimError> {
        camera.check(self.task.name(), rgb.len(), 3)?;
        camera.placements.clone_from(&self.previous);
        camera.draw(&self.moment(), rgb)
    }

    /// Draws the scene with its bodies where `placements` says, in the light of the present: `rgb` is `[height, width, 3]`.
    ///
    /// # Errors
    /// As [`Self::render_into`], and for another number of bodies.
    pub fn render_placed_into(
        &self,
        camera: &mut Camera,
        placements: &[Placement],
        rgb: &mut [u8],
    ) -> Result<(), SimError> {
        camera.check(self.task.name(), rgb.len(), 3)?;
        if placements.len() != self.previous.len() {
            return Err(SimError::Camera {
                task: self.task.name().to_owned(),
                message: format!(
                    "placements of {} bodies: expected {}",
                    placements.len(),
                    self.previous.len()
                ),
            });
        }
        placements.clone_into(&mut camera.placements);
        camera.draw(&self.moment(), rgb)
    }

    /// Index of the nearest body + 1 for each pixel, 0 for the world: `bodies` is `[height, width]`. Taken in the middle of
    /// each pixel; what visual factors draw into a picture is not in it.
    ///
    /// # Errors
    /// [`SimError::Camera`] for a buffer of another length, for a camera of another task and for more than 254 bodies.
    pub fn segment_into(&self, camera: &mut Camera, bodies: &mut [u8]) -> Result<(), SimError> {
        camera.check(self.task.name(), bodies.len(), 1)?;
        self.present_into(&mut camera.placements);
        camera.draw_bodies(&self.moment(), bodies)
    }

    /// Index of the nearest [part](crate::shapes::Appearance::parts) + 1 for each pixel, 0 where there is nothing: `parts` is
    /// `[height, width]`, taken as by [`segment_into`](Self::segment_into).
    ///
    /// # Errors
    /// [`SimError::Camera`] for a buffer of another length, for a camera of another task and for more than 254 parts.
    pub fn segment_parts_into(
        &self,
        camera: &mut Camera,
        parts: &mut [u8],
    ) -> Result<(), SimError> {
        camera.check(self.task.name(), parts.len(), 1)?;
        self.present_into(&mut camera.placements);
        camera.draw_parts(&self.moment(), parts)
    }

    /// Depth along the optical axis in the middle of each pixel, infinite where there is nothing: `metres` is `[height,
    /// width]`. What visual factors draw into a picture is not in it.
    ///
    /// # Errors
    /// [`SimError::Camera`] for a buffer of another length and for a camera of another task.
    pub fn depth_into(&self, camera: &mut Camera, metres: &mut [f32]) -> Result<(), SimError> {
        camera.check(self.task.name(), metres.len(), 1)?;
        self.present_into(&mut camera.placements);
        camera.draw_depth(&self.moment(), metres);
        Ok(())
    }

    /// Fails when a camera sees none of the scene's bodies.
    ///
    /// # Errors
    /// [`SimError::Camera`], with where the bodies are.
    pub fn check_camera(&self, camera: &Camera) -> Result<(), SimError> {
        camera.check_sight(&self.placements(), &self.moment())
    }

    fn moment(&self) -> Moment<'_> {
        Moment {
            factors: &self.factors,
            scenery: self.scenery,
        }
    }

    /// Where the bodies are, without a new buffer.
    pub(super) fn present_into(&self, placements: &mut Vec<Placement>) {
        placements.clear();
        placements.extend(self.present());
    }
}
