//! The alarm that stops a training whose latents no longer carry information.

use thiserror::Error;

use super::Diagnostics;

/// Participation ratio below which the latents are a line or a point.
const MIN_PARTICIPATION_RATIO: f32 = 1.5;
/// Mean standard deviation below which the latents are a point.
const MIN_MEAN_STD: f32 = 0.05;
/// Progress and steps from which on the latents must be alive. A fresh encoder is nearly
/// one-dimensional, and SIGReg takes some hundred steps to spread it.
const ALIVE_PROGRESS: f32 = 0.2;
const ALIVE_STEPS: usize = 300;
/// Progress from which on predictions must be better than copies.
const SKILL_PROGRESS: f32 = 0.5;

/// Why a training was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum CollapseReason {
    /// The latents vary along one direction at most.
    #[error("participation ratio {found:.2}, expected at least {MIN_PARTICIPATION_RATIO}")]
    Rank {
        /// The participation ratio.
        found: f32,
    },
    /// The latents are all the same.
    #[error("mean standard deviation {found:.4}, expected at least {MIN_MEAN_STD}")]
    Spread {
        /// The mean standard deviation over dimensions.
        found: f32,
    },
    /// Predictions are no better than copying the current latent at any horizon.
    #[error("best skill against copying {found:.3}, expected above 0")]
    Skill {
        /// The best skill over horizons.
        found: f32,
    },
}

/// A collapsed training.
#[derive(Clone, Debug, PartialEq, Error)]
#[error(
    "the latent collapsed by step {step}: {reason}; set anti_collapse to `sigreg+idm`, raise the weights of its terms, or \
     check that actions move anything in the data"
)]
pub struct Collapse {
    /// Steps done.
    pub step: usize,
    /// What was seen.
    pub reason: CollapseReason,
}

/// Checks diagnostics taken when `progress` in `[0, 1]` of the training was done. Numbers that are
/// not finite count as collapse.
pub(crate) fn check_collapse(diagnostics: &Diagnostics, progress: f32) -> Result<(), Collapse> {
    let fail = |reason| {
        Err(Collapse {
            step: diagnostics.step,
            reason,
        })
    };
    if progress < ALIVE_PROGRESS || diagnostics.step < ALIVE_STEPS {
        return Ok(());
    }
    let (spread, rank) = (diagnostics.mean_std, diagnostics.participation_ratio);
    if spread.is_nan() || spread < MIN_MEAN_STD {
        return fail(CollapseReason::Spread { found: spread });
    }
    if rank.is_nan() || rank < MIN_PARTICIPATION_RATIO {
        return fail(CollapseReason::Rank { found: rank });
    }
    let skills = diagnostics.skill.iter().map(|s| s.skill);
    let best = skills.fold(f32::NEG_INFINITY, f32::max);
    if progress >= SKILL_PROGRESS && best <= 0.0 {
        return fail(CollapseReason::Skill { found: best });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::{PoseErrors, Skill};

    fn diagnostics(participation_ratio: f32, mean_std: f32, skill: f32) -> Diagnostics {
        let errors = PoseErrors {
            position_m: 0.0,
            yaw_rad: None,
        };
        Diagnostics {
            step: 500,
            participation_ratio,
            rank_me: 5.0,
            min_std: 0.1,
            mean_std,
            skill: vec![Skill { blocks: 1, skill }],
            position_r2: 1.0,
            yaw_r2: None,
            velocity_r2: 1.0,
            encoded: errors,
            imagined: errors,
            imagined_blocks: 6,
            inverse_error: 0.1,
        }
    }

    #[test]
    fn a_living_latent_passes_and_a_young_one_is_given_time() {
        assert_eq!(check_collapse(&diagnostics(9.0, 1.0, 0.9), 1.0), Ok(()));
        assert_eq!(check_collapse(&diagnostics(1.0, 0.0, -1.0), 0.1), Ok(()));
        assert_eq!(check_collapse(&diagnostics(9.0, 1.0, -0.2), 0.3), Ok(()));
    }

    #[test]
    fn each_way_of_collapsing_has_its_reason() {
        let reason = |seen, progress| check_collapse(&seen, progress).map_err(|c| c.reason);
        assert_eq!(
            reason(diagnostics(1.2, 1.0, 0.9), 0.3),
            Err(CollapseReason::Rank { found: 1.2 })
        );
        assert_eq!(
            reason(diagnostics(9.0, 0.01, 0.9), 0.3),
            Err(CollapseReason::Spread { found: 0.01 })
        );
        assert_eq!(
            reason(diagnostics(9.0, 1.0, -0.1), 0.6),
            Err(CollapseReason::Skill { found: -0.1 })
        );
        assert!(reason(diagnostics(f32::NAN, 1.0, 0.9), 0.3).is_err());
    }
}
