//! Settings of a policy.

use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, check};
use crate::supervised::LITTLE_DECAY;

/// Which later frame of a course is taken for its goal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relabelling {
    /// Any, near ones more often than far ones: hindsight.
    #[default]
    Later,
    /// The last one: plain cloning of the data, in which every episode has one goal.
    Last,
}

/// How a policy is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyConfig {
    /// Seed. Default 0.
    pub seed: u64,
    /// Optimiser steps. Default 20000.
    pub steps: usize,
    /// Examples in a step. Default 256.
    pub batch: usize,
    /// Widths of the hidden layers, shared by all members. Default 248, 248.
    pub hidden: Vec<usize>,
    /// Which of the hidden layers are bilinear, products of two sums instead of ReLU, in rising order; the first is 0. Each of their
    /// widths has the weights of two. Default none. With a small `least_variance` they learn labels by heart.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bilinear: Vec<usize>,
    /// Members of the ensemble. Default 3.
    pub members: usize,
    /// Modes of each member. Default 6.
    pub modes: usize,
    /// Peak learning rate. Default 0.001.
    pub learning_rate: f32,
    /// Decoupled weight decay, on weight matrices. Default 0.0001.
    pub weight_decay: f32,
    /// Share of the largest variance below which a direction of the latents is not brought to unit variance for the training. Default
    /// 0.001; from images more, up to 1, where all directions are scaled alike: what varies least there is what was misread.
    pub least_variance: f32,
    /// Share of the runs, and in hindsight of the courses, that each member learns from, drawn once from the seed; less than one in so
    /// many as there are members counts as that. Default 0.7.
    pub member_share: f32,
    /// Share of the labels that are learned from: of those from which the goal seemed equally far, the ones that reached it
    /// soonest. Default 0.75.
    pub quickest_share: f32,
    /// Share of the examples that are drawn in hindsight, where there are labels as well: what was reached later is taken for
    /// the goal. Default 0: it is no way that anybody chose, and a policy that may act so stands still more often.
    pub hindsight_share: f32,
    /// Which later frames are taken for goals. Default any.
    pub relabelling: Relabelling,
    /// Furthest goal drawn in hindsight, control steps; the last frame counts however far it is. Default 100.
    pub max_steps: usize,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            steps: 20_000,
            batch: 256,
            hidden: vec![248, 248],
            bilinear: Vec::new(),
            members: 3,
            modes: 6,
            learning_rate: 1.0e-3,
            weight_decay: LITTLE_DECAY,
            least_variance: 1.0e-3,
            member_share: 0.7,
            quickest_share: 0.75,
            hindsight_share: 0.0,
            relabelling: Relabelling::Later,
            max_steps: 100,
        }
    }
}

impl PolicyConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// The first setting that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let positive = [
            ("steps", self.steps, 1),
            ("batch", self.batch, 2),
            ("members", self.members, 2),
            ("modes", self.modes, 1),
            ("max_steps", self.max_steps, 1),
        ];
        for (name, value, least) in positive {
            let expected = if least == 1 {
                "at least 1"
            } else {
                "at least 2"
            };
            check(name, value, expected, value >= least)?;
        }
        let fits = !self.hidden.is_empty() && !self.hidden.contains(&0);
        let hidden = format!("{:?}", self.hidden);
        check("hidden", hidden, "one or more widths >= 1", fits)?;
        let rising = self.bilinear.windows(2).all(|pair| pair[0] < pair[1]);
        let last = self.bilinear.last();
        let fits = rising && last.is_none_or(|last| *last < self.hidden.len());
        let bilinear = format!("{:?}", self.bilinear);
        check(
            "bilinear",
            bilinear,
            "numbers of hidden layers from 0, rising",
            fits,
        )?;
        let rate = self.learning_rate;
        let fits = rate.is_finite() && rate > 0.0;
        check("learning_rate", rate, "a positive number", fits)?;
        let decay = self.weight_decay;
        let fits = decay.is_finite() && decay >= 0.0;
        check("weight_decay", decay, "zero or a positive number", fits)?;
        let shares = [
            ("least_variance", self.least_variance),
            ("member_share", self.member_share),
            ("quickest_share", self.quickest_share),
        ];
        for (name, share) in shares {
            let fits = share > 0.0 && share <= 1.0;
            check(name, share, "above 0 and at most 1", fits)?;
        }
        let share = self.hindsight_share;
        let fits = (0.0..=1.0).contains(&share);
        check("hindsight_share", share, "in [0, 1]", fits)
    }

    /// Values of a row of inputs and of outputs, for latents and action blocks of these lengths.
    pub(super) fn ends(&self, latent: usize, block_width: usize) -> [usize; 2] {
        let offers = self.members * self.modes;
        [2 * latent + 1, offers * (2 + block_width)]
    }
}
