//! What counts as reached: the layout of pose vectors and the success predicate on them.

use crate::shapes::Placement;
use serde::{Deserialize, Serialize};

/// A goal pose and, where known, the whole observation that belongs to it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Goal {
    /// What must hold at the end, laid out like [`crate::Env::pose`].
    pub pose: Vec<f32>,
    /// The state observation from which the pose was taken.
    pub observation: Vec<f32>,
    /// Where all bodies are then, and where they were a control step earlier, in the order of [`crate::Task::appearance`]: what
    /// a camera sees. Empty where it is not known.
    pub placements: [Vec<Placement>; 2],
}

/// Difference from the goal's value at which a condition no longer holds.
pub const CONDITION_TOLERANCE: f32 = 0.5;

/// A pose vector: position of the object, cosine and sine of its yaw where orientation counts, conditions (values in `[0, 1]`
/// that must agree with the goal's, see [`crate::spec::ConditionSpec`]), clearances (values in `[0, 1]` that matter to planners
/// alone, see [`crate::spec::ClearanceSpec`]), position of the effector where the object is not the robot itself.
#[derive(Clone, Debug, PartialEq)]
pub struct PoseShape {
    /// Coordinates of the object's position.
    pub position_dims: usize,
    /// Whether cosine and sine of the yaw follow.
    pub has_yaw: bool,
    /// What an error of one tolerance costs, one for each condition, in tolerances of the position.
    pub condition_weights: Vec<f32>,
    /// Index of the condition whose value in the goal must be above one half for position and yaw to count; they always count
    /// without one.
    pub position_counts_when: Option<usize>,
    /// What no gap at all costs, one for each clearance, in tolerances of the position.
    pub clearance_weights: Vec<f32>,
    /// Coordinates of the effector's position; zero when the object is the robot itself.
    pub effector_dims: usize,
    /// Metres.
    pub position_tolerance_m: f32,
    /// Radians; infinite when orientation does not count.
    pub yaw_tolerance_rad: f32,
}

impl PoseShape {
    /// Length of a pose vector.
    pub fn dim(&self) -> usize {
        self.clearances_start() + self.clearance_weights.len() + self.effector_dims
    }

    /// Where the conditions start.
    pub fn conditions_start(&self) -> usize {
        self.position_dims + 2 * usize::from(self.has_yaw)
    }

    /// The conditions of a pose vector.
    pub fn conditions<'a>(&self, pose: &'a [f32]) -> &'a [f32] {
        pose.get(self.conditions_start()..self.clearances_start())
            .unwrap_or_default()
    }

    /// Errors of the conditions, in tolerances.
    pub fn condition_errors<'a>(
        &self,
        pose: &'a [f32],
        goal: &'a [f32],
    ) -> impl Iterator<Item = f32> + 'a {
        let pairs = self.conditions(pose).iter().zip(self.conditions(goal));
        pairs.map(|(is, wanted)| (is - wanted).abs() / CONDITION_TOLERANCE)
    }

    /// Where the clearances start.
    pub fn clearances_start(&self) -> usize {
        self.conditions_start() + self.condition_weights.len()
    }

    /// How much of each clearance is missing, in margins.
    pub fn clearance_errors<'a>(&self, pose: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        let start = self.clearances_start();
        let values = pose.get(start..start + self.clearance_weights.len());
        let missing = |value: &f32| (1.0 - value).max(0.0);
        values.unwrap_or_default().iter().map(missing)
    }

    /// Whether position and yaw count for a goal.
    pub fn position_counts(&self, goal: &[f32]) -> bool {
        let conditions = self.conditions(goal);
        let deciding = self.position_counts_when.and_then(|i| conditions.get(i));
        deciding.is_none_or(|value| *value > CONDITION_TOLERANCE)
    }

    /// Distance between the objects' positions, metres.
    pub fn position_error_m(&self, pose: &[f32], goal: &[f32]) -> f32 {
        let n = self.position_dims;
        let squared: f32 = pose[..n]
            .iter()
            .zip(&goal[..n])
            .map(|(a, b)| (a - b) * (a - b))
            .sum();
        squared.sqrt()
    }

    /// Smallest turn between the objects' yaws, radians; zero when orientation does not count.
    pub fn yaw_error_rad(&self, pose: &[f32], goal: &[f32]) -> f32 {
        if !self.has_yaw {
            return 0.0;
        }
        let n = self.position_dims;
        let (c0, s0, c1, s1) = (pose[n], pose[n + 1], goal[n], goal[n + 1]);
        (s0 * c1 - c0 * s1).atan2(c0 * c1 + s0 * s1).abs()
    }

    /// The success predicate.
    pub fn achieved(&self, pose: &[f32], goal: &[f32]) -> bool {
        let placed = || {
            self.position_error_m(pose, goal) < self.position_tolerance_m
                && (!self.has_yaw || self.yaw_error_rad(pose, goal) < self.yaw_tolerance_rad)
        };
        self.condition_errors(pose, goal).all(|error| error < 1.0)
            && (!self.position_counts(goal) || placed())
    }
}
