//! Flat faces: convex polygons with edge functions, over the pixels that they span.

use super::canvas::{Canvas, Rect, is_nearer};
use super::paint::{Lit, Paint};
use super::rays::Rays;
use super::view::{Frame, NEAR, View};
use rapier3d::prelude::Vector;

/// Corners of a face after it was cut at the near plane.
const CORNERS: usize = 5;

/// Slack of an edge, pixels: no sample falls between two faces that share an edge.
const SLACK: f32 = 1.0e-4;

/// A face in the image.
pub(super) struct Face {
    pub rect: Rect,
    /// Distance from each edge at a pixel coordinate, `a x + b y + c`, positive inside, pixels.
    edges: [[f32; 3]; CORNERS],
    count: usize,
    /// Nearness at a pixel coordinate.
    nearness: [f32; 3],
    fill: Fill,
}

enum Fill {
    Flat(u32),
    /// A pattern needs the point of the surface that is seen.
    Patterned(Box<Pattern>),
}

struct Pattern {
    lit: Lit,
    normal: Vector,
    rays: Rays,
    view: View,
}

impl Pattern {
    /// The colour at a pixel coordinate where the face is so near.
    fn at(&self, x: f32, y: f32, nearness: f32) -> u32 {
        let ray = self.rays.through(self.view.on_plane(x, y));
        let point = ray.at(self.view.depth(nearness) - self.rays.depth);
        // In the plane of the face, or rounding would make noise of a face that lies between two cells.
        let within = point - self.normal * point.dot(self.normal);
        self.lit.at(within, self.normal)
    }
}

/// Half of a face's extent along the two axes of its plane, and its middle and normal, in the frame of its part.
pub(super) struct Patch {
    pub middle: [f32; 3],
    pub normal: usize,
    pub sign: f32,
    pub half: [f32; 3],
}

impl Face {
    /// The face as the camera sees it; none where it is turned away or outside the image.
    pub fn new(view: &View, frame: &Frame, patch: &Patch, paint: &Paint) -> Option<Self> {
        let normal = frame.axes[patch.normal] * patch.sign;
        let middle = frame.point(patch.middle);
        let towards = if view.perspective {
            normal.dot(middle)
        } else {
            normal.z
        };
        if towards >= 0.0 {
            return None;
        }
        let [i, j] = [(patch.normal + 1) % 3, (patch.normal + 2) % 3];
        let (a, b) = (frame.axes[i] * patch.half[i], frame.axes[j] * patch.half[j]);
        let corners = [
            middle - a - b,
            middle + a - b,
            middle + a + b,
            middle - a + b,
        ];
        let (corners, count) = cut(corners);
        let mut points = [[0.0; 2]; CORNERS];
        for (point, corner) in points.iter_mut().zip(&corners[..count]) {
            *point = view.pixel(*corner)?;
        }
        let points = &points[..count];
        let rect = Rect::around(points.iter().copied(), [view.width, view.height]);
        if rect.is_empty() {
            return None;
        }
        let unit = Vector::from_array(std::array::from_fn(|k| {
            if k == patch.normal { patch.sign } else { 0.0 }
        }));
        let fill = match *paint {
            Paint::Flat(value) => Fill::Flat(value),
            Paint::Lit(lit) if lit.checker.is_none() => Fill::Flat(lit.at(Vector::ZERO, unit)),
            Paint::Lit(lit) => Fill::Patterned(Box::new(Pattern {
                lit,
                normal: unit,
                rays: Rays::new(view, frame),
                view: *view,
            })),
        };
        Some(Self {
            rect,
            edges: edges(points),
            count,
            nearness: view.nearness_of_plane(middle, normal),
            fill,
        })
    }

