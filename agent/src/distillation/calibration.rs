//! The arbiter's thresholds: how large its signs get in held-out episodes in which System 1 reaches the goal.

use super::DistillConfig;
use super::runs::{Errand, Runs};
use crate::arbiter::{ArbiterConfig, Signs};
use crate::controller::{Controller, ControllerKind, PlanningConfig};
use crate::objective::CostKind;
use anyhow::{Result, bail};
use rayon::prelude::*;
use sim::Env;
use sim::variation::Variant;
use std::sync::Arc;
use world_model::policy::{Calibration, Policy};

/// Thresholds that nothing exceeds: System 1 acts alone, and the signs are told.
pub(crate) fn unlimited(cost: CostKind) -> Calibration {
    Calibration {
        cost: cost.name().to_owned(),
        quantile: 1.0,
        disagreement: f32::MAX,
        surprise: f32::MAX,
        miss: f32::MAX,
        closeness: f32::MAX,
        patience: usize::MAX,
    }
}

/// Calibrates on goals of all variants of the task in turn, for what is usual in one is not in another; the thresholds are quantiles of
/// the signs.
///
/// # Errors
/// A policy that reaches none of the goals, or that cannot run.
pub fn calibrate(
    runs: &Runs<'_>,
    policy: &Arc<Policy>,
    cost: CostKind,
    distillation: &DistillConfig,
) -> Result<Calibration> {
    let kind = ControllerKind::Hybrid {
        model: Arc::clone(runs.model),
        cost,
        policy: Arc::clone(policy),
    };
    let config = PlanningConfig {
        proposals: 0.0,
        arbiter: ArbiterConfig {
            calibration: Some(unlimited(cost)),
            ..ArbiterConfig::default()
        },
        ..runs.config.clone()
    };
    let runs = Runs {
        variants: &Variant::all(runs.task)?,
        ..*runs
    };
    let (tiers, count) = (&distillation.tiers, distillation.calibration_goals);
    let goals = runs.goals(tiers, count, 0..runs.count(tiers, count)?)?;
    let episodes = goals
        .into_par_iter()
        .map(|errand| {
            let Errand {
                variant,
                pair,
                budget,
            } = errand;
            let mut env = Env::new(Arc::clone(runs.task), variant)?;
            env.reset(pair.start_seed)?;
            let mut controller = kind.start(&env, &pair.goal, &config, pair.start_seed)?;
            let (mut signs, mut passed, mut steps) = (Vec::new(), 0, 0);
            while steps < budget {
                let decision = controller.decide(&env, passed, &[])?;
                if let Controller::Hybrid(hybrid) = &controller {
                    signs.push(*hybrid.signs());
                }
                passed = controller.block();
                let actions = decision.actions.chunks_exact(runs.task.action_dim());
                for action in actions.take(passed) {
                    if env.step(action).is_err() {
                        return Ok(Vec::new()); // the world failed; nothing is learned from it
                    }
                    steps += 1;
                    if env.achieved(&pair.goal.pose) {
                        return Ok(signs);
                    }
                    if env.is_out_of_reach(&pair.goal.pose) {
                        return Ok(Vec::new());
                    }
                }
            }
            Ok(Vec::new())
        })
        .collect::<Result<Vec<Vec<Signs>>>>()?;
    let signs: Vec<Signs> = episodes.into_iter().flatten().collect();
    if signs.is_empty() {
        bail!(
            "the policy reached none of {count} goals: there is nothing to calibrate the arbiter on"
        );
    }
    let of = |sign: fn(&Signs) -> Option<f32>, quantile: f32| {
        let mut values: Vec<f32> = signs.iter().filter_map(sign).collect();
        values.sort_by(f32::total_cmp);
        let index = (values.len() as f32 * quantile) as usize;
        values
            .get(index.min(values.len().saturating_sub(1)))
            .copied()
            .unwrap_or(f32::MAX)
    };
    let quantile = distillation.quantile;
    Ok(Calibration {
        cost: cost.name().to_owned(),
        quantile,
        disagreement: of(|s| Some(s.disagreement), quantile),
        surprise: of(|s| s.surprise, quantile),
        miss: of(|s| Some(s.miss), quantile),
        closeness: of(|s| Some(s.closeness), distillation.closeness_quantile),
        patience: of(|s| Some(s.stalled as f32), quantile) as usize,
    })
}
