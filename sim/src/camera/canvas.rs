//! The samples of an image: a colour and a nearness each.

/// Samples of a pixel in a picture.
pub(super) const SAMPLES: usize = 16;

/// Pixels `[from, to)` of the image, along x and along y.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rect {
    pub x: [usize; 2],
    pub y: [usize; 2],
}

impl Rect {
    pub fn is_empty(&self) -> bool {
        self.x[0] >= self.x[1] || self.y[0] >= self.y[1]
    }

    /// The pixels that points of the image span, within an image of this size.
    pub fn around(points: impl IntoIterator<Item = [f32; 2]>, size: [usize; 2]) -> Self {
        let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
        for point in points {
            for axis in 0..2 {
                low[axis] = low[axis].min(point[axis]);
                high[axis] = high[axis].max(point[axis]);
            }
        }
        let span = |axis: usize| {
            // A cast of a float clamps, and makes zero of what is not a number.
            let from = low[axis].floor() as usize;
            [from, (high[axis].ceil() as usize).min(size[axis])]
        };
        Self {
            x: span(0),
            y: span(1),
        }
    }

    /// The whole image.
    pub fn whole([width, height]: [usize; 2]) -> Self {
        Self {
            x: [0, width],
            y: [0, height],
        }
    }
}

/// Nearness of a sample where nothing was drawn.
pub(super) const NOTHING: f32 = f32::MIN;

/// Share of a nearness within which what was drawn first stays: of two faces in one plane, rounding would show either.
const MARGIN: f32 = 2.0e-6;

/// Whether something hides what has been drawn.
pub(super) fn is_nearer(nearness: f32, drawn: f32) -> bool {
    nearness > drawn + MARGIN * drawn.abs()
}

/// `N` samples for each pixel, row by row.
#[derive(Clone, Debug)]
pub(super) struct Canvas<const N: usize> {
    pub width: usize,
    /// Offsets of the samples from the middle of their pixel, x and y, pixels.
    pub offsets: [[f32; N]; 2],
    /// Greater is nearer; [`NOTHING`] where nothing was drawn.
    pub nearness: Vec<[f32; N]>,
    /// Red in the lowest byte, then green and blue; or any other value.
    pub colour: Vec<[u32; N]>,
}

impl<const N: usize> Canvas<N> {
    /// An empty canvas. The samples of a pixel are a Hammersley set, (i, bits of i reversed) / N: no two share a row or a
    /// column, so that an edge along an axis passes them one by one. One sample lies in the middle.
    pub fn new([width, height]: [usize; 2]) -> Self {
        let bits = N.trailing_zeros();
        let place = |i: usize| (i as f32 + 0.5) / N as f32 - 0.5;
        let reversed = |i: usize| {
            if bits == 0 {
                i
            } else {
                i.reverse_bits() >> (usize::BITS - bits)
            }
        };
        Self {
            width,
            offsets: [
                std::array::from_fn(place),
                std::array::from_fn(|i| place(reversed(i))),
            ],
            nearness: vec![[NOTHING; N]; width * height],
            colour: vec![[0; N]; width * height],
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self, colour: u32) {
        self.nearness.fill([NOTHING; N]);
        self.colour.fill([colour; N]);
    }

    /// Takes the pixels `[from, to)` of a row from another canvas.
    pub fn copy_row(&mut self, other: &Self, y: usize, [from, to]: [usize; 2]) {
        let range = y * self.width + from..y * self.width + to;
        self.nearness[range.clone()].copy_from_slice(&other.nearness[range.clone()]);
        self.colour[range.clone()].copy_from_slice(&other.colour[range]);
    }
}

impl Canvas<SAMPLES> {
    /// The mean colour of a pixel.
    pub fn resolve(&self, pixel: usize) -> [u8; 3] {
        let (mut red_blue, mut green) = (0, 0);
        for colour in &self.colour[pixel] {
            // Sixteen bytes add up to less than sixteen bits.
            red_blue += colour & 0x00ff_00ff;
            green += (colour >> 8) & 0xff;
        }
        let mean = |sum: u32| ((sum + SAMPLES as u32 / 2) / SAMPLES as u32) as u8;
        [mean(red_blue & 0xffff), mean(green), mean(red_blue >> 16)]
    }
}

/// A colour in `[0, 255]` as one number.
pub(super) fn pack(colour: [f32; 3]) -> u32 {
    // A cast of a float to a byte rounds down and clamps.
    let [red, green, blue] = colour.map(|c| u32::from((c + 0.5) as u8));
    red | green << 8 | blue << 16
}
