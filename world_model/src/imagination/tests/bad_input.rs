//! Contract: what does not fit is refused with the numbers that do not fit.

use super::super::{
    Imagination, ImaginationError, ImaginationScratch, Linear, Mlp, PackedMlp, Readout,
    RolloutTape, Scratch,
};
use super::network;

fn imagination() -> Imagination {
    Imagination::try_new(PackedMlp::new(&network(1, &[5, 8, 3])), 3, 2).unwrap()
}

/// A rollout of two candidates over two blocks with some argument replaced.
fn rollout(
    start: &[f32],
    actions: &[f32],
    candidates: usize,
    horizon: usize,
    readout: Readout<'_>,
) -> String {
    let dim = imagination().readout_dim(readout);
    let mut out = vec![0.0; candidates * horizon * dim];
    let mut scratch = ImaginationScratch::new();
    imagination()
        .rollout(
            start,
            actions,
            candidates,
            horizon,
            readout,
            &mut out,
            &mut scratch,
        )
        .unwrap_err()
        .to_string()
}

#[test]
fn rollouts_name_what_does_not_fit() {
    let actions = [0.5; 8];
    let nan = [0.5, 0.5, 0.5, f32::NAN, 0.5, 0.5, 0.5, 0.5];
    let wide = PackedMlp::new(&network(2, &[4, 1]));
    for (message, expected) in [
        (
            rollout(&[0.0; 2], &actions, 2, 2, Readout::Latent),
            "`start` has 2 values, expected 3",
        ),
        (
            rollout(&[0.0; 3], &actions, 2, 3, Readout::Latent),
            "`actions` has 8 values, expected 12",
        ),
        (
            rollout(&[0.0; 3], &[], 0, 2, Readout::Latent),
            "0 candidates x 2 blocks",
        ),
        (
            rollout(&[0.0; 3], &[], 2, 0, Readout::Latent),
            "2 candidates x 0 blocks",
        ),
        (
            rollout(&[0.0; 3], &actions, 2, 2, Readout::Heads(&[])),
            "0 readout values",
        ),
        (
            rollout(&[0.0, f32::INFINITY, 0.0], &actions, 2, 2, Readout::Latent),
            "`start`[1] is inf",
        ),
        (
            rollout(&[0.0; 3], &nan, 2, 2, Readout::Latent),
            "`actions`[3] is NaN",
        ),
        (
            rollout(
                &[0.0; 3],
                &actions,
                2,
                2,
                Readout::SquaredDistance { goal: &[0.0; 4] },
            ),
            "`goal` has 4 values, expected 3",
        ),
        (
            rollout(&[0.0; 3], &actions, 2, 2, Readout::Heads(&[&wide])),
            "head 0 takes 4 inputs, but the latent has 3",
        ),
    ] {
        assert!(message.contains(expected), "{message:?} lacks {expected:?}");
    }
}

#[test]
fn networks_must_fit_together() {
    let layer = |inputs: usize, outputs: usize| Linear {
        inputs,
        outputs,
        weight: vec![0.0; inputs * outputs],
        bias: vec![0.0; outputs],
    };
    let refused = |layers: Vec<Linear>| Mlp::try_new(layers).unwrap_err();
    assert_eq!(refused(vec![]), ImaginationError::NoLayers);
    assert_eq!(
        refused(vec![layer(2, 3), layer(4, 1)]),
        ImaginationError::LayerChain {
            layer: 1,
            inputs: 4,
            previous: 3
        }
    );
    let mut short = layer(2, 3);
    short.weight.pop();
    assert!(matches!(
        refused(vec![short]),
        ImaginationError::LayerShape { weights: 5, .. }
    ));
    assert!(matches!(
        refused(vec![layer(0, 3)]),
        ImaginationError::LayerShape { .. }
    ));
    let mut infinite = layer(2, 3);
    infinite.bias[2] = f32::NEG_INFINITY;
    assert!(matches!(
        refused(vec![infinite]),
        ImaginationError::NonFiniteParameter {
            parameter: "bias",
            index: 2,
            ..
        }
    ));
    let packed = PackedMlp::new(&network(1, &[5, 8, 3]));
    let misfit = Imagination::try_new(packed.clone(), 3, 3).unwrap_err();
    assert!(
        misfit.to_string().contains("5 -> 3, expected 3 + 3 -> 3"),
        "{misfit}"
    );
    assert!(packed.with_context(&[0.0; 5]).is_err());
    assert!(packed.with_context(&[f32::NAN]).is_err());
    let mut out = [0.0; 6];
    let missing = packed.forward(&[0.0; 9], 2, &mut out, &mut Scratch::new());
    assert_eq!(
        missing,
        Err(ImaginationError::BufferLength {
            name: "x",
            expected: 10,
            found: 9
        })
    );
}

#[test]
fn a_reverse_pass_needs_its_own_tape() {
    let imagination = imagination();
    let mut tape = RolloutTape::new();
    let mut d_actions = [0.0; 8];
    let empty = imagination.backward(Readout::Latent, &[], &mut d_actions, &mut tape);
    assert!(matches!(empty, Err(ImaginationError::TapeMismatch { .. })));
    let mut out = [0.0; 12];
    imagination
        .rollout_with_tape(
            &[0.0; 3],
            &[0.5; 8],
            2,
            2,
            Readout::Latent,
            &mut out,
            &mut tape,
        )
        .unwrap();
    assert_eq!((tape.candidates(), tape.horizon()), (2, 2));
    let goal = Readout::SquaredDistance { goal: &[0.0; 3] };
    let other = imagination.backward(goal, &[1.0; 4], &mut d_actions, &mut tape);
    assert!(matches!(other, Err(ImaginationError::TapeMismatch { .. })));
    let short = imagination.backward(Readout::Latent, &[1.0; 11], &mut d_actions, &mut tape);
    assert!(matches!(
        short,
        Err(ImaginationError::BufferLength { found: 11, .. })
    ));
    let mut d_out = [1.0; 12];
    imagination
        .backward(Readout::Latent, &d_out, &mut d_actions, &mut tape)
        .unwrap();
    d_out[4] = f32::NAN;
    let nan = imagination.backward(Readout::Latent, &d_out, &mut d_actions, &mut tape);
    assert!(matches!(
        nan,
        Err(ImaginationError::NonFiniteInput { index: 4, .. })
    ));
}
