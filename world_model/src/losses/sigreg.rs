//! SIGReg: sketched isotropic Gaussian regularisation (LeJEPA, arXiv 2511.08544).
//!
//! Latents are projected on random unit directions; each projection `x_1..x_N` is compared with a
//! standard normal through its empirical characteristic function (Epps and Pulley, 1983):
//!
//! ```text
//! T = N * integral over t in [-3, 3] of  exp(-t^2/2) |mean_i exp(i t x_i) - exp(-t^2/2)|^2 dt
//!   = N * sum_k w_k [ (C_k - phi_k)^2 + S_k^2 ],   phi_k = exp(-t_k^2/2)
//! ```
//!
//! with `C_k`, `S_k` the means of `cos(t_k x)`, `sin(t_k x)`. The integrand is even, so the knots
//! lie on `[0, 3]` and the trapezoid weights are doubled: `w_k = phi_k * 2 dt`, half of that at
//! both ends. `T` is averaged over directions. With 17 knots a Gaussian sample gives 1.052 on
//! average for any `N`, a full collapse to the origin `0.402 N`.
//!
//! Value and gradient are computed here by hand instead of through automatic differentiation:
//! knots are equally spaced, so one sine and cosine per projection and an angle-addition recurrence
//! give all of them, where the tape would evaluate and store one per knot.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Upper end of the knots.
const KNOT_MAX: f32 = 3.0;
/// Projections handled together, so that the recurrences vectorise.
const LANES: usize = 16;

/// The statistic for a number of knots.
#[derive(Clone, Debug)]
pub struct Sigreg {
    spacing: f32,
    target: Vec<f32>,
    weight: Vec<f32>,
}

impl Sigreg {
    /// `knots` (at least 2) equally spaced points on `[0, 3]`.
    pub fn new(knots: usize) -> Self {
        let last = knots.max(2) - 1;
        let spacing = KNOT_MAX / last as f32;
        let target: Vec<f32> = (0..=last)
            .map(|k| (-0.5 * (k as f32 * spacing).powi(2)).exp())
            .collect();
        let weight = target
            .iter()
            .enumerate()
            .map(|(k, phi)| {
                let ends = if k == 0 || k == last { 1.0 } else { 2.0 };
                ends * spacing * phi
            })
            .collect();
        Self {
            spacing,
            target,
            weight,
        }
    }

    /// Mean of the statistic (times `N`) over directions, and its gradient.
    ///
    /// # Shapes
    /// - latents: `[rows, latent]`, row-major
    /// - directions: `[directions, latent]`, unit rows
    /// - gradient: `[rows, latent]`, overwritten
    pub fn value_and_gradient(
        &self,
        latents: &[f32],
        directions: &[f32],
        latent_dim: usize,
        gradient: &mut [f32],
    ) -> f32 {
        gradient.fill(0.0);
        let rows = latents.len() / latent_dim;
        let count = directions.len() / latent_dim;
        let mut projection = vec![0.0; rows.next_multiple_of(LANES)];
        let mut slope = vec![0.0; projection.len()];
        let mut total = 0.0;
        for direction in directions.chunks_exact(latent_dim) {
            for (x, row) in projection.iter_mut().zip(latents.chunks_exact(latent_dim)) {
                *x = row.iter().zip(direction).map(|(z, v)| z * v).sum();
            }
            total += self.one_direction(&projection, rows, &mut slope);
            for (g, s) in gradient.chunks_exact_mut(latent_dim).zip(&slope) {
                let scale = s / count as f32;
                for (g, v) in g.iter_mut().zip(direction) {
                    *g += scale * v;
                }
            }
        }
        total / count as f32
    }

    /// Statistic of one projection and its derivative to each of the `rows` values. `projection`
    /// is padded to whole lanes.
    fn one_direction(&self, projection: &[f32], rows: usize, slope: &mut [f32]) -> f32 {
        let knots = self.target.len();
        let mut cos_mean = vec![0.0f32; knots];
        let mut sin_mean = vec![0.0f32; knots];
        for (chunk, x) in projection.chunks_exact(LANES).enumerate() {
            let live = live_lanes(chunk, rows);
            let mut wave = Wave::new(x, self.spacing);
            for (c, s) in cos_mean.iter_mut().zip(&mut sin_mean) {
                *c += dot(&wave.cos, &live);
                *s += dot(&wave.sin, &live);
                wave.advance();
            }
        }
        let mut value = 0.0;
        for k in 0..knots {
            let c = cos_mean[k] / rows as f32 - self.target[k];
            let s = sin_mean[k] / rows as f32;
            value += self.weight[k] * (c * c + s * s);
            // From here on the two vectors hold the factors of the derivative.
            let factor = 2.0 * self.weight[k] * k as f32 * self.spacing;
            cos_mean[k] = factor * s;
            sin_mean[k] = -factor * c;
        }
        for (x, slope) in projection
            .chunks_exact(LANES)
            .zip(slope.chunks_exact_mut(LANES))
        {
            slope.fill(0.0);
            let mut wave = Wave::new(x, self.spacing);
            for (c, s) in cos_mean.iter().zip(&sin_mean) {
                for ((slope, cos), sin) in slope.iter_mut().zip(&wave.cos).zip(&wave.sin) {
                    *slope += c * cos + s * sin;
                }
                wave.advance();
            }
        }
        value * rows as f32
    }
}

