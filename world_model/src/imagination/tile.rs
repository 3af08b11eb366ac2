//! A tile of candidates: its working memory, and its way through the horizon.

use super::kernels::{LANES, Line, floats, floats_mut, row_lines};
use super::tape::TileTape;
use super::{Imagination, PackedMlp, Readout};

/// Most candidates in a tile: enough to use each panel of weights many times while it is in the
/// first-level cache, few enough that the activations stay in the second (six blocks of twelve).
pub(super) const TILE_ROWS: usize = 72;

/// Rows of activations; each starts at a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    pub lines: &'a [Line],
    /// Lines from one row to the next.
    pub stride: usize,
}

impl<'a> Rows<'a> {
    /// The values of a row and its padding.
    pub fn row(self, row: usize) -> &'a [f32] {
        &floats(self.lines)[row * self.stride * LANES..][..self.stride * LANES]
    }
}

/// Lines that only ever grow.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    pub lines: Vec<Line>,
}

impl Buffer {
    fn reserve(&mut self, lines: usize) {
        reserve(&mut self.lines, lines);
    }

    pub fn rows(&self, stride: usize) -> Rows<'_> {
        Rows {
            lines: &self.lines,
            stride,
        }
    }

    /// The values of each row and its padding, writable.
    pub fn rows_mut(&mut self, stride: usize) -> impl Iterator<Item = &mut [f32]> {
        floats_mut(&mut self.lines).chunks_exact_mut(stride * LANES)
    }

    /// Copies `[rows, width]` values to the starts of the rows.
    pub fn fill_rows(&mut self, stride: usize, values: &[f32], width: usize) {
        for (row, values) in self.rows_mut(stride).zip(values.chunks_exact(width)) {
            row[..width].copy_from_slice(values);
        }
    }
}

fn reserve(buffer: &mut Vec<Line>, lines: usize) {
    if buffer.len() < lines {
        buffer.resize(lines, Line::ZERO);
    }
}

/// Activations of the tile that a thread is working on.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    /// What a network reads: `[latent, action]`, or in the reverse pass the latent's gradient.
    pub input: Buffer,
    /// Hidden layers, alternating.
    pub hidden: [Vec<Line>; 2],
    /// What a network wrote last: outputs, or in the reverse pass the gradient at its inputs.
    pub output: Buffer,
    /// The gradient at a head's outputs.
    pub seed: Buffer,
}

impl Workspace {
    /// Grows to hold `rows` rows of a network, in either direction.
    pub fn reserve(&mut self, rows: usize, network: &PackedMlp) {
        let (inputs, outputs) = (row_lines(network.inputs()), row_lines(network.outputs()));
        self.input.reserve(rows * inputs);
        self.output.reserve(rows * inputs.max(outputs));
        self.seed.reserve(rows * outputs);
        for hidden in &mut self.hidden {
            reserve(hidden, rows * network.hidden_lines());
        }
    }
}

/// A rollout as every tile sees it.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    pub imagination: &'a Imagination,
    pub horizon: usize,
    pub readout: Readout<'a>,
    pub readout_dim: usize,
    /// `[latent]` for all candidates or `[candidates, latent]`.
    pub starts: &'a [f32],
    /// `[candidates, horizon, action]`.
    pub actions: &'a [f32],
    /// Whether to keep a tape.
    pub record: bool,
}