    /// Draws the face where it is the nearest so far.
    pub fn draw<const N: usize>(&self, canvas: &mut Canvas<N>) {
        let along = |[a, b, _]: [f32; 3]| -> [f32; N] {
            let [x, y] = canvas.offsets;
            std::array::from_fn(|s| a * x[s] + b * y[s])
        };
        let nearness_steps = along(self.nearness);
        let edge_steps = self.edges.map(along);
        // Samples lie at most half a pixel from the middle along each axis.
        let reach = self.edges.map(|[a, b, _]| 0.5 * (a.abs() + b.abs()));
        for y in self.rect.y[0]..self.rect.y[1] {
            let middle_y = y as f32 + 0.5;
            'pixels: for x in self.rect.x[0]..self.rect.x[1] {
                let middle_x = x as f32 + 0.5;
                let value = |[a, b, c]: [f32; 3]| a * middle_x + b * middle_y + c;
                let mut inside = [0.0; N];
                for edge in 0..self.count {
                    let distance = value(self.edges[edge]);
                    if distance < -reach[edge] - SLACK {
                        continue 'pixels;
                    }
                    if distance < reach[edge] {
                        for (inside, step) in inside.iter_mut().zip(&edge_steps[edge]) {
                            *inside = (distance + step).min(*inside);
                        }
                    }
                }
                let nearness = value(self.nearness);
                let nearness = nearness_steps.map(|step| nearness + step);
                let pixel = y * canvas.width + x;
                self.fill_pixel(canvas, pixel, [middle_x, middle_y], &inside, &nearness);
            }
        }
    }

    fn fill_pixel<const N: usize>(
        &self,
        canvas: &mut Canvas<N>,
        pixel: usize,
        middle: [f32; 2],
        inside: &[f32; N],
        nearness: &[f32; N],
    ) {
        let nearest = &mut canvas.nearness[pixel];
        let colours = &mut canvas.colour[pixel];
        let seen: [bool; N] =
            std::array::from_fn(|s| inside[s] >= -SLACK && is_nearer(nearness[s], nearest[s]));
        for s in 0..N {
            nearest[s] = if seen[s] { nearness[s] } else { nearest[s] };
        }
        match &self.fill {
            Fill::Flat(colour) => {
                for s in 0..N {
                    colours[s] = if seen[s] { *colour } else { colours[s] };
                }
            }
            Fill::Patterned(pattern) => {
                let [x, y] = canvas.offsets;
                for s in (0..N).filter(|&s| seen[s]) {
                    colours[s] = pattern.at(middle[0] + x[s], middle[1] + y[s], nearness[s]);
                }
            }
        }
    }
}

/// Cuts a face at the near plane.
fn cut(corners: [Vector; 4]) -> ([Vector; CORNERS], usize) {
    let mut kept = [Vector::ZERO; CORNERS];
    let mut count = 0;
    let mut keep = |corner: Vector| {
        if let Some(slot) = kept.get_mut(count) {
            *slot = corner;
            count += 1;
        }
    };
    for (i, &from) in corners.iter().enumerate() {
        let to = corners[(i + 1) % 4];
        if from.z >= NEAR {
            keep(from);
        }
        if (from.z >= NEAR) != (to.z >= NEAR) {
            let mut at = from + (to - from) * ((NEAR - from.z) / (to.z - from.z));
            at.z = NEAR;
            keep(at);
        }
    }
    (kept, count)
}

/// Signed distances from the edges of a convex polygon, whichever way round its corners go.
fn edges(points: &[[f32; 2]]) -> [[f32; 3]; CORNERS] {
    let count = points.len();
    let next = |i: usize| points[(i + 1) % count];
    let area: f32 = (0..count)
        .map(|i| points[i][0] * next(i)[1] - next(i)[0] * points[i][1])
        .sum();
    let turn = if area < 0.0 { -1.0 } else { 1.0 };
    std::array::from_fn(|i| {
        if i >= count {
            return [0.0; 3];
        }
        let ([x, y], [to_x, to_y]) = (points[i], next(i));
        let (a, b) = ((y - to_y) * turn, (to_x - x) * turn);
        let length = a.hypot(b).max(1.0e-12);
        let (a, b) = (a / length, b / length);
        [a, b, -(a * x + b * y)]
    })
}
