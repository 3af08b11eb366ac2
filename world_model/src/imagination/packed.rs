//! A perceptron packed for the kernels: forward, and the reverse pass to its inputs.

use std::sync::Arc;

use super::error::check_length;
use super::kernels::{Finish, LANES, Line, PackedMatrix, Product, lines_for, row_lines};
use super::tile::{Rows, TILE_ROWS, Workspace};
use super::{ImaginationError, Isa, Mlp};

#[derive(Debug)]
struct PackedLayer {
    weight: PackedMatrix,
    /// The transpose, for the reverse pass.
    transposed: PackedMatrix,
    /// One line a panel.
    bias: Vec<Line>,
}

/// A perceptron whose weights are laid out for the kernels. A clone shares them.
#[derive(Debug, Clone)]
pub struct PackedMlp {
    layers: Arc<[PackedLayer]>,
    /// The first layer's bias with the context folded in.
    first_bias: Arc<[Line]>,
    /// Inputs that are still free.
    inputs: usize,
    outputs: usize,
    isa: Isa,
}

/// Working memory of [`PackedMlp::forward`]; it grows at first use and is then kept.
#[derive(Debug, Default)]
pub struct Scratch(Workspace);

impl Scratch {
    /// Memory that grows at first use.
    pub fn new() -> Self {
        Self::default()
    }
}

impl PackedMlp {
    /// Packs a network for the fastest path of this processor.
    pub fn new(mlp: &Mlp) -> Self {
        Self::pack(mlp, Isa::detect())
    }

    /// Packs a network for a given path.
    ///
    /// # Errors
    /// `UnsupportedIsa` when this processor cannot run it.
    pub fn with_isa(mlp: &Mlp, isa: Isa) -> Result<Self, ImaginationError> {
        Ok(Self::pack(mlp, isa.require()?))
    }

    fn pack(mlp: &Mlp, isa: Isa) -> Self {
        let layers: Arc<[PackedLayer]> = mlp
            .layers()
            .iter()
            .map(|layer| {
                let (inputs, outputs) = (layer.inputs, layer.outputs);
                let entry = |input: usize, output: usize| layer.weight[input * outputs + output];
                PackedLayer {
                    weight: PackedMatrix::pack(inputs, outputs, entry),
                    transposed: PackedMatrix::pack(outputs, inputs, |from, to| entry(to, from)),
                    bias: pack_values(&layer.bias),
                }
            })
            .collect();
        Self {
            first_bias: layers.first().map_or(&[][..], |layer| &layer.bias).into(),
            inputs: layers.first().map_or(0, |layer| layer.weight.inputs()),
            outputs: layers.last().map_or(0, |layer| layer.weight.outputs()),
            layers,
            isa,
        }
    }

    /// The same network with its last inputs held at `context` (a goal latent, say): they move into
    /// the first layer's bias and the remaining inputs are what a caller gives. The packed weights
    /// are shared, so this costs one small matrix-vector product.
    ///
    /// # Errors
    /// `ContextLength` when no input would remain, `NonFiniteInput` for a bad value.
    pub fn with_context(&self, context: &[f32]) -> Result<Self, ImaginationError> {
        super::error::check_finite("context", context)?;
        let inputs = self
            .inputs
            .checked_sub(context.len())
            .filter(|&free| free > 0)
            .ok_or(ImaginationError::ContextLength {
                context: context.len(),
                inputs: self.inputs,
            })?;
        let mut bias = self.first_bias.to_vec();
        if let Some(layer) = self.layers.first() {
            for output in 0..layer.weight.outputs() {
                // In double precision: this sum is not part of a chain that must match another.
                let fixed: f64 = context
                    .iter()
                    .enumerate()
                    .map(|(k, &value)| {
                        f64::from(value) * f64::from(layer.weight.entry(inputs + k, output))
                    })
                    .sum();
                let value = &mut bias[output / LANES].0[output % LANES];
                *value = (f64::from(*value) + fixed) as f32;
            }
        }
        Ok(Self {
            first_bias: bias.into(),
            inputs,
            ..self.clone()
        })
    }

    /// Width of an input row, without what a context holds.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Width of an output row.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The kernel path in use.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Runs `batch` rows on the calling thread: `x` is `[batch, inputs]`, `out` `[batch, outputs]`.
    /// A row's result does not depend on the other rows. One row takes microseconds: its time is
    /// that of reading the weights once from the cache.
    ///
    /// # Errors
    /// `BufferLength`. Values are not checked: NaN in, NaN out.
    pub fn forward(
        &self,
        x: &[f32],
        batch: usize,
        out: &mut [f32],
        scratch: &mut Scratch,
    ) -> Result<(), ImaginationError> {
        check_length("x", batch.saturating_mul(self.inputs), x.len())?;
        check_length("out", batch.saturating_mul(self.outputs), out.len())?;
        let workspace = &mut scratch.0;
        workspace.reserve(batch.min(TILE_ROWS), self);
        let stride = row_lines(self.inputs);
        let tiles = x.chunks(TILE_ROWS * self.inputs);
        for (x, out) in tiles.zip(out.chunks_mut(TILE_ROWS * self.outputs)) {
            let rows = x.len() / self.inputs;
            workspace.input.fill_rows(stride, x, self.inputs);
            self.propagate(
                workspace.input.rows(stride),
                rows,
                &mut workspace.hidden,
                &mut workspace.output.lines,
                None,
            );
            let result = workspace.output.rows(self.output_stride());
            for (row, out) in out.chunks_exact_mut(self.outputs).enumerate() {
                out.copy_from_slice(&result.row(row)[..self.outputs]);
            }
        }
        Ok(())
    }

