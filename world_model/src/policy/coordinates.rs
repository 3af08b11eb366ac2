//! The coordinates in which a policy is trained.
//!
//! A latent varies a hundred times more in some directions than in others, and on the way to a goal that is near it differs
//! little from the goal's. So a policy is trained on what both say in coordinates of unit variance: where the latent is, and
//! how far the goal is from it. Directions that vary less than a share of the largest variance are not brought so far: from images
//! those are where things were misread, and a policy would learn its errors by heart. Afterwards the first layer reads the latents
//! as they are.

use super::steps_feature;
use crate::imagination::Linear;
use nalgebra::{DMatrix, SymmetricEigen};

/// Where no variance is above this one nothing varies: latents, of the order of one, are single-precision numbers.
const ROUNDING: f64 = 1.0e-14;

/// A linear map of latents, and one of what their goals have more.
pub(super) struct Coordinates {
    dim: usize,
    mean: Vec<f32>,
    /// `[dim, dim]`, row by row: to the coordinates of a latent less the mean.
    place: Vec<f32>,
    /// `[dim, dim]`: to the coordinates of a goal less the latent.
    distance: Vec<f32>,
}

impl Coordinates {
    /// Those in which these latents, `[dim]`, and the differences of their goals from them have unit variance, where it is at least the
    /// share `least` of the largest.
    pub fn of(pairs: &[(&[f32], &[f32])], dim: usize, least: f64) -> Self {
        let rows = pairs.len();
        let latents = DMatrix::from_fn(rows, dim, |r, c| f64::from(pairs[r].0[c]));
        let mean = latents.row_mean();
        let centred = DMatrix::from_fn(rows, dim, |r, c| latents[(r, c)] - mean[c]);
        let apart = DMatrix::from_fn(rows, dim, |r, c| {
            f64::from(pairs[r].1[c]) - f64::from(pairs[r].0[c])
        });
        Self {
            dim,
            mean: mean.iter().map(|&m| m as f32).collect(),
            place: whitening(&centred, least),
            distance: whitening(&apart, least),
        }
    }

    /// Appends the inputs of the network in training, `[2 * dim + 1]`.
    pub fn write(&self, latent: &[f32], steps_left: f32, goal: &[f32], out: &mut Vec<f32>) {
        for row in self.place.chunks_exact(self.dim) {
            let centred = latent.iter().zip(&self.mean).map(|(z, m)| z - m);
            out.push(row.iter().zip(centred).map(|(w, z)| w * z).sum());
        }
        out.push(steps_feature(steps_left));
        for row in self.distance.chunks_exact(self.dim) {
            let apart = goal.iter().zip(latent).map(|(g, z)| g - z);
            out.push(row.iter().zip(apart).map(|(w, d)| w * d).sum());
        }
    }

    /// The first layer that reads latent, steps and goal as they are, of the one that was trained.
    pub fn fold(&self, trained: &Linear) -> Linear {
        let (dim, outputs) = (self.dim, trained.outputs);
        let weight = |input: usize, output: usize| trained.weight[input * outputs + output];
        let mut folded = trained.clone();
        for output in 0..outputs {
            let through = |map: &[f32], first: usize, input: usize| -> f32 {
                let inner = (0..dim).map(|k| weight(first + k, output) * map[k * dim + input]);
                inner.sum()
            };
            for input in 0..dim {
                let (place, apart) = (
                    through(&self.place, 0, input),
                    through(&self.distance, dim + 1, input),
                );
                folded.weight[input * outputs + output] = place - apart;
                folded.weight[(dim + 1 + input) * outputs + output] = apart;
                folded.bias[output] -= place * self.mean[input];
            }
        }
        folded
    }
}

