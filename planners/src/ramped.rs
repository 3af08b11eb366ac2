//! Futures whose actions change no faster than the robot that executes them can follow.
//!
//! A robot behind limits of velocity and acceleration does not do what a plan of jumping rates says: it lags behind, and
//! overshoots where the plan stops at once. So the limits belong into the imagination: candidates are limited before they are
//! scored, and the plan is limited alike before it is executed.

use crate::rollout_model::{CandidateShape, RolloutError, RolloutModel};

/// What is possible from one control step to the next, each `[action_dim]`. Where actions are rates of positions, the change of
/// an action is an acceleration, and the change of that a jerk.
#[derive(Clone, Debug, PartialEq)]
pub struct Ramp {
    /// The action that is under way.
    pub from: Vec<f32>,
    /// How it changed in the last step.
    pub changing: Vec<f32>,
    /// Largest action.
    pub most: Vec<f32>,
    /// Largest change in one step.
    pub change: Vec<f32>,
    /// Largest change of the change in one step, more than zero.
    pub bend: Vec<f32>,
}

impl Ramp {
    /// Limits one sequence, `[steps, action_dim]`: every action is approached as fast as that goes without passing it.
    pub fn limit(&self, sequence: &mut [f32]) {
        let width = self.from.len().max(1);
        for axis in 0..self.from.len() {
            let (mut last, mut changing) = (self.from[axis], self.changing[axis]);
            let (most, change, bend) = (self.most[axis], self.change[axis], self.bend[axis]);
            for action in sequence.iter_mut().skip(axis).step_by(width) {
                let way = action.max(-most).min(most) - last;
                // From a larger change it could not be let go of in time.
                let reach = (2.0 * bend * way.abs()).sqrt().min(change);
                let wanted = way.max(-reach).min(reach);
                let next = last + wanted.max(changing - bend).min(changing + bend);
                *action = next.max(-most).min(most);
                (changing, last) = (*action - last, *action);
            }
        }
    }
}

/// A model in which every candidate is limited. It has no gradient.
pub struct Ramped<'a> {
    model: &'a mut dyn RolloutModel,
    ramp: &'a Ramp,
    actions: Vec<f32>,
}

impl<'a> Ramped<'a> {
    /// The futures of `model` within a ramp of as many numbers as its actions have.
    pub fn new(model: &'a mut dyn RolloutModel, ramp: &'a Ramp) -> Self {
        Self {
            model,
            ramp,
            actions: Vec::new(),
        }
    }
}

impl RolloutModel for Ramped<'_> {
    fn evaluate(
        &mut self,
        actions: &[f32],
        shape: CandidateShape,
        costs: &mut [f32],
    ) -> Result<(), RolloutError> {
        if self.ramp.from.len() != shape.action_dim {
            return Err(RolloutError::ActionDim {
                action_dim: shape.action_dim,
                expected: self.ramp.from.len(),
            });
        }
        self.actions.clear();
        self.actions.extend(actions);
        let length = shape.sequence_len().max(1);
        for sequence in self.actions.chunks_exact_mut(length) {
            self.ramp.limit(sequence);
        }
        self.model.evaluate(&self.actions, shape, costs)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    /// The cost of a sequence is its first axis' last action.
    struct Last;

    impl RolloutModel for Last {
        fn evaluate(
            &mut self,
            actions: &[f32],
            shape: CandidateShape,
            costs: &mut [f32],
        ) -> Result<(), RolloutError> {
            for (cost, sequence) in costs.iter_mut().zip(actions.chunks(shape.sequence_len())) {
                *cost = sequence[sequence.len() - shape.action_dim];
            }
            Ok(())
        }
    }

    fn ramp() -> Ramp {
        Ramp {
            from: vec![0.5, 0.0],
            changing: vec![0.0, 0.0],
            most: vec![1.0, 0.5],
            change: vec![0.25, 2.0],
            bend: vec![0.125, 2.0],
        }
    }

    #[test]
    fn every_limit_holds_whatever_is_wanted() {
        let (ramp, steps) = (ramp(), 200);
        let mut sequence: Vec<f32> = (0..2 * steps)
            .map(|i| (i as f32 * 0.7).sin() * 3.0)
            .collect();
        ramp.limit(&mut sequence);
        for axis in 0..2 {
            let (mut last, mut changing) = (ramp.from[axis], 0.0);
            for action in sequence.iter().skip(axis).step_by(2) {
                let change = action - last;
                assert!(action.abs() <= ramp.most[axis] + 1e-6);
                assert!(change.abs() <= ramp.change[axis] + 1e-6);
                // At its largest an action may be held there at once.
                let held = action.abs() == ramp.most[axis];
                assert!(held || (change - changing).abs() <= ramp.bend[axis] + 1e-6);
                (last, changing) = (*action, change);
            }
        }
    }

    #[test]
    fn a_steady_wish_is_reached_and_kept() {
        let mut sequence = [-0.75, 0.25].repeat(20);
        ramp().limit(&mut sequence);
        let axis: Vec<f32> = sequence.iter().step_by(2).copied().collect();
        assert!(axis[0] < 0.5 && axis[0] > 0.3, "{axis:?}");
        assert!((axis[19] + 0.75).abs() < 1e-3, "{axis:?}");
        assert!(axis.iter().all(|a| *a > -0.9), "{axis:?}");
    }

    #[test]
    fn candidates_are_scored_as_they_will_be_executed() {
        let (ramp, shape) = (
            ramp(),
            CandidateShape {
                candidates: 2,
                horizon: 2,
                action_dim: 2,
            },
        );
        let actions = [-1.0, 0.0, -1.0, 0.0, 0.5, 0.0, 0.5, 0.0];
        let (mut costs, mut limited) = ([0.0; 2], actions);
        limited
            .chunks_mut(4)
            .for_each(|sequence| ramp.limit(sequence));
        Ramped::new(&mut Last, &ramp)
            .evaluate(&actions, shape, &mut costs)
            .unwrap();
        assert_eq!(costs, [limited[2], limited[6]]);
        assert!(limited[2] > -1.0 && limited[6] == 0.5);
    }
}
