//! Pictures of which it is known what is where in them, and where that puts each landmark.

use super::image::{ImageShape, SightError};

/// Points across a pixel, and down, at which a label says what is there: a landmark's edge cuts pixels.
pub const LABEL_POINTS: usize = 2;
/// Points of a label, eight pixels of them, from which a part that is read with the first of its body is told to be where it is.
const WHOLE_POINTS: usize = 8 * LABEL_POINTS * LABEL_POINTS;

/// A picture and what is where in it.
#[derive(Clone, Debug)]
pub struct LocaliserSample {
    /// RGB, `[height, width, 3]`.
    pub image: Vec<u8>,
    /// 1 + index of the landmark at each point, 0 for none, `[LABEL_POINTS * height, LABEL_POINTS * width]`; see [`LABEL_POINTS`].
    pub landmarks: Vec<u8>,
}

impl LocaliserSample {
    /// Checks that it is a picture of this size, and that its labels tell so many landmarks.
    pub(super) fn check(&self, image: ImageShape, landmarks: usize) -> Result<(), SightError> {
        image.check_buffer(&self.image)?;
        let points = LABEL_POINTS * LABEL_POINTS * image.width * image.height;
        let most = self.landmarks.iter().copied().max().unwrap_or(0);
        let what = match self.landmarks.len() {
            found if found != points => format!("{found} labels, expected {points}"),
            _ if usize::from(most) > landmarks => {
                format!("landmark {most} of {landmarks} in the labels")
            }
            _ => return Ok(()),
        };
        Err(SightError::Spec { what })
    }
}

/// The points of a view that are labelled as a landmark's.
#[derive(Clone, Copy, Default)]
pub(super) struct Labelled {
    sum: [f32; 2],
    /// How many they are.
    pub points: usize,
}

impl Labelled {
    /// Where they are on average, in pixels; none where they are fewer than `fewest`.
    pub fn place(&self, fewest: usize) -> Option<[f32; 2]> {
        let points = (LABEL_POINTS * self.points) as f32;
        (self.points >= fewest).then(|| self.sum.map(|sum| sum / points))
    }

    /// How far a part of a body that is read with the first one, which is at `first`, is told to be from there, in pixels: the less of
    /// it is seen the nearer, so that nothing jumps when it comes or goes.
    pub fn offset_from(&self, first: [f32; 2]) -> [f32; 2] {
        let share = self.points.min(WHOLE_POINTS) as f32 / WHOLE_POINTS as f32;
        let at = self.place(1).unwrap_or(first);
        [0, 1].map(|axis| share * (at[axis] - first[axis]))
    }

    /// Where such a part is told to be, in pixels.
    pub fn place_beside(&self, first: [f32; 2]) -> [f32; 2] {
        let offset = self.offset_from(first);
        [0, 1].map(|axis| first[axis] + offset[axis])
    }
}

/// The labels of each of so many landmarks in one of the views of a picture.
pub(super) fn labelled(
    sample: &LocaliserSample,
    image: ImageShape,
    views: usize,
    view: usize,
    landmarks: usize,
) -> Vec<Labelled> {
    let columns = image.columns(views, view);
    let mut all = vec![Labelled::default(); landmarks];
    let lines = sample.landmarks.chunks_exact(LABEL_POINTS * image.width);
    for (y, line) in lines.enumerate() {
        let line = &line[LABEL_POINTS * columns.start..LABEL_POINTS * columns.end];
        for (x, &landmark) in line.iter().enumerate() {
            if landmark > 0 {
                let labelled = &mut all[usize::from(landmark) - 1];
                labelled.sum[0] += x as f32 + 0.5;
                labelled.sum[1] += y as f32 + 0.5;
                labelled.points += 1;
            }
        }
    }
    all
}
