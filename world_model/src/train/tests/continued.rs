//! A finished model goes on learning from where it is, on more data.

use super::{ControlFlow, larger, run, tiny};
use crate::config::TrainConfig;
use crate::dataset::Dataset;
use crate::model::WorldModel;
use crate::synthetic::pushed_disc;
use crate::train::{TrainError, continue_training};
use std::path::Path;

fn go_on(
    start: &WorldModel,
    dataset: &Dataset,
    config: &TrainConfig,
    state: &Path,
    until: usize,
) -> Result<WorldModel, TrainError> {
    continue_training(
        start,
        dataset,
        config,
        state,
        &mut |progress| match progress.step {
            done if done >= until => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        },
    )
}

/// Standardisation is taken out and folded in again: at a learning rate of almost nothing the model stays what it is, in physical
/// units, although the new data have another spread.
#[test]
fn it_starts_from_the_weights_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let start = run(&pushed_disc(20, 60, 2), &tiny(), None);
    let still = TrainConfig {
        steps: 1,
        learning_rate: 1.0e-12,
        final_learning_rate: 1.0e-13,
        ..tiny()
    };
    let data = pushed_disc(12, 40, 8);
    let state = folder.path().join("state");
    let same = go_on(&start, &data, &still, &state, usize::MAX).unwrap();
    assert_eq!(same.card().normalisation, start.card().normalisation);
    for observation in data.episodes[0].observations.chunks_exact(6).step_by(7) {
        let latent = |model: &WorldModel| {
            let mut latent = vec![0.0; 12];
            model.encode(observation, &mut latent).unwrap();
            latent
        };
        let pose = |model: &WorldModel| {
            let mut pose = vec![0.0; 6];
            model.pose(&latent(model), &mut pose).unwrap();
            pose
        };
        for (a, b) in latent(&same).iter().zip(latent(&start)) {
            assert!((a - b).abs() < 1.0e-4, "{a} {b}");
        }
        for (a, b) in pose(&same).iter().zip(pose(&start)) {
            assert!((a - b).abs() < 1.0e-4, "{a} {b}");
        }
        let goal = latent(&start);
        let (a, _) = same.steps_to_reach(&latent(&same), &goal).unwrap();
        let (b, _) = start.steps_to_reach(&latent(&start), &goal).unwrap();
        assert!((a - b).abs() < 1.0e-3, "{a} {b}");
    }
}

#[test]
fn more_steps_make_it_better_and_an_interruption_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let first = TrainConfig {
        steps: 150,
        ..larger()
    };
    // The same data, so that both are measured on the same held-out episodes.
    let more = pushed_disc(60, 60, 1);
    let start = run(&more, &first, None);
    let config = TrainConfig {
        steps: 200,
        evaluate_every: 100,
        ..first.continued(1.0)
    };
    assert!(config.learning_rate < first.learning_rate);
    let better = go_on(
        &start,
        &more,
        &config,
        &folder.path().join("whole"),
        usize::MAX,
    )
    .unwrap();
    let error = |model: &WorldModel| model.card().diagnostics.encoded.position_m;
    assert!(
        error(&better) < error(&start),
        "{} after, {} before",
        error(&better),
        error(&start)
    );
    let stopped = go_on(&start, &more, &config, &state, 40).unwrap_err();
    assert!(matches!(stopped, TrainError::Interrupted { step: 40, .. }));
    let resumed = go_on(&start, &more, &config, &state, usize::MAX).unwrap();
    assert_eq!(resumed.layers(), better.layers());

    let other = go_on(&better, &more, &config, &state, usize::MAX).unwrap_err();
    assert!(
        other.to_string().contains("trained from the model"),
        "{other}"
    );
    let wider = TrainConfig {
        predictor_hidden: vec![16],
        ..config
    };
    let error = go_on(&start, &more, &wider, &folder.path().join("none"), 1).unwrap_err();
    assert!(error.to_string().contains("another predictor"), "{error}");
}
