//! Where a landmark is, and the window around it.

use super::image::ImageShape;
use super::spec::SightSpec;

/// Side of the square in which attention looks for the most of a landmark, pixels.
const SPOT: usize = 16;
/// Radius within which attended pixels count, pixels, and how often the centre is moved to their mean.
const ATTENDED_RADIUS: f32 = 14.0;
const SHIFTS: usize = 3;

/// How much each pixel belongs to a landmark, `[height, width]`, in `[0, 1]`.
#[derive(Clone, Debug)]
pub(super) struct Mask {
    shape: ImageShape,
    pub values: Vec<f32>,
}

impl Mask {
    pub fn empty(shape: ImageShape) -> Self {
        Self {
            shape,
            values: vec![0.0; shape.width * shape.height],
        }
    }

    /// One of `parts` equally wide parts, from the left.
    pub fn part(&self, index: usize, parts: usize) -> Part<'_> {
        let width = self.shape.width / parts;
        Part {
            mask: self,
            left: index * width,
            width,
        }
    }
}

/// Where each landmark is in one of the views of `spec`, in pixels from its corner; none for one that is not seen. Where most of its
/// pixels are close together if the spec attends, else where all of them are on average.
pub(super) fn places(masks: &[Mask], view: usize, spec: &SightSpec) -> Vec<Option<[f32; 2]>> {
    let parts = masks.iter().map(|mask| mask.part(view, spec.views()));
    let place = |part: Part| match spec.attends() {
        true => part.attended(spec.least()),
        false => part.centroid(spec.least()),
    };
    parts.map(place).collect()
}

/// A part of a mask that is as high as the whole: one view. Its coordinates are pixels from its own corner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    mask: &'a Mask,
    left: usize,
    width: usize,
}

impl Part<'_> {
    fn height(&self) -> usize {
        self.mask.shape.height
    }

    /// Middle of the view.
    pub fn centre(&self) -> [f32; 2] {
        [self.width as f32 / 2.0, self.height() as f32 / 2.0]
    }

    /// A point as coordinates from -1 to 1.
    pub fn normalised(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [
            2.0 * x / self.width as f32 - 1.0,
            2.0 * y / self.height() as f32 - 1.0,
        ]
    }

    fn lines(&self) -> impl Iterator<Item = &[f32]> {
        let lines = self.mask.values.chunks_exact(self.mask.shape.width);
        lines.map(|line| &line[self.left..self.left + self.width])
    }

    /// Mean position of the landmark's pixels, in pixels; none where they are not more than `least`.
    pub fn centroid(&self, least: f32) -> Option<[f32; 2]> {
        self.weighted_mean(self.centre(), f32::INFINITY, least)
    }

    /// Mean position of the landmark's pixels around where most of them are: what only looks a little like the landmark
    /// elsewhere does not draw it away.
    pub fn attended(&self, least: f32) -> Option<[f32; 2]> {
        let mut centre = self.densest_spot();
        for _ in 0..SHIFTS {
            centre = self.weighted_mean(centre, ATTENDED_RADIUS, least)?;
        }
        Some(centre)
    }

    /// Mean position of the pixels whose middle is at most `radius` from `centre` in x and in y.
    fn weighted_mean(&self, centre: [f32; 2], radius: f32, least: f32) -> Option<[f32; 2]> {
        // Of the first and behind the last pixel of a line that may count.
        let within = |middle: f32, size: usize| {
            let first = (middle - radius - 0.5).ceil().max(0.0) as usize;
            let behind = (middle + radius + 0.5).floor().max(0.0) as usize;
            first.min(size)..behind.min(size)
        };
        let (columns, rows) = (
            within(centre[0], self.width),
            within(centre[1], self.height()),
        );
        let (mut weight, mut sum_x, mut sum_y) = (0.0, 0.0, 0.0);
        for (line, row) in self.lines().skip(rows.start).zip(rows) {
            let y = row as f32 + 0.5;
            for (&value, column) in line[columns.clone()].iter().zip(columns.clone()) {
                if value > 0.0 {
                    weight += value;
                    sum_x += value * (column as f32 + 0.5);
                    sum_y += value * y;
                }
            }
        }
        (weight > least).then(|| [sum_x / weight, sum_y / weight])
    }

    /// Middle of the square with the most of the landmark.
    fn densest_spot(&self) -> [f32; 2] {
        let (width, height) = (self.width, self.height());
        // Sums over all pixels above and to the left.
        let stride = width + 1;
        let mut sums = vec![0.0f32; stride * (height + 1)];
        for (y, line) in self.lines().enumerate() {
            let mut sum = 0.0;
            for (x, value) in line.iter().enumerate() {
                // Squared, so that what surely belongs counts more than much that may.
                sum += value * value;
                sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + sum;
            }
        }
        let (w, h) = (SPOT.min(width), SPOT.min(height));
        let mut best = (f32::NEG_INFINITY, [0.0, 0.0]);
        for y in 0..=height - h {
            for x in 0..=width - w {
                let inside = sums[(y + h) * stride + x + w]
                    - sums[y * stride + x + w]
                    - sums[(y + h) * stride + x]
                    + sums[y * stride + x];
                if inside > best.0 + 1.0e-4 {
                    best = (
                        inside,
                        [x as f32 + w as f32 / 2.0, y as f32 + h as f32 / 2.0],
                    );
                }
            }
        }
        best.1
    }

    /// Appends the window of `side` pixels around `centre`, `[side, side]`, interpolated; zero outside the view.
    pub fn window(&self, centre: [f32; 2], side: usize, out: &mut Vec<f32>) {
        self.sample(centre, side, |at| self.mask.values[at], out);
    }

    /// Appends the colours of the landmark's pixels in the window, `[3, side, side]`, as shares of the sum of their channels, so
    /// that light and shade do not count; zero where the landmark is not.
    pub fn colour_window(&self, image: &[u8], centre: [f32; 2], side: usize, out: &mut Vec<f32>) {
        for channel in 0..3 {
            let share = |at: usize| {
                let rgb = &image[3 * at..3 * at + 3];
                let sum: f32 = rgb.iter().map(|&c| f32::from(c)).sum();
                self.mask.values[at] * f32::from(rgb[channel]) / sum.max(1.0)
            };
            self.sample(centre, side, share, out);
        }
    }

    fn sample(
        &self,
        [x, y]: [f32; 2],
        side: usize,
        value: impl Fn(usize) -> f32,
        out: &mut Vec<f32>,
    ) {
        let (width, height) = (self.width as isize, self.height() as isize);
        let stride = self.mask.shape.width;
        // Of the window's first pixel, whose middle lies half a pixel further.
        let (left, top) = (x - side as f32 / 2.0, y - side as f32 / 2.0);
        let (column, row) = (left.floor(), top.floor());
        let (right_share, low_share) = (left - column, top - row);
        let at = |x: isize, y: isize| {
            let inside = (0..width).contains(&x) && (0..height).contains(&y);
            if inside {
                value(y as usize * stride + self.left + x as usize)
            } else {
                0.0
            }
        };
        for j in 0..side as isize {
            let y = row as isize + j;
            let mut left_column = (at(column as isize, y), at(column as isize, y + 1));
            for i in 0..side as isize {
                let x = column as isize + i + 1;
                let right_column = (at(x, y), at(x, y + 1));
                let mix = |(upper, lower): (f32, f32)| upper + low_share * (lower - upper);
                let (a, b) = (mix(left_column), mix(right_column));
                out.push(a + right_share * (b - a));
                left_column = right_column;
            }
        }
    }
}
