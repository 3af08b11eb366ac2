//! What a glimpse sees is where it is, whatever the light; images that do not fit are refused.
#![allow(clippy::unwrap_used)]

mod accuracy;
mod learning;

use super::*;
use crate::imagination::Linear;

const SHAPE: ImageShape = ImageShape {
    width: 32,
    height: 24,
};
const BLUE: [f32; 3] = [0.2, 0.4, 0.9];
const RED: [f32; 3] = [0.9, 0.3, 0.2];

fn glimpse(window: Option<usize>) -> Sight {
    let landmark = |name: &str, colour| Landmark {
        name: name.to_owned(),
        colours: vec![colour],
        stands: Vec::new(),
    };
    let spec = SightSpec::Glimpse {
        image: SHAPE,
        views: 1,
        landmarks: vec![landmark("block", BLUE), landmark("pusher", RED)],
        window,
        coloured: false,
        finder: Finder::Colours,
        offsets: false,
    };
    Sight::try_new(spec, None).unwrap()
}

/// The same landmarks, found by a network whose single layer compares red with blue.
fn localised(window: Option<usize>) -> Sight {
    let SightSpec::Glimpse {
        image,
        views,
        mut landmarks,
        coloured,
        ..
    } = glimpse(window).spec
    else {
        unreachable!("a glimpse");
    };
    landmarks.iter_mut().for_each(|l| l.colours.clear());
    let (inputs, outputs) = (3 * 24 * 24, 2 * 64);
    let mut weight = vec![0.0; inputs * outputs];
    for pixel in 0..64 {
        let input = 3 * ((8 + pixel / 8) * 24 + 8 + pixel % 8);
        for (landmark, sign) in [(0, 1.0), (1, -1.0)] {
            let output = landmark * 64 + pixel;
            weight[input * outputs + output] = -40.0 * sign;
            weight[(input + 2) * outputs + output] = 40.0 * sign;
        }
    }
    let layer = Linear {
        inputs,
        outputs,
        weight,
        bias: vec![-20.0; outputs],
    };
    let spec = SightSpec::Glimpse {
        image,
        views,
        landmarks,
        window,
        coloured,
        finder: Finder::Learned {
            hidden: Vec::new(),
            attended: true,
            refined: false,
            joint: false,
            faint: 0.3,
        },
        offsets: false,
    };
    let localiser = Localiser::try_new(SHAPE, vec![layer]).unwrap();
    Sight::try_new(spec, Some(localiser)).unwrap()
}

/// A grey image with filled rectangles `(colour, x, y, width, height)`, as bright as `light`.
fn image(light: f32, rectangles: &[([f32; 3], usize, usize, usize, usize)]) -> Vec<u8> {
    let mut image = vec![(140.0 * light) as u8; SHAPE.bytes()];
    for &(colour, left, top, width, height) in rectangles {
        for y in top..top + height {
            for x in left..left + width {
                for (channel, value) in colour.iter().enumerate() {
                    image[3 * (y * SHAPE.width + x) + channel] = (255.0 * light * value) as u8;
                }
            }
        }
    }
    image
}

#[test]
fn coordinates_are_those_of_the_landmarks_in_any_light() {
    let sight = glimpse(None);
    for light in [0.5, 1.0] {
        let seen = image(light, &[(BLUE, 4, 6, 6, 4), (RED, 20, 12, 4, 4)]);
        let view = sight.look(&seen).unwrap();
        assert_eq!(view.seen, 2);
        let expected = [
            7.0 / 16.0 - 1.0,
            8.0 / 12.0 - 1.0,
            22.0 / 16.0 - 1.0,
            14.0 / 12.0 - 1.0,
        ];
        for (found, expected) in view.coordinates.iter().zip(expected) {
            assert!((found - expected).abs() < 1.0e-3, "{:?}", view.coordinates);
        }
    }
}

/// The same eyes, with landmarks of these names and offsets told.
fn of_parts(sight: &Sight, names: [&str; 2]) -> Sight {
    let mut spec = sight.spec.clone();
    let SightSpec::Glimpse {
        landmarks, offsets, ..
    } = &mut spec
    else {
        unreachable!("a glimpse");
    };
    for (landmark, name) in landmarks.iter_mut().zip(names) {
        landmark.name = name.to_owned();
    }
    *offsets = true;
    Sight::try_new(spec, sight.localiser.clone()).unwrap()
}

