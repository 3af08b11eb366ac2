//! What lies over the picture: a soft shadow, and a bar before the lens.

use super::view::View;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Full strength of [`Texel::keep`].
const ONE: f32 = 256.0;
/// Grey of the bar.
const BAR: f32 = 60.0;

/// What becomes of a pixel: `colour * keep / 256 + add`.
#[derive(Clone, Copy, Debug)]
struct Texel {
    keep: u16,
    add: u8,
}

/// One texel for each pixel, or none where nothing lies over the picture.
#[derive(Clone, Debug, Default)]
pub(super) struct Overlay {
    texels: Vec<Texel>,
}

impl Overlay {
    /// The colour of a pixel under the overlay.
    pub fn over(&self, pixel: usize, colour: [u8; 3]) -> [u8; 3] {
        match self.texels.get(pixel) {
            Some(&Texel { keep, add }) => {
                colour.map(|c| ((u32::from(c) * u32::from(keep)) >> 8) as u8 + add)
            }
            None => colour,
        }
    }

    /// Darkens a blob or a band by up to `strength`, `[0, 1]`, at a drawn place.
    pub fn shade(&mut self, view: &View, strength: f32, rng: &mut ChaCha8Rng) {
        let height = view.height as f32;
        let mut between = |low: f32, high: f32| low + (high - low) * rng.random::<f32>();
        let middle = [
            between(0.25, 0.75) * view.width as f32,
            between(0.25, 0.75) * height,
        ];
        let is_band = between(0.0, 1.0) < 0.5;
        let angle = between(0.0, std::f32::consts::PI);
        let reach = height * between(0.2, 0.4);
        let (sin, cos) = angle.sin_cos();
        self.apply(view, |x, y| {
            let (x, y) = (x - middle[0], y - middle[1]);
            let distance = if is_band {
                (x * cos + y * sin).abs()
            } else {
                x.hypot(y)
            };
            let inside = (1.0 - distance / reach).clamp(0.0, 1.0);
            // Smooth at both ends.
            let soft = inside * inside * (3.0 - 2.0 * inside);
            (1.0 - strength * soft, 0.0)
        });
    }

    /// Lays a bar so many pixels wide across the picture at a drawn place.
    pub fn bar(&mut self, view: &View, width: f32, rng: &mut ChaCha8Rng) {
        let angle = rng.random::<f32>() * std::f32::consts::PI;
        let (sin, cos) = angle.sin_cos();
        let offset = (rng.random::<f32>() - 0.5) * 0.6 * view.height as f32;
        let middle = [view.width as f32 / 2.0, view.height as f32 / 2.0];
        self.apply(view, |x, y| {
            let across = (x - middle[0]) * cos + (y - middle[1]) * sin - offset;
            // Share of the pixel that lies under the bar.
            let cover = (width / 2.0 - across.abs() + 0.5).clamp(0.0, width.min(1.0));
            (1.0 - cover, cover * BAR)
        });
    }

    /// Lays one thing more over the picture: what is kept of it and what is added at a pixel coordinate.
    fn apply(&mut self, view: &View, effect: impl Fn(f32, f32) -> (f32, f32)) {
        let clear = Texel {
            keep: ONE as u16,
            add: 0,
        };
        self.texels.resize(view.width * view.height, clear);
        for (i, texel) in self.texels.iter_mut().enumerate() {
            let (x, y) = (i % view.width, i / view.width);
            let (keep, add) = effect(x as f32 + 0.5, y as f32 + 0.5);
            texel.keep = (f32::from(texel.keep) * keep) as u16;
            texel.add = (f32::from(texel.add) * keep + add) as u8;
        }
    }
}
