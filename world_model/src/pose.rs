//! What must hold at the end: the layout of a pose vector, distances between two poses, and the
//! predicate that says a goal is achieved.
//!
//! A pose vector is `[position (position_dims), cos yaw, sin yaw (if has_yaw), conditions (conditions),
//! clearances (clearances), effector position (effector_dims)]`, positions in metres. A condition is a value
//! in `[0, 1]` that must agree with the goal's, such as whether the object stands. Clearances, in `[0, 1]`, say
//! how far the object is from what it must not touch. They and the effector ride along because planning costs
//! need them; whether a goal is achieved depends on the object and the conditions alone.

use serde::{Deserialize, Serialize};

/// Difference from the goal's value at which a condition no longer holds.
pub const CONDITION_TOLERANCE: f32 = 0.5;

/// Layout and tolerances of the pose vectors of one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PoseLayout {
    /// Number of position coordinates of the object, in metres.
    pub position_dims: usize,
    /// Whether `cos yaw, sin yaw` follow the position.
    pub has_yaw: bool,
    /// Number of conditions, in `[0, 1]`, that follow.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub conditions: usize,
    /// Index of the condition whose value in the goal must be above one half for position and yaw to
    /// count; they always count without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position_counts_when: Option<usize>,
    /// Number of clearances, in `[0, 1]`, that follow.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub clearances: usize,
    /// Number of position coordinates of the end effector, in metres, at the end of the vector.
    pub effector_dims: usize,
    /// Largest position error at which a goal counts as achieved, in metres.
    pub position_tolerance_m: f32,
    /// Largest yaw error at which a goal counts as achieved, in radians; ignored without yaw.
    pub yaw_tolerance_rad: f32,
}

