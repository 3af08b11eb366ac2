//! Random action sequences: counter-based streams and noise that is coloured over control steps.
//!
//! White noise averages out over a horizon and leaves the robot where it is; noise whose power
//! falls with frequency as `1/f^beta` explores further (1). Here it is a matrix product: white
//! noise is the weight of each row of a fixed basis (cosines and sines scaled by the spectrum, or
//! the hat functions of a linear spline), and the rows are summed. The basis is
//! built once, so a sample costs `inputs * horizon` multiply-adds per action dimension.
//!
//! Every sample has its own ChaCha stream, keyed by (seed, decision, round, sample): neither the
//! order of sampling nor the number of threads can change a candidate.
//!
//! 1. Pinneri et al., Sample-efficient Cross-Entropy Method for Real-time Planning, arXiv
//!    2008.06389; spectrum after Timmer and Koenig, On generating power law noise, 1995.

use std::f64::consts::TAU;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::{population::Candidates, search_space::SearchSpace, solver::Round};

/// Which random stream a sample draws from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamKey {
    pub seed: u64,
    pub decision: u64,
    pub round: u64,
    pub sample: u64,
}

impl StreamKey {
    /// The generator at the start of this stream.
    pub(crate) fn generator(self) -> impl Rng {
        let mut key = [0; 32];
        let words = [self.seed, self.decision, self.round, self.sample];
        for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        ChaCha8Rng::from_seed(key)
    }
}

/// Draws action sequences around a mean, with correlated noise of unit variance times a standard
/// deviation. Holds the basis and its scratch memory, so drawing allocates nothing.
#[derive(Clone, Debug)]
pub(crate) struct SequenceSampler {
    action_dim: usize,
    /// `[tiles, inputs, TILE]`: the basis `[inputs, horizon]`, whose columns have unit length, cut
    /// into tiles of steps, the last filled up with zeros.
    basis: Vec<f32>,
    /// `[inputs]`, one action dimension at a time.
    white: Vec<f32>,
    /// `[tiles, TILE]`.
    shaped: Vec<f32>,
}

/// Steps whose sums stay in registers while the inputs are gone through.
const TILE: usize = 16;

impl SequenceSampler {
    /// Noise with power `1/f^beta` over the horizon, periodic in it; white for `beta = 0`.
    pub(crate) fn coloured(space: &SearchSpace, beta: f32) -> Self {
        Self::new(space, coloured_basis(space.horizon, f64::from(beta)))
    }

    /// A linear spline through `knots` equally spaced random values; one knot gives a constant.
    pub(crate) fn spline(space: &SearchSpace, knots: usize) -> Self {
        Self::new(space, spline_basis(space.horizon, knots.max(1)))
    }

    fn new(space: &SearchSpace, mut rows: Vec<Vec<f64>>) -> Self {
        let horizon = space.horizon;
        // The stationary spectrum has the same variance at each step only up to rounding, and the
        // spline has less between its knots: make it one everywhere.
        for step in 0..horizon {
            let norm = rows.iter().map(|row| row[step].powi(2)).sum::<f64>().sqrt();
            for row in &mut rows {
                row[step] /= norm;
            }
        }
        let tiles = horizon.div_ceil(TILE);
        let value = |row: &Vec<f64>, step: usize| row.get(step).copied().unwrap_or(0.0) as f32;
        let basis = (0..tiles).flat_map(|tile| {
            rows.iter()
                .flat_map(move |row| (0..TILE).map(move |lane| value(row, tile * TILE + lane)))
        });
        Self {
            action_dim: space.action_dim,
            basis: basis.collect(),
            white: vec![0.0; rows.len()],
            shaped: vec![0.0; tiles * TILE],
        }
    }

    /// Writes `mean + std * noise` to `out`, not yet within any bounds.
    ///
    /// # Shapes
    /// All three slices: `[horizon, action_dim]`.
    pub(crate) fn sample(&mut self, key: StreamKey, mean: &[f32], std: &[f32], out: &mut [f32]) {
        let mut generator = key.generator();
        for dimension in 0..self.action_dim {
            for white in &mut self.white {
                *white = StandardNormal.sample(&mut generator);
            }
            self.shape();
            let cells = (dimension..out.len()).step_by(self.action_dim);
            for (cell, noise) in cells.zip(&self.shaped) {
                out[cell] = mean[cell] + std[cell] * noise;
            }
        }
    }

    /// Adds samples around `mean` until `population` candidates wait to be scored.
    pub(crate) fn fill(
        &mut self,
        round: Round,
        population: usize,
        mean: &[f32],
        std: &[f32],
        candidates: &mut Candidates,
    ) {
        let mut sample = 0;
        while candidates.unscored() < population
            && let Some(slot) = candidates.next_slot()
        {
            self.sample(round.stream(sample), mean, std, slot);
            sample += 1;
        }
    }

    /// `shaped = white * basis`.
    fn shape(&mut self) {
        let tiles = self.basis.chunks_exact(TILE * self.white.len());
        for (shaped, basis) in self.shaped.chunks_exact_mut(TILE).zip(tiles) {
            let mut sums = [0.0; TILE];
            for (weight, row) in self.white.iter().zip(basis.chunks_exact(TILE)) {
                for (sum, basis) in sums.iter_mut().zip(row) {
                    *sum += weight * basis;
                }
            }
            shaped.copy_from_slice(&sums);
        }
    }
}

