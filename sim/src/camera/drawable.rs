//! The parts of a scene as things to draw.

use super::canvas::{Canvas, Rect};
use super::face::{Face, Patch};
use super::paint::Paint;
use super::round::{Round, Solid};
use super::view::View;
use crate::shapes::Geometry;
use rapier3d::prelude::Pose;

/// Something to draw.
pub(super) enum Drawable {
    Face(Face),
    Round(Round),
}

impl Drawable {
    /// The pixels that it may touch.
    pub fn rect(&self) -> Rect {
        match self {
            Self::Face(face) => face.rect,
            Self::Round(round) => round.rect,
        }
    }

    pub fn draw<const N: usize>(&self, canvas: &mut Canvas<N>) {
        match self {
            Self::Face(face) => face.draw(canvas),
            Self::Round(round) => round.draw(canvas),
        }
    }

    /// Hands over what of a shape at a pose is in the image.
    pub fn of(
        view: &View,
        geometry: &Geometry,
        pose: &Pose,
        paint: &Paint,
        mut take: impl FnMut(Self),
    ) {
        let frame = view.frame(pose);
        let mut face = |normal: usize, sign: f32, half: [f32; 3]| {
            let mut middle = [0.0; 3];
            middle[normal] = sign * half[normal];
            let patch = Patch {
                middle,
                normal,
                sign,
                half,
            };
            if let Some(face) = Face::new(view, &frame, &patch, paint) {
                take(Self::Face(face));
            }
        };
        let solid = match *geometry {
            Geometry::Box(half) => {
                for axis in 0..3 {
                    face(axis, -1.0, half);
                    face(axis, 1.0, half);
                }
                return;
            }
            Geometry::Plane([x, y]) => {
                face(2, 1.0, [x, y, 0.0]);
                return;
            }
            Geometry::Sphere(radius) => Solid::Sphere { radius },
            Geometry::Cylinder {
                radius,
                half_height,
            } => Solid::Cylinder {
                radius,
                half_height,
            },
            Geometry::Capsule {
                radius,
                half_height,
            } => Solid::Capsule {
                radius,
                half_height,
            },
        };
        if let Some(round) = Round::new(view, &frame, solid, paint) {
            take(Self::Round(round));
        }
    }
}
