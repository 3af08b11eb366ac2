//! What masked reconstruction hides of an observation.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::encoder::Inputs;
use crate::sight::FRAMES;

/// Standardised observations `[rows, observation]` of which a random share is set to zero, the mean. Hidden are whole patches
/// where a picture is read in patches, the same ones in both frames of an observation (else one frame would give away the
/// other), and single values elsewhere.
pub(super) fn masked(
    observations: &[f32],
    inputs: &Inputs,
    fraction: f32,
    rng: &mut ChaCha8Rng,
) -> Vec<f32> {
    let mut masked = observations.to_vec();
    let patches = inputs.front.first().filter(|stage| stage.rows > 1);
    let single = patches.map_or(inputs.dim(), |_| inputs.leading);
    for row in masked.chunks_exact_mut(inputs.dim()) {
        let (values, picture) = row.split_at_mut(single);
        for value in values {
            if rng.random::<f32>() < fraction {
                *value = 0.0;
            }
        }
        if let Some(stage) = patches {
            let places = stage.rows / FRAMES;
            for place in 0..places {
                if rng.random::<f32>() < fraction {
                    for frame in 0..FRAMES {
                        let start = (frame * places + place) * stage.inputs;
                        picture[start..start + stage.inputs].fill(0.0);
                    }
                }
            }
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sight::Stage;
    use rand::SeedableRng;

    #[test]
    fn single_values_are_hidden_of_a_state() {
        let inputs = Inputs::of_states(10);
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        let seen = masked(&[1.0; 10_000], &inputs, 0.3, rng);
        assert!(seen.iter().all(|v| *v == 0.0 || *v == 1.0));
        let hidden = seen.iter().filter(|v| **v == 0.0).count();
        assert!((2800..3200).contains(&hidden), "{hidden}");
    }

    #[test]
    fn patches_are_hidden_whole_and_in_both_frames() {
        let stage = Stage {
            rows: 2 * 16,
            inputs: 3,
            width: 4,
        };
        let inputs = Inputs {
            leading: 2,
            front: vec![stage],
        };
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        let seen = masked(&vec![1.0; inputs.dim() * 50], &inputs, 0.5, rng);
        let mut hidden = 0;
        for row in seen.chunks_exact(inputs.dim()) {
            let (now, before) = row[2..].split_at(16 * 3);
            assert_eq!(now, before);
            for patch in now.chunks_exact(3) {
                assert!(patch == [0.0; 3] || patch == [1.0; 3], "{patch:?}");
                hidden += usize::from(patch[0] == 0.0);
            }
        }
        assert!((320..480).contains(&hidden), "{hidden} of 800");
    }
}
