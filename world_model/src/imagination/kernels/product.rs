//! The safe face of the kernels: packed weights and a checked product over them.
#![allow(
    unsafe_code,
    reason = "hands checked slices to the register blocks as pointers"
)]

use super::super::Isa;
use super::line::{LANES, Line, floats, lines_for};
use super::portable;
use super::vector::{Block, BlockFinish, KernelSet};
#[cfg(target_arch = "x86_64")]
use super::x86;

/// Weights as the kernels read them: `[panels, inputs]` lines of 16 outputs, zero-padded.
#[derive(Debug, Clone)]
pub(in super::super) struct PackedMatrix {
    inputs: usize,
    outputs: usize,
    lines: Vec<Line>,
}

impl PackedMatrix {
    /// Packs the `[inputs, outputs]` matrix whose entries `entry(input, output)` gives.
    pub fn pack(inputs: usize, outputs: usize, entry: impl Fn(usize, usize) -> f32) -> Self {
        let mut lines = vec![Line::ZERO; lines_for(outputs) * inputs];
        for (panel, lines) in lines.chunks_exact_mut(inputs).enumerate() {
            let lanes = LANES.min(outputs - panel * LANES);
            for (input, line) in lines.iter_mut().enumerate() {
                for (lane, value) in line.0.iter_mut().enumerate().take(lanes) {
                    *value = entry(input, panel * LANES + lane);
                }
            }
        }
        Self {
            inputs,
            outputs,
            lines,
        }
    }

    /// Width of a row of `x`.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Width of a row of the result.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Weight from `input` to `output`.
    pub fn entry(&self, input: usize, output: usize) -> f32 {
        self.lines[output / LANES * self.inputs + input].0[output % LANES]
    }
}

/// What happens to the sums before they are stored; masks are `[rows, panels]`, bit = lane.
#[derive(Debug)]
pub(in super::super) enum Finish<'a> {
    /// Nothing.
    Linear,
    /// `max(sum, 0)`.
    Relu,
    /// `max(sum, 0)`, and which sums were above zero.
    ReluRecord(&'a mut [u16]),
    /// Zero where the recorded sum was not above zero.
    Gate(&'a [u16]),
}

/// `out[row] = finish(bias + x[row, ..depth] W[..depth, ..16 * panels])` for each row.
#[derive(Debug)]
pub(in super::super) struct Product<'a> {
    /// `[rows, x_stride]` lines.
    pub x: &'a [Line],
    /// Lines from one row of `x` to the next.
    pub x_stride: usize,
    /// Number of rows.
    pub rows: usize,
    /// The weights.
    pub matrix: &'a PackedMatrix,
    /// Leading inputs to use.
    pub depth: usize,
    /// Leading panels of 16 outputs to compute.
    pub panels: usize,
    /// One line a panel; zero if absent.
    pub bias: Option<&'a [Line]>,
    /// `[rows, out_stride]` lines.
    pub out: &'a mut [Line],
    /// Lines from one row of `out` to the next.
    pub out_stride: usize,
    /// What to do with the sums.
    pub finish: Finish<'a>,
}

impl Product<'_> {
    /// Computes the product on a path (the portable one where the processor lacks it).
    ///
    /// Slices too short for the declared shape stop the program by an index check before any
    /// pointer is formed.
    pub fn run(self, isa: Isa) {
        self.run_with(match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 if isa.is_supported() => x86::AVX512,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 if isa.is_supported() => x86::AVX2,
            _ => portable::KERNELS,
        });
    }

    fn run_with(self, kernels: KernelSet) {
        let (rows, panels, depth) = (self.rows, self.panels, self.depth);
        if rows == 0 || panels == 0 {
            return;
        }
        // These index checks are what the pointers below rest on.
        let last = rows - 1;
        let x = &floats(self.x)[..last * self.x_stride * LANES + depth];
        let weights = &self.matrix.lines[..(panels - 1) * self.matrix.inputs + depth];
        let bias = self.bias.map(|bias| &bias[..panels]);
        let out = &mut self.out[..last * self.out_stride + panels];
        let finish = match self.finish {
            Finish::Linear => BlockFinish::Linear,
            Finish::Relu => BlockFinish::Relu,
            Finish::ReluRecord(masks) => {
                BlockFinish::ReluRecord(masks[..rows * panels].as_mut_ptr())
            }
            Finish::Gate(masks) => BlockFinish::Gate(masks[..rows * panels].as_ptr()),
        };
        let whole = Block {
            x: x.as_ptr(),
            x_stride: self.x_stride * LANES,
            depth,
            weights: weights.as_ptr(),
            panel_stride: self.matrix.inputs,
            bias: bias.map_or(std::ptr::null(), <[Line]>::as_ptr),
            out: out.as_mut_ptr(),
            out_stride: self.out_stride,
            finish,
            mask_stride: panels,
        };
        // Groups of nearly equal size: twelve and one would leave the one waiting for latency.
        let groups = rows.div_ceil(kernels.max_rows);
        let (small, larger) = (rows / groups, rows % groups);
        let widest = small + usize::from(larger > 0);
        let mut panel = 0;
        // Panels outside, groups inside: the panels stay in the first-level cache meanwhile.
        while panel < panels {
            let limit = (kernels.max_panels)(widest).min(panels - panel);
            let width = 1 << limit.ilog2();
            let mut row = 0;
            for group in 0..groups {
                let height = small + usize::from(group < larger);
                // SAFETY: `row + height <= rows` and `panel + width <= panels`, so the block lies
                // inside the slices above; the slices are distinct borrows, hence no overlap of
                // what is written with what is read; `run` takes a set only where the processor
                // supports it; the shape is one that the set has.
                unsafe {
                    let block = whole.at(row, panel);
                    (kernels.kernel)(height, width)(&block);
                }
                row += height;
            }
            panel += width;
        }
    }
}

impl Block {
    /// The block that starts at a row and panel of this one.
    ///
    /// # Safety
    /// Row and panel must lie inside.
    unsafe fn at(self, row: usize, panel: usize) -> Self {
        let mask = row * self.mask_stride + panel;
        // SAFETY: the caller keeps row and panel inside the slices that the pointers come from.
        unsafe {
            Self {
                x: self.x.add(row * self.x_stride),
                weights: self.weights.add(panel * self.panel_stride),
                bias: if self.bias.is_null() {
                    self.bias
                } else {
                    self.bias.add(panel)
                },
                out: self.out.add(row * self.out_stride + panel),
                finish: match self.finish {
                    BlockFinish::ReluRecord(masks) => BlockFinish::ReluRecord(masks.add(mask)),
                    BlockFinish::Gate(masks) => BlockFinish::Gate(masks.add(mask)),
                    other => other,
                },
                ..self
            }
        }
    }
}