/// Cosine and sine of `k * spacing * x` for a chunk of projections, advanced knot by knot.
struct Wave {
    cos: [f32; LANES],
    sin: [f32; LANES],
    cos_step: [f32; LANES],
    sin_step: [f32; LANES],
}

impl Wave {
    fn new(x: &[f32], spacing: f32) -> Self {
        let mut wave = Self {
            cos: [1.0; LANES],
            sin: [0.0; LANES],
            cos_step: [1.0; LANES],
            sin_step: [0.0; LANES],
        };
        for (lane, x) in x.iter().enumerate().take(LANES) {
            (wave.sin_step[lane], wave.cos_step[lane]) = (spacing * x).sin_cos();
        }
        wave
    }

    fn advance(&mut self) {
        for lane in 0..LANES {
            let (c, s) = (self.cos[lane], self.sin[lane]);
            self.cos[lane] = c * self.cos_step[lane] - s * self.sin_step[lane];
            self.sin[lane] = s * self.cos_step[lane] + c * self.sin_step[lane];
        }
    }
}

/// One for the lanes of `chunk` that hold a row, zero for the padding.
fn live_lanes(chunk: usize, rows: usize) -> [f32; LANES] {
    std::array::from_fn(|lane| {
        if chunk * LANES + lane < rows {
            1.0
        } else {
            0.0
        }
    })
}

fn dot(a: &[f32; LANES], b: &[f32; LANES]) -> f32 {
    let mut products: [f32; LANES] = std::array::from_fn(|lane| a[lane] * b[lane]);
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            products[lane] += products[lane + width];
        }
        width /= 2;
    }
    products[0]
}

/// Draws `count` unit directions, `[count, latent_dim]`.
pub fn random_directions(count: usize, latent_dim: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let mut directions: Vec<f32> = (0..count * latent_dim)
        .map(|_| StandardNormal.sample(rng))
        .collect();
    for direction in directions.chunks_exact_mut(latent_dim) {
        let norm = direction.iter().map(|v| v * v).sum::<f32>().sqrt();
        for v in direction {
            *v /= norm.max(f32::MIN_POSITIVE);
        }
    }
    directions
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn statistic(latents: &[f32], directions: &[f32], dim: usize) -> f32 {
        let mut gradient = vec![0.0; latents.len()];
        Sigreg::new(17).value_and_gradient(latents, directions, dim, &mut gradient)
    }

    #[test]
    fn a_gaussian_scores_1_052_whatever_the_number_of_rows() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        for rows in [64, 333] {
            let mut mean = 0.0;
            let repeats = 400;
            for _ in 0..repeats {
                let latents: Vec<f32> = (0..rows * 8)
                    .map(|_| StandardNormal.sample(&mut rng))
                    .collect();
                let directions = random_directions(8, 8, &mut rng);
                mean += statistic(&latents, &directions, 8) / repeats as f32;
            }
            assert!((mean - 1.052).abs() < 0.05, "rows {rows}: {mean}");
        }
    }

    #[test]
    fn a_full_collapse_scores_0_402_per_row() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let directions = random_directions(5, 4, &mut rng);
        for rows in [10, 256] {
            let value = statistic(&vec![0.0; rows * 4], &directions, 4) / rows as f32;
            assert!((value - 0.402).abs() < 1e-3, "rows {rows}: {value}");
        }
    }

    #[test]
    fn the_gradient_matches_finite_differences() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let (rows, dim) = (21, 3);
        let latents: Vec<f32> = (0..rows * dim)
            .map(|_| 1.7 * Distribution::<f32>::sample(&StandardNormal, &mut rng) + 0.3)
            .collect();
        let directions = random_directions(4, dim, &mut rng);
        let sigreg = Sigreg::new(17);
        let mut gradient = vec![0.0; latents.len()];
        sigreg.value_and_gradient(&latents, &directions, dim, &mut gradient);
        for index in 0..latents.len() {
            let step = 1e-2;
            let mut shifted = latents.clone();
            shifted[index] += step;
            let up = statistic(&shifted, &directions, dim);
            shifted[index] -= 2.0 * step;
            let down = statistic(&shifted, &directions, dim);
            let slope = (up - down) / (2.0 * step);
            assert!(
                (slope - gradient[index]).abs() < 2e-3 + 1e-2 * slope.abs(),
                "{index}: {slope} against {}",
                gradient[index]
            );
        }
    }
}
