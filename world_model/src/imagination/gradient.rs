//! The reverse pass: from the gradient at the readout to the gradient at the actions.
//!
//! With `J_t` the Jacobian of `f` at block `t`, the latent's gradient obeys
//! `g_t = r_t + (1 + J_t+1,z)^T g_t+1` and an action block gets `J_t,a^T g_t`, where `r_t` comes
//! from the readout after block `t`. Each `J^T` is the packed transpose of the weights with the
//! recorded gates between, so a block costs as much as it did forwards.

use super::error::{check_finite, check_length};
use super::kernels::row_lines;
use super::rollout::{Imagination, Readout};
use super::tape::{RolloutTape, TileTape};
use super::tile::Workspace;
use super::{ImaginationError, PackedMlp};

impl Imagination {
    /// The gradient of `sum(out * d_out)` with respect to the actions of the recorded rollout.
    /// `readout` must name the same networks as when the tape was recorded.
    ///
    /// # Shapes
    /// `d_out` `[candidates, horizon, readout_dim]`, `d_actions` `[candidates, horizon, action]`.
    ///
    /// # Errors
    /// `TapeMismatch` for a readout of another shape or an empty tape, `BufferLength`,
    /// `NonFiniteInput`, `HeadShape`.
    pub fn backward(
        &self,
        readout: Readout<'_>,
        d_out: &[f32],
        d_actions: &mut [f32],
        tape: &mut RolloutTape,
    ) -> Result<(), ImaginationError> {
        self.check_readout(readout)?;
        let needed = self.tape_shape(readout);
        if tape.shape != needed {
            return Err(ImaginationError::TapeMismatch {
                recorded: tape.shape,
                needed,
            });
        }
        let blocks = tape.tiling.candidates * tape.horizon;
        check_length("d_out", blocks * needed.outputs, d_out.len())?;
        check_length("d_actions", blocks * self.action_dim(), d_actions.len())?;
        check_finite("d_out", d_out)?;
        let pass = ReversePass {
            imagination: self,
            horizon: tape.horizon,
            readout,
            readout_dim: needed.outputs,
            gate_words: needed.gate_words,
            d_out,
        };
        // The pool may have changed since the recording.
        self.reserve(readout, tape.tiling.rows, &mut tape.scratch);
        tape.tiling.for_each(
            d_actions,
            &mut tape.scratch,
            |first, d_actions, workspace, tape| {
                pass.run_tile(first, d_actions, &mut ReverseTile { workspace, tape });
            },
        );
        Ok(())
    }
}

/// A reverse pass as every tile sees it.
struct ReversePass<'a> {
    imagination: &'a Imagination,
    horizon: usize,
    readout: Readout<'a>,
    readout_dim: usize,
    gate_words: usize,
    d_out: &'a [f32],
}

/// The memory that a reverse pass of one tile works on.
struct ReverseTile<'a> {
    workspace: &'a mut Workspace,
    tape: &'a TileTape,
}

impl ReversePass<'_> {
    fn run_tile(&self, first: usize, d_actions: &mut [f32], tile: &mut ReverseTile<'_>) {
        let (latent, action) = (self.imagination.latent_dim(), self.imagination.action_dim());
        let predictor = self.imagination.predictor();
        let rows = d_actions.len() / (self.horizon * action);
        let (state_stride, input_stride) = (row_lines(latent), row_lines(latent + action));
        for state in tile.workspace.input.rows_mut(state_stride).take(rows) {
            state[..latent].fill(0.0);
        }
        let mut end = rows * self.horizon * self.gate_words;
        for block in (0..self.horizon).rev() {
            self.add_readout(first, rows, block, tile, &mut end);
            pull_network(predictor, rows, &mut end, tile, Seed::State);
            let Workspace { input, output, .. } = &mut *tile.workspace;
            let pulled = output.rows(input_stride);
            for (row, state) in input.rows_mut(state_stride).take(rows).enumerate() {
                let (d_state, d_action) = pulled.row(row)[..latent + action].split_at(latent);
                add(&mut state[..latent], d_state);
                let place = (row * self.horizon + block) * action;
                d_actions[place..][..action].copy_from_slice(d_action);
            }
        }
    }

    /// Adds the readout's part to the latent's gradient.
    fn add_readout(
        &self,
        first: usize,
        rows: usize,
        block: usize,
        tile: &mut ReverseTile<'_>,
        end: &mut usize,
    ) {
        let latent = self.imagination.latent_dim();
        let state_stride = row_lines(latent);
        let d_out = |row: usize| {
            let place = ((first + row) * self.horizon + block) * self.readout_dim;
            &self.d_out[place..][..self.readout_dim]
        };
        match self.readout {
            Readout::Latent => {
                let states = tile.workspace.input.rows_mut(state_stride);
                for (row, state) in states.take(rows).enumerate() {
                    add(&mut state[..latent], d_out(row));
                }
            }
            Readout::SquaredDistance { .. } => {
                let states = tile.workspace.input.rows_mut(state_stride);
                for (row, state) in states.take(rows).enumerate() {
                    let place = (block * rows + row) * latent;
                    let slope = 2.0 * d_out(row)[0];
                    let offsets = &tile.tape.offsets[place..][..latent];
                    for (state, offset) in state.iter_mut().zip(offsets) {
                        *state += slope * offset;
                    }
                }
            }
            Readout::Heads(heads) => {
                let mut column = self.readout_dim;
                for head in heads.iter().rev() {
                    let width = head.outputs();
                    column -= width;
                    let seeds = tile.workspace.seed.rows_mut(head.output_stride());
                    for (row, seed) in seeds.take(rows).enumerate() {
                        seed[..width].copy_from_slice(&d_out(row)[column..][..width]);
                    }
                    pull_network(head, rows, end, tile, Seed::Head);
                    let Workspace { input, output, .. } = &mut *tile.workspace;
                    let pulled = output.rows(state_stride);
                    for (row, state) in input.rows_mut(state_stride).take(rows).enumerate() {
                        add(&mut state[..latent], &pulled.row(row)[..latent]);
                    }
                }
            }
        }
    }
}

/// Where the gradient at a network's outputs lies.
enum Seed {
    /// In the latent's gradient: the predictor's output is the latent's change.
    State,
    /// In the seed buffer.
    Head,
}

/// Pulls a gradient through a network into the output buffer; its gates end at `end`, which moves
/// to their start.
fn pull_network(
    network: &PackedMlp,
    rows: usize,
    end: &mut usize,
    tile: &mut ReverseTile<'_>,
    seed: Seed,
) {
    let start = *end - rows * network.gate_words();
    let gates = &tile.tape.gates[start..*end];
    *end = start;
    let Workspace {
        input,
        hidden,
        output,
        seed: head,
    } = &mut *tile.workspace;
    let gradient = match seed {
        Seed::State => input,
        Seed::Head => head,
    };
    network.pull_back(
        gradient.rows(network.output_stride()),
        rows,
        hidden,
        &mut output.lines,
        gates,
    );
}

fn add(sum: &mut [f32], term: &[f32]) {
    for (sum, term) in sum.iter_mut().zip(term) {
        *sum += term;
    }
}
