//! A camera on the CPU: pictures of a scene as bytes, the same on every run and for every number of threads.
//!
//! A rasteriser with a depth buffer. Flat faces are convex polygons with edge functions, round solids are solved along
//! lines of sight, and each pixel is the mean of 16 samples, so that a move of a tenth of a pixel shows. Parts of the
//! world and bodies that physics does not move are drawn once and kept; a frame then draws the moving bodies over the
//! pixels that they span. One thread draws a frame; draw many with one camera for each thread.

mod canvas;
mod drawable;
mod face;
mod key;
mod look;
mod overlay;
mod paint;
mod rays;
mod rig;
mod round;
mod stage;
#[cfg(test)]
mod tests;
mod view;

use crate::error::SimError;
use crate::shapes::{Geometry, Placement};
use crate::task::Task;
use canvas::{Canvas, SAMPLES, pack};
use drawable::Drawable;
use key::Key;
use look::Look;
pub(crate) use look::Scenery;
use paint::{Light, Lit, Paint};
use rapier3d::prelude::*;
pub use rig::Rig;
use stage::{Shape, Stage};
use std::sync::Arc;
use view::View;

/// Largest width and height, pixels.
const MAX_SIDE: usize = 1024;
/// What is seen where there is nothing.
const SKY: [f32; 3] = [170.0, 180.0, 190.0];

/// A camera that looks at environments of one task. It owns its buffers: give each thread a clone.
#[derive(Clone)]
pub struct Camera {
    stage: Arc<Stage>,
    /// As the task file has it.
    nominal: View,
    /// As it was for the last picture.
    view: View,
    /// What the background was drawn for.
    key: Option<Key>,
    look: Option<Arc<Look>>,
    background: Canvas<SAMPLES>,
    /// The background as a picture, `[height, width, 3]`.
    backdrop: Vec<u8>,
    canvas: Canvas<SAMPLES>,
    /// Pixels `[from, to)` of each row that the moving bodies may touch.
    spans: Vec<[usize; 2]>,
    /// Where the bodies are in the picture being drawn.
    pub(crate) placements: Vec<Placement>,
    /// The episode in which a body was last found to be in the image.
    checked: Option<u64>,
}

/// What a picture shows, beside where the bodies are.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    /// Values of the factors of variation.
    pub factors: &'a [f32],
    pub scenery: Scenery,
}

impl Task {
    /// The first camera of the task file, for pictures of `width` times `height` pixels; without one there, a camera that
    /// sees the whole scene from an oblique side.
    ///
    /// # Errors
    /// [`SimError::Camera`] for a size of zero or beyond 1024 pixels.
    pub fn camera(&self, width: usize, height: usize) -> Result<Camera, SimError> {
        self.camera_of_view(0, width, height)
    }

    fn camera_of_view(&self, view: usize, width: usize, height: usize) -> Result<Camera, SimError> {
        let spec = self.spec().camera.get(view);
        let stage = Stage::new(self, spec);
        let sides = 1..=MAX_SIDE;
        if !sides.contains(&width) || !sides.contains(&height) {
            return Err(stage.error(format!(
                "{width} x {height} pixels: expected 1 to {MAX_SIDE} each way"
            )));
        }
        let size = [width, height];
        let view = stage::view(self, spec, size);
        Ok(Camera {
            stage: Arc::new(stage),
            nominal: view,
            view,
            key: None,
            look: None,
            background: Canvas::new(size),
            backdrop: vec![0; width * height * 3],
            canvas: Canvas::new(size),
            spans: vec![[0; 2]; height],
            placements: Vec::new(),
            checked: None,
        })
    }
}

impl Camera {
    /// Width of the pictures, pixels.
    pub fn width(&self) -> usize {
        self.nominal.width
    }

    /// Height of the pictures, pixels.
    pub fn height(&self) -> usize {
        self.nominal.height
    }

    /// Where a point of the world falls in the image, in pixels (x right, y down, whole numbers at the corners of pixels),
    /// none behind the camera. Of the last picture drawn, where a factor of variation moves the camera.
    pub fn project(&self, point: [f32; 3]) -> Option<[f32; 2]> {
        self.view.project(Vector::from_array(point))
    }

    /// Fails for a buffer that does not hold `channels` values for each pixel, and for another task.
    pub(crate) fn check(&self, task: &str, length: usize, channels: usize) -> Result<(), SimError> {
        if task != self.stage.task {
            return Err(self.stage.error(format!("cannot draw task '{task}'")));
        }
        self.check_length(length, self.width() * self.height() * channels)
    }

