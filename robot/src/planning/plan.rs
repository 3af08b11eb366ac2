//! What a planner is given and what it must give back.

use crate::joint_state::Measured;
use crate::safety::Motion;

/// What the planner knows of the robot when it starts to plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Number of the enabling; plans of an older one are refused.
    pub epoch: u64,
    /// When the state was measured, seconds of the steady clock. Points of the plan are counted from here.
    pub at: f64,
    /// The newest state of the robot.
    pub measured: Measured,
    /// How long the last plans took from measurement to acceptance, s. The plan's points before that are dropped.
    pub latency: f64,
    /// How the joints were sent to move at `at`: what the robot's servos were about when the state was measured.
    pub sent: Vec<Motion>,
    /// Where the joints will have been sent `latency` seconds after `at`, rad: the place to plan on from.
    pub expected: Vec<f64>,
}

/// What a planner proposes: joint positions at equal intervals after the observation.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Names of the joints, the profile's and in its order.
    pub joints: Vec<String>,
    /// Time between points, s.
    pub interval: f64,
    /// Positions, rad, `[points, joints]`; point `i` is for `at + (i + 1) * interval`.
    pub points: Vec<Vec<f64>>,
}

/// A proposal, stamped with where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Epoch of the observation.
    pub epoch: u64,
    /// Counts the proposals of a planner.
    pub sequence: u64,
    /// When the state was measured that the plan came from, seconds of the steady clock.
    pub observed_at: f64,
    /// Names of the joints.
    pub joints: Vec<String>,
    /// Time between points, s.
    pub interval: f64,
    /// Positions, rad, `[points, joints]`; point `i` is for `observed_at + (i + 1) * interval`.
    pub points: Vec<Vec<f64>>,
}

impl Plan {
    /// Stamps a proposal with the observation that it came from.
    pub fn stamped(proposal: Proposal, observation: &Observation, sequence: u64) -> Self {
        Self {
            epoch: observation.epoch,
            sequence,
            observed_at: observation.at,
            joints: proposal.joints,
            interval: proposal.interval,
            points: proposal.points,
        }
    }

    /// When a point is due, seconds of the steady clock.
    pub fn due(&self, point: usize) -> f64 {
        self.observed_at + (point + 1) as f64 * self.interval
    }
}

/// Why a planner has no proposal this time; it is asked again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ProposerError(pub String);

/// Whatever proposes motion. It may be slow, fail or panic: the arm then runs out the last plan and decelerates.
pub trait Proposer: Send {
    /// Plans from an observation.
    ///
    /// # Errors
    /// Says why there is no plan this time.
    fn propose(&mut self, observation: &Observation) -> Result<Proposal, ProposerError>;
}
