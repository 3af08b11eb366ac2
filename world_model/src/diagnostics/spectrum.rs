//! Linear algebra of the diagnostics: the spectrum of the latents and ridge probes.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

/// Relative strength of the ridge, of the mean variance of the inputs.
const RIDGE: f64 = 1e-3;

/// Rank and spread of a set of latents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spectrum {
    pub participation_ratio: f32,
    pub rank_me: f32,
    pub min_std: f32,
    pub mean_std: f32,
}

impl Spectrum {
    /// Of `latents`, `[rows, dim]`.
    pub fn of(latents: &[f32], dim: usize) -> Self {
        let centred = centred(&matrix(latents, dim));
        let covariance = centred.tr_mul(&centred) / centred.nrows().max(1) as f64;
        let std: Vec<f64> = covariance.diagonal().iter().map(|v| v.sqrt()).collect();
        let trace = covariance.trace();
        let singular: Vec<f64> = SymmetricEigen::new(covariance.clone())
            .eigenvalues
            .iter()
            .map(|v| v.max(0.0).sqrt())
            .collect();
        let sum: f64 = singular.iter().sum();
        let entropy: f64 = singular
            .iter()
            .map(|s| s / sum)
            .filter(|p| *p > 0.0)
            .map(|p| -p * p.ln())
            .sum();
        Self {
            participation_ratio: (trace * trace / covariance.norm_squared()) as f32,
            rank_me: entropy.exp() as f32,
            min_std: std.iter().copied().fold(f64::INFINITY, f64::min) as f32,
            mean_std: (std.iter().sum::<f64>() / std.len().max(1) as f64) as f32,
        }
    }
}

/// Coefficient of determination of a ridge regression from `inputs` to `targets` (rows of both
/// correspond), fitted on the even rows and scored on the odd ones. Columns of the targets are
/// pooled, so it is one minus the error variance over the total variance.
pub(super) fn ridge_r2(
    inputs: &[f32],
    input_dim: usize,
    targets: &[f32],
    target_dim: usize,
) -> f32 {
    let (x, y) = (matrix(inputs, input_dim), matrix(targets, target_dim));
    let (fit, score): (Vec<usize>, Vec<usize>) = (0..x.nrows()).partition(|row| row % 2 == 0);
    let (x_mean, y_mean) = (
        x.select_rows(&fit).row_mean(),
        y.select_rows(&fit).row_mean(),
    );
    let minus = |m: &DMatrix<f64>, rows: &[usize], mean: &nalgebra::RowDVector<f64>| {
        let mut chosen = m.select_rows(rows);
        chosen.row_iter_mut().for_each(|mut row| row -= mean);
        chosen
    };
    let (x_fit, y_fit) = (minus(&x, &fit, &x_mean), minus(&y, &fit, &y_mean));
    let mut gram = x_fit.tr_mul(&x_fit);
    let ridge = RIDGE * gram.trace() / input_dim as f64;
    for i in 0..input_dim {
        gram[(i, i)] += ridge;
    }
    let Some(factor) = gram.cholesky() else {
        return f32::NAN;
    };
    let weights = factor.solve(&x_fit.tr_mul(&y_fit));
    let (x_score, y_score) = (minus(&x, &score, &x_mean), minus(&y, &score, &y_mean));
    let residual = (&y_score - x_score * weights).norm_squared();
    let total = centred(&y_score).norm_squared();
    (1.0 - residual / total) as f32
}

fn matrix(values: &[f32], columns: usize) -> DMatrix<f64> {
    let rows = values.len() / columns;
    DMatrix::from_row_iterator(rows, columns, values.iter().map(|v| f64::from(*v)))
}

fn centred(matrix: &DMatrix<f64>) -> DMatrix<f64> {
    let mut centred = matrix.clone();
    for mut column in centred.column_iter_mut() {
        let mean: f64 = column.mean();
        column -= DVector::from_element(column.len(), mean);
    }
    centred
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    fn gaussian(rows: usize, dim: usize) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        (0..rows * dim)
            .map(|_| StandardNormal.sample(&mut rng))
            .collect()
    }

    #[test]
    fn a_gaussian_has_full_rank_and_unit_spread() {
        let spectrum = Spectrum::of(&gaussian(5000, 6), 6);
        assert!(spectrum.participation_ratio > 5.9, "{spectrum:?}");
        assert!(spectrum.rank_me > 5.9, "{spectrum:?}");
        assert!((spectrum.mean_std - 1.0).abs() < 0.05, "{spectrum:?}");
    }

    #[test]
    fn a_line_has_rank_one_and_a_dead_dimension_no_spread() {
        let line: Vec<f32> = gaussian(500, 1)
            .iter()
            .flat_map(|x| [*x, 0.0, 2.0 * x])
            .collect();
        let spectrum = Spectrum::of(&line, 3);
        assert!((spectrum.participation_ratio - 1.0).abs() < 1e-3);
        assert!((spectrum.rank_me - 1.0).abs() < 1e-3);
        assert_eq!(spectrum.min_std, 0.0);
    }

    #[test]
    fn a_ridge_probe_reads_linear_targets_and_not_noise() {
        let inputs = gaussian(1000, 3);
        let linear: Vec<f32> = inputs.chunks(3).map(|x| 2.0 * x[0] - x[2] + 5.0).collect();
        assert!(ridge_r2(&inputs, 3, &linear, 1) > 0.99);
        let noise: Vec<f32> = gaussian(4000, 1)[3000..].to_vec();
        assert!(ridge_r2(&inputs, 3, &noise, 1).abs() < 0.05);
    }
}
