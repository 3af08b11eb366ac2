//! AVX-512 and AVX2 paths.
#![allow(
    unsafe_code,
    reason = "vector instructions; the caller guarantees that the processor has them"
)]

use std::arch::x86_64::*;

use super::line::Line;
use super::vector::{Block, BlockKernel, KernelSet, Vector, run_block};

#[derive(Clone, Copy)]
struct Zmm(__m512);

// SAFETY of every block below: the trait's callers promise AVX-512F and valid pointers; a `Line`
// is 64-byte aligned.
impl Vector for Zmm {
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_set1_ps(value) })
    }

    #[inline(always)]
    unsafe fn load(from: *const Line) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_load_ps(from.cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut Line) {
        // SAFETY: see above.
        unsafe { _mm512_store_ps(to.cast(), self.0) }
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_fmadd_ps(a.0, b.0, self.0) })
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        // The second operand is returned when either is NaN.
        // SAFETY: see above.
        Self(unsafe { _mm512_max_ps(_mm512_setzero_ps(), self.0) })
    }

    #[inline(always)]
    unsafe fn positive(self) -> u16 {
        // SAFETY: see above.
        unsafe { _mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.0, _mm512_setzero_ps()) }
    }

    #[inline(always)]
    unsafe fn gate(self, bits: u16) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_maskz_mov_ps(bits, self.0) })
    }
}

#[derive(Clone, Copy)]
struct YmmPair(__m256, __m256);

// SAFETY of every block below: the trait's callers promise AVX2, FMA and valid pointers; a `Line`
// is 64-byte aligned.
impl Vector for YmmPair {
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: see above.
        let both = unsafe { _mm256_set1_ps(value) };
        Self(both, both)
    }

    #[inline(always)]
    unsafe fn load(from: *const Line) -> Self {
        // SAFETY: see above; the second half starts eight values in.
        unsafe {
            Self(
                _mm256_load_ps(from.cast()),
                _mm256_load_ps(from.cast::<f32>().add(8)),
            )
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut Line) {
        // SAFETY: see above; the second half starts eight values in.
        unsafe {
            _mm256_store_ps(to.cast(), self.0);
            _mm256_store_ps(to.cast::<f32>().add(8), self.1);
        }
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: see above.
        unsafe {
            Self(
                _mm256_fmadd_ps(a.0, b.0, self.0),
                _mm256_fmadd_ps(a.1, b.1, self.1),
            )
        }
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        // The second operand is returned when either is NaN.
        // SAFETY: see above.
        unsafe {
            let zero = _mm256_setzero_ps();
            Self(_mm256_max_ps(zero, self.0), _mm256_max_ps(zero, self.1))
        }
    }

    #[inline(always)]
    unsafe fn positive(self) -> u16 {
        // SAFETY: see above.
        unsafe {
            let zero = _mm256_setzero_ps();
            let low = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(self.0, zero));
            let high = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(self.1, zero));
            (low | high << 8) as u16
        }
    }

    #[inline(always)]
    unsafe fn gate(self, bits: u16) -> Self {
        // SAFETY: see above.
        unsafe {
            let low = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
            let high = _mm256_slli_epi32::<8>(low);
            let bits = _mm256_set1_epi32(i32::from(bits));
            let low = _mm256_cmpeq_epi32(_mm256_and_si256(bits, low), low);
            let high = _mm256_cmpeq_epi32(_mm256_and_si256(bits, high), high);
            Self(
                _mm256_and_ps(_mm256_castsi256_ps(low), self.0),
                _mm256_and_ps(_mm256_castsi256_ps(high), self.1),
            )
        }
    }
}

/// # Safety
/// The processor must have AVX-512F; the pointers of the block must be valid for its shape.
#[target_feature(enable = "avx512f")]
unsafe fn avx512_block<const ROWS: usize, const PANELS: usize>(block: &Block) {
    // SAFETY: passed on to the caller.
    unsafe { run_block::<Zmm, ROWS, PANELS>(block) }
}

/// # Safety
/// The processor must have AVX2 and FMA; the pointers of the block must be valid for its shape.
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2_block<const ROWS: usize, const PANELS: usize>(block: &Block) {
    // SAFETY: passed on to the caller.
    unsafe { run_block::<YmmPair, ROWS, PANELS>(block) }
}

macro_rules! shapes {
    ($block:ident, $rows:expr, $panels:expr; $($r:literal x [$($p:literal),+]),+; otherwise $or:literal x $op:literal) => {
        match ($rows, $panels) {
            $($(($r, $p) => $block::<$r, $p>,)+)+
            _ => $block::<$or, $op>,
        }
    };
}

/// 32 registers: at most 24 sums, so that weights and broadcasts have the rest. A block needs about
/// eight sums to hide the latency of the multiply-adds, and few rows take many panels.
pub(super) const AVX512: KernelSet = KernelSet {
    max_rows: 12,
    max_panels: |rows| match rows {
        0..=3 => 8,
        4..=6 => 4,
        _ => 2,
    },
    kernel: |rows, panels| -> BlockKernel {
        shapes!(avx512_block, rows, panels;
            1 x [1, 2, 4, 8], 2 x [1, 2, 4, 8], 3 x [1, 2, 4, 8],
            4 x [1, 2, 4], 5 x [1, 2, 4], 6 x [1, 2, 4],
            7 x [1, 2], 8 x [1, 2], 9 x [1, 2], 10 x [1, 2], 11 x [1, 2],
            12 x [1];
            otherwise 12 x 2)
    },
};

/// 16 registers: at most 12 sums, two to a panel.
pub(super) const AVX2: KernelSet = KernelSet {
    max_rows: 6,
    max_panels: |rows| match rows {
        0..=1 => 4,
        2..=3 => 2,
        _ => 1,
    },
    kernel: |rows, panels| -> BlockKernel {
        shapes!(avx2_block, rows, panels;
            1 x [1, 2, 4], 2 x [1, 2], 3 x [1, 2], 4 x [1], 5 x [1];
            otherwise 6 x 1)
    },
};
