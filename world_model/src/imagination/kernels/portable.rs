//! The path for any processor: sixteen-lane arrays that the compiler vectorises as it can.
#![allow(
    unsafe_code,
    reason = "implements the vector trait, whose methods take raw pointers"
)]

use super::line::{LANES, Line};
use super::vector::{Block, BlockKernel, KernelSet, Vector, run_block};

/// Where a fused multiply-add is one instruction it is also the more accurate one; elsewhere it
/// would be a library call.
const HAS_FMA: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

#[derive(Clone, Copy)]
struct Array([f32; LANES]);

// No method here has a requirement beyond valid pointers: these are plain arrays.
impl Vector for Array {
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    unsafe fn load(from: *const Line) -> Self {
        // SAFETY: the caller vouches for the pointer.
        Self(unsafe { (*from).0 })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut Line) {
        // SAFETY: the caller vouches for the pointer.
        unsafe { *to = Line(self.0) }
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        Self(std::array::from_fn(|lane| {
            if HAS_FMA {
                a.0[lane].mul_add(b.0[lane], self.0[lane])
            } else {
                self.0[lane] + a.0[lane] * b.0[lane]
            }
        }))
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        Self(self.0.map(|value| if value < 0.0 { 0.0 } else { value }))
    }

    #[inline(always)]
    unsafe fn positive(self) -> u16 {
        let bits = self.0.iter().enumerate();
        bits.fold(0, |mask, (lane, &value)| {
            mask | (u16::from(value > 0.0) << lane)
        })
    }

    #[inline(always)]
    unsafe fn gate(self, bits: u16) -> Self {
        Self(std::array::from_fn(|lane| {
            if bits >> lane & 1 == 1 {
                self.0[lane]
            } else {
                0.0
            }
        }))
    }
}

/// # Safety
/// The pointers of the block must be valid for its shape.
unsafe fn block<const ROWS: usize, const PANELS: usize>(block: &Block) {
    // SAFETY: passed on to the caller; plain arrays run anywhere.
    unsafe { run_block::<Array, ROWS, PANELS>(block) }
}

/// Baseline x86-64 has sixteen 128-bit registers: two rows of four, with room for the weights.
pub(super) const KERNELS: KernelSet = KernelSet {
    max_rows: 2,
    max_panels: |rows| if rows == 1 { 2 } else { 1 },
    kernel: |rows, panels| -> BlockKernel {
        match (rows, panels) {
            (1, 2) => block::<1, 2>,
            (1, _) => block::<1, 1>,
            _ => block::<2, 1>,
        }
    },
};
