//! Sequences that reach the population from outside the search: the shifted plan of the last
//! decision and what the caller injected.

use crate::{error::PlanError, population::Candidates, search_space::SearchSpace};

/// Candidates that wait for the next round.
#[derive(Clone, Debug)]
pub struct Proposals {
    space: SearchSpace,
    capacity: usize,
    plan: Vec<f32>,
    plan_waits: bool,
    injected: Vec<f32>,
}

impl Proposals {
    pub(crate) fn new(space: &SearchSpace, capacity: usize) -> Self {
        Self {
            plan: vec![0.0; space.sequence_len()],
            plan_waits: false,
            injected: Vec::with_capacity(capacity * space.sequence_len()),
            space: space.clone(),
            capacity,
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn clear(&mut self) {
        self.plan_waits = false;
        self.injected.clear();
    }

    /// Offers the shifted plan, or none.
    pub(crate) fn set_plan(&mut self, plan: Option<&[f32]>) {
        self.plan_waits = plan.is_some();
        if let Some(plan) = plan {
            self.plan.copy_from_slice(plan);
        }
    }

    /// The shifted plan `[horizon, action_dim]`, in the first round of a decision.
    pub(crate) fn take_plan(&mut self) -> Option<&[f32]> {
        std::mem::take(&mut self.plan_waits).then_some(self.plan.as_slice())
    }

    /// Moves up to `limit` injected sequences to the population; the others wait on.
    pub(crate) fn drain_injected(&mut self, limit: usize, candidates: &mut Candidates) {
        let length = self.space.sequence_len();
        let taken = limit.min(self.injected.len() / length);
        for sequence in self.injected.chunks_exact(length).take(taken) {
            candidates.push(sequence);
        }
        self.injected.drain(..taken * length);
    }

    /// Takes whole finite sequences that fit, or nothing.
    pub(crate) fn inject(&mut self, sequences: &[f32]) -> Result<(), PlanError> {
        let sequence_len = self.space.sequence_len();
        let length = sequences.len();
        if !length.is_multiple_of(sequence_len) {
            return Err(PlanError::InjectedLength {
                length,
                sequence_len,
            });
        }
        if let Some(index) = sequences.iter().position(|action| !action.is_finite()) {
            return Err(PlanError::InjectedNonFinite {
                index,
                value: sequences[index],
            });
        }
        let waiting = (self.injected.len() + length) / sequence_len;
        if waiting > self.capacity {
            return Err(PlanError::TooManyInjected {
                waiting,
                capacity: self.capacity,
            });
        }
        self.injected.extend_from_slice(sequences);
        Ok(())
    }
}