    /// Fails for a buffer of another length than expected.
    fn check_length(&self, length: usize, expected: usize) -> Result<(), SimError> {
        if length == expected {
            return Ok(());
        }
        Err(self
            .stage
            .error(format!("a buffer of {length} values: expected {expected}")))
    }

    /// Fails when no body is in the image, given where they are.
    pub(crate) fn check_sight(
        &self,
        placements: &[Placement],
        moment: &Moment,
    ) -> Result<(), SimError> {
        let look = Look::new(&self.stage, &self.nominal, moment.factors, &moment.scenery);
        let view = self.nominal.moved(look.shift);
        if seen(&self.stage, &look, &view, placements) {
            return Ok(());
        }
        let at: Vec<_> = placements.iter().map(|p| p.position).collect();
        Err(self
            .stage
            .error(format!("sees none of the bodies, which are at {at:?} m")))
    }

    /// Draws `self.placements`, `[height, width, 3]`.
    pub(crate) fn draw(&mut self, moment: &Moment, rgb: &mut [u8]) -> Result<(), SimError> {
        let look = self.prepare(moment);
        if self.checked != Some(moment.scenery.seed) {
            self.check_sight(&self.placements, moment)?;
            self.checked = Some(moment.scenery.seed);
        }
        rgb.copy_from_slice(&self.backdrop);
        let mut drawables = Vec::with_capacity(16);
        for (i, shape) in self.stage.shapes.iter().enumerate() {
            if !is_background(&self.stage, shape) {
                let (geometry, pose) = placed(shape, look.scales[i], &self.placements);
                let paint = paint(&look, i, shape, &pose);
                Drawable::of(&self.view, &geometry, &pose, &paint, |d| {
                    drawables.push(d);
                });
            }
        }
        self.span(&drawables);
        for (y, &span) in self.spans.iter().enumerate() {
            if span[0] < span[1] {
                self.canvas.copy_row(&self.background, y, span);
            }
        }
        for drawable in &drawables {
            drawable.draw(&mut self.canvas);
        }
        let width = self.width();
        for (y, &[from, to]) in self.spans.iter().enumerate() {
            for pixel in (y * width + from..y * width + to).take(to.saturating_sub(from)) {
                let colour = look.overlay.over(pixel, self.canvas.resolve(pixel));
                rgb[pixel * 3..pixel * 3 + 3].copy_from_slice(&colour);
            }
        }
        Ok(())
    }

    /// Notes which pixels are to be drawn.
    fn span(&mut self, drawables: &[Drawable]) {
        self.spans.fill([usize::MAX, 0]);
        for rect in drawables.iter().map(Drawable::rect) {
            for span in &mut self.spans[rect.y[0]..rect.y[1]] {
                *span = [span[0].min(rect.x[0]), span[1].max(rect.x[1])];
            }
        }
        for span in &mut self.spans {
            if span[0] >= span[1] {
                *span = [0, 0];
            }
        }
    }

    /// Draws the background again if what it depends on has changed.
    fn prepare(&mut self, moment: &Moment) -> Arc<Look> {
        if let (Some(key), Some(look)) = (&self.key, &self.look)
            && key.holds(&self.stage, &self.placements, moment)
        {
            return Arc::clone(look);
        }
        let look = Look::new(&self.stage, &self.nominal, moment.factors, &moment.scenery);
        self.view = self.nominal.moved(look.shift);
        self.background.clear(pack(SKY));
        for (i, shape) in self.stage.shapes.iter().enumerate() {
            if is_background(&self.stage, shape) {
                let (geometry, pose) = placed(shape, look.scales[i], &self.placements);
                let paint = paint(&look, i, shape, &pose);
                Drawable::of(&self.view, &geometry, &pose, &paint, |d| {
                    d.draw(&mut self.background);
                });
            }
        }
        for shape in &look.distractors {
            let paint = lit(look.light, shape.colour, None, &shape.pose);
            Drawable::of(&self.view, &shape.geometry, &shape.pose, &paint, |d| {
                d.draw(&mut self.background);
            });
        }
        for (pixel, out) in self.backdrop.chunks_exact_mut(3).enumerate() {
            let colour = look.overlay.over(pixel, self.background.resolve(pixel));
            out.copy_from_slice(&colour);
        }
        self.key = Some(Key::of(&self.stage, &self.placements, moment));
        let look = Arc::new(look);
        self.look = Some(Arc::clone(&look));
        look
    }

