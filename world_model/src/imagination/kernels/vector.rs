//! Sixteen lanes of `f32`, and the register block written once in terms of them.
#![allow(
    unsafe_code,
    reason = "vector instructions and pointers without bounds checks in the innermost loop"
)]

use super::line::{LANES, Line};

/// Sixteen `f32` in the registers of one instruction set.
///
/// # Safety
/// Every method may be called only where the processor has that instruction set. Pointers must be
/// valid for the access.
pub(super) trait Vector: Copy {
    /// All lanes `value`.
    unsafe fn splat(value: f32) -> Self;
    /// Reads a line.
    unsafe fn load(from: *const Line) -> Self;
    /// Writes a line.
    unsafe fn store(self, to: *mut Line);
    /// `self + a b`, lane by lane.
    unsafe fn add_product(self, a: Self, b: Self) -> Self;
    /// `max(self, 0)`; NaN stays NaN.
    unsafe fn relu(self) -> Self;
    /// Bit `i` says whether lane `i` is above zero.
    unsafe fn positive(self) -> u16;
    /// Zero in the lanes whose bit is 0.
    unsafe fn gate(self, bits: u16) -> Self;
}

/// What happens to a sum before it is stored. Masks are `[rows, panels]`.
#[derive(Clone, Copy)]
pub(super) enum BlockFinish {
    Linear,
    Relu,
    ReluRecord(*mut u16),
    Gate(*const u16),
}

/// A register block: some rows times some panels.
#[derive(Clone, Copy)]
pub(super) struct Block {
    /// First value of the first row.
    pub x: *const f32,
    /// Values from one row to the next.
    pub x_stride: usize,
    /// Inputs to sum over.
    pub depth: usize,
    /// First line of the first panel.
    pub weights: *const Line,
    /// Lines from one panel to the next.
    pub panel_stride: usize,
    /// First panel's bias; null for none.
    pub bias: *const Line,
    /// First panel of the first output row.
    pub out: *mut Line,
    /// Lines from one output row to the next.
    pub out_stride: usize,
    /// What to do with the sums.
    pub finish: BlockFinish,
    /// Masks from one row to the next.
    pub mask_stride: usize,
}

/// Computes a block of `ROWS` rows and `PANELS` panels.
///
/// # Safety
/// The processor must have `V`'s instructions (and the function must be inlined where they are
/// enabled). The pointers of the block must be valid for `ROWS` rows and `PANELS` panels with its
/// strides and depth, and `out` and written masks must not overlap what is read.
#[inline(always)]
pub(super) unsafe fn run_block<V: Vector, const ROWS: usize, const PANELS: usize>(block: &Block) {
    // SAFETY: every pointer below is the block's, offset by less than the extents that the caller
    // vouches for; the instructions are the caller's promise too.
    unsafe {
        let mut sums = [[V::splat(0.0); PANELS]; ROWS];
        if !block.bias.is_null() {
            for panel in 0..PANELS {
                let bias = V::load(block.bias.add(panel));
                for row in &mut sums {
                    row[panel] = bias;
                }
            }
        }
        // Three rows share a pointer, the others are reached by adding one or two strides: twelve
        // row pointers would not fit the general registers.
        let mut rows = [block.x; 8];
        for (third, pointer) in rows.iter_mut().enumerate().take(ROWS.div_ceil(3)) {
            *pointer = block.x.add((3 * third).min(ROWS - 1) * block.x_stride);
        }
        let mut weights = block.weights;
        for _ in 0..block.depth {
            let mut columns = [V::splat(0.0); PANELS];
            for (panel, column) in columns.iter_mut().enumerate() {
                *column = V::load(weights.add(panel * block.panel_stride));
            }
            weights = weights.add(1);
            for (row, sums) in sums.iter_mut().enumerate() {
                let x = V::splat(*rows[row / 3].add((row % 3) * block.x_stride));
                for (sum, column) in sums.iter_mut().zip(columns) {
                    *sum = sum.add_product(x, column);
                }
            }
            for pointer in rows.iter_mut().take(ROWS.div_ceil(3)) {
                *pointer = pointer.add(1);
            }
        }
        for (row, sums) in sums.into_iter().enumerate() {
            for (panel, sum) in sums.into_iter().enumerate() {
                let mask = row * block.mask_stride + panel;
                let value = match block.finish {
                    BlockFinish::Linear => sum,
                    BlockFinish::Relu => sum.relu(),
                    BlockFinish::ReluRecord(masks) => {
                        *masks.add(mask) = sum.positive();
                        sum.relu()
                    }
                    BlockFinish::Gate(masks) => sum.gate(*masks.add(mask)),
                };
                value.store(block.out.add(row * block.out_stride + panel));
            }
        }
    }
}

/// Runs a block with a number of rows and panels known only at run time.
///
/// # Safety
/// As for the kernel of that shape.
pub(super) type BlockKernel = unsafe fn(&Block);

/// The compiled shapes of one instruction set.
#[derive(Clone, Copy)]
pub(super) struct KernelSet {
    /// Most rows in a block.
    pub max_rows: usize,
    /// Most panels in a block of so many rows.
    pub max_panels: fn(rows: usize) -> usize,
    /// The kernel for a shape within those limits; panels are a power of two.
    pub kernel: fn(rows: usize, panels: usize) -> BlockKernel,
}

const _: () = assert!(size_of::<Line>() == LANES * size_of::<f32>());
