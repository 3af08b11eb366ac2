//! What must hold at the end: the layout of a pose vector, distances between two poses, and the
//! predicate that says a goal is achieved.
//!
//! A pose vector is `[position (position_dims), cos yaw, sin yaw (if has_yaw), effector position
//! (effector_dims)]`, in metres. The effector rides along because planning costs need it; whether
//! a goal is achieved depends on the object alone.

use serde::{Deserialize, Serialize};

/// Layout and tolerances of the pose vectors of one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PoseLayout {
    /// Number of position coordinates of the object, in metres.
    pub position_dims: usize,
    /// Whether `cos yaw, sin yaw` follow the position.
    pub has_yaw: bool,
    /// Number of position coordinates of the end effector, in metres, at the end of the vector.
    pub effector_dims: usize,
    /// Largest position error at which a goal counts as achieved, in metres.
    pub position_tolerance_m: f32,
    /// Largest yaw error at which a goal counts as achieved, in radians; ignored without yaw.
    pub yaw_tolerance_rad: f32,
}

impl PoseLayout {
    /// Length of a pose vector.
    pub fn dim(&self) -> usize {
        self.position_dims + self.yaw_dims() + self.effector_dims
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

    /// Whether `pose` satisfies `goal`: position and, where there is one, yaw inside their
    /// tolerances. The effector is not compared.
    pub fn achieved(&self, pose: &[f32], goal: &[f32]) -> bool {
        self.position_error(pose, goal) <= self.position_tolerance_m
            && (!self.has_yaw || self.yaw_error(pose, goal) <= self.yaw_tolerance_rad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> PoseLayout {
        PoseLayout {
            position_dims: 2,
            has_yaw: true,
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
}
