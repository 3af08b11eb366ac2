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
    /// SIGReg statistic times the number of rows; about 1 for a Gaussian. This and the next four
    /// are zero where they are not part of the loss.
    pub sigreg: f32,
    /// Variance of VICReg: mean shortfall of the dimensions' standard deviation from 1.
    pub variance: f32,
    /// Covariance of VICReg.
    pub covariance: f32,
    /// Reconstruction from latents of observations, in variances of the observation; 1 is as good as the mean, 2 where there are
    /// quantities and a picture.
    pub reconstruction: f32,
    /// The same from predicted latents.
    pub imagined_reconstruction: f32,
    /// Pose probe, on standardised poses.
    pub pose: f32,
    /// First-passage heads, summed over the ensemble.
    pub reach: f32,
}

impl LossTerms {
    /// Whether every term is a finite number.
    pub fn is_finite(&self) -> bool {
        let mut copy = *self;
        copy.terms_mut().iter().all(|term| term.is_finite())
    }

    /// Mean of the terms of several shards.
    pub(crate) fn mean(shards: &[Self]) -> Self {
        let mut mean = Self::default();
        let count = shards.len().max(1) as f32;
        for mut shard in shards.iter().copied() {
            let terms = shard.terms_mut();
            for (sum, term) in mean.terms_mut().into_iter().zip(terms) {
                *sum += *term / count;
            }
        }
        mean
    }

    /// The terms that not every training has, for a line of a log; empty for the default settings.
    pub fn others(&self) -> String {
        let all = [
            ("var", self.variance),
            ("cov", self.covariance),
            ("rec", self.reconstruction),
            ("rec ahead", self.imagined_reconstruction),
        ];
        let present = all.iter().filter(|(_, value)| *value != 0.0);
        let texts = present.map(|(name, value)| format!("{name} {value:.3}"));
        texts.collect::<Vec<_>>().join(", ")
    }

    fn terms_mut(&mut self) -> [&mut f32; 9] {
        [
            &mut self.prediction,
            &mut self.inverse,
            &mut self.sigreg,
            &mut self.variance,
            &mut self.covariance,
            &mut self.reconstruction,
            &mut self.imagined_reconstruction,
            &mut self.pose,
            &mut self.reach,
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
