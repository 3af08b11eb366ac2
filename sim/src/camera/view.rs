//! Where the camera is, and where points of the world fall in its image.

use super::canvas::NOTHING;
use rapier3d::prelude::*;

/// Nearer than this to the eye nothing is drawn, metres along the optical axis.
pub(super) const NEAR: f32 = 0.01;

/// A pinhole or an orthographic camera. In its own frame x points right, y down and z into the scene.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct View {
    pub width: usize,
    pub height: usize,
    eye: Vector,
    /// Right, down and forward in the world.
    axes: [Vector; 3],
    /// Pixels per unit of the image plane at depth 1, or pixels per metre where parallel lines stay parallel.
    scale: f32,
    /// Its inverse.
    per_pixel: f32,
    /// Where the optical axis meets the image, pixels.
    centre: [f32; 2],
    pub perspective: bool,
}

/// How much a camera takes in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Lens {
    /// Vertical field of view, radians.
    Perspective(f32),
    /// Height of what is seen, metres.
    Orthographic(f32),
}

/// A coordinate frame as the camera sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub origin: Vector,
    pub axes: [Vector; 3],
}

impl Frame {
    /// A direction of the camera's frame in this one.
    pub fn turn(&self, v: Vector) -> Vector {
        let [x, y, z] = self.axes.map(|axis| axis.dot(v));
        Vector::new(x, y, z)
    }

    /// A point given in this frame, in the camera's.
    pub fn point(&self, [x, y, z]: [f32; 3]) -> Vector {
        self.origin + self.axes[0] * x + self.axes[1] * y + self.axes[2] * z
    }
}

impl View {
    /// A camera at `eye` that has `target` in the middle of its image and the vertical upright; looking straight down, y of
    /// the world points up.
    pub fn new(eye: Vector, target: Vector, lens: Lens, [width, height]: [usize; 2]) -> Self {
        let forward = (target - eye).normalize_or(-Vector::Z);
        let side = forward.cross(Vector::Z);
        let right = side.try_normalize().unwrap_or(Vector::X);
        let down = forward.cross(right);
        let (scale, perspective) = match lens {
            Lens::Perspective(angle) => (height as f32 / 2.0 / (angle / 2.0).tan(), true),
            Lens::Orthographic(metres) => (height as f32 / metres, false),
        };
        Self {
            width,
            height,
            eye,
            axes: [right, down, forward],
            scale,
            per_pixel: 1.0 / scale,
            centre: [width as f32 / 2.0, height as f32 / 2.0],
            perspective,
        }
    }

    /// The same camera with its picture moved by so many pixels.
    pub fn moved(mut self, by: [f32; 2]) -> Self {
        self.centre[0] += by[0];
        self.centre[1] += by[1];
        self
    }

    /// A direction of the world in the camera's frame.
    pub fn turn(&self, v: Vector) -> Vector {
        let [x, y, z] = self.axes.map(|axis| axis.dot(v));
        Vector::new(x, y, z)
    }

    /// A pose of the world in the camera's frame.
    pub fn frame(&self, pose: &Pose) -> Frame {
        let axes = [Vector::X, Vector::Y, Vector::Z];
        Frame {
            origin: self.turn(pose.translation - self.eye),
            axes: axes.map(|axis| self.turn(pose.rotation * axis)),
        }
    }

    /// Where a point of the camera's frame falls, pixels; none before the near plane.
    pub fn pixel(&self, point: Vector) -> Option<[f32; 2]> {
        if point.z < NEAR {
            return None;
        }
        let scale = if self.perspective {
            self.scale / point.z
        } else {
            self.scale
        };
        Some([
            self.centre[0] + point.x * scale,
            self.centre[1] + point.y * scale,
        ])
    }

    /// Where a point of the world falls, pixels.
    pub fn project(&self, point: Vector) -> Option<[f32; 2]> {
        self.pixel(self.turn(point - self.eye))
    }

    /// Position on the image plane of a pixel coordinate: at depth 1, or in metres where the camera is orthographic.
    pub fn on_plane(&self, x: f32, y: f32) -> [f32; 2] {
        [
            (x - self.centre[0]) * self.per_pixel,
            (y - self.centre[1]) * self.per_pixel,
        ]
    }

    /// Width of a pixel at a depth, metres.
    pub fn pixel_at(&self, depth: f32) -> f32 {
        if self.perspective {
            self.per_pixel * depth
        } else {
            self.per_pixel
        }
    }

    /// Where the line of sight through a pixel coordinate meets a horizontal plane of the world.
    pub fn ground(&self, x: f32, y: f32, z: f32) -> Option<Vector> {
        let [u, v] = self.on_plane(x, y);
        let [right, down, forward] = self.axes;
        let across = right * u + down * v;
        let (origin, direction) = if self.perspective {
            (self.eye, across + forward)
        } else {
            (self.eye + across, forward)
        };
        let along = (z - origin.z) / direction.z;
        (along.is_finite() && along > NEAR).then(|| origin + direction * along)
    }

    /// Height of what is seen at the depth of a point of the world, metres.
    pub fn height_at(&self, point: Vector) -> f32 {
        self.height as f32 * self.pixel_at((point - self.eye).dot(self.axes[2]))
    }

    /// What the depth buffer holds for a point so deep: greater is nearer, and linear over the image of a plane.
    pub fn nearness(&self, depth: f32) -> f32 {
        if self.perspective {
            1.0 / depth
        } else {
            -depth
        }
    }

    /// Depth along the optical axis of what is so near, metres; infinite where nothing was drawn.
    pub fn depth(&self, nearness: f32) -> f32 {
        if nearness == NOTHING {
            f32::INFINITY
        } else if self.perspective {
            1.0 / nearness
        } else {
            -nearness
        }
    }

    /// Coefficients `[a, b, c]` with which a plane through `point` has the nearness `a x + b y + c` at a pixel coordinate.
    pub fn nearness_of_plane(&self, point: Vector, normal: Vector) -> [f32; 3] {
        // Perspective: 1 / z = n (u, v, 1) / (n p). Orthographic: -z = (n_x u + n_y v - n p) / n_z.
        let (along, constant, divisor) = if self.perspective {
            (normal, normal.z, normal.dot(point))
        } else {
            (normal, -normal.dot(point), normal.z)
        };
        let a = along.x / divisor / self.scale;
        let b = along.y / divisor / self.scale;
        let c = constant / divisor - a * self.centre[0] - b * self.centre[1];
        [a, b, c]
    }
}
