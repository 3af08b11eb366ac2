//! The losses, each with its equation.
//!
//! - open-loop prediction: `sum over k of mean sqrt(e_(t+k)^2 + delta^2) - delta`, with `e` the root mean
//!   square of `z_hat - z` over the dimensions (pseudo-Huber); gradients through the targets as well where SIGReg, VICReg or
//!   inverse dynamics keep them from collapsing;
//! - inverse dynamics: `mean ||a_hat(z_t, z_(t+1)) - a_t||^2`;
//! - [SIGReg](sigreg): distance of the latents from a standard Gaussian;
//! - [VICReg](vicreg): every dimension spread, no two of them alike;
//! - reconstruction: `mean (d(z) - o)^2`, of quantities and of pictures apart;
//! - expectile regression for the first-passage heads.

pub mod sigreg;
pub mod vicreg;

use burn::tensor::Tensor;
use burn::tensor::activation::relu;

/// Mean squared error over rows and columns.
pub fn mean_squared_error(prediction: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    let error = prediction - target;
    (error.clone() * error).mean()
}

/// Open-loop prediction loss: pseudo-Huber errors of every step, summed. Below `delta` an error counts
/// squared, above it linearly.
///
/// # Shapes
/// - predicted: one `[rows, latent]` per open-loop step
/// - targets: `[steps * rows, latent]`, in the same order
pub fn open_loop_prediction(predicted: &[Tensor<2>], targets: Tensor<2>, delta: f32) -> Tensor<1> {
    let error = Tensor::cat(predicted.to_vec(), 0) - targets;
    let squares = (error.clone() * error).mean_dim(1);
    let errors = (squares + delta * delta).sqrt() - delta;
    errors.mean() * predicted.len() as f32
}

/// Reconstruction loss: the mean squared error of the `leading` values and that of the picture after them, summed, so that many
/// pixels do not drown a few coordinates. With one kind alone, its mean squared error.
///
/// # Shapes
/// - decoded, observations: `[rows, observation]`, standardised
pub fn reconstruction(decoded: Tensor<2>, observations: Tensor<2>, leading: usize) -> Tensor<1> {
    let error = decoded - observations;
    let squares = error.clone() * error;
    let [_, dim] = squares.dims();
    if leading == 0 || leading == dim {
        return squares.mean();
    }
    let picture = squares.clone().narrow(1, leading, dim - leading);
    squares.narrow(1, 0, leading).mean() + picture.mean()
}

/// Expectile regression (Newey and Powell, 1987): squared errors weighted by `expectile` where the
/// target lies above the prediction and by `1 - expectile` where it lies below. An expectile under
/// one half estimates a fast passage rather than the average behaviour in the data.
///
/// # Shapes
/// - prediction, target: `[rows, 1]`
pub fn expectile(prediction: Tensor<2>, target: Tensor<2>, expectile: f32) -> Tensor<1> {
    let error = target - prediction;
    let above = relu(error.clone());
    let below = relu(error.neg());
    (above.clone() * above * expectile + below.clone() * below * (1.0 - expectile)).mean()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn expectile_charges_overestimates_more() {
        let device = Device::flex();
        let target = Tensor::<2>::from_data([[1.0f32], [1.0]], &device);
        let prediction = Tensor::<2>::from_data([[0.0f32], [2.0]], &device);
        let loss: f32 = expectile(prediction, target, 0.2).into_scalar();
        assert!((loss - 0.5 * (0.2 + 0.8)).abs() < 1e-6, "{loss}");
    }

    #[test]
    fn reconstruction_weighs_quantities_and_pictures_apart() {
        let device = Device::flex();
        let decoded = Tensor::<2>::from_data([[2.0f32, 1.0, 1.0, 0.0, 0.0]], &device);
        let observations = Tensor::<2>::zeros([1, 5], &device);
        let loss =
            |leading| reconstruction(decoded.clone(), observations.clone(), leading).into_scalar();
        let [both, picture, quantities]: [f32; 3] = [loss(1), loss(0), loss(5)];
        assert!((both - 4.5).abs() < 1e-6, "{both}");
        assert!((picture - 1.2).abs() < 1e-6, "{picture}");
        assert!((quantities - 1.2).abs() < 1e-6, "{quantities}");
    }

    #[test]
    fn open_loop_prediction_sums_over_steps() {
        let device = Device::flex();
        let predicted = [
            Tensor::<2>::from_data([[1.0f32, 0.0]], &device),
            Tensor::<2>::from_data([[0.0f32, 2.0]], &device),
        ];
        let targets = Tensor::<2>::zeros([2, 2], &device);
        let loss: f32 = open_loop_prediction(&predicted, targets, 0.1).into_scalar();
        let expected = (0.5f32 + 0.01).sqrt() + (2.0f32 + 0.01).sqrt() - 0.2;
        assert!((loss - expected).abs() < 1e-5, "{loss}");
    }
}