#[test]
fn further_parts_of_a_body_are_told_by_their_offsets() {
    let seen = image(1.0, &[(BLUE, 4, 6, 6, 4), (RED, 20, 12, 4, 4)]);
    let away = image(1.0, &[(RED, 20, 12, 4, 4)]);
    for sight in [glimpse(None), localised(None)] {
        let absolute = sight.look(&seen).unwrap().coordinates;
        let parts = of_parts(&sight, ["die.one", "die.two"]);
        let told = parts.look(&seen).unwrap().coordinates;
        assert_eq!(told[..2], absolute[..2]);
        assert_eq!(told[2], absolute[2] - absolute[0]);
        assert_eq!(told[3], absolute[3] - absolute[1]);
        // From what is not seen nothing can be told.
        let lost = parts.look(&away).unwrap();
        assert_eq!(lost.coordinates[2..], [0.0, 0.0]);
        // A glimpse has no memory to ask.
        assert_eq!(lost.known, [!sight.remembers(); 2]);
        // Bodies of their own are where they are.
        let bodies = of_parts(&sight, ["die.one", "cup.two"]);
        assert_eq!(bodies.look(&seen).unwrap().coordinates, absolute);
    }
}

#[test]
fn a_part_that_is_turned_away_is_forgotten_and_a_hidden_one_is_not() {
    let landmark = |name: &str| Landmark {
        name: name.to_owned(),
        colours: Vec::new(),
        stands: Vec::new(),
    };
    let mut sight = localised(None);
    let SightSpec::Glimpse {
        landmarks, offsets, ..
    } = &mut sight.spec
    else {
        unreachable!("a glimpse");
    };
    *landmarks = ["die.top", "die.east", "die.west", "cup"]
        .map(landmark)
        .into();
    *offsets = true;
    let view = |coordinates: [f32; 8], known: [bool; 4]| View {
        coordinates: coordinates.into(),
        known: known.into(),
        ..View::default()
    };
    let earlier = view(
        [0.5, 0.5, 0.1, 0.2, 0.0, 0.0, 0.3, 0.3],
        [true, true, false, true],
    );
    let mut turned = view(
        [0.5, 0.5, 0.0, 0.0, 0.1, 0.1, 0.0, 0.0],
        [true, false, true, false],
    );
    sight.remember(&mut turned, &earlier);
    assert_eq!(turned.known, [true, false, true, true]);
    assert_eq!(turned.coordinates, [0.5, 0.5, 0.0, 0.0, 0.1, 0.1, 0.3, 0.3]);
    let mut hidden = view(
        [0.6, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [true, false, false, false],
    );
    sight.remember(&mut hidden, &earlier);
    assert_eq!(hidden.known, [true, true, false, true]);
    assert_eq!(hidden.coordinates, [0.6, 0.5, 0.1, 0.2, 0.0, 0.0, 0.3, 0.3]);
}

#[test]
fn a_camera_that_has_moved_is_told_by_what_stands_still() {
    for mut sight in [glimpse(None), localised(None)] {
        let learned = sight.localiser.is_some();
        let SightSpec::Glimpse { landmarks, .. } = &mut sight.spec else {
            unreachable!("a glimpse");
        };
        landmarks[1].stands = vec![[0.5, -0.5]];
        let features = |shapes: &[([f32; 3], usize, usize, usize, usize)], memory| {
            let (mut values, seen) = (Vec::new(), image(1.0, shapes));
            let view = sight.observe(&seen, &seen, memory, &mut values).unwrap();
            (values, view)
        };
        // The anchor's middle is (24, 6) in 32 x 24 pixels, as it should be; then all is three pixels further right and one down.
        let (plain, _) = features(&[(BLUE, 8, 10, 4, 4), (RED, 22, 4, 4, 4)], None);
        let (moved, memory) = features(&[(BLUE, 11, 11, 4, 4), (RED, 25, 5, 4, 4)], None);
        assert_eq!(plain.len(), sight.spec.features());
        assert_eq!(plain.len(), 4);
        assert!((memory.coordinates[2] - 0.5).abs() > 0.1 && memory.seen == 1);
        let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1.0e-2);
        assert!(near(&plain, &moved), "{plain:?} {moved:?}");
        // Hidden, it is where it was; never seen, the camera is taken to be in its own place.
        let hidden = [(BLUE, 11, 11, 4, 4)];
        let (remembered, _) = features(&hidden, Some(&memory));
        assert!(near(&remembered, &plain), "{remembered:?} {learned}");
        let (unknown, _) = features(&hidden, None);
        assert!(!near(&unknown, &plain), "{unknown:?} {learned}");
    }
}

