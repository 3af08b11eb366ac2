//! Plain weights of a multi-layer perceptron, as a checkpoint holds them.

use super::ImaginationError;
use crate::checkpoint::NamedTensor;
use half::f16;

/// An affine layer, `y = x W + b`.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// Width of `x`.
    pub inputs: usize,
    /// Width of `y`.
    pub outputs: usize,
    /// `W`, `[inputs, outputs]`, row-major.
    pub weight: Vec<f32>,
    /// `b`, `[outputs]`.
    pub bias: Vec<f32>,
}

impl Linear {
    /// The same in half precision, in which it takes half of the room in a file.
    pub(crate) fn halved(mut self) -> Self {
        for value in self.weight.iter_mut().chain(&mut self.bias) {
            *value = f16::from_f32(*value).to_f32();
        }
        self
    }

    /// Weight and bias under their names in a file, `name.weight` and `name.bias`.
    pub(crate) fn tensors(&self, name: &str) -> [NamedTensor; 2] {
        [
            NamedTensor {
                name: format!("{name}.weight"),
                shape: vec![self.inputs, self.outputs],
                values: self.weight.clone(),
            },
            NamedTensor {
                name: format!("{name}.bias"),
                shape: vec![self.outputs],
                values: self.bias.clone(),
            },
        ]
    }

    fn validate(&self, layer: usize) -> Result<(), ImaginationError> {
        let shape_fits = self.inputs > 0
            && self.outputs > 0
            && self.inputs.checked_mul(self.outputs) == Some(self.weight.len())
            && self.bias.len() == self.outputs;
        if !shape_fits {
            return Err(ImaginationError::LayerShape {
                layer,
                inputs: self.inputs,
                outputs: self.outputs,
                weights: self.weight.len(),
                biases: self.bias.len(),
            });
        }
        for (parameter, values) in [("weight", &self.weight), ("bias", &self.bias)] {
            let culprit = values.iter().enumerate().find(|(_, v)| !v.is_finite());
            if let Some((index, &value)) = culprit {
                return Err(ImaginationError::NonFiniteParameter {
                    layer,
                    parameter,
                    index,
                    value,
                });
            }
        }
        Ok(())
    }
}

/// A perceptron with ReLU between its layers and none after the last.
#[derive(Debug, Clone, PartialEq)]
pub struct Mlp {
    layers: Vec<Linear>,
}

impl Mlp {
    /// Takes layers whose widths chain and whose parameters are finite.
    ///
    /// # Errors
    /// `NoLayers`, `LayerShape`, `LayerChain` or `NonFiniteParameter`.
    pub fn try_new(layers: Vec<Linear>) -> Result<Self, ImaginationError> {
        if layers.is_empty() {
            return Err(ImaginationError::NoLayers);
        }
        for (position, layer) in layers.iter().enumerate() {
            layer.validate(position)?;
        }
        for (position, pair) in layers.windows(2).enumerate() {
            if pair[0].outputs != pair[1].inputs {
                return Err(ImaginationError::LayerChain {
                    layer: position + 1,
                    inputs: pair[1].inputs,
                    previous: pair[0].outputs,
                });
            }
        }
        Ok(Self { layers })
    }

    /// The layers, first to last; never empty.
    pub fn layers(&self) -> &[Linear] {
        &self.layers
    }
}
