//! The network of a policy: a perceptron with ReLU, some of whose hidden layers are bilinear instead.
//!
//! A bilinear layer gives `(x W + b) * (x V + c)`, value by value (arXiv 2002.05202). What a policy has to know is often a product of what
//! the latent holds: a place seen from where the robot faces is one of its place and its direction, a distance one of a difference with
//! itself. ReLU needs many units for each. Where inputs are far from all that was learned a product grows faster than they do.

use burn::module::Module;
use burn::nn::Linear as TrainableLinear;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use super::PolicyConfig;
use crate::imagination::{ImaginationError, Linear, Mlp, PackedMlp, Scratch};
use crate::perceptron::linear;

/// Inputs and outputs of each linear layer; bilinear ones have both factors side by side.
pub(super) fn layers(config: &PolicyConfig, ends: [usize; 2]) -> Vec<(usize, usize)> {
    let widths = [&ends[..1], &config.hidden, &ends[1..]].concat();
    let layers = widths.windows(2).enumerate();
    let layers = layers.map(|(layer, pair)| match config.bilinear.contains(&layer) {
        true => (pair[0], 2 * pair[1]),
        false => (pair[0], pair[1]),
    });
    layers.collect()
}

/// Scales of the weights at the start of a network with bilinear layers, drawn uniformly from `+-scale / sqrt(inputs)`: inputs of unit
/// variance give units of about unit variance (LeCun's for the factors of a product, He's for ReLU). Without these the deep ones begin as
/// good as silent, for a product squares whatever its inputs are smaller.
const BILINEAR_SCALE: f32 = 1.732_050_8;
const RELU_SCALE: f32 = 2.449_489_7;
/// That of the last layer, which at the start says next to nothing.
const LAST_SCALE: f32 = 0.1;

/// The network in training.
#[derive(Module, Debug)]
pub(super) struct Trainable {
    layers: Vec<TrainableLinear>,
}

impl Trainable {
    /// Random weights, for rows of so many inputs and outputs.
    pub fn init(
        config: &PolicyConfig,
        ends: [usize; 2],
        rng: &mut ChaCha8Rng,
        device: &Device,
    ) -> Self {
        let layers = layers(config, ends).into_iter().enumerate();
        let layers = layers.map(|(index, (inputs, outputs))| {
            let scale = match index {
                _ if config.bilinear.contains(&index) => BILINEAR_SCALE,
                _ if index == config.hidden.len() => LAST_SCALE,
                _ if config.bilinear.is_empty() => 1.0,
                _ => RELU_SCALE,
            };
            linear(inputs, outputs, scale, rng, device)
        });
        Self {
            layers: layers.collect(),
        }
    }

    /// `[rows, inputs]` to `[rows, outputs]`; `bilinear` are its bilinear layers.
    pub fn forward(&self, input: Tensor<2>, bilinear: &[usize]) -> Tensor<2> {
        let last = self.layers.len() - 1;
        let layers = self.layers.iter().enumerate();
        layers.fold(input, |hidden, (index, layer)| {
            let output = layer.forward(hidden);
            match index {
                _ if index == last => output,
                _ if bilinear.contains(&index) => {
                    let width = output.dims()[1] / 2;
                    output.clone().narrow(1, 0, width) * output.narrow(1, width, width)
                }
                _ => relu(output),
            }
        })
    }
}

/// The network as it acts. A clone shares the weights.
#[derive(Clone, Debug)]
pub(super) struct Network {
    /// The perceptrons of which it is a chain. Between one and the next the halves of what a row holds are multiplied with each other.
    chain: Vec<PackedMlp>,
}

/// Working memory of [`Network::forward`].
#[derive(Debug, Default)]
pub(super) struct Memory {
    scratch: Scratch,
    factors: Vec<f32>,
    hidden: Vec<f32>,
}

impl Network {
    /// Of these layers, of which `bilinear` names those that are, never the last.
    ///
    /// # Errors
    /// Layers that do not follow on each other, or weights that are not finite.
    pub fn try_new(layers: &[Linear], bilinear: &[usize]) -> Result<Self, ImaginationError> {
        let mut chain: Vec<PackedMlp> = Vec::new();
        let mut start = 0;
        for end in
            (1..=layers.len()).filter(|end| *end == layers.len() || bilinear.contains(&(end - 1)))
        {
            let part = Mlp::try_new(layers[start..end].to_vec());
            let next = PackedMlp::new(&part.map_err(|error| error.after(start))?);
            if let Some(previous) = chain.last().map(|previous| previous.outputs() / 2)
                && previous != next.inputs()
            {
                return Err(ImaginationError::LayerChain {
                    layer: start,
                    inputs: next.inputs(),
                    previous,
                });
            }
            chain.push(next);
            start = end;
        }
        if chain.is_empty() {
            return Err(ImaginationError::NoLayers);
        }
        Ok(Self { chain })
    }