#[test]
fn anchors_that_cannot_be_are_refused() {
    let error = |window, stands: [usize; 2]| {
        let mut spec = glimpse(window).spec;
        let SightSpec::Glimpse { landmarks, .. } = &mut spec else {
            unreachable!("a glimpse");
        };
        for (landmark, views) in landmarks.iter_mut().zip(stands) {
            landmark.stands = vec![[0.0; 2]; views];
        }
        Sight::try_new(spec, None).unwrap_err().to_string()
    };
    assert!(error(None, [1, 1]).contains("may move"));
    assert!(error(Some(8), [1, 0]).contains("window around `block`"));
    assert!(error(None, [0, 2]).contains("`pusher` stands in 2 views"));
}

#[test]
fn a_faintest_share_is_a_share() {
    for share in [0.0, 1.0, f32::NAN] {
        let Sight {
            mut spec,
            localiser,
            ..
        } = localised(None);
        if let SightSpec::Glimpse {
            finder: Finder::Learned { faint, .. },
            ..
        } = &mut spec
        {
            *faint = share;
        }
        let error = Sight::try_new(spec, localiser).unwrap_err().to_string();
        assert!(error.contains("expected one in (0, 1)"), "{error}");
    }
}

#[test]
fn the_window_moves_with_the_landmark_and_is_empty_outside_the_image() {
    let sight = glimpse(Some(8));
    let window = |x, y| {
        let seen = image(1.0, &[(BLUE, x, y, 4, 2)]);
        sight.look(&seen).unwrap().picture
    };
    let (middle, corner) = (window(12, 10), window(0, 0));
    assert_eq!(middle.len(), 64);
    assert_eq!(middle, corner);
    assert_eq!(middle.iter().sum::<f32>(), 8.0);
}

#[test]
fn features_hold_coordinates_changes_and_the_window() {
    let sight = glimpse(Some(8));
    let before = image(1.0, &[(BLUE, 4, 6, 6, 4), (RED, 20, 12, 4, 4)]);
    let now = image(1.0, &[(BLUE, 4, 6, 6, 4), (RED, 21, 12, 4, 4)]);
    let mut features = Vec::new();
    sight.observe(&now, &before, None, &mut features).unwrap();
    assert_eq!(features.len(), sight.spec().features());
    assert_eq!(sight.spec().leading(), 8);
    let change = 10.0 / 16.0;
    for (found, expected) in features[4..8].iter().zip([0.0, 0.0, change, 0.0]) {
        assert!((found - expected).abs() < 1.0e-3, "{:?}", &features[..8]);
    }
}

#[test]
fn what_is_not_there_is_not_seen() {
    let view = glimpse(Some(8)).look(&image(1.0, &[])).unwrap();
    assert_eq!((view.seen, view.coordinates), (0, vec![0.0; 4]));
    assert!(view.picture.iter().all(|&v| v == 0.0));
}