    /// Lines from one row of a result of `propagate` to the next.
    pub(super) fn output_stride(&self) -> usize {
        row_lines(self.outputs)
    }

    /// Lines that the widest hidden layer needs for a row.
    pub(super) fn hidden_lines(&self) -> usize {
        let hidden = self.layers.iter().skip(1);
        hidden
            .map(|layer| row_lines(layer.weight.inputs()))
            .max()
            .unwrap_or(0)
    }

    /// Words of 16 ReLU gates that a row has.
    pub(super) fn gate_words(&self) -> usize {
        let hidden = self.layers.iter().skip(1);
        hidden.map(|layer| lines_for(layer.weight.inputs())).sum()
    }

    /// `rows` of `x` to `out`, whose rows are `output_stride` apart. `gates`, if given, receives
    /// the open ReLUs: for each hidden layer `[rows, panels]`, `rows * gate_words` in all.
    pub(super) fn propagate(
        &self,
        x: Rows<'_>,
        rows: usize,
        hidden: &mut [Vec<Line>; 2],
        out: &mut [Line],
        mut gates: Option<&mut [u16]>,
    ) {
        let [first, second] = hidden;
        let (mut current, mut next) = (&mut first[..], &mut second[..]);
        let mut x_stride = x.stride;
        let last = self.layers.len() - 1;
        for (position, layer) in self.layers.iter().enumerate() {
            let panels = lines_for(layer.weight.outputs());
            let out_stride = row_lines(layer.weight.outputs());
            let finish = match &mut gates {
                _ if position == last => Finish::Linear,
                None => Finish::Relu,
                Some(rest) => {
                    let (layer_gates, others) = std::mem::take(rest).split_at_mut(rows * panels);
                    *rest = others;
                    Finish::ReluRecord(layer_gates)
                }
            };
            Product {
                x: if position == 0 { x.lines } else { current },
                x_stride,
                rows,
                matrix: &layer.weight,
                depth: if position == 0 {
                    self.inputs
                } else {
                    layer.weight.inputs()
                },
                panels,
                bias: Some(if position == 0 {
                    &self.first_bias
                } else {
                    &layer.bias
                }),
                out: if position == last { out } else { next },
                out_stride,
                finish,
            }
            .run(self.isa);
            x_stride = out_stride;
            std::mem::swap(&mut current, &mut next);
        }
    }

    /// The gradient at the outputs to the gradient at the inputs, `rows` apart by
    /// `row_lines(inputs)` in `out`. `gates` are those that `propagate` recorded.
    pub(super) fn pull_back(
        &self,
        gradient: Rows<'_>,
        rows: usize,
        hidden: &mut [Vec<Line>; 2],
        out: &mut [Line],
        mut gates: &[u16],
    ) {
        let [first, second] = hidden;
        let (mut current, mut next) = (&mut first[..], &mut second[..]);
        let mut x_stride = gradient.stride;
        let last = self.layers.len() - 1;
        for (position, layer) in self.layers.iter().enumerate().rev() {
            let width = if position == 0 {
                self.inputs
            } else {
                layer.transposed.outputs()
            };
            let panels = lines_for(width);
            let out_stride = row_lines(width);
            let finish = if position == 0 {
                Finish::Linear
            } else {
                let (others, layer_gates) = gates.split_at(gates.len() - rows * panels);
                gates = others;
                Finish::Gate(layer_gates)
            };
            Product {
                x: if position == last {
                    gradient.lines
                } else {
                    current
                },
                x_stride,
                rows,
                matrix: &layer.transposed,
                depth: layer.transposed.inputs(),
                panels,
                bias: None,
                out: if position == 0 { out } else { next },
                out_stride,
                finish,
            }
            .run(self.isa);
            x_stride = out_stride;
            std::mem::swap(&mut current, &mut next);
        }
    }
}

/// Values in lines, the last one padded with zeros.
fn pack_values(values: &[f32]) -> Vec<Line> {
    values
        .chunks(LANES)
        .map(|chunk| {
            let mut line = Line::ZERO;
            line.0[..chunk.len()].copy_from_slice(chunk);
            line
        })
        .collect()
}
