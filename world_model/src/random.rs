//! Counter-based random streams: every draw of a training run comes from a ChaCha stream keyed by
//! the seed and by what it is for, so that neither the thread count nor an interruption changes a
//! result.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What a stream is used for; streams of different purposes never overlap.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Split = 1,
    Initialisation = 2,
    Batch = 3,
    Evaluation = 4,
    SlowFeatures = 5,
    Localiser = 6,
    Distillation = 7,
    Policy = 8,
    Mask = 9,
    Refiner = 10,
    Members = 11,
}

/// The stream for `(seed, purpose, step, shard)`.
pub(crate) fn stream(seed: u64, purpose: Purpose, step: u64, shard: u64) -> ChaCha8Rng {
    let mut key = [0u8; 32];
    for (bytes, word) in key
        .chunks_exact_mut(8)
        .zip([seed, purpose as u64, step, shard])
    {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}
