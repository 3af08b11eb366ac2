//! Lines of sight in the frame of a part.

use super::view::{Frame, View};
use rapier3d::prelude::Vector;

/// The lines of sight of a camera in the frame of a part, linear in the position on the image plane. They start at the
/// depth of the frame's origin: from a far eye, rounding would swallow what is small.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rays {
    /// Depth at which they start, metres.
    pub depth: f32,
    origin: Vector,
    forward: Vector,
    right: Vector,
    down: Vector,
    perspective: bool,
}

/// One line of sight; its parameter is the depth along the optical axis beyond [`Rays::depth`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Ray {
    pub origin: Vector,
    pub direction: Vector,
}

impl Rays {
    pub fn new(view: &View, frame: &Frame) -> Self {
        let depth = frame.origin.z;
        Self {
            depth,
            origin: frame.turn(Vector::Z * depth - frame.origin),
            forward: frame.turn(Vector::Z),
            right: frame.turn(Vector::X),
            down: frame.turn(Vector::Y),
            perspective: view.perspective,
        }
    }

    /// The line of sight through a point of the image plane.
    pub fn through(&self, [u, v]: [f32; 2]) -> Ray {
        let across = self.right * u + self.down * v;
        if self.perspective {
            Ray {
                origin: self.origin + across * self.depth,
                direction: self.forward + across,
            }
        } else {
            Ray {
                origin: self.origin + across,
                direction: self.forward,
            }
        }
    }
}

impl Ray {
    /// The point so much deeper than where the line starts.
    pub fn at(&self, deeper: f32) -> Vector {
        self.origin + self.direction * deeper
    }
}
