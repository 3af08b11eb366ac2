//! What a point of a surface looks like.

use super::canvas::pack;
use rapier3d::prelude::Vector;

/// The light of a scene: what comes from everywhere, and what comes from one side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Light {
    /// Towards the light, of unit length.
    pub direction: Vector,
    pub ambient: f32,
    pub directional: f32,
}

impl Light {
    /// Lambert's law.
    fn on(&self, normal: Vector) -> f32 {
        self.ambient + self.directional * normal.dot(self.direction).max(0.0)
    }
}

/// A pattern of cubes in the frame of what bears it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Checker {
    /// Difference of the two brightnesses, `[0, 1]`.
    pub contrast: f32,
    /// Edge of a cube, metres.
    pub cell: f32,
    /// Shift of the pattern, metres.
    pub phase: Vector,
}

impl Checker {
    // Rare: inlined, it slows the drawing of what has no pattern.
    #[inline(never)]
    fn at(&self, point: Vector) -> f32 {
        let cell = (point + self.phase) / self.cell;
        let odd = (floor(cell.x) ^ floor(cell.y) ^ floor(cell.z)) & 1 == 1;
        let half = if odd { 0.5 } else { -0.5 };
        1.0 + self.contrast * half
    }
}

/// Rounded down, without the call that `f32::floor` is on processors without an instruction for it.
fn floor(x: f32) -> i32 {
    let towards_zero = x as i32;
    towards_zero - i32::from(x < towards_zero as f32)
}

/// A surface under a light.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lit {
    /// In `[0, 255]`.
    pub colour: [f32; 3],
    /// In the frame of the surface.
    pub light: Light,
    pub checker: Option<Checker>,
}

impl Lit {
    /// Its colour at a point with a normal, both in its own frame.
    pub fn at(&self, point: Vector, normal: Vector) -> u32 {
        let mut brightness = self.light.on(normal);
        if let Some(checker) = &self.checker {
            brightness *= checker.at(point);
        }
        pack(self.colour.map(|c| c * brightness))
    }
}

/// How a part is painted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Paint {
    /// One value everywhere.
    Flat(u32),
    /// As the light has it.
    Lit(Lit),
}
