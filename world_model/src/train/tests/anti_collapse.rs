//! Each way to keep the latent from collapsing does so, by its own terms and no others; without one, training stops.

use super::*;
use crate::config::AntiCollapse;
use crate::diagnostics::CollapseReason;
use crate::train::LossTerms;

fn with(anti_collapse: AntiCollapse) -> TrainConfig {
    TrainConfig {
        anti_collapse,
        ..tiny()
    }
}

/// The terms of the last step.
fn last_losses(dataset: &Dataset, config: &TrainConfig) -> LossTerms {
    let mut last = LossTerms::default();
    train(dataset, None, config, None, &mut |progress| {
        last = progress.losses;
        ControlFlow::Continue(())
    })
    .unwrap();
    last
}

#[test]
fn without_anything_against_it_the_latent_collapses_and_training_says_so() {
    let config = TrainConfig {
        steps: 2000,
        batch: 32,
        evaluate_every: 100,
        ..with(AntiCollapse::None)
    };
    let dataset = pushed_disc(20, 60, 2);
    let error = train(&dataset, None, &config, None, &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap_err();
    let TrainError::Collapsed(collapse) = &error else {
        panic!("{error}");
    };
    assert!(collapse.step < 2000, "{error}");
    assert!(
        !matches!(collapse.reason, CollapseReason::Skill { .. }),
        "{error}"
    );
    let message = error.to_string();
    assert!(message.contains("the latent collapsed by step"), "{error}");
    assert!(
        message.contains("set anti_collapse to `sigreg+idm`"),
        "{error}"
    );
}

#[test]
fn each_choice_keeps_the_latent_alive_and_reports_its_terms() {
    let dataset = pushed_disc(120, 60, 1);
    for choice in [
        AntiCollapse::SigregIdm,
        AntiCollapse::Sigreg,
        AntiCollapse::Idm,
        AntiCollapse::Vicreg,
        AntiCollapse::Ema,
    ] {
        // Inverse dynamics alone spread the latents slowly.
        let steps = match choice {
            AntiCollapse::Idm => 1000,
            _ => 500,
        };
        let config = TrainConfig {
            anti_collapse: choice,
            steps,
            evaluate_every: steps,
            ..larger()
        };
        let mut last = LossTerms::default();
        let model = train(&dataset, None, &config, None, &mut |progress| {
            last = progress.losses;
            ControlFlow::Continue(())
        })
        .unwrap_or_else(|error| panic!("{choice:?}: {error}"));
        let seen = &model.card().diagnostics;
        assert!(
            seen.skill.iter().any(|s| s.skill > 0.1) && seen.position_r2 > 0.8,
            "{choice:?}: {seen:#?}"
        );
        assert_eq!(last.sigreg != 0.0, choice.has_sigreg(), "{choice:?}");
        let vicreg = choice == AntiCollapse::Vicreg;
        assert_eq!(last.covariance != 0.0, vicreg, "{choice:?}");
    }
}

#[test]
fn weights_of_terms_that_are_not_chosen_change_nothing() {
    let dataset = pushed_disc(20, 60, 2);
    let same = |choice, change: fn(&mut TrainConfig)| {
        let mut config = with(choice);
        let first = run(&dataset, &config, None);
        change(&mut config);
        let second = run(&dataset, &config, None);
        let (first, second) = (first.layers(), second.layers());
        (&first.encoder, &first.predictor) == (&second.encoder, &second.predictor)
    };
    // Without inverse dynamics among the terms, its head learns from the latents and they do not learn from it.
    assert!(same(AntiCollapse::Sigreg, |c| c.inverse_hidden = 5));
    assert!(same(AntiCollapse::Sigreg, |c| c.lambda_idm = 30.0));
    assert!(same(AntiCollapse::Idm, |c| c.lambda_sigreg = 3.0));
    assert!(same(AntiCollapse::Ema, |c| c.lambda_idm = 30.0));
    assert!(same(AntiCollapse::SigregIdm, |c| c.lambda_variance = 9.0));
    assert!(same(AntiCollapse::Vicreg, |c| c.lambda_sigreg = 3.0));
    // And those that are chosen do.
    assert!(!same(AntiCollapse::Idm, |c| c.lambda_idm = 30.0));
    assert!(!same(AntiCollapse::Vicreg, |c| c.lambda_idm = 30.0));
    assert!(!same(AntiCollapse::Vicreg, |c| c.lambda_variance = 9.0));
    assert!(!same(AntiCollapse::Vicreg, |c| c.lambda_covariance = 9.0));
    assert!(!same(AntiCollapse::Ema, |c| c.ema_decay = 0.5));
}

#[test]
fn the_inverse_head_learns_from_detached_latents_too() {
    let config = TrainConfig {
        anti_collapse: AntiCollapse::Sigreg,
        steps: 350,
        ..larger()
    };
    let last = last_losses(&pushed_disc(120, 60, 1), &config);
    assert!(last.inverse < 0.7, "{last:?}");
}

#[test]
fn an_interrupted_run_with_a_moving_average_continues_to_the_same_model() {
    let dataset = pushed_disc(20, 60, 2);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.safetensors");
    let config = with(AntiCollapse::Ema);
    interrupt(&dataset, &config, &state, 33);
    let resumed = run(&dataset, &config, Some(&state));
    assert_eq!(resumed.layers(), run(&dataset, &config, None).layers());
}

#[test]
fn a_state_of_another_choice_is_refused() {
    let dataset = pushed_disc(20, 60, 2);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.safetensors");
    interrupt(&dataset, &with(AntiCollapse::Ema), &state, 3);
    let message = interrupt(&dataset, &with(AntiCollapse::Idm), &state, 9).to_string();
    let expected = r#"`anti_collapse` = "ema", expected "idm""#;
    assert!(message.contains(expected), "{message}");
}
