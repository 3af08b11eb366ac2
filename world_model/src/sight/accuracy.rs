//! How well eyes find their landmarks, in pictures of which it is known what is where in them.

use super::Sight;
use super::glimpse::Mask;
use super::image::SightError;
use super::labels::{LABEL_POINTS, LocaliserSample, labelled};
use rayon::prelude::*;

/// Points of a label, four pixels of them, from which a landmark counts as shown.
const SHOWN_POINTS: usize = 4 * LABEL_POINTS * LABEL_POINTS;

/// A landmark of which nothing shows, read with the first part of its body, lies at that one; told to be further from there than
/// this, pixels, it is claimed to be seen.
const CLAIMED: f32 = 2.0;

/// How well a landmark is found in one of the views.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LandmarkAccuracy {
    /// Its name.
    pub name: String,
    /// The view, from the left.
    pub view: usize,
    /// Pictures that show at least four pixels of it.
    pub shown: usize,
    /// Of those it was found in, how far it was off from where it is told to be, pixels, in rising order. A part that is read with the
    /// first of its body is told to be the nearer to that one the less of it shows, below eight pixels.
    pub off: Vec<f32>,
    /// Pictures that show nothing of it.
    pub hidden: usize,
    /// In how many of these it was found all the same.
    pub claimed: usize,
}

/// Looks at every picture and compares. One entry for each landmark in each view, views first.
///
/// # Errors
/// [`SightError::Size`] for a picture of another size, [`SightError::Spec`] for labels of other landmarks and for eyes that look for
/// nothing.
pub fn accuracy(
    sight: &Sight,
    samples: &[LocaliserSample],
) -> Result<Vec<LandmarkAccuracy>, SightError> {
    let spec = sight.spec();
    let (landmarks, views) = (spec.landmarks(), spec.views());
    if landmarks.is_empty() {
        return Err(SightError::Spec {
            what: "whole frames are seen: expected eyes that look for landmarks".to_owned(),
        });
    }
    let seen = |sample: &LocaliserSample| {
        sample.check(spec.image(), landmarks.len())?;
        let masks = sight.masks(&sample.image, None)?;
        let of_view = |view| of_view(sight, sample, &masks, view);
        (0..views).map(of_view).collect::<Result<Vec<_>, _>>()
    };
    let seen: Vec<_> = samples.par_iter().map(seen).collect::<Result<_, _>>()?;
    let of_landmark = |(view, index): (usize, usize)| {
        let mut found = LandmarkAccuracy {
            name: landmarks[index].name.clone(),
            view,
            ..LandmarkAccuracy::default()
        };
        for sample in &seen {
            match sample[view][index] {
                Seen::Shown(off) => {
                    found.shown += 1;
                    found.off.extend(off);
                }
                Seen::Hidden { claimed } => {
                    found.hidden += 1;
                    found.claimed += usize::from(claimed);
                }
                Seen::Hardly => {}
            }
        }
        found.off.sort_by(f32::total_cmp);
        found
    };
    let all = (0..views).flat_map(|view| (0..landmarks.len()).map(move |index| (view, index)));
    Ok(all.map(of_landmark).collect())
}

/// A landmark in a view of a picture.
enum Seen {
    /// It shows; how far off it was found, pixels, if it was.
    Shown(Option<f32>),
    /// Nothing of it shows.
    Hidden { claimed: bool },
    /// Too little of it shows to say that it must be found.
    Hardly,
}

fn of_view(
    sight: &Sight,
    sample: &LocaliserSample,
    masks: &[Mask],
    view: usize,
) -> Result<Vec<Seen>, SightError> {
    let spec = sight.spec();
    let found = sight.places(&sample.image, masks, view)?;
    let labels = labelled(sample, spec.image(), spec.views(), view, found.len());
    let read_with = spec.read_with();
    let of_landmark = |index: usize| {
        let first = read_with[index];
        let claimed = |at: [f32; 2]| {
            let first = first.and_then(|first| found[first]);
            first.is_none_or(|first| distance(at, first) > CLAIMED)
        };
        match (labels[index].points, labels[index].place(SHOWN_POINTS)) {
            (0, _) => Seen::Hidden {
                claimed: found[index].is_some_and(claimed),
            },
            (_, Some(place)) => {
                let first = first.and_then(|first| labels[first].place(SHOWN_POINTS));
                let told = first.map_or(place, |first| labels[index].place_beside(first));
                Seen::Shown(found[index].map(|at| distance(at, told)))
            }
            _ => Seen::Hardly,
        }
    };
    Ok((0..found.len()).map(of_landmark).collect())
}

fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}
