//! What an algorithm brings to the loop that all planners share.

use crate::{
    error::PlanError, noise::StreamKey, population::Candidates, proposals::Proposals,
    rollout_model::RolloutModel,
};

/// Where the search stands.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    pub(crate) seed: u64,
    pub(crate) decision: u64,
    /// Counted from 0 in each decision.
    pub(crate) index: usize,
    /// Whether the budget allows no further round, as far as can be told.
    pub(crate) last: bool,
}

impl Round {
    /// The random stream of a sample of this round.
    pub(crate) fn stream(&self, sample: usize) -> StreamKey {
        StreamKey {
            seed: self.seed,
            decision: self.decision,
            round: self.index as u64,
            sample: sample as u64,
        }
    }
}

/// An algorithm's way to propose candidates and to learn from their costs.
pub trait Solver: Send {
    /// Rounds of a decision, unless the budget says otherwise.
    fn rounds(&self) -> usize;

    /// Candidates that the model scores in this round.
    fn population(&self, round: usize) -> usize;

    /// The most candidates that a round holds beyond those that it scores.
    fn carried(&self) -> usize {
        0
    }

    /// The most candidates that a ranking names as elites.
    fn elites(&self) -> usize;

    /// Injected sequences that may wait for a round.
    fn injection_capacity(&self) -> usize {
        self.population(0) / 2
    }

    /// Prepares for a new decision.
    fn begin(&mut self);

    /// Fills the empty population with exactly `population(round)` candidates to score, and any
    /// number of candidates that have their cost.
    fn propose(&mut self, round: Round, proposals: &mut Proposals, candidates: &mut Candidates);

    /// Has the candidates scored and ranked.
    fn score(
        &mut self,
        model: &mut dyn RolloutModel,
        candidates: &mut Candidates,
    ) -> Result<(), PlanError> {
        candidates.score(model)
    }

    /// Candidates with a finite cost below which nothing can be learned from this round.
    fn least_finite(&self, _round: usize) -> usize {
        2
    }

    /// Learns from a round in which enough candidates are finite.
    fn learn(&mut self, candidates: &Candidates);

    /// A sequence that is to be executed in place of the best candidate.
    fn executed(&self) -> Option<&[f32]> {
        None
    }

    /// Whether further rounds cannot improve anything.
    fn converged(&self) -> bool {
        false
    }

    /// Whether scoring computes gradients.
    fn follows_gradients(&self) -> bool {
        false
    }

    /// Mean standard deviation of the proposals, in action units.
    fn spread(&self) -> f32;

    /// Moves the warm start on by executed control steps.
    fn shift(&mut self, steps: usize);

    /// Forgets the warm start.
    fn reset(&mut self);
}
