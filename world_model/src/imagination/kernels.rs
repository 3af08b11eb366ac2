//! One matrix product with a fused finish, in three instruction sets.
//!
//! `out[row] = finish(bias + x[row] W)` for a block of rows. Outputs are the vector lanes: a panel
//! of 16 outputs holds its weights as one cache line per input, a register block covers a few rows
//! times one or more panels, and each `x` value is broadcast to all of its panels. Activations so
//! stay row-major, any number of rows is efficient, and a single row is the same code.

mod line;
mod portable;
mod product;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(super) use line::{LANES, Line, floats, floats_mut, lines_for, row_lines};
pub(super) use product::{Finish, PackedMatrix, Product};
