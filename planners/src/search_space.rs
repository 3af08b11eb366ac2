//! The box that a planner searches: how many steps, how many numbers a step, and their bounds.

use serde::{Deserialize, Serialize};

use crate::{
    error::{ConfigError, at_least, at_most, in_range},
    rollout_model::CandidateShape,
};

/// Noise over a horizon takes memory by its square.
const LONGEST_HORIZON: usize = 2000;

/// Length and bounds of the action sequences that a planner searches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchSpace {
    /// Planning horizon in control steps.
    pub horizon: usize,
    /// Numbers per control step.
    pub action_dim: usize,
    /// Control steps executed before the next decision, by which the warm start is shifted.
    pub stride: usize,
    /// Lower bound of each action dimension, within `[-1, 1]`; none means -1.
    #[serde(default)]
    pub lower: Vec<f32>,
    /// Upper bound of each action dimension, within `[-1, 1]`; none means 1.
    #[serde(default)]
    pub upper: Vec<f32>,
}

impl SearchSpace {
    /// A space with the bounds -1 and 1 in every dimension.
    pub fn new(horizon: usize, action_dim: usize, stride: usize) -> Self {
        Self {
            horizon,
            action_dim,
            stride,
            lower: Vec::new(),
            upper: Vec::new(),
        }
    }

    /// Numbers in one action sequence: `horizon * action_dim`.
    pub fn sequence_len(&self) -> usize {
        self.horizon * self.action_dim
    }

    /// The shape of a batch of `candidates` sequences.
    pub fn shape(&self, candidates: usize) -> CandidateShape {
        CandidateShape {
            candidates,
            horizon: self.horizon,
            action_dim: self.action_dim,
        }
    }

    /// Checks every value.
    ///
    /// # Errors
    /// [`ConfigError`] naming the first value that cannot work.
    pub fn validate(&self) -> Result<(), ConfigError> {
        at_least("horizon", self.horizon, 1)?;
        at_least("action_dim", self.action_dim, 1)?;
        at_most("horizon", self.horizon, "the longest", LONGEST_HORIZON)?;
        at_least("stride", self.stride, 1)?;
        at_most("stride", self.stride, "horizon", self.horizon)?;
        for (name, bounds) in [("lower", &self.lower), ("upper", &self.upper)] {
            if !bounds.is_empty() && bounds.len() != self.action_dim {
                return Err(ConfigError::BoundsLength {
                    name,
                    length: bounds.len(),
                    action_dim: self.action_dim,
                });
            }
            for &bound in bounds {
                in_range(name, bound, -1.0..=1.0, "bounds within [-1, 1]")?;
            }
        }
        for dimension in 0..self.action_dim {
            let (lower, upper) = (self.lower_bound(dimension), self.upper_bound(dimension));
            if lower > upper {
                return Err(ConfigError::BoundsReversed {
                    dimension,
                    lower,
                    upper,
                });
            }
        }
        Ok(())
    }

    /// The middle of the box at every step, `[horizon, action_dim]`.
    pub(crate) fn centre(&self) -> Vec<f32> {
        self.tiled(|lower, upper| 0.5 * (lower + upper))
    }

    /// Half the width of the box at every step, `[horizon, action_dim]`: the unit in which
    /// standard deviations and step sizes are given.
    pub(crate) fn half_range(&self) -> Vec<f32> {
        self.tiled(|lower, upper| 0.5 * (upper - lower))
    }

    /// The bounds at every step, each `[horizon, action_dim]`.
    pub(crate) fn bounds(&self) -> (Vec<f32>, Vec<f32>) {
        (self.tiled(|lower, _| lower), self.tiled(|_, upper| upper))
    }

    /// Drops the first `steps` control steps of a sequence and repeats its last one.
    pub(crate) fn shift(&self, actions: &mut [f32], steps: usize) {
        let steps = steps.min(self.horizon - 1);
        let kept = actions.len() - steps * self.action_dim;
        actions.copy_within(steps * self.action_dim.., 0);
        for index in kept..actions.len() {
            actions[index] = actions[index - self.action_dim];
        }
    }

    fn lower_bound(&self, dimension: usize) -> f32 {
        self.lower.get(dimension).copied().unwrap_or(-1.0)
    }

    fn upper_bound(&self, dimension: usize) -> f32 {
        self.upper.get(dimension).copied().unwrap_or(1.0)
    }

    /// A value of each dimension's bounds at every step, `[horizon, action_dim]`.
    fn tiled(&self, value: impl Fn(f32, f32) -> f32) -> Vec<f32> {
        let dims = (0..self.action_dim).map(|d| value(self.lower_bound(d), self.upper_bound(d)));
        dims.cycle().take(self.sequence_len()).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_value() {
        let message = |space: SearchSpace| space.validate().unwrap_err().to_string();
        let good = SearchSpace::new(10, 2, 5);
        assert_eq!(good.validate(), Ok(()));
        assert_eq!(
            message(SearchSpace::new(0, 2, 1)),
            "horizon is 0, expected at least 1"
        );
        assert_eq!(
            message(SearchSpace::new(4, 2, 5)),
            "stride is 5, more than horizon (4)"
        );
        assert_eq!(
            message(SearchSpace {
                lower: vec![-1.0, 0.5],
                upper: vec![1.0, -0.5],
                ..good.clone()
            }),
            "bounds of action 1 are reversed: lower 0.5, upper -0.5"
        );
        assert_eq!(
            message(SearchSpace {
                lower: vec![-1.0],
                ..good.clone()
            }),
            "lower has 1 entries, expected 2 (action_dim) or none"
        );
        assert_eq!(
            message(SearchSpace {
                upper: vec![f32::NAN, 1.0],
                ..good
            }),
            "upper is NaN, expected bounds within [-1, 1]"
        );
    }

    #[test]
    fn shift_repeats_the_last_step() {
        let space = SearchSpace::new(3, 2, 1);
        let mut actions = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        space.shift(&mut actions, 0);
        assert_eq!(actions, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        space.shift(&mut actions, 1);
        assert_eq!(actions, [3.0, 4.0, 5.0, 6.0, 5.0, 6.0]);
        space.shift(&mut actions, 7);
        assert_eq!(actions, [5.0, 6.0, 5.0, 6.0, 5.0, 6.0]);
    }
}
