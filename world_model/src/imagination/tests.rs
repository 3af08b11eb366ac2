//! What users of the engine rely on: it computes the networks that it was given on every kernel
//! path, its gradient is the gradient, and nothing but the inputs decides a bit of the result.
#![allow(clippy::unwrap_used, reason = "a test stops at the first error")]

mod bad_input;
mod determinism;
mod forward;
mod gradient;
mod reference;
mod rollouts;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Isa, Linear, Mlp, PackedMlp};

fn uniform(rng: &mut ChaCha8Rng, count: usize, bound: f32) -> Vec<f32> {
    (0..count)
        .map(|_| rng.random_range(-bound..=bound))
        .collect()
}

/// A random network with outputs of about the size of its inputs.
fn network(seed: u64, widths: &[usize]) -> Mlp {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let layers = widths.windows(2).map(|pair| Linear {
        inputs: pair[0],
        outputs: pair[1],
        weight: uniform(&mut rng, pair[0] * pair[1], (3.0 / pair[0] as f32).sqrt()),
        bias: uniform(&mut rng, pair[1], 0.3),
    });
    Mlp::try_new(layers.collect()).unwrap()
}

/// The paths that this processor has; the portable one at least.
fn paths() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.is_supported())
}

/// Dynamics and heads of a rollout under test.
struct Model {
    latent: usize,
    action: usize,
    predictor: Mlp,
    heads: Vec<Mlp>,
}

impl Model {
    /// Dynamics with the given hidden widths, a deep head of three values and a linear one.
    fn new(seed: u64, latent: usize, action: usize, hidden: &[usize]) -> Self {
        let mut widths = vec![latent + action];
        widths.extend(hidden);
        widths.push(latent);
        Self {
            latent,
            action,
            predictor: network(seed, &widths),
            heads: vec![
                network(seed + 1, &[latent, 37, 18, 3]),
                network(seed + 2, &[latent, 1]),
            ],
        }
    }

    /// The shapes that the kernels treat differently: the usual one, sizes just off a multiple of
    /// 16, tiny ones, and a predictor without hidden layers.
    fn zoo() -> Vec<Self> {
        vec![
            Self::new(10, 64, 16, &[256, 256]),
            Self::new(20, 17, 15, &[49, 33, 70]),
            Self::new(30, 3, 1, &[5]),
            Self::new(40, 16, 4, &[]),
        ]
    }

    fn packed_heads(&self, isa: Isa) -> Vec<PackedMlp> {
        let heads = self.heads.iter();
        heads
            .map(|head| PackedMlp::with_isa(head, isa).unwrap())
            .collect()
    }
}

/// Fails unless `found` equals `expected` to `tolerance` of the largest expected value.
fn assert_close(found: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs();
        assert!(
            error <= tolerance * scale,
            "{what}: [{index}] is {found}, expected {expected}, largest {scale}"
        );
    }
}
