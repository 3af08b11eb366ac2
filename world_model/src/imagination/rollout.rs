//! Batched rollouts of residual latent dynamics.

use std::sync::{Mutex, PoisonError};

use super::error::{check_finite, check_length};
use super::tape::{RolloutTape, TapeShape, TileTape};
use super::tile::{Pass, Workspace};
use super::tiling::Tiling;
use super::{ImaginationError, PackedMlp};

/// Residual latent dynamics, `z' = z + f([z, a])`, where `a` is a block of actions.
#[derive(Debug, Clone)]
pub struct Imagination {
    predictor: PackedMlp,
    latent_dim: usize,
    action_dim: usize,
}

/// What is read out of the latent after each block.
#[derive(Debug, Clone, Copy)]
pub enum Readout<'a> {
    /// The latent itself.
    Latent,
    /// The outputs of networks on the latent, one after the other. Goal-conditioned heads come
    /// through [`PackedMlp::with_context`].
    Heads(&'a [&'a PackedMlp]),
    /// `||z - goal||^2`, one value.
    SquaredDistance {
        /// `[latent]`.
        goal: &'a [f32],
    },
}

/// Working memory of rollouts; it grows at first use and is then kept.
#[derive(Debug, Default)]
pub struct ImaginationScratch {
    /// One for each thread, so that a thread's activations stay in its cache from tile to tile.
    pub(super) workspaces: Vec<Mutex<Workspace>>,
    /// One for each tile; empty unless a tape is asked for.
    pub(super) tapes: Vec<TileTape>,
}

impl ImaginationScratch {
    /// Memory that grows at first use.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Imagination {
    /// Dynamics from a predictor that maps `[latent, action]` to the change of the latent.
    ///
    /// # Errors
    /// `PredictorShape`.
    pub fn try_new(
        predictor: PackedMlp,
        latent_dim: usize,
        action_dim: usize,
    ) -> Result<Self, ImaginationError> {
        let fits = latent_dim > 0
            && action_dim > 0
            && latent_dim.checked_add(action_dim) == Some(predictor.inputs())
            && predictor.outputs() == latent_dim;
        if !fits {
            return Err(ImaginationError::PredictorShape {
                inputs: predictor.inputs(),
                outputs: predictor.outputs(),
                latent_dim,
                action_dim,
            });
        }
        Ok(Self {
            predictor,
            latent_dim,
            action_dim,
        })
    }

    /// The network inside.
    pub fn predictor(&self) -> &PackedMlp {
        &self.predictor
    }

    /// Width of a latent.
    pub fn latent_dim(&self) -> usize {
        self.latent_dim
    }

    /// Width of an action block.
    pub fn action_dim(&self) -> usize {
        self.action_dim
    }

    /// Values that a readout gives per candidate and block.
    pub fn readout_dim(&self, readout: Readout<'_>) -> usize {
        match readout {
            Readout::Latent => self.latent_dim,
            Readout::Heads(heads) => heads.iter().map(|head| head.outputs()).sum(),
            Readout::SquaredDistance { .. } => 1,
        }
    }

