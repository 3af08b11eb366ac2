//! A training state continues with the sight that it was written with, and no other.

use super::*;
use crate::imagination::Linear;
use crate::sight::{Finder, Landmark, Localiser, Sight, SightSpec};
use crate::synthetic::{DISC, PICTURE, PUSHER, pictured};

/// Whole frames.
pub(super) fn frame() -> Sight {
    Sight::try_new(SightSpec::Frame { image: PICTURE }, None).unwrap()
}

fn spec(window: usize, finder: Finder) -> SightSpec {
    let landmark = |name: &str, colour| Landmark {
        name: name.to_owned(),
        colours: vec![colour],
        stands: Vec::new(),
    };
    SightSpec::Glimpse {
        image: PICTURE,
        views: 1,
        landmarks: vec![landmark("disc", DISC), landmark("pusher", PUSHER)],
        window: Some(window),
        coloured: false,
        finder,
        offsets: false,
    }
}

/// Coordinates and a window, by colours.
pub(super) fn glimpse(window: usize) -> Sight {
    Sight::try_new(spec(window, Finder::Colours), None).unwrap()
}

/// The same by a localiser that sees everything everywhere, `likely` or more.
fn localised(likely: f32) -> Sight {
    let sizes = Localiser::sizes(&[4], 2);
    let layers = sizes.windows(2).map(|pair| Linear {
        inputs: pair[0],
        outputs: pair[1],
        weight: vec![0.0; pair[0] * pair[1]],
        bias: vec![likely; pair[1]],
    });
    let localiser = Localiser::try_new(PICTURE, layers.collect()).unwrap();
    let finder = Finder::Learned {
        hidden: vec![4],
        attended: true,
        refined: false,
        joint: false,
        faint: 0.3,
    };
    Sight::try_new(spec(8, finder), Some(localiser)).unwrap()
}

/// A finished run that sees.
pub(super) fn run_seeing(
    dataset: &Dataset,
    sight: Option<Sight>,
    config: &TrainConfig,
    state: Option<&Path>,
) -> WorldModel {
    train(dataset, sight, config, state, &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap()
}

#[test]
fn a_state_of_another_sight_is_refused() {
    let dataset = pictured(pushed_disc(6, 40, 2));
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.safetensors");
    let stop = |sight: Option<Sight>| {
        train(&dataset, sight, &tiny(), Some(&state), &mut |_| {
            ControlFlow::Break(())
        })
        .unwrap_err()
    };
    let refused = |first: Option<Sight>, second: Option<Sight>| {
        std::fs::remove_file(&state).ok();
        stop(first);
        let error = stop(second);
        assert!(matches!(error, TrainError::OtherSight { .. }), "{error}");
        let message = error.to_string();
        assert!(!message.contains('\n'), "{message}");
        message
    };
    let message = refused(Some(glimpse(8)), Some(glimpse(10)));
    assert!(message.contains("with the sight glimpse "), "{message}");
    let message = refused(Some(localised(1.0)), Some(localised(2.0)));
    assert!(message.contains("expected localised "), "{message}");
    let message = refused(None, Some(frame()));
    assert!(message.contains("sight none, expected frame "), "{message}");
    refused(Some(frame()), None);

    std::fs::remove_file(&state).ok();
    stop(Some(localised(1.0)));
    let error = stop(Some(localised(1.0)));
    assert!(
        matches!(error, TrainError::Interrupted { step: 2, .. }),
        "{error}"
    );
}
