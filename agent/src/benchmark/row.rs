//! One row of the benchmark's table, as it stands in the JSON report.

use super::episode::Outcome;
use super::statistics::{quantile, wilson95};
use super::tier::Tier;
use crate::arbiter::Reason;
use crate::controller::PlanningConfig;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Deref;

/// What a row is about: two rows with equal heads and as many episodes are the same experiment.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RowHead {
    /// Task.
    pub task: String,
    /// Variant of the task: how its factors of variation were set.
    pub variant: String,
    /// Planner, or rung of the ladder.
    pub planner: String,
    /// Cost; `none` for rows without one.
    pub cost: String,
    /// What the row was told about poses.
    pub pose_labels: String,
    /// Observation kind; `none` for rows that look at nothing, `world` for rows that look at the true world.
    pub observation: String,
    /// Tier.
    pub tier: Tier,
    /// Where the pairs of start and goal come from.
    pub pairs: PairSource,
    /// Seed that the pairs were drawn with.
    pub seed: u64,
    /// Whether the world ran on while the planner was thinking.
    pub realtime: bool,
    /// Model steps that a decision was scaled to; none when the settings say how many.
    pub budget: Option<u64>,
    /// Seed that the model was trained with.
    pub model_seed: Option<u64>,
    /// Hash of the data that the model was trained on.
    pub model_data: Option<String>,
    /// Hash of the model's weights.
    pub model_hash: Option<String>,
    /// Hash of the policy's weights, where one reacts or proposes.
    #[serde(default)]
    pub policy_hash: Option<String>,
    /// Settings of the planner; none for rows that do not plan.
    pub settings: Option<PlanningConfig>,
}

/// Where pairs of start and goal come from.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PairSource {
    /// The task's manifest.
    Frozen,
    /// Drawn for this benchmark.
    Fresh,
}

/// Success of one planner on one task and tier.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Row {
    /// What the row is about.
    #[serde(flatten)]
    pub head: RowHead,
    /// Episodes.
    pub episodes: usize,
    /// Successful ones.
    pub successes: usize,
    /// Their share.
    pub success_rate: f64,
    /// Wilson 95 % interval.
    pub ci95_low: f64,
    /// Wilson 95 % interval.
    pub ci95_high: f64,
    /// Mean control steps of the successful episodes; none without successes.
    pub steps_to_success: Option<f64>,
    /// Median position error at the end, metres.
    pub position_error_m_p50: f64,
    /// Median yaw error at the end, radians.
    pub yaw_error_rad_p50: f64,
    /// Control steps imagined or simulated for a decision, mean.
    pub model_steps_per_decision: f64,
    /// Share of the decisions that System 2 made.
    #[serde(default)]
    pub planned_share: f64,
    /// Decisions by who made them and why.
    #[serde(default)]
    pub reasons: BTreeMap<Reason, usize>,
    /// Episodes whose world failed.
    pub world_failures: usize,
    /// Decisions that came later than the world got on; none when the world waits.
    pub deadline_misses: usize,
    /// Median time of a decision, milliseconds.
    pub decision_ms_p50: f64,
    /// 99th percentile.
    pub decision_ms_p99: f64,
    /// Each episode, in the order of the pairs. Rows with the same task, variant, tier, seed and source of pairs have the same
    /// pairs in the same order.
    pub results: Vec<Outcome>,
}

#[cfg(test)]
impl RowHead {
    /// Of a planner of states on push, for tests of what is told of rows.
    pub fn of_push(planner: &str, tier: Tier) -> Self {
        Self {
            task: "push".to_owned(),
            variant: "nominal".to_owned(),
            planner: planner.to_owned(),
            cost: "none".to_owned(),
            pose_labels: "none".to_owned(),
            observation: "state".to_owned(),
            tier,
            pairs: PairSource::Frozen,
            seed: 1,
            realtime: false,
            budget: None,
            model_seed: None,
            model_data: None,
            model_hash: None,
            policy_hash: None,
            settings: None,
        }
    }
}

impl Deref for Row {
    type Target = RowHead;

    fn deref(&self) -> &RowHead {
        &self.head
    }
}

impl Row {
    /// Mean time of a decision, milliseconds: what a hybrid agent takes, whose median is a reaction's; zero without decisions.
    pub fn decision_ms_mean(&self) -> f64 {
        let times = || self.results.iter().flat_map(|o| &o.decision_ms);
        times().sum::<f64>() / times().count().max(1) as f64
    }

    /// Sums the outcomes of a row's episodes up.
    pub fn new(head: RowHead, results: Vec<Outcome>) -> Self {
        let episodes = results.len();
        let successes = results.iter().filter(|o| o.success).count();
        let (ci95_low, ci95_high) = wilson95(successes, episodes);
        let mut latencies: Vec<f64> = results
            .iter()
            .flat_map(|o| o.decision_ms.iter().copied())
            .collect();
        let decisions = latencies.len().max(1) as f64;
        let steps: usize = results.iter().filter(|o| o.success).map(|o| o.steps).sum();
        let median = |value: fn(&Outcome) -> f32| {
            let mut values: Vec<f64> = results.iter().map(|o| f64::from(value(o))).collect();
            quantile(&mut values, 0.5)
        };
        Self {
            head,
            episodes,
            successes,
            success_rate: successes as f64 / episodes.max(1) as f64,
            ci95_low,
            ci95_high,
            steps_to_success: (successes > 0).then(|| steps as f64 / successes as f64),
            position_error_m_p50: median(|o| o.position_error_m),
            yaw_error_rad_p50: median(|o| o.yaw_error_rad),
            model_steps_per_decision: results.iter().map(|o| o.model_steps).sum::<u64>() as f64
                / decisions,
            planned_share: results.iter().map(|o| o.planned).sum::<usize>() as f64 / decisions,
            reasons: results.iter().flat_map(|o| &o.reasons).fold(
                BTreeMap::new(),
                |mut all, (reason, count)| {
                    *all.entry(*reason).or_default() += count;
                    all
                },
            ),
            world_failures: results.iter().filter(|o| o.world_failed).count(),
            deadline_misses: results.iter().map(|o| o.deadline_misses).sum(),
            decision_ms_p50: quantile(&mut latencies, 0.5),
            decision_ms_p99: quantile(&mut latencies, 0.99),
            results,
        }
    }
}
