//! Test-time compute: from one reaction to the largest search, and what lies between.

use super::super::UsageError;
use super::models::Loaded;
use super::rows::hybrid;
use crate::arbiter::{ArbiterConfig, Rule};
use crate::controller::{ControllerKind, PlanningConfig};
use crate::objective::CostKind;
use anyhow::{Context, Result};
use std::sync::Arc;

/// Multiples of the configured budget that the planner runs at.
const MULTIPLES: [f64; 9] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// Shares of their decisions that the baselines of the arbiter plan.
const RATES: [f32; 4] = [0.05, 0.1, 0.2, 0.4];

/// A row of the sweep: who acts, how, and the model steps that its search is scaled to, where it is.
pub type Point = (ControllerKind, PlanningConfig, Option<u64>);

/// The rows of a model: the policy, the planner without it at all budgets, and both under the arbiter and its baselines. Without
/// a policy only the planner.
///
/// # Errors
/// A planner that cannot be scaled to a quarter of its budget.
pub fn points(loaded: &Loaded, cost: CostKind, config: &PlanningConfig) -> Result<Vec<Point>> {
    let model = &loaded.model;
    let mut points: Vec<Point> = Vec::new();
    if let Some(policy) = &loaded.policy {
        let kind = ControllerKind::System1 {
            model: Arc::clone(model),
            policy: Arc::clone(policy),
        };
        points.push((kind, config.clone(), None));
    }
    let horizon = config.horizon_blocks.saturating_mul(model.card().block());
    let own = (config.planner.candidates().saturating_mul(horizon)) as f64;
    for multiple in MULTIPLES {
        let steps = (multiple * own).round() as u64;
        let planner = config
            .planner
            .scaled_to(steps, horizon)
            .map_err(|e| UsageError(e.to_string()))
            .with_context(|| format!("--sweep, {multiple} times the budget of {own} steps"))?;
        let config = PlanningConfig {
            planner,
            ..config.clone()
        };
        let kind = ControllerKind::Latent {
            model: Arc::clone(model),
            cost,
            policy: None,
        };
        points.push((kind, config, Some(steps)));
    }
    if let Some(kind) = hybrid(loaded, &[cost]) {
        points.push((kind.clone(), config.clone(), None));
        for rule in [Rule::Random, Rule::Periodic] {
            let rates = RATES.map(|rate| (kind.clone(), at_rate(config, rule, rate), None));
            points.extend(rates);
        }
    }
    Ok(points)
}

/// The same settings with a baseline in place of the arbiter, which plans this share of its decisions.
pub fn at_rate(config: &PlanningConfig, rule: Rule, rate: f32) -> PlanningConfig {
    PlanningConfig {
        arbiter: ArbiterConfig {
            rule,
            rate,
            ..config.arbiter.clone()
        },
        ..config.clone()
    }
}
