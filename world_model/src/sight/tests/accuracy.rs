//! What eyes find is compared with what is there.

use super::learning::{SQUARE, drawn};
use super::*;

/// Eyes that know the landmark `bar` by its colour, the `red` of it as it is drawn.
fn eyes(red: u8) -> Sight {
    let channel = |value: u8| f32::from(value) / 255.0;
    let bar = Landmark {
        name: "bar".to_owned(),
        colours: vec![[channel(red), channel(90), channel(90)]],
        stands: Vec::new(),
    };
    let spec = SightSpec::Glimpse {
        image: SQUARE,
        views: 1,
        landmarks: vec![bar],
        window: None,
        coloured: false,
        finder: Finder::Colours,
        offsets: false,
    };
    Sight::try_new(spec, None).unwrap()
}

#[test]
fn what_is_found_is_held_against_what_is_there() {
    let found = drawn(&[(4, 4, 6, 4, 255, 1)]);
    // Labelled three pixels to the right and four further down than what looks like it.
    let mut beside = drawn(&[(4, 4, 6, 4, 255, 0), (7, 8, 6, 4, 90, 1)]);
    let missed = drawn(&[(4, 4, 6, 4, 90, 1)]);
    let claimed = drawn(&[(4, 4, 6, 4, 255, 0)]);
    let empty = drawn(&[]);
    let hardly = drawn(&[(4, 4, 3, 1, 255, 1)]);
    let samples = [found, beside.clone(), missed, claimed, empty, hardly];
    let [bar] = accuracy(&eyes(255), &samples).unwrap().try_into().unwrap();
    assert_eq!((bar.name.as_str(), bar.view), ("bar", 0));
    assert_eq!((bar.shown, bar.hidden, bar.claimed), (3, 2, 1));
    assert_eq!(bar.off.len(), 2);
    assert!(
        bar.off[0] < 0.1 && (bar.off[1] - 5.0).abs() < 0.1,
        "{:?}",
        bar.off
    );
    let mut foreign = beside.clone();
    foreign.landmarks[0] = 2;
    let error = accuracy(&eyes(255), &[foreign]).unwrap_err().to_string();
    assert!(error.contains("landmark 2 of 1"), "{error}");
    beside.image.truncate(9);
    let error = accuracy(&eyes(255), &[beside]).unwrap_err();
    assert!(matches!(error, SightError::Size { .. }), "{error}");
}
