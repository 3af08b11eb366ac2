//! Variance and covariance of VICReg (Bardes, Ponce and LeCun, arXiv 2105.04906).
//!
//! ```text
//! V = mean over dimensions of relu(1 - sqrt(C_jj + 1e-4))
//! C' = sum over j != k of C_jk^2 / dimensions
//! ```
//!
//! with `C` the covariance of the latents, divided by `rows - 1`. The variance keeps every dimension alive, the covariance keeps
//! them from saying the same.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;

/// Standard deviation below which a dimension is pushed apart.
const TARGET_STD: f32 = 1.0;
/// Added to variances, so that the slope of the root stays finite.
const EPSILON: f32 = 1e-4;

/// The variance and the covariance term.
///
/// # Shapes
/// - latents: `[rows, latent]`, at least two rows
pub fn variance_and_covariance(latents: Tensor<2>) -> (Tensor<1>, Tensor<1>) {
    let [rows, dim] = latents.dims();
    let degrees = (rows.max(2) - 1) as f32;
    let centred = latents.clone() - latents.mean_dim(0);
    let variances = (centred.clone() * centred.clone()).sum_dim(0) / degrees;
    let variance = relu((variances + EPSILON).sqrt().neg() + TARGET_STD).mean();
    let covariances = centred.clone().transpose().matmul(centred) / degrees;
    let device = covariances.device();
    let apart = Tensor::<2>::eye(dim, &device).neg() + 1.0;
    let off_diagonal = covariances * apart;
    let covariance = (off_diagonal.clone() * off_diagonal).sum() / dim as f32;
    (variance, covariance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// Both terms of `[4, 2]` latents, by hand.
    fn by_hand(rows: &[[f32; 2]; 4]) -> (f32, f32) {
        let mean = [0, 1].map(|j: usize| rows.iter().map(|r| r[j]).sum::<f32>() / 4.0);
        let c = |j: usize, k: usize| {
            let products = rows.iter().map(|r| (r[j] - mean[j]) * (r[k] - mean[k]));
            products.sum::<f32>() / 3.0
        };
        let hinge = |j| (1.0 - (c(j, j) + 1e-4).sqrt()).max(0.0);
        (
            (hinge(0) + hinge(1)) / 2.0,
            (c(0, 1).powi(2) + c(1, 0).powi(2)) / 2.0,
        )
    }

    const LATENTS: [[f32; 2]; 4] = [[0.3, -2.0], [0.5, 1.0], [-0.4, 3.0], [0.1, 0.7]];

    #[test]
    fn both_terms_are_their_equations() {
        let latents = Tensor::<2>::from_data(LATENTS, &Device::flex());
        let (variance, covariance) = variance_and_covariance(latents);
        let (variance, covariance): (f32, f32) = (variance.into_scalar(), covariance.into_scalar());
        let expected = by_hand(&LATENTS);
        assert!((variance - expected.0).abs() < 1e-5, "{variance}");
        assert!((covariance - expected.1).abs() < 1e-5, "{covariance}");
    }

    #[test]
    fn the_gradient_matches_finite_differences() {
        let latents = Tensor::<2>::from_data(LATENTS, &Device::flex().autodiff()).require_grad();
        let (variance, covariance) = variance_and_covariance(latents.clone());
        let gradients = (variance + covariance * 0.5).backward();
        let gradient: Vec<f32> = latents
            .grad(&gradients)
            .and_then(|g| g.try_into_vec_as().ok())
            .unwrap_or_default();
        assert_eq!(gradient.len(), 8);
        for (index, gradient) in gradient.iter().enumerate() {
            let at = |step: f32| {
                let mut moved = LATENTS;
                moved[index / 2][index % 2] += step;
                let (variance, covariance) = by_hand(&moved);
                variance + 0.5 * covariance
            };
            let slope = (at(1e-2) - at(-1e-2)) / 2e-2;
            assert!(
                (slope - gradient).abs() < 2e-3,
                "{index}: {slope} {gradient}"
            );
        }
    }

    #[test]
    fn collapsed_latents_are_charged_and_white_ones_are_not() {
        let device = Device::flex();
        let (variance, _) = variance_and_covariance(Tensor::<2>::ones([6, 3], &device));
        let variance: f32 = variance.into_scalar();
        assert!((variance - 0.99).abs() < 1e-4, "{variance}");
        let white = [[2.0f32, 2.0], [2.0, -2.0], [-2.0, 2.0], [-2.0, -2.0]];
        let (variance, covariance) =
            variance_and_covariance(Tensor::<2>::from_data(white, &device));
        let (variance, covariance): (f32, f32) = (variance.into_scalar(), covariance.into_scalar());
        assert_eq!((variance, covariance), (0.0, 0.0));
    }
}
