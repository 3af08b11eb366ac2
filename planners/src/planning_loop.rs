//! The loop that all planners share: propose candidates, score them, learn from the ranking,
//! keep the best. A [`Solver`] is what differs between the algorithms.

use std::time::Instant;

use crate::{
    budget::{Budget, Meter},
    error::PlanError,
    plan::{Plan, PlanStatistics, Termination},
    planner::Planner,
    population::{Candidates, Population},
    proposals::Proposals,
    rollout_model::RolloutModel,
    search_space::SearchSpace,
    solver::{Round, Solver},
};

/// A planner: an algorithm in the shared loop.
#[derive(Clone, Debug)]
pub struct PlanningLoop<S> {
    space: SearchSpace,
    solver: S,
    proposals: Proposals,
    candidates: Candidates,
    seed: u64,
    epoch: u64,
    decision: u64,
    round: usize,
    plan: Plan,
    plan_exists: bool,
    /// Whether the plan was made in this decision.
    plan_is_new: bool,
    scored: u64,
    finite: u64,
    statistics: PlanStatistics,
}

impl<S: Solver> PlanningLoop<S> {
    /// Wraps a solver of a valid space.
    pub(crate) fn with_solver(space: SearchSpace, solver: S, seed: u64) -> Self {
        let capacity = solver.population(0) + solver.carried();
        Self {
            proposals: Proposals::new(&space, solver.injection_capacity()),
            candidates: Candidates::new(&space, capacity, solver.elites()),
            seed,
            epoch: 0,
            decision: 0,
            round: 0,
            plan: Plan {
                actions: space.centre(),
                cost: f32::INFINITY,
                epoch: 0,
                sequence: 0,
                created: Instant::now(),
                statistics: PlanStatistics::EMPTY,
            },
            plan_exists: false,
            plan_is_new: false,
            scored: 0,
            finite: 0,
            statistics: PlanStatistics::EMPTY,
            space,
            solver,
        }
    }

    fn steps_of(&self, round: usize) -> u64 {
        let candidates = self.solver.population(round);
        self.space.shape(candidates).model_steps()
    }

    /// Scores a sequence that is executed in place of the best, if the solver has one.
    fn reserve(&self) -> u64 {
        let extra = usize::from(self.solver.executed().is_some());
        self.space.shape(extra).model_steps()
    }

    /// Whether this decision has found a plan, so that the population is its own.
    pub(crate) fn has_new_plan(&self) -> bool {
        self.plan_is_new
    }

    /// Model steps that the next round takes at least.
    pub(crate) fn next_round_steps(&self) -> u64 {
        self.steps_of(self.round).saturating_add(self.reserve())
    }

    /// Takes over the plan of another planner's decision if it is cheaper, and its effort.
    pub(crate) fn absorb<T>(&mut self, other: &PlanningLoop<T>, termination: Termination) {
        self.scored += other.scored;
        self.finite += other.finite;
        self.statistics.rounds += other.statistics.rounds;
        self.statistics.model_steps += other.statistics.model_steps;
        self.statistics.gradient_steps += other.statistics.gradient_steps;
        self.statistics.finite_fraction = self.finite as f32 / self.scored as f32;
        self.statistics.termination = Some(termination);
        if other.plan_is_new && self.plan_is_new && other.plan.cost < self.plan.cost {
            self.plan.actions.copy_from_slice(&other.plan.actions);
            self.plan.cost = other.plan.cost;
            self.plan.created = other.plan.created;
        }
        if self.plan_is_new {
            self.plan.statistics = self.statistics;
        }
    }

    fn search(
        &mut self,
        model: &mut dyn RolloutModel,
        meter: &mut Meter,
    ) -> Result<Termination, PlanError> {
        loop {
            let steps = self.steps_of(self.round);
            if let Some(reason) = meter.stop_before(steps) {
                return Ok(reason);
            }
            let last = meter.is_last(steps, self.steps_of(self.round + 1));
            let learned = self.run_round(model, last)?;
            meter.count(steps);
            if !learned {
                return Ok(Termination::TooFewFinite);
            }
            if self.solver.converged() {
                return Ok(Termination::Converged);
            }
        }
    }

    /// Runs a round; false when too few candidates were finite to learn from.
    fn run_round(&mut self, model: &mut dyn RolloutModel, last: bool) -> Result<bool, PlanError> {
        let round = Round {
            seed: self.seed,
            decision: self.decision,
            index: self.round,
            last,
        };
        self.candidates.clear();
        self.solver
            .propose(round, &mut self.proposals, &mut self.candidates);
        self.round += 1;
        self.score(model)?;
        self.statistics.rounds += 1;
        if self.candidates.finite() < self.solver.least_finite(round.index) {
            return Ok(false);
        }
        self.solver.learn(&self.candidates);
        self.statistics.elite_cost = self.candidates.elite_cost();
        self.statistics.std = self.solver.spread();
        if let Some(&best) = self.candidates.elites().first()
            && (!self.plan_is_new || self.candidates.cost(best) < self.plan.cost)
        {
            self.adopt(best);
        }
        Ok(true)
    }

