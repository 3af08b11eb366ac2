//! Landmarks that never move: where they are found tells how far the camera has moved, and all others' coordinates are corrected
//! by that.

use super::View;
use super::spec::Landmark;

/// How far the picture of the `view`-th camera is shifted, in coordinates: the median over the anchors that are known, for one
/// may be taken for something else; nothing where none is.
pub(super) fn shift(landmarks: &[Landmark], view: usize, seen: &View) -> [f32; 2] {
    let first = view * landmarks.len();
    let anchors = landmarks.iter().enumerate();
    let known = anchors.filter(|(index, l)| l.is_anchor() && seen.known[first + index]);
    let known: Vec<(usize, [f32; 2])> = known
        .map(|(index, anchor)| (first + index, anchor.stands[view]))
        .collect();
    [0, 1].map(|axis| {
        let shifts = known.iter();
        median(
            shifts
                .map(|(index, stands)| seen.coordinates[2 * index + axis] - stands[axis])
                .collect(),
        )
    })
}

/// The middle value, or the mean of the two in the middle; zero of none.
fn median(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    let (low, high) = (values.len().saturating_sub(1) / 2, values.len() / 2);
    match (values.get(low), values.get(high)) {
        (Some(low), Some(high)) => 0.5 * (low + high),
        _ => 0.0,
    }
}
