//! What a running training reports.

use serde::{Deserialize, Serialize};

use crate::diagnostics::Diagnostics;

/// The loss terms of a step, before their weights; the mean over shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LossTerms {
    /// Open-loop prediction, summed over its steps.
    pub prediction: f32,
    /// Inverse dynamics on standardised actions; 1 is as good as the mean action.
    pub inverse: f32,
    /// SIGReg statistic times the number of rows; about 1 for a Gaussian.
    pub sigreg: f32,
    /// Pose probe, on standardised poses.
    pub pose: f32,
    /// First-passage heads, summed over the ensemble.
    pub reach: f32,
}

impl LossTerms {
    /// Whether every term is a finite number.
    pub fn is_finite(&self) -> bool {
        self.terms().iter().all(|term| term.is_finite())
    }

    /// Mean of the terms of several shards.
    pub(crate) fn mean(shards: &[Self]) -> Self {
        let mut mean = Self::default();
        let count = shards.len().max(1) as f32;
        for shard in shards {
            mean.prediction += shard.prediction / count;
            mean.inverse += shard.inverse / count;
            mean.sigreg += shard.sigreg / count;
            mean.pose += shard.pose / count;
            mean.reach += shard.reach / count;
        }
        mean
    }

    fn terms(&self) -> [f32; 5] {
        [
            self.prediction,
            self.inverse,
            self.sigreg,
            self.pose,
            self.reach,
        ]
    }
}

/// The state of a training run after a step.
#[derive(Clone, Debug)]
pub struct TrainProgress {
    /// Steps done.
    pub step: usize,
    /// Steps in all; with a wall-clock budget, an upper bound.
    pub total: usize,
    /// Losses of this step.
    pub losses: LossTerms,
    /// Learning rate of this step.
    pub learning_rate: f32,
    /// Steps per second since the run was started or resumed, evaluations included.
    pub steps_per_second: f32,
    /// Seconds of training, earlier runs of a resumed one included.
    pub elapsed_seconds: f32,
    /// Estimate of the seconds left.
    pub eta_seconds: f32,
    /// Whether `diagnostics` were taken at this step.
    pub evaluated: bool,
    /// The latest diagnostics on held-out episodes, if any were taken since the start or resume.
    pub diagnostics: Option<Diagnostics>,
}