    fn score(&mut self, model: &mut dyn RolloutModel) -> Result<(), PlanError> {
        let unscored = self.candidates.unscored();
        let steps = self.space.shape(unscored).model_steps();
        self.solver.score(model, &mut self.candidates)?;
        self.statistics.model_steps += steps;
        if self.solver.follows_gradients() {
            self.statistics.gradient_steps += steps;
        }
        self.scored += unscored as u64;
        self.finite += self.candidates.newly_finite() as u64;
        self.statistics.finite_fraction = self.finite as f32 / self.scored as f32;
        Ok(())
    }

    /// Makes a candidate of the last round the plan.
    fn adopt(&mut self, candidate: usize) {
        self.plan
            .actions
            .copy_from_slice(self.candidates.sequence(candidate));
        self.plan.cost = self.candidates.cost(candidate);
        self.plan.epoch = self.epoch;
        self.plan.sequence = self.decision;
        self.plan.created = Instant::now();
        self.plan_exists = true;
        self.plan_is_new = true;
    }

    /// Scores and adopts the sequence that the solver wants executed, if it has one.
    fn adopt_executed(&mut self, model: &mut dyn RolloutModel) -> Result<(), PlanError> {
        let Some(sequence) = self.solver.executed() else {
            return Ok(());
        };
        self.candidates.push(sequence);
        let candidate = self.candidates.count() - 1;
        self.score(model)?;
        if self.candidates.cost(candidate).is_finite() {
            self.adopt(candidate);
        }
        Ok(())
    }
}

impl<S: Solver> Planner for PlanningLoop<S> {
    fn space(&self) -> &SearchSpace {
        &self.space
    }

    fn begin(&mut self, epoch: u64) {
        self.epoch = epoch;
        self.decision += 1;
        self.round = 0;
        self.plan_is_new = false;
        self.scored = 0;
        self.finite = 0;
        self.statistics = PlanStatistics::EMPTY;
        self.proposals
            .set_plan(self.plan_exists.then_some(self.plan.actions.as_slice()));
        self.solver.begin();
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn inject(&mut self, sequences: &[f32]) -> Result<(), PlanError> {
        self.proposals.inject(sequences)
    }

    fn injection_capacity(&self) -> usize {
        self.proposals.capacity()
    }

    fn refine(
        &mut self,
        model: &mut dyn RolloutModel,
        budget: Budget,
    ) -> Result<Termination, PlanError> {
        let mut meter = Meter::start(budget, self.solver.rounds(), self.reserve())?;
        let needed = self.next_round_steps();
        if let Some(limit) = meter.step_limit()
            && limit < needed
        {
            return Err(PlanError::BudgetTooSmall {
                budget: limit,
                needed,
            });
        }
        let termination = self.search(model, &mut meter)?;
        if termination != Termination::TooFewFinite && meter.rounds() > 0 {
            self.adopt_executed(model)?;
        }
        self.statistics.termination = Some(termination);
        if self.plan_is_new {
            self.plan.statistics = self.statistics;
        }
        if self.plan_exists {
            return Ok(termination);
        }
        Err(match termination {
            Termination::Deadline => PlanError::DeadlinePassed {
                late_secs: meter.late_secs(),
            },
            _ => PlanError::TooFewFinite {
                finite: self.candidates.finite(),
                candidates: self.candidates.count(),
            },
        })
    }

    fn best(&self) -> Option<&Plan> {
        self.plan_exists.then_some(&self.plan)
    }

    fn statistics(&self) -> &PlanStatistics {
        &self.statistics
    }

    fn population(&self) -> Population<'_> {
        self.candidates.view()
    }

    fn shift(&mut self, steps: usize) {
        self.space.shift(&mut self.plan.actions, steps);
        self.solver.shift(steps);
    }

    fn reset(&mut self, seed: u64) {
        self.seed = seed;
        self.epoch = 0;
        self.decision = 0;
        self.round = 0;
        self.plan_exists = false;
        self.plan_is_new = false;
        self.scored = 0;
        self.finite = 0;
        self.statistics = PlanStatistics::EMPTY;
        self.candidates.clear();
        self.proposals.clear();
        self.solver.reset();
    }
}
