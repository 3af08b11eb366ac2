//! The networks as one flat vector of parameters: loaded into burn modules for each step, updated
//! on the host, and taken apart by name for export.

use std::ops::Range;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData, TensorReadError};

use crate::imagination::Linear;
use crate::norm::NormWeights;

/// One parameter tensor inside the flat vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub name: String,
    pub shape: Vec<usize>,
    pub range: Range<usize>,
}

/// Where each parameter tensor lies in the flat vector, in the order of the module's fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ParameterMap {
    entries: Vec<Entry>,
}

impl ParameterMap {
    /// The map and the current values of `networks`.
    pub fn of(networks: &impl Module) -> (Self, Vec<f32>) {
        let mut reader = Reader::default();
        networks.visit(&mut reader);
        let map = Self {
            entries: reader.entries,
        };
        (map, reader.values)
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Number of parameters up to the last one whose name starts with one of `prefixes`.
    pub fn len_through(&self, prefixes: &[&str]) -> usize {
        self.entries
            .iter()
            .filter(|entry| prefixes.iter().any(|p| entry.name.starts_with(p)))
            .map(|entry| entry.range.end)
            .max()
            .unwrap_or(0)
    }

    /// The layers whose names start with `prefix`, as plain matrices.
    pub fn layers(&self, values: &[f32], prefix: &str) -> Vec<Linear> {
        let under = |suffix: &str| {
            self.entries
                .iter()
                .filter(move |entry| entry.name.starts_with(prefix))
                .filter(move |entry| entry.name.ends_with(suffix))
                .collect::<Vec<_>>()
        };
        under(".weight")
            .into_iter()
            .zip(under(".bias"))
            .map(|(weight, bias)| Linear {
                inputs: weight.shape[0],
                outputs: weight.shape[1],
                weight: values[weight.range.clone()].to_vec(),
                bias: values[bias.range.clone()].to_vec(),
            })
            .collect()
    }

    /// Puts layers where [`ParameterMap::layers`] finds them. Returns whether they fit.
    pub fn set_layers(&self, values: &mut [f32], prefix: &str, layers: &[Linear]) -> bool {
        let places = |suffix: &str| {
            let entries = self.entries.iter();
            let under = entries.filter(|e| e.name.starts_with(prefix) && e.name.ends_with(suffix));
            under.map(|e| e.range.clone()).collect::<Vec<_>>()
        };
        let (weights, biases) = (places(".weight"), places(".bias"));
        let fits = weights.len() == layers.len()
            && biases.len() == layers.len()
            && layers
                .iter()
                .zip(weights.iter().zip(&biases))
                .all(|(layer, (weight, bias))| {
                    (layer.weight.len(), layer.bias.len()) == (weight.len(), bias.len())
                });
        if fits {
            for (layer, (weight, bias)) in layers.iter().zip(weights.into_iter().zip(biases)) {
                values[weight].copy_from_slice(&layer.weight);
                values[bias].copy_from_slice(&layer.bias);
            }
        }
        fits
    }

    /// Puts normalisations where [`ParameterMap::norms`] finds them. Returns whether they fit.
    pub fn set_norms(&self, values: &mut [f32], prefix: &str, norms: &[NormWeights]) -> bool {
        let names = self.entries.iter().map(|entry| entry.name.as_str());
        let stems: Vec<&str> = names
            .filter(|name| name.starts_with(prefix))
            .filter_map(|name| name.strip_suffix(".gain"))
            .collect();
        if stems.len() != norms.len() {
            return false;
        }
        let mut set = |name: String, new: &[f32]| {
            let entry = self.entries.iter().find(|entry| entry.name == name);
            match entry {
                Some(entry) if entry.range.len() == new.len() => {
                    values[entry.range.clone()].copy_from_slice(new);
                    true
                }
                _ => false,
            }
        };
        stems.iter().zip(norms).all(|(stem, norm)| {
            set(format!("{stem}.gain"), &norm.gain)
                && set(format!("{stem}.shift"), &norm.shift)
                && norm
                    .alpha
                    .is_none_or(|alpha| set(format!("{stem}.alpha"), &[alpha]))
        })
    }

    /// The normalisations whose names start with `prefix`.
    pub fn norms(&self, values: &[f32], prefix: &str) -> Vec<NormWeights> {
        let value = |name: String| {
            let entry = self.entries.iter().find(|entry| entry.name == name)?;
            Some(values[entry.range.clone()].to_vec())
        };
        let names = self.entries.iter().map(|entry| entry.name.as_str());
        let stems = names.filter(|name| name.starts_with(prefix));
        stems
            .filter_map(|name| {
                let stem = name.strip_suffix(".gain")?;
                Some(NormWeights {
                    gain: value(name.to_owned())?,
                    shift: value(format!("{stem}.shift"))?,
                    alpha: value(format!("{stem}.alpha")).map(|alpha| alpha[0]),
                })
            })
            .collect()
    }
}

/// `networks` with the given parameter values, as fresh leaves of a graph of their own.
pub(crate) fn assign<M: Module>(networks: M, values: &[f32], device: &Device) -> M {
    networks.map(&mut Writer {
        values,
        position: 0,
        device,
    })
}

/// The gradient of every parameter as a flat vector, zero where a parameter took no part.
///
/// # Errors
/// When the backend cannot read a gradient back.
pub(crate) fn flat_gradient(
    networks: &impl Module,
    gradients: &mut Gradients,
    parameters: usize,
) -> Result<Vec<f32>, TensorReadError> {
    let mut collector = Collector {
        gradients,
        flat: Vec::with_capacity(parameters),
        error: None,
    };
    networks.visit(&mut collector);
    match collector.error {
        Some(error) => Err(error),
        None => Ok(collector.flat),
    }
}

#[derive(Default)]
struct Reader {
    path: Vec<String>,
    entries: Vec<Entry>,
    values: Vec<f32>,
}

impl ModuleVisitor for Reader {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let start = self.values.len();
        self.values.extend(tensor.to_data().iter::<f32>());
        self.entries.push(Entry {
            name: self.path.join("."),
            shape: tensor.dims().to_vec(),
            range: start..self.values.len(),
        });
    }
}

struct Writer<'a> {
    values: &'a [f32],
    position: usize,
    device: &'a Device,
}

impl ModuleMapper for Writer<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let shape = tensor.dims();
        let end = self.position + shape.iter().product::<usize>();
        let data = TensorData::new(self.values[self.position..end].to_vec(), shape);
        self.position = end;
        let leaf = Tensor::from_data(data, self.device).require_grad();
        Param::from_mapped_value(id, leaf, mapper)
    }
}

struct Collector<'a> {
    gradients: &'a mut Gradients,
    flat: Vec<f32>,
    error: Option<TensorReadError>,
}

impl ModuleVisitor for Collector<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let end = self.flat.len() + tensor.dims().iter().product::<usize>();
        if let Some(gradient) = tensor.grad_remove(self.gradients) {
            match gradient.try_into_vec_as::<f32>() {
                Ok(values) => self.flat.extend_from_slice(&values),
                Err(error) => self.error = Some(error),
            }
        }
        self.flat.resize(end, 0.0);
    }
}
