//! How candidates are divided among the threads.

use std::sync::PoisonError;

use rayon::prelude::*;

use super::rollout::ImaginationScratch;
use super::tape::TileTape;
use super::tile::{TILE_ROWS, Workspace};

/// Fewer candidates than this take as long as reading the weights does, however few they are, so
/// that another thread would win nothing.
const LEAST_ROWS: usize = 8;

/// How candidates are divided. It follows the number of threads, which changes no result: a
/// candidate's numbers do not depend on its tile.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tiling {
    pub candidates: usize,
    /// Candidates in each tile but perhaps the last.
    pub rows: usize,
    pub tiles: usize,
}

impl Tiling {
    /// As few tiles as their size allows, a multiple of the threads, of nearly equal size.
    pub fn new(candidates: usize, threads: usize) -> Self {
        let threads = threads.clamp(1, candidates.div_ceil(LEAST_ROWS).max(1));
        let tiles = candidates.div_ceil(TILE_ROWS).next_multiple_of(threads);
        let rows = candidates.div_ceil(tiles.max(1)).max(1);
        Self {
            candidates,
            rows,
            tiles: candidates.div_ceil(rows),
        }
    }

    /// Calls `work(first candidate, tile's part of values, thread's workspace, tile's tape)` for
    /// every tile, on the current pool when there is more than one tile and thread.
    pub fn for_each(
        self,
        values: &mut [f32],
        scratch: &mut ImaginationScratch,
        work: impl Fn(usize, &mut [f32], &mut Workspace, &mut TileTape) + Sync,
    ) {
        let ImaginationScratch { workspaces, tapes } = scratch;
        let size = self.rows * (values.len() / self.candidates);
        let run = |tile: usize, values: &mut [f32], tape: &mut TileTape| {
            // A thread's own: never contended, and as good after a panic as before.
            let thread = rayon::current_thread_index().unwrap_or(0) % workspaces.len();
            let mut workspace = workspaces[thread]
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            work(tile * self.rows, values, &mut workspace, tape);
        };
        if self.tiles == 1 || rayon::current_num_threads() == 1 {
            for (tile, (values, tape)) in values.chunks_mut(size).zip(tapes).enumerate() {
                run(tile, values, tape);
            }
        } else {
            values
                .par_chunks_mut(size)
                .zip(tapes)
                .enumerate()
                .with_max_len(1)
                .for_each(|(tile, (values, tape))| run(tile, values, tape));
        }
    }
}
