//! Projected gradient descent of many sequences at once, each with its own step size.
//!
//! The step is Adam's (1) on gradients normalised to a root mean square of one over the
//! coordinates that can move. The second moment starts at one, so that the first step follows the
//! gradient rather than its sign. A step counts only if the re-scored cost falls: otherwise the
//! sequence stays, its step size halves and its moments restart. So costs never rise, however wild
//! the gradients are.
//!
//! 1. Kingma and Ba, Adam: A Method for Stochastic Optimization, arXiv 1412.6980.

use crate::{
    error::PlanError, population::Candidates, rollout_model::RolloutModel,
    search_space::SearchSpace,
};

const FIRST_DECAY: f32 = 0.9;
const SECOND_DECAY: f32 = 0.99;
const EPSILON: f32 = 1e-6;
/// Factor on the step size after a step that failed, and after one that held.
const SHRINK: f32 = 0.5;
const GROW: f32 = 1.2;
/// Share of the full step size at which a sequence counts as settled.
const SETTLED: f32 = 1e-3;

/// One sequence's progress.
#[derive(Clone, Copy, Debug)]
struct Progress {
    cost: f32,
    /// Step size as a share of the full one, 0 when the sequence cannot move.
    step: f32,
    /// Steps that held since the moments were restarted.
    held: i32,
}

/// Sequences under descent.
#[derive(Clone, Debug)]
pub(crate) struct Descent {
    length: usize,
    lower: Vec<f32>,
    upper: Vec<f32>,
    /// Full step of each coordinate, `[horizon, action_dim]`.
    full_step: Vec<f32>,
    count: usize,
    progress: Vec<Progress>,
    /// The sequences `[count, horizon, action_dim]`; below, the same shape.
    points: Vec<f32>,
    gradients: Vec<f32>,
    trial_gradients: Vec<f32>,
    first_moment: Vec<f32>,
    second_moment: Vec<f32>,
    trial: Vec<f32>,
}

impl Descent {
    /// Room for `capacity` sequences, moved by at most about `learning_rate` half ranges a step.
    pub(crate) fn new(space: &SearchSpace, capacity: usize, learning_rate: f32) -> Self {
        let length = space.sequence_len();
        let (lower, upper) = space.bounds();
        let half_range = space.half_range();
        let block = || vec![0.0; capacity * length];
        Self {
            length,
            lower,
            upper,
            full_step: half_range.iter().map(|half| learning_rate * half).collect(),
            count: 0,
            progress: Vec::with_capacity(capacity),
            points: block(),
            gradients: block(),
            trial_gradients: block(),
            first_moment: block(),
            second_moment: block(),
            trial: vec![0.0; length],
        }
    }

    /// Scores the candidates and keeps their gradients.
    pub(crate) fn score(
        &mut self,
        model: &mut dyn RolloutModel,
        candidates: &mut Candidates,
    ) -> Result<(), PlanError> {
        let model = model
            .as_differentiable()
            .ok_or(PlanError::NotDifferentiable)?;
        let trial_gradients = &mut self.trial_gradients;
        candidates.score_with(|actions, shape, costs| {
            let gradients = &mut trial_gradients[..actions.len()];
            gradients.fill(f32::NAN);
            Ok(model.evaluate_with_gradient(actions, shape, costs, gradients)?)
        })
    }

    /// Starts from the scored candidates.
    pub(crate) fn start(&mut self, candidates: &Candidates) {
        self.count = candidates.count();
        self.progress.clear();
        for index in 0..self.count {
            self.progress.push(Progress {
                cost: candidates.cost(index),
                step: 1.0,
                held: 0,
            });
            self.accept(index, candidates.sequence(index));
            self.restart(index);
        }
    }

    /// Pushes the next trial of every sequence.
    pub(crate) fn propose(&mut self, candidates: &mut Candidates) {
        for (index, progress) in self.progress.iter().enumerate() {
            let range = index * self.length..(index + 1) * self.length;
            let correction = 1.0 - FIRST_DECAY.powi(progress.held + 1);
            for (cell, trial) in self.trial.iter_mut().enumerate() {
                let at = range.start + cell;
                let direction =
                    self.first_moment[at] / correction / (self.second_moment[at].sqrt() + EPSILON);
                *trial = self.points[at] - progress.step * self.full_step[cell] * direction;
            }
            candidates.push(&self.trial);
        }
    }

    /// Keeps the trials that lower the cost of their sequence.
    pub(crate) fn judge(&mut self, candidates: &Candidates) {
        for index in 0..self.count.min(candidates.count()) {
            let cost = candidates.cost(index);
            let progress = &mut self.progress[index];
            if cost < progress.cost {
                progress.cost = cost;
                progress.step = (progress.step * GROW).min(1.0);
                progress.held = progress.held.saturating_add(1);
                self.accept(index, candidates.sequence(index));
                self.update_moments(index);
            } else {
                progress.step *= SHRINK;
                self.restart(index);
            }
        }
    }

    /// Whether no sequence can move any more.
    pub(crate) fn settled(&self) -> bool {
        self.progress.iter().all(|progress| progress.step < SETTLED)
    }

    /// Mean step size in action units.
    pub(crate) fn mean_step(&self) -> f32 {
        let full = self.full_step.iter().sum::<f32>() / self.length as f32;
        let share: f32 = self.progress.iter().map(|progress| progress.step).sum();
        full * share / self.count.max(1) as f32
    }

    /// Takes a candidate as the sequence, with its projected and normalised gradient.
    fn accept(&mut self, index: usize, sequence: &[f32]) {
        let range = index * self.length..(index + 1) * self.length;
        self.points[range.clone()].copy_from_slice(sequence);
        let gradient = &mut self.gradients[range.clone()];
        gradient.copy_from_slice(&self.trial_gradients[range]);
        let mut squares = 0.0;
        for (cell, slope) in gradient.iter_mut().enumerate() {
            let blocked = (sequence[cell] <= self.lower[cell] && *slope > 0.0)
                || (sequence[cell] >= self.upper[cell] && *slope < 0.0);
            if blocked {
                *slope = 0.0;
            }
            squares += f64::from(*slope).powi(2);
        }
        let rms = (squares / self.length as f64).sqrt();
        if rms.is_finite() && rms > 0.0 && self.progress[index].cost.is_finite() {
            for slope in gradient {
                *slope = (f64::from(*slope) / rms) as f32;
            }
        } else {
            gradient.fill(0.0);
            self.progress[index].step = 0.0;
        }
    }

    fn update_moments(&mut self, index: usize) {
        for at in index * self.length..(index + 1) * self.length {
            let slope = self.gradients[at];
            self.first_moment[at] =
                FIRST_DECAY * self.first_moment[at] + (1.0 - FIRST_DECAY) * slope;
            self.second_moment[at] =
                SECOND_DECAY * self.second_moment[at] + (1.0 - SECOND_DECAY) * slope * slope;
        }
    }

    /// Makes the gradient itself the direction of the next step.
    fn restart(&mut self, index: usize) {
        self.progress[index].held = 0;
        let range = index * self.length..(index + 1) * self.length;
        self.first_moment[range.clone()].fill(0.0);
        self.second_moment[range].fill(1.0);
        self.update_moments(index);
    }
}
