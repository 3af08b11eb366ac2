//! What the loop tells about itself.

use crate::planning::PlannerStatus;
use crate::safety::Mode;
use std::collections::BTreeMap;

/// How the loop does, now.
#[derive(Clone, Debug, PartialEq)]
pub struct LoopStatus {
    /// Steady time of the last tick, s.
    pub at: f64,
    /// Whether the arm may move, and if not, why.
    pub mode: Mode,
    /// Why the arm could not be enabled yet, where that was asked for.
    pub waiting_for: Option<String>,
    /// Whether commands are sent.
    pub sending: bool,
    /// Whether the arm was last sent to stand still.
    pub resting: bool,
    /// Whether an emergency stop is pressed.
    pub emergency_pressed: bool,
    /// Number of the last enabling.
    pub epoch: u64,
    /// Ticks done.
    pub ticks: u64,
    /// Ticks whose time had passed before their turn.
    pub missed: u64,
    /// Age of the newest accepted state, s; none before the first.
    pub state_age: Option<f64>,
    /// Positions measured last, rad.
    pub position: Vec<f64>,
    /// Positions sent last, rad; empty while nothing is sent.
    pub sent: Vec<f64>,
    /// From the measurement to the acceptance of the last plan, s.
    pub plan_latency: f64,
    /// Points of plans that were dropped because they were due before the plan arrived.
    pub expired_points: u64,
    /// How the planner is.
    pub planner: PlannerStatus,
    /// Interventions of the filter by kind.
    pub interventions: BTreeMap<String, u64>,
}

impl Default for LoopStatus {
    fn default() -> Self {
        Self {
            at: 0.0,
            mode: Mode::Idle,
            waiting_for: None,
            sending: false,
            resting: true,
            emergency_pressed: false,
            epoch: 0,
            ticks: 0,
            missed: 0,
            state_age: None,
            position: Vec::new(),
            sent: Vec::new(),
            plan_latency: 0.0,
            expired_points: 0,
            planner: PlannerStatus::default(),
            interventions: BTreeMap::new(),
        }
    }
}

/// What the loop did from start to end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoopReport {
    /// Its last status.
    pub status: LoopStatus,
    /// Commands written.
    pub commands: u64,
    /// From the arrival of a state to the end of writing the command that used it, median, s.
    pub latency_p50: f64,
    /// The same, 99th percentile, s.
    pub latency_p99: f64,
    /// The same, longest, s.
    pub latency_max: f64,
}
