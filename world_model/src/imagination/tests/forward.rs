//! Contract: a forward pass is the network, for any batch, on every path, with the same bits for a
//! row alone as in a batch, and a context is the same as the inputs that it stands for.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::super::{PackedMlp, Scratch};
use super::{assert_close, network, paths, reference, uniform};

const NETWORKS: [&[usize]; 5] = [
    &[80, 256, 256, 64],
    &[17, 33, 5],
    &[1, 1],
    &[128, 300, 1],
    &[31, 16, 48, 130],
];

#[test]
fn every_path_agrees_with_double_precision_for_any_batch() {
    for isa in paths() {
        let mut scratch = Scratch::new();
        for widths in NETWORKS {
            let mlp = network(7, widths);
            let packed = PackedMlp::with_isa(&mlp, isa).unwrap();
            for batch in (0..=26).chain([71, 72, 73, 150]) {
                let mut rng = ChaCha8Rng::seed_from_u64(batch as u64);
                let x = uniform(&mut rng, batch * packed.inputs(), 1.0);
                let mut out = vec![f32::NAN; batch * packed.outputs()];
                packed.forward(&x, batch, &mut out, &mut scratch).unwrap();
                let rows = x.chunks(packed.inputs());
                let expected: Vec<f64> = rows
                    .flat_map(|row| reference::forward(&mlp, &reference::widen(row)))
                    .collect();
                assert_close(
                    &out,
                    &expected,
                    1e-5,
                    &format!("{isa} {widths:?} x {batch}"),
                );
            }
        }
    }
}

#[test]
fn a_row_alone_has_the_bits_that_it_has_in_a_batch() {
    for isa in paths() {
        let packed = PackedMlp::with_isa(&network(3, &[80, 256, 256, 64]), isa).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let x = uniform(&mut rng, 100 * 80, 1.0);
        let mut scratch = Scratch::new();
        let mut batch = vec![0.0; 100 * 64];
        packed.forward(&x, 100, &mut batch, &mut scratch).unwrap();
        for (x, expected) in x.chunks(80).zip(batch.chunks(64)) {
            let mut alone = [0.0; 64];
            packed.forward(x, 1, &mut alone, &mut scratch).unwrap();
            assert_eq!(alone, expected, "{isa}");
        }
    }
}

#[test]
fn a_context_stands_for_the_last_inputs() {
    for isa in paths() {
        let mlp = network(9, &[40, 70, 3]);
        let packed = PackedMlp::with_isa(&mlp, isa).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let (x, context) = (uniform(&mut rng, 23, 1.0), uniform(&mut rng, 17, 1.0));
        // In two steps, the last inputs first.
        let folded = packed.with_context(&context[10..]).unwrap();
        let folded = folded.with_context(&context[..10]).unwrap();
        assert_eq!((folded.inputs(), folded.outputs()), (23, 3));
        let mut out = [0.0; 3];
        folded
            .forward(&x, 1, &mut out, &mut Scratch::new())
            .unwrap();
        let whole = reference::widen(&[x, context].concat());
        assert_close(&out, &reference::forward(&mlp, &whole), 1e-5, "context");
    }
}