impl Pass<'_> {
    /// Carries the candidates from `first` on, as many as `out` has room for, through the horizon.
    pub fn run_tile(
        &self,
        first: usize,
        out: &mut [f32],
        workspace: &mut Workspace,
        tape: &mut TileTape,
    ) {
        let latent = self.imagination.latent_dim();
        let rows = out.len() / (self.horizon * self.readout_dim);
        let stride = row_lines(latent + self.imagination.action_dim());
        let per_candidate = self.starts.len() > latent;
        let inputs = workspace.input.rows_mut(stride).take(rows);
        for (candidate, input) in (first..).zip(inputs) {
            let start = if per_candidate { candidate * latent } else { 0 };
            input[..latent].copy_from_slice(&self.starts[start..][..latent]);
        }
        let TileTape { gates, offsets } = tape;
        let mut gates = self.record.then_some(&mut gates[..]);
        for block in 0..self.horizon {
            self.load_actions(first, rows, block, workspace);
            let predictor = self.imagination.predictor();
            run_network(predictor, rows, stride, workspace, &mut gates);
            let Workspace { input, output, .. } = workspace;
            let changes = output.rows(predictor.output_stride());
            for (row, state) in input.rows_mut(stride).take(rows).enumerate() {
                for (state, change) in state.iter_mut().zip(&changes.row(row)[..latent]) {
                    *state += change;
                }
            }
            self.read_out(block, out, workspace, offsets, &mut gates);
        }
    }

    /// Reads every candidate's latent out after a block, into `out` and, for the reverse pass, onto
    /// the tape.
    fn read_out(
        &self,
        block: usize,
        out: &mut [f32],
        workspace: &mut Workspace,
        offsets: &mut [f32],
        gates: &mut Option<&mut [u16]>,
    ) {
        let latent = self.imagination.latent_dim();
        let rows = out.len() / (self.horizon * self.readout_dim);
        let stride = row_lines(latent + self.imagination.action_dim());
        match self.readout {
            Readout::Latent => {
                let states = workspace.input.rows(stride);
                for (row, out) in self.outputs(out, block).enumerate() {
                    out.copy_from_slice(&states.row(row)[..latent]);
                }
            }
            Readout::SquaredDistance { goal } => {
                let states = workspace.input.rows(stride);
                for (row, out) in self.outputs(out, block).enumerate() {
                    let state = &states.row(row)[..latent];
                    out[0] = squared_distance(state, goal);
                    if self.record {
                        let place = (block * rows + row) * latent;
                        let offsets = offsets[place..][..latent].iter_mut();
                        for ((offset, state), goal) in offsets.zip(state).zip(goal) {
                            *offset = state - goal;
                        }
                    }
                }
            }
            Readout::Heads(heads) => {
                let mut column = 0;
                for head in heads {
                    run_network(head, rows, stride, workspace, gates);
                    let values = workspace.output.rows(head.output_stride());
                    for (row, out) in self.outputs(out, block).enumerate() {
                        let width = head.outputs();
                        out[column..][..width].copy_from_slice(&values.row(row)[..width]);
                    }
                    column += head.outputs();
                }
            }
        }
    }

    /// Writes the action block behind each candidate's latent.
    fn load_actions(&self, first: usize, rows: usize, block: usize, workspace: &mut Workspace) {
        let latent = self.imagination.latent_dim();
        let action = self.imagination.action_dim();
        let inputs = workspace.input.rows_mut(row_lines(latent + action));
        for (candidate, input) in (first..).zip(inputs.take(rows)) {
            let values = &self.actions[(candidate * self.horizon + block) * action..][..action];
            input[latent..][..action].copy_from_slice(values);
        }
    }

    /// The readout of each candidate after a block.
    fn outputs<'a>(
        &self,
        out: &'a mut [f32],
        block: usize,
    ) -> impl Iterator<Item = &'a mut [f32]> + use<'a> {
        let dim = self.readout_dim;
        out.chunks_exact_mut(self.horizon * dim)
            .map(move |candidate| &mut candidate[block * dim..][..dim])
    }
}

/// Runs a network on the starts of the input rows; its gates go to the front of `gates`.
fn run_network(
    network: &PackedMlp,
    rows: usize,
    stride: usize,
    workspace: &mut Workspace,
    gates: &mut Option<&mut [u16]>,
) {
    let recorded = gates.as_mut().map(|rest| {
        let (recorded, others) = std::mem::take(rest).split_at_mut(rows * network.gate_words());
        *rest = others;
        recorded
    });
    network.propagate(
        workspace.input.rows(stride),
        rows,
        &mut workspace.hidden,
        &mut workspace.output.lines,
        recorded,
    );
}

/// `||a - b||^2`, summed in sixteen lanes so that it vectorises, in a fixed order.
fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += (a - b) * (a - b);
        }
    }
    lanes.iter().sum()
}