/// The earlier of two images is read around what the later one shows, and gives what reading all of it would.
#[test]
fn a_localiser_reads_the_earlier_image_around_what_the_later_one_shows() {
    let sight = localised(None);
    let localiser = sight.localiser.as_ref().unwrap();
    let seen = image(1.0, &[(BLUE, 20, 2, 4, 2)]);
    let (_, masks) = sight.look_within(&seen, None).unwrap();
    // Cells of 8 pixels, four in a row: the third of the first row and all beside it.
    let around = localiser.around(&masks);
    let expected = [1, 2, 3, 5, 6, 7].map(|cell| (cell, true));
    let found = around.iter().copied().enumerate().filter(|(_, read)| *read);
    assert_eq!(found.collect::<Vec<_>>(), expected);
    let earlier = image(1.0, &[(BLUE, 17, 4, 4, 2)]);
    let (part, _) = sight.look_within(&earlier, Some(&around)).unwrap();
    assert_eq!(part, sight.look(&earlier).unwrap());
    // Nothing where nothing is read.
    let elsewhere = image(1.0, &[(BLUE, 0, 16, 4, 2)]);
    assert_eq!(
        sight.look_within(&elsewhere, Some(&around)).unwrap().0.seen,
        0
    );
}

#[test]
fn what_is_hidden_stays_where_it_was_and_does_not_move() {
    let sight = localised(Some(8));
    let whole = image(1.0, &[(BLUE, 4, 6, 6, 4), (RED, 20, 12, 4, 4)]);
    let hidden = image(1.0, &[(RED, 21, 12, 4, 4)]);
    let (mut first, mut next) = (Vec::new(), Vec::new());
    let memory = sight.observe(&whole, &whole, None, &mut first).unwrap();
    let memory = sight
        .observe(&hidden, &hidden, Some(&memory), &mut next)
        .unwrap();
    assert_eq!(next[..2], first[..2]);
    assert_eq!(next[4..8], [0.0; 4]);
    assert_eq!(next[8..], first[8..]);
    // The other is seen, and seen to have moved.
    assert!((next[2] - first[2] - 1.0 / 16.0).abs() < 1.0e-3);
    // It is remembered for as long as it is hidden, and comes back without a jump in its velocity.
    let mut back = Vec::new();
    let memory = sight
        .observe(&hidden, &hidden, Some(&memory), &mut back)
        .unwrap();
    assert_eq!(back[..2], first[..2]);
    assert_eq!((memory.seen, &memory.known), (1, &vec![true, true]));
    let (mut unknown, nothing) = (Vec::new(), image(1.0, &[]));
    sight.observe(&whole, &nothing, None, &mut unknown).unwrap();
    assert_eq!(unknown[4..8], [0.0; 4]);
}

#[test]
fn patches_hold_every_pixel_once() {
    let shape = ImageShape {
        width: 32,
        height: 32,
    };
    let sight = Sight::try_new(SightSpec::Frame { image: shape }, None).unwrap();
    let image: Vec<u8> = (0..shape.bytes()).map(|i| (i % 251) as u8).collect();
    let sum = |values: &mut dyn Iterator<Item = f32>| values.sum::<f32>();
    let patches = sight.look(&image).unwrap().picture;
    let expected = sum(&mut image.iter().map(|&b| f32::from(b) / 255.0));
    assert!((sum(&mut patches.iter().copied()) - expected).abs() < 1.0e-2 * expected);
    // The second patch starts 8 pixels to the right, the third 8 lines down.
    assert_eq!(patches[192], f32::from(image[24]) / 255.0);
    assert_eq!(patches[2 * 192], f32::from(image[8 * 32 * 3]) / 255.0);
}

#[test]
fn files_and_buffers_of_another_kind_are_refused_in_one_line() {
    let sight = glimpse(None);
    let error = |outcome: Result<View, SightError>| outcome.unwrap_err().to_string();
    assert!(error(sight.look(&[0; 12])).contains("12 bytes, expected 2304"));
    let whole = image(1.0, &[(BLUE, 4, 6, 6, 4)]);
    let file = SHAPE.to_png(&whole).unwrap();
    assert_eq!(SHAPE.from_png(&file).unwrap(), whole);
    let other = ImageShape {
        width: 24,
        height: 32,
    };
    let foreign = other.from_png(&file).unwrap_err().to_string();
    assert!(
        foreign.contains("32x24") && foreign.contains("24x32"),
        "{foreign}"
    );
    let torn = SHAPE.from_png(&file[..40]).unwrap_err().to_string();
    assert!(torn.contains("damaged") && !torn.contains('\n'), "{torn}");
}
