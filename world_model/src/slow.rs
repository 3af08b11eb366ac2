//! Slow features: the directions of the latent that change only now and then, found without any label.
//!
//! What a robot moves all the time (itself) changes in every step; what it must touch first (an object) stands still most of
//! the time. A goal is about the latter. Among the directions of unit variance, those are sought one after the other whose
//! change in one action block is sparsest: smallest in `E (s^2 + eps^2)^(p/2)` with `p = 1/2`, by iteratively reweighted
//! eigenvectors. Slow feature analysis (Wiskott and Sejnowski, 2002) is the case `p = 2`.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use crate::imagination::Linear;

/// Power of the change that is minimised: below one, many small changes cost more than few large ones.
const POWER: f64 = 0.5;
/// Change that counts as none, of a direction's standard deviation.
const STILL: f64 = 0.02;
/// Reweightings for each direction.
const ITERATIONS: usize = 30;
/// Directions of the latent with less of the largest variance than this are noise.
const LEAST_VARIANCE: f64 = 1.0e-4;
/// A direction whose mean change is less than this, of its standard deviation, is a constant of its episode.
const CONSTANT: f64 = 1.0e-2;
/// Directions are slow when the next one changes this much more.
const GAP: f64 = 2.0;

/// Fits the features: a linear map from the latent to its slow directions, each in units of its mean change in a block.
/// Without a gap between slow and fast directions all that change are taken, and where none does, simply all.
///
/// # Shapes
/// - before, after: `[rows, dim]`, latents one action block apart
pub(crate) fn slow_features(before: &[f32], after: &[f32], dim: usize) -> Linear {
    let matrix = |latents: &[f32]| {
        let values = latents.iter().map(|v| f64::from(*v));
        DMatrix::from_row_iterator(latents.len() / dim, dim, values)
    };
    let (before, after) = (matrix(before), matrix(after));
    let whitening = whitening(&before);
    let changes = (after - before) * &whitening;
    let directions = sparse_directions(&changes);
    let speeds = (&changes * &directions).map(f64::abs);
    let chosen = choose(&speeds);
    let weight = &whitening * directions.select_columns(&chosen);
    let means: Vec<f64> = chosen
        .iter()
        .map(|&j| speeds.column(j).mean().max(CONSTANT))
        .collect();
    Linear {
        inputs: dim,
        outputs: chosen.len(),
        weight: (0..dim)
            .flat_map(|i| (0..chosen.len()).map(move |j| (i, j)))
            .map(|(i, j)| (weight[(i, j)] / means[j]) as f32)
            .collect(),
        bias: vec![0.0; chosen.len()],
    }
}

/// `[dim, rank]`: maps latents to uncorrelated values of unit variance.
fn whitening(latents: &DMatrix<f64>) -> DMatrix<f64> {
    let mean = latents.row_mean();
    let mut centred = latents.clone();
    for mut row in centred.row_iter_mut() {
        row -= &mean;
    }
    let spectrum = SymmetricEigen::new(centred.tr_mul(&centred) / centred.nrows().max(1) as f64);
    let largest = spectrum.eigenvalues.max();
    let kept: Vec<usize> = (0..spectrum.eigenvalues.len())
        .filter(|&i| spectrum.eigenvalues[i] > LEAST_VARIANCE * largest)
        .collect();
    let mut whitening = spectrum.eigenvectors.select_columns(&kept);
    for (mut column, &i) in whitening.column_iter_mut().zip(&kept) {
        column /= spectrum.eigenvalues[i].sqrt();
    }
    whitening
}

/// `[rank, rank]`, orthogonal: the sparsest direction of change, the sparsest across it, and so on.
fn sparse_directions(changes: &DMatrix<f64>) -> DMatrix<f64> {
    let rank = changes.ncols();
    let mut remaining = DMatrix::identity(rank, rank);
    let mut directions = DMatrix::zeros(rank, rank);
    for k in 0..rank {
        let here = changes * &remaining;
        let own = sparsest(&here);
        directions.set_column(k, &(&remaining * &own));
        remaining = &remaining * complement(&own);
    }
    directions
}

/// Unit vector along which the rows of `changes` are sparsest.
fn sparsest(changes: &DMatrix<f64>) -> DVector<f64> {
    let mut direction = smallest_eigenvector(changes.tr_mul(changes));
    for _ in 0..ITERATIONS {
        let along = changes * &direction;
        let mut weighted = changes.clone();
        for (mut row, s) in weighted.row_iter_mut().zip(along.iter()) {
            row *= (s * s + STILL * STILL).powf(POWER / 2.0 - 1.0);
        }
        direction = smallest_eigenvector(changes.tr_mul(&weighted));
    }
    direction
}

