//! Fused inference: batched rollouts of the latent dynamics, their gradient, and single forward passes.
//!
//! Planning spends its time here, so the engine owns its kernels: weights are packed once, every
//! layer fuses product, bias and ReLU, and each thread carries a tile of candidates through the
//! whole horizon while the weights stay in its cache. Nothing is allocated once the workspace has
//! grown to the size of the problem.
//!
//! Every number of a candidate is one chain of multiply-adds in a fixed order, whatever tile,
//! register block or thread it falls into. A rollout therefore has the same bits for any number of
//! threads and any neighbours, and a forward pass of one row has the same bits as in a batch.

mod error;
mod gradient;
mod isa;
mod kernels;
mod mlp;
mod packed;
mod rollout;
mod tape;
#[cfg(test)]
mod tests;
mod tile;
mod tiling;

pub use error::ImaginationError;
pub(crate) use error::check_length;
pub use isa::Isa;
pub use mlp::{Linear, Mlp};
pub use packed::{PackedMlp, Scratch};
pub use rollout::{Imagination, ImaginationScratch, Readout};
pub use tape::{RolloutTape, TapeShape};
