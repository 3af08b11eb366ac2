//! Lines of sight in the frame of a part.

use super::view::{Frame, View};
use rapier3d::prelude::Vector;

/// The lines of sight of a camera in a frame, linear in the position on the image plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rays {
    origin: Vector,
    forward: Vector,
    right: Vector,
    down: Vector,
    perspective: bool,
}

/// One line of sight; its parameter is the depth along the optical axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ray {
    pub origin: Vector,
    pub direction: Vector,
}

impl Rays {
    pub fn new(view: &View, frame: &Frame) -> Self {
        Self {
            origin: frame.turn(-frame.origin),
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
                origin: self.origin,
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
    pub fn at(&self, depth: f32) -> Vector {
        self.origin + self.direction * depth
    }
}