    /// Rolls `candidates` action sequences out from one latent.
    ///
    /// # Shapes
    /// `start` `[latent]`, `actions` `[candidates, horizon, action]`, `out`
    /// `[candidates, horizon, readout_dim]`; entry `h` is read after block `h`.
    ///
    /// # Errors
    /// `EmptyRollout`, `BufferLength`, `HeadShape`, or `NonFiniteInput` for starts, actions and
    /// goals. What an exploding model makes of finite inputs is passed on as it is.
    #[expect(
        clippy::too_many_arguments,
        reason = "one rollout: inputs, shape, output, memory"
    )]
    pub fn rollout(
        &self,
        start: &[f32],
        actions: &[f32],
        candidates: usize,
        horizon: usize,
        readout: Readout<'_>,
        out: &mut [f32],
        scratch: &mut ImaginationScratch,
    ) -> Result<(), ImaginationError> {
        check_length("start", self.latent_dim, start.len())?;
        let pass = self.pass(start, actions, candidates, horizon, readout)?;
        run(
            pass,
            Tiling::new(candidates, rayon::current_num_threads()),
            out,
            scratch,
        )
    }

    /// The latent `[latent]` that a sequence of actions `[horizon, action]` leads to from a latent; that latent itself without any.
    ///
    /// # Errors
    /// As [`Imagination::rollout`].
    pub fn after(&self, latent: &[f32], actions: &[f32]) -> Result<Vec<f32>, ImaginationError> {
        let horizon = actions.len() / self.action_dim();
        if horizon == 0 {
            return Ok(latent.to_vec());
        }
        let mut latents = vec![0.0; horizon * self.latent_dim()];
        self.rollout(
            latent,
            actions,
            1,
            horizon,
            Readout::Latent,
            &mut latents,
            &mut ImaginationScratch::new(),
        )?;
        Ok(latents.split_off((horizon - 1) * self.latent_dim()))
    }

    /// As [`Imagination::rollout`], each candidate from its own latent: `starts` is
    /// `[candidates, latent]`.
    ///
    /// # Errors
    /// As [`Imagination::rollout`].
    #[expect(
        clippy::too_many_arguments,
        reason = "one rollout: inputs, shape, output, memory"
    )]
    pub fn rollout_batch_starts(
        &self,
        starts: &[f32],
        actions: &[f32],
        candidates: usize,
        horizon: usize,
        readout: Readout<'_>,
        out: &mut [f32],
        scratch: &mut ImaginationScratch,
    ) -> Result<(), ImaginationError> {
        check_length(
            "starts",
            candidates.saturating_mul(self.latent_dim),
            starts.len(),
        )?;
        let pass = self.pass(starts, actions, candidates, horizon, readout)?;
        run(
            pass,
            Tiling::new(candidates, rayon::current_num_threads()),
            out,
            scratch,
        )
    }

    /// As [`Imagination::rollout`], and records what [`Imagination::backward`] needs.
    ///
    /// # Errors
    /// As [`Imagination::rollout`].
    #[expect(
        clippy::too_many_arguments,
        reason = "one rollout: inputs, shape, output, memory"
    )]
    pub fn rollout_with_tape(
        &self,
        start: &[f32],
        actions: &[f32],
        candidates: usize,
        horizon: usize,
        readout: Readout<'_>,
        out: &mut [f32],
        tape: &mut RolloutTape,
    ) -> Result<(), ImaginationError> {
        check_length("start", self.latent_dim, start.len())?;
        let pass = Pass {
            record: true,
            ..self.pass(start, actions, candidates, horizon, readout)?
        };
        let tiling = Tiling::new(candidates, rayon::current_num_threads());
        run(pass, tiling, out, &mut tape.scratch)?;
        tape.tiling = tiling;
        tape.horizon = horizon;
        tape.shape = self.tape_shape(readout);
        Ok(())
    }

    /// What a tape holds for one candidate and block.
    pub(super) fn tape_shape(&self, readout: Readout<'_>) -> TapeShape {
        let heads = match readout {
            Readout::Heads(heads) => heads.iter().map(|head| head.gate_words()).sum(),
            Readout::Latent | Readout::SquaredDistance { .. } => 0,
        };
        TapeShape {
            gate_words: self.predictor.gate_words() + heads,
            offsets: match readout {
                Readout::SquaredDistance { .. } => self.latent_dim,
                Readout::Latent | Readout::Heads(_) => 0,
            },
            outputs: self.readout_dim(readout),
        }
    }

    /// Grows the workspaces to one for each thread, of `rows` candidates.
    pub(super) fn reserve(
        &self,
        readout: Readout<'_>,
        rows: usize,
        scratch: &mut ImaginationScratch,
    ) {
        let heads = match readout {
            Readout::Heads(heads) => heads,
            Readout::Latent | Readout::SquaredDistance { .. } => &[],
        };
        let threads = rayon::current_num_threads().max(1);
        if scratch.workspaces.len() < threads {
            scratch.workspaces.resize_with(threads, Mutex::default);
        }
        for workspace in &mut scratch.workspaces {
            let workspace = workspace.get_mut().unwrap_or_else(PoisonError::into_inner);
            for network in heads.iter().copied().chain([&self.predictor]) {
                workspace.reserve(rows, network);
            }
        }
    }

    /// Checks heads and goals.
    pub(super) fn check_readout(&self, readout: Readout<'_>) -> Result<(), ImaginationError> {
        let latent_dim = self.latent_dim;
        match readout {
            Readout::Latent => Ok(()),
            Readout::Heads(heads) => {
                let misfit = heads.iter().enumerate();
                match misfit.into_iter().find(|(_, h)| h.inputs() != latent_dim) {
                    None => Ok(()),
                    Some((head, network)) => Err(ImaginationError::HeadShape {
                        head,
                        inputs: network.inputs(),
                        latent_dim,
                    }),
                }
            }
            Readout::SquaredDistance { goal } => {
                check_length("goal", latent_dim, goal.len())?;
                check_finite("goal", goal)
            }
        }
    }

    fn pass<'a>(
        &'a self,
        starts: &'a [f32],
        actions: &'a [f32],
        candidates: usize,
        horizon: usize,
        readout: Readout<'a>,
    ) -> Result<Pass<'a>, ImaginationError> {
        self.check_readout(readout)?;
        let readout_dim = self.readout_dim(readout);
        if candidates == 0 || horizon == 0 || readout_dim == 0 {
            return Err(ImaginationError::EmptyRollout {
                candidates,
                horizon,
                readout_dim,
            });
        }
        let blocks = candidates.saturating_mul(horizon);
        check_length(
            "actions",
            blocks.saturating_mul(self.action_dim),
            actions.len(),
        )?;
        check_finite("start", starts)?;
        check_finite("actions", actions)?;
        Ok(Pass {
            imagination: self,
            horizon,
            readout,
            readout_dim,
            starts,
            actions,
            record: false,
        })
    }
}

/// Grows the memory and carries every tile through the horizon.
fn run(
    pass: Pass<'_>,
    tiling: Tiling,
    out: &mut [f32],
    scratch: &mut ImaginationScratch,
) -> Result<(), ImaginationError> {
    let blocks = tiling.candidates.saturating_mul(pass.horizon);
    check_length("out", blocks.saturating_mul(pass.readout_dim), out.len())?;
    pass.imagination.reserve(pass.readout, tiling.rows, scratch);
    if scratch.tapes.len() < tiling.tiles {
        scratch.tapes.resize_with(tiling.tiles, TileTape::default);
    }
    if pass.record {
        let shape = pass.imagination.tape_shape(pass.readout);
        for tape in &mut scratch.tapes[..tiling.tiles] {
            tape.reserve(tiling.rows * pass.horizon, shape);
        }
    }
    tiling.for_each(out, scratch, |first, out, workspace, tape| {
        pass.run_tile(first, out, workspace, tape);
    });
    Ok(())
}
