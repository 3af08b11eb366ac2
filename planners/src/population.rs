//! The candidates of one round: their actions, costs and ranking, in memory that is reused.

use crate::{
    error::PlanError,
    rollout_model::{CandidateShape, RolloutModel},
    search_space::SearchSpace,
};

/// Read-only view of the last round, for overlays and for refinement.
#[derive(Clone, Copy, Debug)]
pub struct Population<'a> {
    /// Sizes of this round; `candidates` is 0 before the first.
    pub shape: CandidateShape,
    /// Actions `[candidates, horizon, action_dim]`.
    pub actions: &'a [f32],
    /// Costs `[candidates]`; infinite where the model gave no finite number.
    pub costs: &'a [f32],
    /// Indices of the best candidates with a finite cost, best first.
    pub elites: &'a [usize],
}

impl<'a> Population<'a> {
    /// Actions `[horizon, action_dim]` of a candidate, none when the index is out of range.
    pub fn sequence(&self, candidate: usize) -> Option<&'a [f32]> {
        let length = self.shape.sequence_len();
        self.actions.chunks_exact(length.max(1)).nth(candidate)
    }
}

/// The candidates that a solver proposes, and what the model says of them.
///
/// Candidates pushed with their cost are not scored again.
#[derive(Clone, Debug)]
pub struct Candidates {
    space: SearchSpace,
    /// Bounds `[horizon, action_dim]`.
    lower: Vec<f32>,
    upper: Vec<f32>,
    capacity: usize,
    count: usize,
    /// The first `scored` candidates have their cost.
    scored: usize,
    /// Elites that a ranking names, at most.
    elites: usize,
    finite: usize,
    newly_finite: usize,
    actions: Vec<f32>,
    costs: Vec<f32>,
    order: Vec<usize>,
}

impl Candidates {
    pub(crate) fn new(space: &SearchSpace, capacity: usize, elites: usize) -> Self {
        let (lower, upper) = space.bounds();
        Self {
            lower,
            upper,
            space: space.clone(),
            capacity,
            count: 0,
            scored: 0,
            elites,
            finite: 0,
            newly_finite: 0,
            actions: vec![0.0; capacity * space.sequence_len()],
            costs: vec![f32::INFINITY; capacity],
            order: Vec::with_capacity(capacity),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.count = 0;
        self.scored = 0;
        self.finite = 0;
        self.order.clear();
    }

    /// Candidates that have no cost yet.
    pub(crate) fn unscored(&self) -> usize {
        self.count - self.scored
    }

    /// The next free place, `[horizon, action_dim]`; none when the population is full.
    pub(crate) fn next_slot(&mut self) -> Option<&mut [f32]> {
        if self.count == self.capacity {
            return None;
        }
        let length = self.space.sequence_len();
        let start = self.count * length;
        self.costs[self.count] = f32::INFINITY;
        self.count += 1;
        Some(&mut self.actions[start..start + length])
    }

    /// Adds a candidate; a full population ignores it.
    pub(crate) fn push(&mut self, actions: &[f32]) {
        if let Some(slot) = self.next_slot() {
            slot.copy_from_slice(actions);
        }
    }

    /// Adds a candidate whose cost is known. Only before any candidate without.
    pub(crate) fn push_scored(&mut self, actions: &[f32], cost: f32) {
        debug_assert_eq!(self.unscored(), 0, "scored candidates come first");
        self.push(actions);
        self.costs[self.count - 1] = cost;
        self.scored = self.count;
    }

    /// Brings the candidates without cost into the bounds, scores them and ranks all.
    pub(crate) fn score(&mut self, model: &mut dyn RolloutModel) -> Result<(), PlanError> {
        self.score_with(|actions, shape, costs| Ok(model.evaluate(actions, shape, costs)?))
    }

    /// As [`Self::score`], with any way to fill the costs.
    pub(crate) fn score_with(
        &mut self,
        evaluate: impl FnOnce(&[f32], CandidateShape, &mut [f32]) -> Result<(), PlanError>,
    ) -> Result<(), PlanError> {
        let length = self.space.sequence_len();
        let actions = &mut self.actions[self.scored * length..self.count * length];
        let costs = &mut self.costs[self.scored..self.count];
        for sequence in actions.chunks_exact_mut(length) {
            let bounds = self.lower.iter().zip(&self.upper);
            for (action, (&lower, &upper)) in sequence.iter_mut().zip(bounds) {
                // In this order NaN, which extreme settings could lead to, becomes the lower bound.
                *action = action.max(lower).min(upper);
            }
        }
        costs.fill(f32::INFINITY);
        let result = evaluate(actions, self.space.shape(costs.len()), costs);
        for cost in costs.iter_mut() {
            // After a failure the model may have written some costs and not others.
            if result.is_err() || !cost.is_finite() {
                *cost = f32::INFINITY;
            }
        }
        self.newly_finite = costs.iter().filter(|cost| cost.is_finite()).count();
        self.scored = self.count;
        self.rank();
        result
    }

    fn rank(&mut self) {
        self.order.clear();
        self.order.extend(0..self.count);
        let costs = &self.costs;
        self.finite = costs[..self.count].iter().filter(|c| c.is_finite()).count();
        self.order
            .sort_unstable_by(|&a, &b| costs[a].total_cmp(&costs[b]).then(a.cmp(&b)));
    }

    /// Candidates with a finite cost.
    pub(crate) fn finite(&self) -> usize {
        self.finite
    }

    /// Those of them that the last call of [`Self::score`] scored.
    pub(crate) fn newly_finite(&self) -> usize {
        self.newly_finite
    }

    /// Candidates of this round.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Indices of the best finite candidates, best first.
    pub(crate) fn elites(&self) -> &[usize] {
        &self.order[..self.elites.min(self.finite)]
    }

    /// Actions `[horizon, action_dim]` of a candidate of this round.
    pub(crate) fn sequence(&self, candidate: usize) -> &[f32] {
        let length = self.space.sequence_len();
        &self.actions[candidate * length..(candidate + 1) * length]
    }

    /// Cost of a candidate of this round.
    pub(crate) fn cost(&self, candidate: usize) -> f32 {
        self.costs[candidate]
    }

    /// Mean cost of the elites, NaN when there are none.
    pub(crate) fn elite_cost(&self) -> f32 {
        let sum: f64 = self
            .elites()
            .iter()
            .map(|&elite| f64::from(self.costs[elite]))
            .sum();
        (sum / self.elites().len() as f64) as f32
    }

    pub(crate) fn view(&self) -> Population<'_> {
        let shape = self.space.shape(self.count);
        Population {
            shape,
            actions: &self.actions[..shape.actions_len()],
            costs: &self.costs[..self.count],
            elites: self.elites(),
        }
    }
}
