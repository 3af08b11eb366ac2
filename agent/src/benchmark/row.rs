//! One row of the benchmark's table, as it stands in the JSON report.

use super::episode::Outcome;
use super::statistics::{quantile, wilson95};
use super::tier::Tier;
use serde::{Deserialize, Serialize};

/// Success of one planner on one task and tier.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Row {
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
    /// Seed that the pairs were drawn with.
    pub seed: u64,
    /// Seed that the model was trained with.
    pub model_seed: Option<u64>,
    /// Hash of the data that the model was trained on.
    pub model_data: Option<String>,
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
    /// Episodes whose world failed.
    pub world_failures: usize,
    /// Decisions that came later than the world could wait; the world waits in this protocol.
    pub deadline_misses: usize,
    /// Median time of a decision, milliseconds.
    pub decision_ms_p50: f64,
    /// 99th percentile.
    pub decision_ms_p99: f64,
    /// Each episode, in the order of the pairs.
    pub results: Vec<EpisodeResult>,
}

/// How one episode ended. Rows with the same task, variant, tier and seed have the same pairs in the same order.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct EpisodeResult {
    /// Seed of the start.
    pub start_seed: u64,
    /// Position error at the start, metres.
    pub goal_distance_m: f32,
    /// Yaw error at the start, radians.
    pub goal_turn_rad: f32,
    /// Whether the goal was reached.
    pub success: bool,
    /// Control steps taken.
    pub steps: usize,
    /// Position error at the end, metres.
    pub position_error_m: f32,
    /// Yaw error at the end, radians.
    pub yaw_error_rad: f32,
}

impl EpisodeResult {
    /// Whether both episodes had the same start and goal. A task that has changed in between draws other goals from the same
    /// seeds.
    pub fn is_same_pair(&self, other: &Self) -> bool {
        let pair = |r: &Self| (r.start_seed, r.goal_distance_m, r.goal_turn_rad);
        pair(self) == pair(other)
    }
}

impl From<&Outcome> for EpisodeResult {
    fn from(outcome: &Outcome) -> Self {
        Self {
            start_seed: outcome.start_seed,
            goal_distance_m: outcome.goal_distance_m,
            goal_turn_rad: outcome.goal_turn_rad,
            success: outcome.success,
            steps: outcome.steps,
            position_error_m: outcome.position_error_m,
            yaw_error_rad: outcome.yaw_error_rad,
        }
    }
}

/// What a row is about.
#[derive(Clone, Debug)]
pub struct RowHead {
    /// As in [`Row`].
    pub task: String,
    /// As in [`Row`].
    pub variant: String,
    /// As in [`Row`].
    pub planner: String,
    /// As in [`Row`].
    pub cost: String,
    /// As in [`Row`].
    pub pose_labels: String,
    /// As in [`Row`].
    pub observation: String,
    /// As in [`Row`].
    pub tier: Tier,
    /// As in [`Row`].
    pub seed: u64,
    /// As in [`Row`].
    pub model_seed: Option<u64>,
    /// As in [`Row`].
    pub model_data: Option<String>,
}

impl Row {
    /// Sums the outcomes of a row's episodes up.
    pub fn new(head: RowHead, outcomes: &[Outcome]) -> Self {
        let episodes = outcomes.len();
        let successes = outcomes.iter().filter(|o| o.success).count();
        let (ci95_low, ci95_high) = wilson95(successes, episodes);
        let mut latencies: Vec<f64> = outcomes
            .iter()
            .flat_map(|o| o.decision_ms.iter().copied())
            .collect();
        let decisions = latencies.len().max(1) as f64;
        let steps: usize = outcomes.iter().filter(|o| o.success).map(|o| o.steps).sum();
        let median = |value: fn(&Outcome) -> f32| {
            quantile(
                &mut outcomes
                    .iter()
                    .map(|o| f64::from(value(o)))
                    .collect::<Vec<_>>(),
                0.5,
            )
        };
        Self {
            task: head.task,
            variant: head.variant,
            planner: head.planner,
            cost: head.cost,
            pose_labels: head.pose_labels,
            observation: head.observation,
            tier: head.tier,
            seed: head.seed,
            model_seed: head.model_seed,
            model_data: head.model_data,
            episodes,
            successes,
            success_rate: successes as f64 / episodes.max(1) as f64,
            ci95_low,
            ci95_high,
            steps_to_success: (successes > 0).then(|| steps as f64 / successes as f64),
            position_error_m_p50: median(|o| o.position_error_m),
            yaw_error_rad_p50: median(|o| o.yaw_error_rad),
            model_steps_per_decision: outcomes.iter().map(|o| o.model_steps).sum::<u64>() as f64
                / decisions,
            world_failures: outcomes.iter().filter(|o| o.world_failed).count(),
            deadline_misses: 0,
            decision_ms_p50: quantile(&mut latencies, 0.5),
            decision_ms_p99: quantile(&mut latencies, 0.99),
            results: outcomes.iter().map(EpisodeResult::from).collect(),
        }
    }
}
