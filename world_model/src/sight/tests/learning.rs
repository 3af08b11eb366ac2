//! Landmarks are learned from pictures with labels: shapes among others of their colour, and parts by what lies beside them.

use super::*;
use crate::random::{Purpose, stream};
use crate::train::TrainError;
use rand::RngExt;
use std::ops::ControlFlow;

const SIDE: usize = 32;
pub(super) const SQUARE: ImageShape = ImageShape {
    width: SIDE,
    height: SIDE,
};

/// A grey picture with rectangles: left, top, width, height, how red it is and which landmark's.
pub(super) fn drawn(rectangles: &[(usize, usize, usize, usize, u8, u8)]) -> LocaliserSample {
    let mut drawn = LocaliserSample {
        image: vec![90; SQUARE.bytes()],
        landmarks: vec![0; LABEL_POINTS * LABEL_POINTS * SIDE * SIDE],
    };
    for &(left, top, width, height, red, mark) in rectangles {
        for row in top..top + height {
            for column in left..left + width {
                drawn.image[3 * (row * SIDE + column)] = red;
                for point in 0..LABEL_POINTS * LABEL_POINTS {
                    let (x, y) = (point % LABEL_POINTS, point / LABEL_POINTS);
                    let line = (LABEL_POINTS * row + y) * LABEL_POINTS * SIDE;
                    drawn.landmarks[line + LABEL_POINTS * column + x] = mark;
                }
            }
        }
    }
    drawn
}

fn config(steps: usize) -> LocaliserConfig {
    LocaliserConfig {
        steps,
        batch: 16,
        hidden: vec![48],
        learning_rate: 3.0e-3,
        ..LocaliserConfig::default()
    }
}

/// Eyes that learn to find landmarks of these names; `joint`, all parts of a body at once.
fn learned(names: &[&str], refined: bool, joint: bool) -> SightSpec {
    let landmark = |name: &&str| Landmark {
        name: (*name).to_owned(),
        colours: Vec::new(),
        stands: Vec::new(),
    };
    SightSpec::Glimpse {
        image: SQUARE,
        views: 1,
        landmarks: names.iter().map(landmark).collect(),
        window: None,
        coloured: false,
        finder: Finder::Learned {
            hidden: config(1).hidden,
            attended: true,
            refined,
            joint,
            faint: 0.3,
        },
        offsets: joint,
    }
}

fn learn(
    samples: &[LocaliserSample],
    spec: &SightSpec,
    steps: usize,
) -> Result<Localiser, TrainError> {
    train_localiser(samples, spec, &config(steps), &mut |_, _| {
        ControlFlow::Continue(())
    })
}

#[test]
fn a_localiser_learns_to_find_a_shape_among_others_of_its_colour() {
    let rng = &mut stream(3, Purpose::Localiser, 9, 9);
    // A bar lying down is the landmark; a bar standing up of the same colour is not.
    let mut sample = || {
        let (x, y) = (rng.random_range(0..24), rng.random_range(0..14));
        let (u, v) = (rng.random_range(0..29), rng.random_range(18..24));
        let drawn = drawn(&[(x, y, 8, 3, 220, 1), (u, v, 3, 8, 220, 0)]);
        (drawn, [x as f32 + 4.0, y as f32 + 1.5])
    };
    let spec = |refined| learned(&["bar"], refined, false);
    let samples: Vec<_> = (0..600).map(|_| sample().0).collect();
    let mut foreign = samples[..1].to_vec();
    foreign[0].landmarks[0] = 2;
    let refused = learn(&foreign, &spec(false), 1000).unwrap_err().to_string();
    assert!(refused.contains("landmark 2 of 1"), "{refused}");
    let fresh: Vec<_> = (0..40).map(|_| sample()).collect();
    let pixels_off = [false, true].map(|refined| {
        let localiser = learn(&samples, &spec(refined), 1000).unwrap();
        let other = Sight::try_new(spec(!refined), Some(localiser.clone())).unwrap_err();
        assert!(other.to_string().contains("only one refines"), "{other}");
        let sight = Sight::try_new(spec(refined), Some(localiser)).unwrap();
        let off = fresh.iter().map(|(sample, [x, y])| {
            let found = sight.look(&sample.image).unwrap().coordinates;
            (16.0 * (found[0] + 1.0) - x).hypot(16.0 * (found[1] + 1.0) - y)
        });
        off.sum::<f32>() / fresh.len() as f32
    });
    assert!(pixels_off[0] < 1.0, "{pixels_off:?}");
    assert!(pixels_off[1] < 0.5 * pixels_off[0], "{pixels_off:?}");
}

