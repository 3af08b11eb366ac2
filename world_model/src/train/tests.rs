//! What a user relies on: training beats copying, repeats bit for bit, continues after a kill as if
//! nothing had happened, and stops with a reason when it cannot work.
#![allow(clippy::unwrap_used)]

mod anti_collapse;
mod continued;
mod norms;
mod reconstruction;
mod sights;

use std::ops::ControlFlow;
use std::path::Path;

use super::{TrainError, TrainProgress, train};
use crate::config::TrainConfig;
use crate::dataset::Dataset;
use crate::model::WorldModel;
use crate::synthetic::pushed_disc;

fn tiny() -> TrainConfig {
    TrainConfig {
        seed: 5,
        steps: 60,
        batch: 16,
        latent_dim: 12,
        encoder_hidden: vec![24],
        predictor_hidden: vec![32],
        inverse_hidden: 16,
        pose_hidden: vec![16],
        reach_hidden: vec![16],
        reach_heads: 2,
        sigreg_directions: 8,
        warmup_steps: 10,
        evaluate_every: 20,
        ..TrainConfig::default()
    }
}

/// Enough to learn something.
fn larger() -> TrainConfig {
    TrainConfig {
        steps: 700,
        batch: 64,
        latent_dim: 24,
        encoder_hidden: vec![64, 64],
        predictor_hidden: vec![128],
        pose_hidden: vec![64],
        lambda_sigreg: 0.1,
        sigreg_directions: 32,
        evaluate_every: 350,
        ..tiny()
    }
}

fn run(dataset: &Dataset, config: &TrainConfig, state: Option<&Path>) -> WorldModel {
    train(dataset, None, config, state, &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap()
}

/// Training that is stopped after `step` steps.
fn interrupt(dataset: &Dataset, config: &TrainConfig, state: &Path, step: usize) -> TrainError {
    let mut stop = |progress: &TrainProgress| match progress.step {
        done if done >= step => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    train(dataset, None, config, Some(state), &mut stop).unwrap_err()
}

#[test]
fn training_beats_copying_and_the_pose_can_be_read() {
    let model = run(&pushed_disc(120, 60, 1), &larger(), None);
    let seen = &model.card().diagnostics;
    assert!(seen.skill.iter().all(|s| s.skill > 0.5), "{seen:#?}");
    assert!(seen.participation_ratio > 2.5, "{seen:#?}");
    assert!(seen.position_r2 > 0.9, "{seen:#?}");
    assert!(seen.encoded.position_m < 0.07, "{seen:#?}");
    assert!(seen.inverse_error < 0.8, "{seen:#?}");
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let dataset = pushed_disc(20, 60, 2);
    let first = run(&dataset, &tiny(), None);
    assert_eq!(first.layers(), run(&dataset, &tiny(), None).layers());
    let other = TrainConfig { seed: 6, ..tiny() };
    assert_ne!(first.layers(), run(&dataset, &other, None).layers());
}

#[test]
fn an_interrupted_run_continues_to_the_same_model() {
    let dataset = pushed_disc(20, 60, 2);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.safetensors");
    let error = interrupt(&dataset, &tiny(), &state, 33);
    assert!(
        matches!(
            error,
            TrainError::Interrupted {
                step: 33,
                total: 60
            }
        ),
        "{error}"
    );
    let resumed = run(&dataset, &tiny(), Some(&state));
    assert_eq!(resumed.layers(), run(&dataset, &tiny(), None).layers());
}

#[test]
fn a_state_of_another_run_is_refused() {
    let dataset = pushed_disc(20, 60, 2);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.safetensors");
    interrupt(&dataset, &tiny(), &state, 3);
    let resume = |dataset: &Dataset, config: &TrainConfig| {
        train(dataset, None, config, Some(&state), &mut |_| {
            ControlFlow::Continue(())
        })
        .unwrap_err()
        .to_string()
    };
    let batch = TrainConfig {
        batch: 18,
        ..tiny()
    };
    let message = resume(&dataset, &batch);
    assert!(message.contains("`batch` = 16, expected 18"), "{message}");
    let message = resume(&pushed_disc(20, 60, 3), &tiny());
    assert!(
        message.contains("data disc-20-60-2, expected disc-20-60-3"),
        "{message}"
    );
}

#[test]
fn data_without_a_window_is_refused() {
    let refuse = |dataset: &Dataset| {
        train(dataset, None, &tiny(), None, &mut |_| {
            ControlFlow::Continue(())
        })
        .unwrap_err()
        .to_string()
    };
    let message = refuse(&pushed_disc(8, 20, 0));
    assert!(
        message.contains("20 frames, expected at least 21"),
        "{message}"
    );
    let message = refuse(&pushed_disc(1, 60, 0));
    assert!(
        message.contains("1 episodes, expected at least 2"),
        "{message}"
    );
}

#[test]
fn every_step_is_reported_with_an_estimate() {
    let mut steps = Vec::new();
    let mut evaluations = 0;
    train(
        &pushed_disc(20, 60, 2),
        None,
        &tiny(),
        None,
        &mut |progress| {
            steps.push(progress.step);
            evaluations += usize::from(progress.evaluated);
            assert!(progress.losses.is_finite() && progress.eta_seconds >= 0.0);
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    assert_eq!(steps, (1..=60).collect::<Vec<_>>());
    assert_eq!(evaluations, 3);
}
