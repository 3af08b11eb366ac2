//! Straight lines in joint space: no model, no obstacles. For first motions of a new robot, and to stand beside a planner.

use super::plan::{Observation, Proposal, Proposer, ProposerError};

/// Moves every joint towards a goal on a straight line, the one with the longest way at a given speed.
#[derive(Clone, Debug)]
pub struct StraightLine {
    joints: Vec<String>,
    goal: Vec<f64>,
    speed: f64,
}

/// Time between points, s.
const INTERVAL: f64 = 0.05;
/// Points of a proposal: a second's worth, so that some plans may be late.
const POINTS: usize = 20;

impl StraightLine {
    /// A proposer for joints that are to go to `goal`, rad, at `speed`, rad/s.
    pub fn new(joints: &[String], goal: &[f64], speed: f64) -> Self {
        Self {
            joints: joints.to_vec(),
            goal: goal.to_vec(),
            speed,
        }
    }
}

impl Proposer for StraightLine {
    fn propose(&mut self, observation: &Observation) -> Result<Proposal, ProposerError> {
        let start = &observation.expected;
        let ways = self
            .goal
            .iter()
            .zip(start)
            .map(|(goal, start)| (goal - start).abs());
        let duration = ways.fold(0.0, f64::max) / self.speed;
        let point = |index: usize| {
            let moving = (index + 1) as f64 * INTERVAL - observation.latency;
            let share = if duration > 0.0 {
                (moving / duration).clamp(0.0, 1.0)
            } else {
                1.0
            };
            start
                .iter()
                .zip(&self.goal)
                .map(|(start, goal)| start + share * (goal - start))
                .collect()
        };
        Ok(Proposal {
            joints: self.joints.clone(),
            interval: INTERVAL,
            points: (0..POINTS).map(point).collect(),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;
    use crate::joint_state::Measured;

    #[test]
    fn the_longest_way_has_the_speed_and_the_goal_is_kept() {
        let joints = ["a", "b"].map(str::to_owned);
        let mut line = StraightLine::new(&joints, &[0.3, -0.1], 0.5);
        let observation = Observation {
            epoch: 1,
            at: 7.0,
            measured: Measured::default(),
            latency: 0.1,
            sent: Vec::new(),
            expected: vec![0.0, 0.0],
        };
        let points = line.propose(&observation).unwrap().points;
        assert_eq!(
            points[1],
            [0.0, 0.0],
            "not before the plan can have arrived"
        );
        assert!((points[3][0] - 0.05).abs() < 1e-12 && (points[3][1] + 0.05 / 3.0).abs() < 1e-12);
        assert_eq!(points[19], [0.3, -0.1]);
    }
}