    /// Draws `self.placements` with one sample for each pixel, in its middle: the index of the nearest shape + 1, and the
    /// nearness. What the visual factors draw into a picture is not in it, but the camera stands where it stands there.
    fn draw_plain(&mut self, moment: &Moment) -> Canvas<1> {
        let look = self.prepare(moment);
        let mut canvas = Canvas::new([self.width(), self.height()]);
        let shapes = self.stage.shapes.iter().zip(&look.scales);
        for (number, (shape, &scale)) in (1..).zip(shapes) {
            let (geometry, pose) = placed(shape, scale, &self.placements);
            Drawable::of(&self.view, &geometry, &pose, &Paint::Flat(number), |d| {
                d.draw(&mut canvas);
            });
        }
        canvas
    }

    /// Index of the nearest body + 1 for each pixel, 0 for the world, `[height, width]`.
    pub(crate) fn draw_bodies(
        &mut self,
        moment: &Moment,
        bodies: &mut [u8],
    ) -> Result<(), SimError> {
        self.draw_numbers(moment, "bodies", bodies, |stage, shape| {
            stage.shapes[shape].body
        })
    }

    /// Index of the nearest part of the appearance + 1 for each pixel, 0 for nothing, `[height, width]`.
    pub(crate) fn draw_parts(&mut self, moment: &Moment, parts: &mut [u8]) -> Result<(), SimError> {
        self.draw_numbers(moment, "parts", parts, |stage, shape| {
            Some(stage.parts[shape])
        })
    }

    /// What has which index of `what`, + 1, for the nearest shape of each pixel.
    fn draw_numbers(
        &mut self,
        moment: &Moment,
        what: &str,
        numbers: &mut [u8],
        index: impl Fn(&Stage, usize) -> Option<usize>,
    ) -> Result<(), SimError> {
        let shapes = 0..self.stage.shapes.len();
        let of_shapes: Vec<usize> = shapes
            .map(|shape| index(&self.stage, shape).map_or(0, |i| i + 1))
            .collect();
        let most = of_shapes.iter().max().copied().unwrap_or_default();
        if most >= usize::from(u8::MAX) {
            let message = format!("{most} {what}: expected at most 254");
            return Err(self.stage.error(message));
        }
        let canvas = self.draw_plain(moment);
        for (out, [value]) in numbers.iter_mut().zip(&canvas.colour) {
            *out = match *value {
                0 => 0,
                shape => of_shapes[shape as usize - 1] as u8,
            };
        }
        Ok(())
    }

    /// Depth along the optical axis, metres, `[height, width]`.
    pub(crate) fn draw_depth(&mut self, moment: &Moment, metres: &mut [f32]) {
        let canvas = self.draw_plain(moment);
        for (out, [nearness]) in metres.iter_mut().zip(&canvas.nearness) {
            *out = self.view.depth(*nearness);
        }
    }
}

/// Whether a shape belongs to the world or to a body that physics does not move.
fn is_background(stage: &Stage, shape: &Shape) -> bool {
    shape.body.is_none_or(|b| stage.settled[b])
}

/// Whether a shape of a body is in the image.
fn seen(stage: &Stage, look: &Look, view: &View, placements: &[Placement]) -> bool {
    let mut found = false;
    let shapes = stage.shapes.iter().zip(&look.scales);
    for (shape, &scale) in shapes.filter(|(shape, _)| shape.body.is_some()) {
        let (geometry, pose) = placed(shape, scale, placements);
        Drawable::of(view, &geometry, &pose, &Paint::Flat(0), |_| {
            found = true;
        });
    }
    found
}

/// A shape as large as it is in this episode, and where it is in the world.
fn placed(shape: &Shape, scale: f32, placements: &[Placement]) -> (Geometry, Pose) {
    let mut pose = shape.pose;
    pose.translation *= scale; // about the body's origin
    if let Some(body) = shape.body.and_then(|b| placements.get(b)) {
        pose = body.pose() * pose;
    }
    (shape.geometry.scaled(scale), pose)
}

/// How the shape of this index is painted.
fn paint(look: &Look, index: usize, shape: &Shape, pose: &Pose) -> Paint {
    let colour = look.colours.get(index).copied().unwrap_or(shape.colour);
    let checker = look.checkers.get(index).copied().flatten();
    lit(look.light, colour, checker, pose)
}

/// A colour in a light of the world, for a shape at a pose.
fn lit(light: Light, colour: [f32; 3], checker: Option<paint::Checker>, pose: &Pose) -> Paint {
    Paint::Lit(Lit {
        colour,
        light: Light {
            direction: pose.rotation.inverse() * light.direction,
            ..light
        },
        checker,
    })
}
