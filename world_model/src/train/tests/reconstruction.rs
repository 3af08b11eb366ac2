//! The reconstruction world model: a decoder alone holds the latent, of states and of pictures, whole or masked.

use super::sights::{frame, glimpse, run_seeing};
use super::*;
use crate::config::{AntiCollapse, Reconstruction};
use crate::sight::Sight;
use crate::synthetic::pictured;
use crate::train::LossTerms;

fn with(reconstruction: Reconstruction) -> TrainConfig {
    TrainConfig {
        anti_collapse: AntiCollapse::None,
        reconstruction,
        ..tiny()
    }
}

/// The model, and the losses of the first and the last step.
fn trained(
    dataset: &Dataset,
    sight: Option<Sight>,
    config: &TrainConfig,
) -> (WorldModel, [LossTerms; 2]) {
    let mut ends = [LossTerms::default(); 2];
    let model = train(dataset, sight, config, None, &mut |progress| {
        ends[1] = progress.losses;
        if progress.step == 1 {
            ends[0] = progress.losses;
        }
        ControlFlow::Continue(())
    });
    (model.unwrap_or_else(|error| panic!("{error}")), ends)
}

#[test]
fn a_decoder_holds_the_latent_of_states_without_anything_else() {
    let dataset = pushed_disc(120, 60, 1);
    for reconstruction in [Reconstruction::Full, Reconstruction::Masked] {
        let config = TrainConfig {
            anti_collapse: AntiCollapse::None,
            reconstruction,
            mask_fraction: 0.3,
            ..larger()
        };
        let (model, [first, last]) = trained(&dataset, None, &config);
        let (before, after) = (first.reconstruction, last.reconstruction);
        let least = match reconstruction {
            Reconstruction::Masked => 0.6,
            _ => 0.15,
        };
        assert!(
            before > 0.8 && after < least * before,
            "{before} -> {after}"
        );
        let ahead = last.imagined_reconstruction;
        assert!(ahead < 0.6 * first.imagined_reconstruction, "{ahead}");
        assert_eq!(last.sigreg, 0.0);
        let seen = &model.card().diagnostics;
        assert!(seen.skill.iter().any(|s| s.skill > 0.2), "{seen:#?}");
        assert!(seen.position_r2 > 0.8, "{seen:#?}");
    }
}

#[test]
fn pictures_are_reconstructed_from_whole_frames_and_from_glimpses() {
    let dataset = pictured(pushed_disc(12, 40, 2));
    for sight in [frame(), glimpse(8)] {
        for reconstruction in [Reconstruction::Full, Reconstruction::Masked] {
            let config = TrainConfig {
                steps: 100,
                learning_rate: 3e-3,
                ..with(reconstruction)
            };
            let name = sight.spec().name();
            let seen = Some(sight.clone());
            let (model, [first, last]) = trained(&dataset, seen, &config);
            let (before, after) = (first.reconstruction, last.reconstruction);
            assert!(
                after < 0.95 * before,
                "{name} {reconstruction:?}: {before} -> {after}"
            );
            // Latents of whole frames hardly differ at first, and must not be drawn together further.
            let spread = model.card().diagnostics.mean_std;
            assert!(spread > 0.003, "{name} {reconstruction:?}: {spread}");
        }
    }
}

#[test]
fn an_interrupted_masked_run_continues_to_the_same_model() {
    let dataset = pictured(pushed_disc(6, 40, 2));
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.safetensors");
    let config = TrainConfig {
        steps: 12,
        ..with(Reconstruction::Masked)
    };
    let mut stop = |progress: &TrainProgress| match progress.step {
        7 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    train(&dataset, Some(frame()), &config, Some(&state), &mut stop).unwrap_err();
    let resumed = run_seeing(&dataset, Some(frame()), &config, Some(&state));
    let whole = run_seeing(&dataset, Some(frame()), &config, None);
    assert_eq!(resumed.layers(), whole.layers());
}

#[test]
fn the_decoder_is_as_wide_as_asked_and_is_not_part_of_the_model() {
    let dataset = pushed_disc(20, 60, 2);
    let config = with(Reconstruction::Full);
    let model = run(&dataset, &config, None);
    let names = model.layers().tensors().into_iter().map(|t| t.name);
    let decoders = names.filter(|name| name.contains("decoder")).count();
    assert_eq!(decoders, 0);
    let wider = TrainConfig {
        decoder_hidden: Some(vec![40, 30]),
        ..config
    };
    assert_ne!(run(&dataset, &wider, None).layers(), model.layers());
}
