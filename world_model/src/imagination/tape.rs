//! What a rollout leaves behind for its reverse pass.
//!
//! The gradient with respect to the actions needs no activations, only which ReLUs were open: one
//! bit each, so that the tape of 512 candidates over eight blocks stays within the cache.

use super::rollout::ImaginationScratch;
use super::tiling::Tiling;

/// The tape of one tile.
#[derive(Debug, Default)]
pub(super) struct TileTape {
    /// For each block the predictor's gates, then each head's.
    pub gates: Vec<u16>,
    /// `[horizon, rows, latent]`, the latents less the goal, for a squared distance.
    pub offsets: Vec<f32>,
}

impl TileTape {
    /// Grows to `records` candidates and blocks.
    pub fn reserve(&mut self, records: usize, shape: TapeShape) {
        if self.gates.len() < records * shape.gate_words {
            self.gates.resize(records * shape.gate_words, 0);
        }
        if self.offsets.len() < records * shape.offsets {
            self.offsets.resize(records * shape.offsets, 0.0);
        }
    }
}

/// What is on a tape for one candidate and one block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TapeShape {
    /// Words of 16 ReLU gates, of the predictor and all heads.
    pub gate_words: usize,
    /// Offsets to a goal latent.
    pub offsets: usize,
    /// Readout values.
    pub outputs: usize,
}

/// A recorded rollout and the working memory of both passes; it grows at first use and is then
/// kept.
#[derive(Debug, Default)]
pub struct RolloutTape {
    pub(super) scratch: ImaginationScratch,
    pub(super) shape: TapeShape,
    pub(super) tiling: Tiling,
    pub(super) horizon: usize,
}

impl RolloutTape {
    /// A tape with nothing on it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Candidates of the recorded rollout; 0 if there is none.
    pub fn candidates(&self) -> usize {
        self.tiling.candidates
    }

    /// Blocks of the recorded rollout; 0 if there is none.
    pub fn horizon(&self) -> usize {
        self.horizon
    }
}
