//! Cache-line-aligned storage: a misaligned 512-bit load always touches two lines.
#![allow(
    unsafe_code,
    reason = "a slice of lines is viewed as the slice of floats that it is"
)]

/// Values in a line, and outputs in a panel.
pub(in super::super) const LANES: usize = 16;

/// Sixteen values in one cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(in super::super) struct Line(pub [f32; LANES]);

impl Line {
    /// Sixteen zeros.
    pub const ZERO: Self = Self([0.0; LANES]);
}

/// Lines that hold `values` values.
pub(in super::super) fn lines_for(values: usize) -> usize {
    values.div_ceil(LANES)
}

/// Lines from one row of `values` values to the next. Odd, so that the same column of many rows
/// never falls into the same cache set.
pub(in super::super) fn row_lines(values: usize) -> usize {
    lines_for(values) | 1
}

/// The values of some lines.
pub(in super::super) fn floats(lines: &[Line]) -> &[f32] {
    // SAFETY: `Line` is exactly sixteen `f32` (64 bytes, no padding), so the memory holds
    // `16 * lines.len()` initialised values and alignment only gets weaker.
    unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * LANES) }
}

/// The values of some lines, writable.
pub(in super::super) fn floats_mut(lines: &mut [Line]) -> &mut [f32] {
    // SAFETY: as in `floats`; any `f32` is a valid part of a `Line`, and the borrow stays unique.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * LANES) }
}
