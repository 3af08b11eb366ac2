//! The trainable multi-layer perceptron that every network of the model is made of: linear layers
//! with ReLU between them. ReLU because burn's flex backend computes it forty times faster than a
//! smooth activation, and because bias and ReLU fuse into the matrix product at inference.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::config::EncoderNorm;
use crate::norm::Norm;

/// Linear layers with ReLU between them, none after the last.
#[derive(Module, Debug)]
pub struct Perceptron {
    layers: Vec<Linear>,
    /// Before each ReLU, or nowhere.
    norms: Vec<Norm>,
}

impl Perceptron {
    /// Builds the layers `sizes[0] -> sizes[1] -> ...` with weights and biases uniform in
    /// `+-sqrt(1 / inputs)`; those of the last layer are multiplied by `last_scale`.
    pub fn init(sizes: &[usize], last_scale: f32, rng: &mut ChaCha8Rng, device: &Device) -> Self {
        let layers = initial_layers(sizes, last_scale, rng);
        Self {
            layers: layers.into_iter().map(|l| l.build(device)).collect(),
            norms: Vec::new(),
        }
    }

    /// As [`Perceptron::init`] with `last_scale` 1, but the input passes through the hidden layers unharmed, each value as the
    /// two units `relu(x)` and `relu(-x)`, so that the output starts as a random projection of it plus something small.
    ///
    /// A network that starts from small random weights reads a low-dimensional input to a few percent only. Layers too narrow
    /// for two units a value are initialised as by [`Perceptron::init`].
    pub fn init_passing_input(sizes: &[usize], rng: &mut ChaCha8Rng, device: &Device) -> Self {
        let mut layers = initial_layers(sizes, 1.0, rng);
        let signed = sizes[0];
        if let [first, middle @ .., last] = layers.as_mut_slice()
            && first.outputs.min(last.inputs) >= 2 * signed
            && middle.iter().all(|l| l.outputs >= 2 * signed)
        {
            for i in 0..signed {
                first.connect(i, 2 * i, 1.0);
                first.connect(i, 2 * i + 1, -1.0);
                for layer in middle.iter_mut() {
                    layer.connect(2 * i, 2 * i, 1.0);
                    layer.connect(2 * i + 1, 2 * i + 1, 1.0);
                }
            }
            // From the variance of the drawn weights, `1 / (3 inputs)`, to an output of unit variance.
            last.oppose_halves(signed, (3.0 * last.inputs as f32 / signed as f32).sqrt());
        }
        Self {
            layers: layers.into_iter().map(|l| l.build(device)).collect(),
            norms: Vec::new(),
        }
    }

    /// The same layers with a normalisation before each ReLU.
    pub fn with_norms(mut self, kind: EncoderNorm, device: &Device) -> Self {
        let hidden = self.layers.len().saturating_sub(1);
        let widths = self.layers[..hidden].iter().map(|l| l.weight.dims()[1]);
        self.norms = widths
            .filter_map(|width| Norm::init(kind, width, device))
            .collect();
        self
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
                if index == last {
                    return output;
                }
                relu(match self.norms.get(index) {
                    Some(norm) => norm.forward(output),
                    None => output,
                })
            })
    }
}

/// One linear layer with weights and biases uniform in `+-scale * sqrt(1 / inputs)`.
pub(crate) fn linear(
    inputs: usize,
    outputs: usize,
    scale: f32,
    rng: &mut ChaCha8Rng,
    device: &Device,
) -> Linear {
    InitialLayer::draw(inputs, outputs, scale, rng).build(device)
}

fn initial_layers(sizes: &[usize], last_scale: f32, rng: &mut ChaCha8Rng) -> Vec<InitialLayer> {
    let count = sizes.len().saturating_sub(1);
    sizes
        .windows(2)
        .enumerate()
        .map(|(index, pair)| {
            let scale = if index + 1 == count { last_scale } else { 1.0 };
            InitialLayer::draw(pair[0], pair[1], scale, rng)
        })
        .collect()
}

/// The initial weight `[inputs, outputs]` and bias of a layer, on the host.
struct InitialLayer {
    inputs: usize,
    outputs: usize,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl InitialLayer {
    fn draw(inputs: usize, outputs: usize, scale: f32, rng: &mut ChaCha8Rng) -> Self {
        let bound = scale / (inputs.max(1) as f32).sqrt();
        let mut draw = |count: usize| -> Vec<f32> {
            (0..count)
                .map(|_| bound * rng.random_range(-1.0f32..1.0))
                .collect()
        };
        Self {
            inputs,
            outputs,
            weight: draw(inputs * outputs),
            bias: draw(outputs),
        }
    }

    /// Makes unit `output` read `weight * input` and nothing else.
    fn connect(&mut self, input: usize, output: usize, weight: f32) {
        for i in 0..self.inputs {
            self.weight[i * self.outputs + output] = 0.0;
        }
        self.weight[input * self.outputs + output] = weight;
        self.bias[output] = 0.0;
    }

    /// Makes units `2 i` and `2 i + 1` count with opposite signs, as the halves of one signed value, and `gain` times as much.
    fn oppose_halves(&mut self, signed: usize, gain: f32) {
        for i in 0..signed {
            for output in 0..self.outputs {
                let weight = gain * self.weight[2 * i * self.outputs + output];
                self.weight[2 * i * self.outputs + output] = weight;
                self.weight[(2 * i + 1) * self.outputs + output] = -weight;
            }
        }
    }

    fn build(self, device: &Device) -> Linear {
        let weight = TensorData::new(self.weight, [self.inputs, self.outputs]);
        let bias = TensorData::new(self.bias, [self.outputs]);
        Linear {
            weight: Param::from_tensor(Tensor::from_data(weight, device)),
            bias: Some(Param::from_tensor(Tensor::from_data(bias, device))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// Output of a network of 3 inputs and the given hidden widths.
    fn output(hidden: &[usize], input: [f32; 3]) -> Vec<f32> {
        let device = Device::flex();
        let sizes = [&[3], hidden, &[5]].concat();
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        Perceptron::init_passing_input(&sizes, &mut rng, &device)
            .forward(Tensor::from_data([input], &device))
            .try_into_vec_as()
            .unwrap_or_default()
    }

    /// How far the network is from an affine map, `f(x) + f(-x) - 2 f(0)`, at its largest.
    fn bend(hidden: &[usize]) -> f32 {
        let [x, minus_x, zero] = [[0.7, -1.2, 0.4], [-0.7, 1.2, -0.4], [0.0; 3]];
        let at_x = output(hidden, x);
        assert_eq!(at_x.len(), 5);
        at_x.iter()
            .zip(output(hidden, minus_x))
            .zip(output(hidden, zero))
            .map(|((a, b), c)| (a + b - 2.0 * c).abs())
            .fold(0.0, f32::max)
    }

    #[test]
    fn the_input_passes_through_hidden_layers_without_a_bend() {
        assert!(bend(&[6, 6]) < 1.0e-5);
        assert!(bend(&[5, 6]) > 1.0e-3, "too narrow: an ordinary network");
    }
}