/// Layouts without conditions or clearances are written as they were before there were any.
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl PoseLayout {
    /// Length of a pose vector.
    pub fn dim(&self) -> usize {
        self.effector_start() + self.effector_dims
    }

    /// Where the conditions start.
    pub fn conditions_start(&self) -> usize {
        self.position_dims + self.yaw_dims()
    }

    /// Where the effector's position starts.
    pub fn effector_start(&self) -> usize {
        self.clearances_start() + self.clearances
    }

    /// Where the clearances start.
    pub fn clearances_start(&self) -> usize {
        self.conditions_start() + self.conditions
    }

    /// The conditions of a pose, `[conditions]`.
    pub fn conditions<'a>(&self, pose: &'a [f32]) -> &'a [f32] {
        pose.get(self.conditions_start()..self.clearances_start())
            .unwrap_or_default()
    }

    /// Whether position and yaw count for a goal.
    pub fn position_counts(&self, goal: &[f32]) -> bool {
        let conditions = self.conditions(goal);
        let deciding = self.position_counts_when.and_then(|i| conditions.get(i));
        deciding.is_none_or(|value| *value > CONDITION_TOLERANCE)
    }

    /// Number of coordinates that describe the yaw: two (cosine, sine) or none.
    pub fn yaw_dims(&self) -> usize {
        if self.has_yaw { 2 } else { 0 }
    }

    /// Euclidean distance between the object positions of two poses, in metres.
    pub fn position_error(&self, a: &[f32], b: &[f32]) -> f32 {
        a.iter()
            .zip(b)
            .take(self.position_dims)
            .map(|(x, y)| (x - y) * (x - y))
            .sum::<f32>()
            .sqrt()
    }

    /// Absolute yaw difference of two poses in `[0, pi]`, radians; zero without yaw. The pairs
    /// (cosine, sine) need not be of unit length, as decoded ones are not.
    pub fn yaw_error(&self, a: &[f32], b: &[f32]) -> f32 {
        let p = self.position_dims;
        match (self.has_yaw, a.get(p..p + 2), b.get(p..p + 2)) {
            (true, Some(&[cos_a, sin_a]), Some(&[cos_b, sin_b])) => {
                let sin = sin_a * cos_b - cos_a * sin_b;
                let cos = cos_a * cos_b + sin_a * sin_b;
                sin.atan2(cos).abs()
            }
            _ => 0.0,
        }
    }

    /// Whether `pose` satisfies `goal`: every condition as in the goal and, where they count, position
    /// and yaw (if there is one) inside their tolerances. Neither clearances nor the effector are compared.
    pub fn achieved(&self, pose: &[f32], goal: &[f32]) -> bool {
        let mut conditions = self.conditions(pose).iter().zip(self.conditions(goal));
        let placed = || {
            self.position_error(pose, goal) <= self.position_tolerance_m
                && (!self.has_yaw || self.yaw_error(pose, goal) <= self.yaw_tolerance_rad)
        };
        conditions.all(|(is, wanted)| (is - wanted).abs() < CONDITION_TOLERANCE)
            && (!self.position_counts(goal) || placed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> PoseLayout {
        PoseLayout {
            position_dims: 2,
            has_yaw: true,
            conditions: 0,
            position_counts_when: None,
            clearances: 0,
            effector_dims: 2,
            position_tolerance_m: 0.02,
            yaw_tolerance_rad: 0.35,
        }
    }

    fn pose(x: f32, yaw_deg: f32) -> Vec<f32> {
        let yaw = yaw_deg.to_radians();
        vec![x, 0.0, yaw.cos(), yaw.sin(), 9.0, 9.0]
    }

    #[test]
    fn yaw_error_wraps_around_the_half_turn() {
        let error = layout().yaw_error(&pose(0.0, 175.0), &pose(0.0, -175.0));
        assert!((error.to_degrees() - 10.0).abs() < 1e-3, "{error}");
    }

    #[test]
    fn yaw_error_ignores_the_length_of_decoded_pairs() {
        let mut short = pose(0.0, 30.0);
        short[2] *= 0.4;
        short[3] *= 0.4;
        let error = layout().yaw_error(&short, &pose(0.0, 0.0));
        assert!((error.to_degrees() - 30.0).abs() < 1e-3, "{error}");
    }

    #[test]
    fn a_goal_needs_both_position_and_yaw_and_ignores_the_effector() {
        let layout = layout();
        let mut near = pose(0.019, 19.0);
        near[4] = -9.0;
        assert!(layout.achieved(&near, &pose(0.0, 0.0)));
        assert!(!layout.achieved(&pose(0.021, 0.0), &pose(0.0, 0.0)));
        assert!(!layout.achieved(&pose(0.0, 21.0), &pose(0.0, 0.0)));
        assert_eq!(layout.dim(), 6);
    }

    #[test]
    fn clearances_stand_between_conditions_and_effector_and_do_not_count() {
        let layout = PoseLayout {
            conditions: 1,
            clearances: 2,
            ..layout()
        };
        let pose = |clearance: f32, effector: f32| {
            let rest = [1.0, clearance, clearance, effector, effector];
            [&[0.0, 0.0, 1.0, 0.0][..], &rest].concat()
        };
        let starts = [layout.clearances_start(), layout.effector_start()];
        assert_eq!((starts, layout.dim()), ([5, 7], 9));
        assert_eq!(layout.conditions(&pose(0.0, 9.0)), [1.0]);
        assert!(layout.achieved(&pose(0.0, 0.0), &pose(1.0, 9.0)));
    }

    #[test]
    fn conditions_must_agree_and_may_make_the_position_irrelevant() {
        let layout = PoseLayout {
            has_yaw: false,
            conditions: 1,
            position_counts_when: Some(0),
            ..layout()
        };
        let (here, there) = ([0.0, 0.0], [0.3, 0.0]);
        let pose = |at: [f32; 2], upright: f32| vec![at[0], at[1], upright, 9.0, 9.0];
        assert!(layout.achieved(&pose(here, 0.8), &pose(here, 1.0)));
        assert!(
            !layout.achieved(&pose(here, 0.4), &pose(here, 1.0)),
            "it fell"
        );
        assert!(!layout.achieved(&pose(there, 1.0), &pose(here, 1.0)));
        assert!(
            layout.achieved(&pose(there, 0.1), &pose(here, 0.0)),
            "lying anywhere"
        );
        assert!(!layout.achieved(&pose(here, 0.6), &pose(here, 0.0)));
    }

    #[test]
    fn layouts_without_conditions_and_clearances_are_written_and_read_as_before_there_were_any() {
        let text = serde_json::to_string(&layout()).unwrap_or_default();
        assert!(
            !text.contains("condition") && !text.contains("clearance"),
            "{text}"
        );
        assert_eq!(
            serde_json::from_str::<PoseLayout>(&text).ok(),
            Some(layout())
        );
    }
}
