//! Contract: the reverse pass gives the gradient of the readouts with respect to the actions.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::super::{Imagination, PackedMlp, Readout, RolloutTape};
use super::reference::{self, Reading, widen};
use super::{Model, assert_close, paths, uniform};

const HORIZON: usize = 4;

/// Central differences of `sum(readouts * d_out)` in double precision, for one candidate.
fn differences(
    model: &Model,
    start: &[f64],
    actions: &[f64],
    reading: Reading<'_>,
    d_out: &[f64],
) -> Vec<f64> {
    // Small, so that hardly any ReLU switches in between; double precision leaves nine digits.
    const STEP: f64 = 1e-7;
    let value = |actions: &[f64]| -> f64 {
        let out = reference::rollout(model, start, actions, reading);
        out.iter().zip(d_out).map(|(out, d)| out * d).sum()
    };
    (0..actions.len())
        .map(|index| {
            let shifted = |step: f64| {
                let mut actions = actions.to_vec();
                actions[index] += step;
                value(&actions)
            };
            (shifted(STEP) - shifted(-STEP)) / (2.0 * STEP)
        })
        .collect()
}

#[test]
fn it_equals_finite_differences() {
    for isa in paths() {
        // One tape for all: what an earlier recording left must not matter.
        let mut tape = RolloutTape::new();
        for (model, candidates) in Model::zoo().iter().zip([3, 26, 145, 10]) {
            let predictor = PackedMlp::with_isa(&model.predictor, isa).unwrap();
            let imagination = Imagination::try_new(predictor, model.latent, model.action).unwrap();
            let heads = model.packed_heads(isa);
            let heads: Vec<&PackedMlp> = heads.iter().collect();
            let mut rng = ChaCha8Rng::seed_from_u64(candidates as u64);
            let start = uniform(&mut rng, model.latent, 1.0);
            let goal = uniform(&mut rng, model.latent, 1.0);
            let actions = uniform(&mut rng, candidates * HORIZON * model.action, 1.0);
            let (wide_start, wide_goal) = (widen(&start), widen(&goal));
            for (readout, reading) in [
                (Readout::Latent, Reading::Latent),
                (Readout::Heads(&heads), Reading::Heads),
                (
                    Readout::SquaredDistance { goal: &goal },
                    Reading::SquaredDistance(&wide_goal),
                ),
            ] {
                let size = HORIZON * imagination.readout_dim(readout);
                let mut out = vec![0.0; candidates * size];
                imagination
                    .rollout_with_tape(
                        &start, &actions, candidates, HORIZON, readout, &mut out, &mut tape,
                    )
                    .unwrap();
                let d_out = uniform(&mut rng, out.len(), 1.0);
                let mut d_actions = vec![f32::NAN; actions.len()];
                imagination
                    .backward(readout, &d_out, &mut d_actions, &mut tape)
                    .unwrap();
                let each = HORIZON * model.action;
                for (candidate, d_actions) in d_actions.chunks(each).enumerate() {
                    let expected = differences(
                        model,
                        &wide_start,
                        &widen(&actions[candidate * each..][..each]),
                        reading,
                        &widen(&d_out[candidate * size..][..size]),
                    );
                    let what = format!("{isa}, candidate {candidate}, {} latents", model.latent);
                    assert_close(d_actions, &expected, 1e-3, &what);
                }
            }
        }
    }
}
