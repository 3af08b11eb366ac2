//! Round solids: where a line of sight enters them, solved sample by sample.

use super::canvas::{Canvas, Rect, is_nearer};
use super::paint::Paint;
use super::rays::{Ray, Rays};
use super::view::{Frame, NEAR, View};
use rapier3d::prelude::Vector;

/// Keeps a line of sight along an axis from dividing by zero.
const TINY: f32 = 1.0e-12;

/// More than half the diagonal of a pixel, in pixels.
const HALF_DIAGONAL: f32 = 0.75;

/// A solid about the z axis of its own frame, metres.
#[derive(Clone, Copy, Debug)]
pub(super) enum Solid {
    Sphere { radius: f32 },
    Cylinder { radius: f32, half_height: f32 },
    Capsule { radius: f32, half_height: f32 },
}

impl Solid {
    /// Half extents of the box about it.
    fn half(&self) -> [f32; 3] {
        match *self {
            Self::Sphere { radius } => [radius; 3],
            Self::Cylinder {
                radius,
                half_height,
            } => [radius, radius, half_height],
            Self::Capsule {
                radius,
                half_height,
            } => [radius, radius, half_height + radius],
        }
    }

    /// Whether a line of sight stays further from the solid, or from its axis, than `slack`.
    fn is_clear_of(&self, ray: &Ray, slack: f32) -> bool {
        match *self {
            Self::Sphere { radius } => ball(ray, Vector::ZERO, radius + slack).is_none(),
            Self::Cylinder { radius, .. } | Self::Capsule { radius, .. } => {
                tube(ray, radius + slack).is_none()
            }
        }
    }

    /// How much deeper than where it starts, and with which normal, a line of sight enters.
    fn hit(&self, ray: &Ray) -> Option<(f32, Vector)> {
        match *self {
            Self::Sphere { radius } => ball(ray, Vector::ZERO, radius),
            Self::Cylinder {
                radius,
                half_height,
            } => cylinder(ray, radius, half_height),
            Self::Capsule {
                radius,
                half_height,
            } => {
                let [entry, _] = tube(ray, radius)?;
                let at = ray.at(entry);
                if at.z.abs() <= half_height {
                    return Some((entry, Vector::new(at.x, at.y, 0.0) / radius));
                }
                ball(ray, Vector::Z * half_height.copysign(at.z), radius)
            }
        }
    }
}

fn ball(ray: &Ray, centre: Vector, radius: f32) -> Option<(f32, Vector)> {
    let origin = ray.origin - centre;
    let a = ray.direction.dot(ray.direction);
    let b = origin.dot(ray.direction);
    let c = origin.dot(origin) - radius * radius;
    let discriminant = b * b - a * c;
    if discriminant < 0.0 {
        return None;
    }
    let depth = -(b + discriminant.sqrt()) / a;
    Some((depth, (origin + ray.direction * depth) / radius))
}

/// Depths between which a line of sight is inside an endless cylinder.
fn tube(ray: &Ray, radius: f32) -> Option<[f32; 2]> {
    let (o, d) = (ray.origin, ray.direction);
    let a = (d.x * d.x + d.y * d.y).max(TINY);
    let b = o.x * d.x + o.y * d.y;
    let c = o.x * o.x + o.y * o.y - radius * radius;
    let discriminant = b * b - a * c;
    if discriminant < 0.0 {
        return None;
    }
    let root = discriminant.sqrt();
    Some([-(b + root) / a, (root - b) / a])
}

fn cylinder(ray: &Ray, radius: f32, half_height: f32) -> Option<(f32, Vector)> {
    let [side_entry, side_exit] = tube(ray, radius)?;
    let (o, mut d) = (ray.origin.z, ray.direction.z);
    if d.abs() < TINY {
        d = TINY;
    }
    // The line enters through the end that faces it.
    let facing = -1.0_f32.copysign(d);
    let (end_entry, end_exit) = (
        (facing * half_height - o) / d,
        (-facing * half_height - o) / d,
    );
    let entry = side_entry.max(end_entry);
    if entry > side_exit.min(end_exit) {
        return None;
    }
    let normal = if end_entry > side_entry {
        Vector::Z * facing
    } else {
        let at = ray.at(entry);
        Vector::new(at.x, at.y, 0.0) / radius
    };
    Some((entry, normal))
}

/// A round solid in the image.
pub(super) struct Round {
    pub rect: Rect,
    solid: Solid,
    rays: Rays,
    /// No sample is further from the middle of its pixel where the solid is deepest, metres.
    slack: f32,
    view: View,
    paint: Paint,
}

impl Round {
    /// The solid as the camera sees it; none where it is outside the image.
    pub fn new(view: &View, frame: &Frame, solid: Solid, paint: &Paint) -> Option<Self> {
        let size = [view.width, view.height];
        let rect = match corners(view, frame, solid.half()) {
            Some(corners) => Rect::around(corners, size),
            None if frame.origin.z < NEAR => return None,
            None => Rect::whole(size),
        };
        let deepest = frame.origin.z + Vector::from_array(solid.half()).length();
        (!rect.is_empty()).then(|| Self {
            rect,
            slack: HALF_DIAGONAL * view.pixel_at(deepest),
            solid,
            rays: Rays::new(view, frame),
            view: *view,
            paint: *paint,
        })
    }

    /// Draws the solid where it is the nearest so far.
    pub fn draw<const N: usize>(&self, canvas: &mut Canvas<N>) {
        let [offset_x, offset_y] = canvas.offsets;
        for y in self.rect.y[0]..self.rect.y[1] {
            for x in self.rect.x[0]..self.rect.x[1] {
                let middle = self.view.on_plane(x as f32 + 0.5, y as f32 + 0.5);
                if self
                    .solid
                    .is_clear_of(&self.rays.through(middle), self.slack)
                {
                    continue;
                }
                let pixel = y * canvas.width + x;
                let nearest = &mut canvas.nearness[pixel];
                let colours = &mut canvas.colour[pixel];
                for s in 0..N {
                    let at = [x as f32 + 0.5 + offset_x[s], y as f32 + 0.5 + offset_y[s]];
                    let ray = self.rays.through(self.view.on_plane(at[0], at[1]));
                    let Some((deeper, normal)) = self.solid.hit(&ray) else {
                        continue;
                    };
                    let depth = self.rays.depth + deeper;
                    let nearness = self.view.nearness(depth);
                    if depth < NEAR || !is_nearer(nearness, nearest[s]) {
                        continue;
                    }
                    nearest[s] = nearness;
                    colours[s] = match &self.paint {
                        Paint::Flat(value) => *value,
                        Paint::Lit(lit) => lit.at(ray.at(deeper), normal),
                    };
                }
            }
        }
    }
}

/// Where the corners of a box fall in the image; none when one of them lies before the near plane.
fn corners(view: &View, frame: &Frame, [x, y, z]: [f32; 3]) -> Option<[[f32; 2]; 8]> {
    let mut corners = [[0.0; 2]; 8];
    for (i, corner) in corners.iter_mut().enumerate() {
        let side = |bit: usize, half: f32| if i >> bit & 1 == 0 { -half } else { half };
        *corner = view.pixel(frame.point([side(0, x), side(1, y), side(2, z)]))?;
    }
    Some(corners)
}
