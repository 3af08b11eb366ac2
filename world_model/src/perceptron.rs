//! The trainable multi-layer perceptron that every network of the model is made of: linear layers
//! with ReLU between them. ReLU because burn's flex backend computes it forty times faster than a
//! smooth activation, and because bias and ReLU fuse into the matrix product at inference.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Linear layers with ReLU between them, none after the last.
#[derive(Module, Debug)]
pub struct Perceptron {
    layers: Vec<Linear>,
}

impl Perceptron {
    /// Builds the layers `sizes[0] -> sizes[1] -> ...` with weights and biases uniform in
    /// `+-sqrt(1 / inputs)`; those of the last layer are multiplied by `last_scale`.
    pub fn init(sizes: &[usize], last_scale: f32, rng: &mut ChaCha8Rng, device: &Device) -> Self {
        let count = sizes.len().saturating_sub(1);
        let layers = sizes
            .windows(2)
            .enumerate()
            .map(|(index, pair)| {
                let scale = if index + 1 == count { last_scale } else { 1.0 };
                linear(pair[0], pair[1], scale, rng, device)
            })
            .collect();
        Self { layers }
    }

    /// Applies the network.
    ///
    /// # Shapes
    /// - input: `[rows, sizes[0]]`
    /// - output: `[rows, sizes[last]]`
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len().saturating_sub(1);
        self.layers
            .iter()
            .enumerate()
            .fold(input, |hidden, (index, layer)| {
                let output = layer.forward(hidden);
                if index < last { relu(output) } else { output }
            })
    }
}

fn linear(
    inputs: usize,
    outputs: usize,
    scale: f32,
    rng: &mut ChaCha8Rng,
    device: &Device,
) -> Linear {
    let bound = scale / (inputs.max(1) as f32).sqrt();
    let mut draw = |count: usize| -> Vec<f32> {
        (0..count)
            .map(|_| bound * rng.random_range(-1.0f32..1.0))
            .collect()
    };
    let weight = TensorData::new(draw(inputs * outputs), [inputs, outputs]);
    let bias = TensorData::new(draw(outputs), [outputs]);
    Linear {
        weight: Param::from_tensor(Tensor::from_data(weight, device)),
        bias: Some(Param::from_tensor(Tensor::from_data(bias, device))),
    }
}
