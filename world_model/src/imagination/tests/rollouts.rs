//! Contract: a rollout is the residual recursion of its networks, for any number of candidates, on
//! every path and for every readout, also when working memory has been used for something else.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::super::{Imagination, ImaginationScratch, Isa, Linear, Mlp, PackedMlp, Readout};
use super::reference::{self, Reading, widen};
use super::{Model, assert_close, paths, uniform};

const HORIZON: usize = 5;

/// Compares all three readouts with the reference.
fn check(model: &Model, isa: Isa, candidates: usize, scratch: &mut ImaginationScratch) {
    let predictor = PackedMlp::with_isa(&model.predictor, isa).unwrap();
    let imagination = Imagination::try_new(predictor, model.latent, model.action).unwrap();
    let heads = model.packed_heads(isa);
    let heads: Vec<&PackedMlp> = heads.iter().collect();
    let mut rng = ChaCha8Rng::seed_from_u64(candidates as u64);
    let start = uniform(&mut rng, model.latent, 1.0);
    let goal = uniform(&mut rng, model.latent, 1.0);
    let actions = uniform(&mut rng, candidates * HORIZON * model.action, 1.0);
    let wide_goal = widen(&goal);
    for (readout, reading) in [
        (Readout::Latent, Reading::Latent),
        (Readout::Heads(&heads), Reading::Heads),
        (
            Readout::SquaredDistance { goal: &goal },
            Reading::SquaredDistance(&wide_goal),
        ),
    ] {
        let dim = imagination.readout_dim(readout);
        let mut out = vec![f32::NAN; candidates * HORIZON * dim];
        imagination
            .rollout(
                &start, &actions, candidates, HORIZON, readout, &mut out, scratch,
            )
            .unwrap();
        let expected: Vec<f64> = actions
            .chunks(HORIZON * model.action)
            .flat_map(|actions| reference::rollout(model, &widen(&start), &widen(actions), reading))
            .collect();
        let what = format!("{isa}, {candidates} candidates, {} latents", model.latent);
        assert_close(&out, &expected, 1e-4, &what);
    }
}

#[test]
fn every_path_agrees_with_double_precision() {
    for isa in paths() {
        let mut scratch = ImaginationScratch::new();
        for model in Model::zoo() {
            // Large first: what is left in the memory must not matter to the small ones.
            for candidates in [150, 73, 72, 50, 20, 13, 12, 7, 2, 1] {
                check(&model, isa, candidates, &mut scratch);
            }
        }
    }
}

#[test]
fn each_candidate_can_have_its_own_start() {
    let model = Model::new(50, 20, 6, &[40]);
    let imagination = Imagination::try_new(PackedMlp::new(&model.predictor), 20, 6).unwrap();
    for candidates in [1, 2, 30, 145] {
        let mut rng = ChaCha8Rng::seed_from_u64(candidates as u64);
        let starts = uniform(&mut rng, candidates * 20, 1.0);
        let actions = uniform(&mut rng, candidates * HORIZON * 6, 1.0);
        let mut out = vec![0.0; candidates * HORIZON * 20];
        imagination
            .rollout_batch_starts(
                &starts,
                &actions,
                candidates,
                HORIZON,
                Readout::Latent,
                &mut out,
                &mut ImaginationScratch::new(),
            )
            .unwrap();
        let pairs = starts.chunks(20).zip(actions.chunks(HORIZON * 6));
        let expected: Vec<f64> = pairs
            .flat_map(|(start, actions)| {
                reference::rollout(&model, &widen(start), &widen(actions), Reading::Latent)
            })
            .collect();
        assert_close(&out, &expected, 1e-4, "own starts");
    }
}

/// A ReLU that turned NaN into zero would make an exploded model look harmless.
#[test]
fn an_exploding_model_shows() {
    let layer = |inputs, outputs, weight| Linear {
        inputs,
        outputs,
        weight: vec![weight; inputs * outputs],
        bias: vec![0.0; outputs],
    };
    // Infinity minus infinity in the second layer, then a ReLU, then the output.
    let mut second = layer(32, 32, 1e30);
    second
        .weight
        .chunks_mut(32)
        .step_by(2)
        .for_each(|row| row.fill(-1e30));
    let mlp = Mlp::try_new(vec![layer(3, 32, 1e30), second, layer(32, 2, 1.0)]).unwrap();
    for isa in paths() {
        let predictor = PackedMlp::with_isa(&mlp, isa).unwrap();
        let imagination = Imagination::try_new(predictor, 2, 1).unwrap();
        let mut out = [0.0; 20 * 3];
        imagination
            .rollout(
                &[1e9, 1e9],
                &[1.0; 20 * 3],
                20,
                3,
                Readout::SquaredDistance { goal: &[0.0; 2] },
                &mut out,
                &mut ImaginationScratch::new(),
            )
            .unwrap();
        assert!(out.iter().all(|cost| !cost.is_finite()), "{isa}: {out:?}");
    }
}