fn smallest_eigenvector(matrix: DMatrix<f64>) -> DVector<f64> {
    let spectrum = SymmetricEigen::new(matrix);
    let least = spectrum.eigenvalues.imin();
    spectrum.eigenvectors.column(least).into_owned()
}

/// `[n, n - 1]`: an orthonormal basis of what is orthogonal to a unit vector.
fn complement(direction: &DVector<f64>) -> DMatrix<f64> {
    let n = direction.len();
    let spectrum = SymmetricEigen::new(direction * direction.transpose());
    let own = spectrum.eigenvalues.imax();
    let others: Vec<usize> = (0..n).filter(|&i| i != own).collect();
    spectrum.eigenvectors.select_columns(&others)
}

/// Indices of the slow directions among all, by their changes `[rows, rank]`.
fn choose(speeds: &DMatrix<f64>) -> Vec<usize> {
    let median = |j: usize| {
        let mut column: Vec<f64> = speeds.column(j).iter().copied().collect();
        let middle = column.len() / 2;
        *column.select_nth_unstable_by(middle, f64::total_cmp).1
    };
    let mut moving: Vec<(f64, usize)> = (0..speeds.ncols())
        .filter(|&j| speeds.column(j).mean() > CONSTANT)
        .map(|j| (median(j).max(CONSTANT), j))
        .collect();
    if moving.is_empty() {
        return (0..speeds.ncols()).collect();
    }
    moving.sort_by(|a, b| a.0.total_cmp(&b.0));
    let widest = moving
        .windows(2)
        .map(|pair| pair[1].0 / pair[0].0)
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(&b.1));
    let count = match widest {
        Some((last, gap)) if gap >= GAP => last + 1,
        _ => moving.len(),
    };
    moving[..count].iter().map(|(_, j)| *j).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Latents of four values, mixed: one that wanders all the time, one that moves in every tenth row only, one that never
    /// changes, and noise of no size. Returns rows before and after, `[rows, 4]`.
    fn mixed(rows: usize, sometimes: f32) -> (Vec<f32>, Vec<f32>) {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mix = |v: [f32; 3]| {
            [
                v[0] + v[1],
                v[0] - v[1] + v[2],
                v[2] - 0.5 * v[0],
                1.0e-4 * v[0],
            ]
        };
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            let mut v: [f32; 3] = std::array::from_fn(|_| rng.random_range(-1.0..=1.0));
            before.extend(mix(v));
            v[0] += rng.random_range(-0.3..=0.3);
            if rng.random::<f32>() < sometimes {
                v[1] += rng.random_range(-0.3..=0.3);
            }
            after.extend(mix(v));
        }
        (before, after)
    }

    /// The features of one latent that differs from zero by `v`.
    fn features(linear: &Linear, v: [f32; 3]) -> Vec<f32> {
        let z = [
            v[0] + v[1],
            v[0] - v[1] + v[2],
            v[2] - 0.5 * v[0],
            1.0e-4 * v[0],
        ];
        (0..linear.outputs)
            .map(|j| {
                (0..4)
                    .map(|i| z[i] * linear.weight[i * linear.outputs + j])
                    .sum()
            })
            .collect()
    }

    #[test]
    fn what_moves_now_and_then_is_found() {
        let (before, after) = mixed(4000, 0.1);
        let linear = slow_features(&before, &after, 4);
        assert_eq!(linear.outputs, 1, "{linear:?}");
        let [always, sometimes, never] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
            .map(|v| features(&linear, v)[0].abs());
        assert!(
            always < 0.05 * sometimes && never < 0.05 * sometimes,
            "{always} {sometimes} {never}"
        );
    }

    #[test]
    fn without_any_change_all_directions_are_taken() {
        let (before, _) = mixed(100, 0.0);
        let linear = slow_features(&before, &before, 4);
        assert_eq!(linear.outputs, 3);
        assert!(linear.weight.iter().all(|w| w.is_finite()));
    }

    #[test]
    fn everything_that_moves_is_taken_where_nothing_stands_still() {
        let (before, after) = mixed(4000, 1.0);
        assert_eq!(slow_features(&before, &after, 4).outputs, 2);
    }
}