/// Arithmetic mean, in double precision inside.
pub(crate) fn mean_of(values: &[f32]) -> f32 {
    (values.iter().map(|&x| f64::from(x)).sum::<f64>() / values.len() as f64) as f32
}

/// Cosines and sines of every frequency that the horizon resolves, scaled by `f^(-beta/2)`.
fn coloured_basis(horizon: usize, beta: f64) -> Vec<Vec<f64>> {
    let amplitude = |frequency: usize| (frequency.max(1) as f64).powf(-0.5 * beta);
    let row = |scale: f64, value: &dyn Fn(f64) -> f64| -> Vec<f64> {
        (0..horizon)
            .map(|step| scale * value(step as f64 / horizon as f64))
            .collect()
    };
    // The constant has the amplitude of the lowest frequency; it and the alternating row have
    // one phase only, so half the power of a cosine-sine pair.
    let mut rows = vec![row(amplitude(0), &|_| 1.0)];
    for frequency in 1..=horizon / 2 {
        let turns = TAU * frequency as f64;
        if 2 * frequency == horizon {
            rows.push(row(amplitude(frequency), &|t| (turns * t).cos()));
        } else {
            let scale = std::f64::consts::SQRT_2 * amplitude(frequency);
            rows.push(row(scale, &|t| (turns * t).cos()));
            rows.push(row(scale, &|t| (turns * t).sin()));
        }
    }
    rows
}

/// The hat functions of `knots` points spread evenly over the horizon, ends included.
fn spline_basis(horizon: usize, knots: usize) -> Vec<Vec<f64>> {
    if knots == 1 {
        return vec![vec![1.0; horizon]];
    }
    let position = |step: usize| step as f64 * (knots - 1) as f64 / (horizon.max(2) - 1) as f64;
    (0..knots)
        .map(|knot| {
            (0..horizon)
                .map(|step| (1.0 - (position(step) - knot as f64).abs()).max(0.0))
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Covariance of the noise at steps `a` and `b`, from the basis itself.
    fn covariance(sampler: &SequenceSampler, a: usize, b: usize) -> f32 {
        let inputs = sampler.white.len();
        let at = |input: usize, step: usize| {
            sampler.basis[(step / TILE * inputs + input) * TILE + step % TILE]
        };
        (0..inputs).map(|input| at(input, a) * at(input, b)).sum()
    }

    #[test]
    fn noise_has_unit_variance_at_every_step() {
        for horizon in [1, 2, 3, 7, 30] {
            let space = SearchSpace::new(horizon, 2, 1);
            for sampler in [
                SequenceSampler::coloured(&space, 0.0),
                SequenceSampler::coloured(&space, 3.0),
                SequenceSampler::spline(&space, 1),
                SequenceSampler::spline(&space, 4),
            ] {
                for step in 0..horizon {
                    assert!((covariance(&sampler, step, step) - 1.0).abs() < 1e-5);
                }
            }
        }
    }

    #[test]
    fn colour_correlates_neighbouring_steps() {
        let space = SearchSpace::new(30, 1, 1);
        let correlation = |beta| covariance(&SequenceSampler::coloured(&space, beta), 10, 11);
        assert!(correlation(0.0).abs() < 1e-5, "white noise is independent");
        assert!(correlation(2.0) > 0.8);
        assert!(correlation(4.0) > correlation(2.0));
    }

    #[test]
    fn samples_have_the_mean_and_spread_asked_for() {
        let space = SearchSpace::new(6, 2, 1);
        let mut sampler = SequenceSampler::coloured(&space, 2.0);
        let mean = [0.3; 12];
        let std = [0.2; 12];
        let mut out = [0.0; 12];
        let (mut sum, mut squares, count) = (0.0, 0.0, 4000_u16);
        for sample in 0..u64::from(count) {
            let key = StreamKey {
                seed: 1,
                decision: 2,
                round: 3,
                sample,
            };
            sampler.sample(key, &mean, &std, &mut out);
            sum += f64::from(out[7]);
            squares += f64::from(out[7] - mean[7]).powi(2);
        }
        let count = f64::from(count);
        assert!((sum / count - 0.3).abs() < 0.015);
        assert!(((squares / count).sqrt() - 0.2).abs() < 0.01);
    }

    #[test]
    fn a_stream_depends_on_its_key_alone() {
        let space = SearchSpace::new(4, 1, 1);
        let mut sampler = SequenceSampler::coloured(&space, 1.0);
        let mut draw = |seed, decision, round, sample| {
            let mut out = [0.0; 4];
            let key = StreamKey {
                seed,
                decision,
                round,
                sample,
            };
            sampler.sample(key, &[0.0; 4], &[1.0; 4], &mut out);
            out
        };
        let reference = draw(1, 2, 3, 4);
        for other in [
            draw(0, 2, 3, 4),
            draw(1, 0, 3, 4),
            draw(1, 2, 0, 4),
            draw(1, 2, 3, 0),
        ] {
            assert_ne!(reference, other);
        }
        assert_eq!(reference, draw(1, 2, 3, 4));
    }
}