/// The map to coordinates of unit variance, `[dim, dim]`, where it is at least the share `least` of the largest.
fn whitening(rows: &DMatrix<f64>, least: f64) -> Vec<f32> {
    let dim = rows.ncols();
    let covariance = rows.tr_mul(rows) / rows.nrows().max(1) as f64;
    let spectrum = SymmetricEigen::new(covariance);
    let floor = least * spectrum.eigenvalues.max();
    let mut map = Vec::with_capacity(dim * dim);
    for (vector, &value) in spectrum
        .eigenvectors
        .column_iter()
        .zip(&spectrum.eigenvalues)
    {
        let variance = value.max(floor);
        let scale = if variance > ROUNDING {
            1.0 / variance.sqrt()
        } else {
            0.0
        };
        map.extend(vector.iter().map(|&v| (v * scale) as f32));
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};
    use rand::RngExt;

    /// Latents and goals that vary much in one direction, little in another, and not at all in the third.
    fn pairs() -> Vec<([f32; 3], [f32; 3])> {
        let rng = &mut stream(1, Purpose::Policy, 0, 0);
        let mut latent = || {
            let (much, little) = (rng.random_range(-1.0..1.0), rng.random_range(-0.05..0.05));
            [2.0 + much + little, much - little, 0.5]
        };
        (0..2000).map(|_| (latent(), latent())).collect()
    }

    fn coordinates(pairs: &[([f32; 3], [f32; 3])], least: f64) -> Coordinates {
        let pairs: Vec<(&[f32], &[f32])> = pairs.iter().map(|(z, g)| (&z[..], &g[..])).collect();
        Coordinates::of(&pairs, 3, least)
    }

    #[test]
    fn what_varies_has_unit_variance_and_what_does_not_stays_finite() {
        let pairs = pairs();
        let coordinates = coordinates(&pairs, 1.0e-3);
        let mut squares = [0.0f32; 7];
        for (latent, goal) in &pairs {
            let mut inputs = Vec::new();
            coordinates.write(latent, 20.0, goal, &mut inputs);
            assert_eq!((inputs.len(), inputs[3]), (7, steps_feature(20.0)));
            for (sum, value) in squares.iter_mut().zip(inputs) {
                *sum += value * value / pairs.len() as f32;
            }
        }
        let ones = |of: &[f32]| of.iter().filter(|v| (**v - 1.0).abs() < 0.01).count();
        let zeros = |of: &[f32]| of.iter().filter(|v| **v < 0.01).count();
        for half in [&squares[..3], &squares[4..]] {
            assert_eq!((ones(half), zeros(half)), (2, 1), "{squares:?}");
        }
    }

    #[test]
    fn with_a_share_of_one_all_directions_are_scaled_alike() {
        let pairs = pairs();
        let coordinates = coordinates(&pairs, 1.0);
        let scales = |map: &[f32]| -> Vec<f32> {
            let rows = map.chunks_exact(3);
            rows.map(|row| row.iter().map(|v| v * v).sum::<f32>().sqrt())
                .collect()
        };
        for map in [&coordinates.place, &coordinates.distance] {
            let scales = scales(map);
            assert!(scales[0] > 0.1, "{scales:?}");
            for scale in &scales {
                assert!((scale - scales[0]).abs() < 1.0e-4, "{scales:?}");
            }
        }
    }

    #[test]
    fn what_never_varies_at_all_says_nothing() {
        let coordinates = coordinates(&[([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]); 4], 1.0e-3);
        let mut inputs = Vec::new();
        coordinates.write(&[0.4, 0.2, 0.3], 20.0, &[0.1, 0.2, 0.9], &mut inputs);
        inputs.remove(3);
        assert_eq!(inputs, [0.0; 6]);
    }

    #[test]
    fn the_folded_layer_says_the_same_of_latents_as_they_are() {
        let pairs = pairs();
        let coordinates = coordinates(&pairs, 1.0e-3);
        let rng = &mut stream(2, Purpose::Policy, 0, 0);
        let mut drawn = |count: usize| -> Vec<f32> {
            (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
        };
        let trained = Linear {
            inputs: 7,
            outputs: 5,
            weight: drawn(35),
            bias: drawn(5),
        };
        let apply = |layer: &Linear, inputs: &[f32]| -> Vec<f32> {
            let output = |o: usize| {
                let sum = inputs.iter().enumerate();
                layer.bias[o] + sum.map(|(i, v)| v * layer.weight[i * 5 + o]).sum::<f32>()
            };
            (0..5).map(output).collect()
        };
        let folded = coordinates.fold(&trained);
        for (latent, goal) in &pairs[..20] {
            let mut inputs = Vec::new();
            coordinates.write(latent, 20.0, goal, &mut inputs);
            let plain = [&latent[..], &[steps_feature(20.0)], &goal[..]].concat();
            for (a, b) in apply(&trained, &inputs).iter().zip(apply(&folded, &plain)) {
                assert!((a - b).abs() < 1.0e-3, "{a} {b}");
            }
        }
    }
}