#[test]
fn parts_of_a_body_that_look_alike_are_told_by_what_lies_beside_them() {
    let rng = &mut stream(3, Purpose::Localiser, 9, 8);
    // A block with a bow to the right and a stern to the left, or turned about. Both are of the same colour: the stern is the one
    // beside the dark end of the block. The narrower the stern, the less of it is told. A buoy lies by itself.
    let mut sample = |turned: bool, width: usize| {
        let (x, y) = (rng.random_range(6..20), rng.random_range(12..26));
        let (buoy, above) = (rng.random_range(0..29), rng.random_range(0..7));
        let (stern, bow, dark) = match turned {
            false => (x - width, x + 6, x),
            true => (x + 6, x - 4, x + 4),
        };
        let rectangles = [
            (x, y, 6, 4, 160, 1),
            (dark, y, 2, 4, 30, 1),
            (stern, y, width, 4, 220, 2),
            (bow, y, 4, 4, 220, 3),
            (buoy, above, 3, 4, 250, 4),
        ];
        let ahead = if turned { -5.0 } else { 5.0 };
        let astern = if turned { 3.0 } else { -3.0 } * (1.0 + width as f32 / 6.0);
        let share = (width as f32 * 16.0 / 32.0).min(1.0);
        let buoy = [buoy as f32 - 14.5, above as f32 - 14.0];
        (drawn(&rectangles), [share * astern, ahead], buoy)
    };
    let spec = |refined| {
        let names = ["boat.hull", "boat.stern", "boat.bow", "buoy"];
        learned(&names, refined, true)
    };
    let refused = spec(false).check().unwrap_err().to_string();
    assert!(refused.contains("expected refined places"), "{refused}");
    let samples: Vec<_> = (0..600)
        .map(|i| sample(i % 2 == 0, 1 + i / 2 % 4).0)
        .collect();
    let localiser = learn(&samples, &spec(true), 2000).unwrap();
    let sight = Sight::try_new(spec(true), Some(localiser)).unwrap();
    let mut off = 0.0f32;
    for i in 0..40 {
        let (sample, [astern, ahead], buoy) = sample(i % 2 == 0, 1 + i / 2 % 4);
        let view = sight.look(&sample.image).unwrap();
        assert_eq!(view.known, [true; 4]);
        for (part, told) in [(1, [astern, 0.0]), (2, [ahead, 0.0]), (3, buoy)] {
            let at = &view.coordinates[2 * part..2 * part + 2];
            off += (16.0 * at[0] - told[0]).hypot(16.0 * at[1] - told[1]) / 120.0;
        }
    }
    assert!(off < 0.5, "{off} pixels off on average");
    // What is told of a stern of which little is seen counts as right. In the last picture a whole one has lost its labels.
    let mut samples: Vec<_> = (0..20).map(|i| sample(i % 2 == 0, 1 + i % 4).0).collect();
    samples.push(samples[3].clone());
    for label in &mut samples[20].landmarks {
        *label *= u8::from(*label != 2);
    }
    let found = accuracy(&sight, &samples).unwrap();
    let [hull, stern, bow, buoy] = &found[..] else {
        panic!("expected four landmarks: {found:?}");
    };
    for of in [hull, bow, buoy] {
        assert_eq!((of.shown, of.hidden), (21, 0), "{of:?}");
    }
    assert_eq!((stern.shown, stern.hidden), (20, 1), "{stern:?}");
    assert!(
        found.iter().all(|of| of.off[of.off.len() / 2] < 0.6),
        "{found:?}"
    );
    assert_eq!(stern.claimed, 1, "{stern:?}");
}
