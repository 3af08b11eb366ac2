//! The alarm that stops a training whose latents no longer carry information.

use thiserror::Error;

use super::Diagnostics;

/// Participation ratio below which the latents are a line or a point.
const MIN_PARTICIPATION_RATIO: f32 = 1.5;
/// Mean standard deviation below which the latents are a point.
const MIN_MEAN_STD: f32 = 0.05;
/// Progress after which predictions must be better than copies.
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
    "the latent collapsed by step {step}: {reason}; raise lambda_sigreg or lambda_idm, or check \
     that actions move anything in the data"
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