    /// Values of a row that are still free.
    pub fn inputs(&self) -> usize {
        self.chain.first().map_or(0, PackedMlp::inputs)
    }

    /// Values of a row of outputs.
    pub fn outputs(&self) -> usize {
        self.chain.last().map_or(0, PackedMlp::outputs)
    }

    /// The same network with its last inputs held at `context`.
    ///
    /// # Errors
    /// [`ImaginationError::ContextLength`], [`ImaginationError::NonFiniteInput`].
    pub fn with_context(&self, context: &[f32]) -> Result<Self, ImaginationError> {
        let mut held = self.clone();
        if let Some(first) = held.chain.first_mut() {
            *first = first.with_context(context)?;
        }
        Ok(held)
    }

    /// `rows` of `x`, `[rows, inputs]`, to `out`, `[rows, outputs]`.
    ///
    /// # Errors
    /// [`ImaginationError::BufferLength`].
    pub fn forward(
        &self,
        x: &[f32],
        rows: usize,
        out: &mut [f32],
        memory: &mut Memory,
    ) -> Result<(), ImaginationError> {
        let Some((last, before)) = self.chain.split_last() else {
            return Ok(());
        };
        let Memory {
            scratch,
            factors,
            hidden,
        } = memory;
        let mut input = x;
        for part in before {
            factors.resize(rows * part.outputs(), 0.0);
            part.forward(input, rows, factors, scratch)?;
            hidden.clear();
            for row in factors.chunks_exact(part.outputs()) {
                let (one, other) = row.split_at(row.len() / 2);
                hidden.extend(one.iter().zip(other).map(|(a, b)| a * b));
            }
            input = hidden;
        }
        last.forward(input, rows, out, scratch)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use rand::RngExt;

    use super::*;
    use crate::random::{Purpose, stream};
    use crate::train::parameters::ParameterMap;

    fn config() -> PolicyConfig {
        PolicyConfig {
            hidden: vec![12, 20, 9, 7],
            bilinear: vec![0, 2],
            ..PolicyConfig::default()
        }
    }

    fn trained(config: &PolicyConfig) -> (Trainable, Vec<Linear>) {
        let rng = &mut stream(1, Purpose::Policy, 0, 0);
        let network = Trainable::init(config, [5, 3], rng, &Device::flex());
        let (map, values) = ParameterMap::of(&network);
        let layers = map.layers(&values, "");
        (network, layers)
    }

    #[test]
    fn it_acts_as_it_was_trained_whatever_of_its_inputs_is_held() {
        let config = config();
        let (network, linear) = trained(&config);
        let shapes: Vec<_> = linear.iter().map(|l| (l.inputs, l.outputs)).collect();
        assert_eq!(shapes, [(5, 24), (12, 20), (20, 18), (9, 7), (7, 3)]);
        assert_eq!(shapes, layers(&config, [5, 3]));

        let rng = &mut stream(2, Purpose::Policy, 0, 0);
        let inputs: Vec<f32> = (0..15).map(|_| rng.random_range(-2.0..2.0)).collect();
        let rows = Tensor::<1>::from_floats(&inputs[..], &Device::flex()).reshape([3, 5]);
        let said = network.forward(rows, &config.bilinear);
        let expected: Vec<f32> = said.try_into_vec_as().unwrap();

        let packed = Network::try_new(&linear, &config.bilinear).unwrap();
        assert_eq!((packed.inputs(), packed.outputs()), (5, 3));
        let (mut memory, mut found) = (Memory::default(), vec![0.0; 9]);
        packed.forward(&inputs, 3, &mut found, &mut memory).unwrap();
        let same = |a: &[f32], b: &[f32]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1.0e-5)
        };
        assert!(same(&found, &expected), "{found:?} {expected:?}");

        let held = packed.with_context(&inputs[3..5]).unwrap();
        assert_eq!(held.inputs(), 3);
        held.forward(&inputs[..3], 1, &mut found[..3], &mut memory)
            .unwrap();
        assert!(same(&found[..3], &expected[..3]), "{found:?} {expected:?}");
    }

    #[test]
    fn layers_that_do_not_follow_on_each_other_are_refused() {
        let (_, mut linear) = trained(&config());
        linear.remove(1);
        let error = Network::try_new(&linear, &[0, 1]).unwrap_err();
        let expected = ImaginationError::LayerChain {
            layer: 1,
            inputs: 20,
            previous: 12,
        };
        assert_eq!(error, expected);
        // Layers are counted from the first of all, not of the part in which they are.
        let (_, mut linear) = trained(&config());
        linear[3].bias[2] = f32::NAN;
        let error = Network::try_new(&linear, &[0, 2]).unwrap_err();
        assert!(error.to_string().starts_with("layer 3: bias[2]"), "{error}");
        let error = Network::try_new(&[], &[]).unwrap_err();
        assert_eq!(error, ImaginationError::NoLayers);
    }
}
