//! A plan at the control rate: a cubic through its points. Getting from where the arm was sent to the plan, without a jump and
//! without overshoot, is what the safety filter does anyway.

use super::Plan;
use crate::safety::Motion;

/// Knots in time with positions and velocities, joined by cubic Hermite polynomials.
#[derive(Clone, Debug, Default)]
pub struct Trajectory {
    times: Vec<f64>,
    /// `[knots][joints]`
    positions: Vec<Vec<f64>>,
    velocities: Vec<Vec<f64>>,
}

impl Trajectory {
    /// The part of a plan that is still ahead at a time. Points that are due by then are dropped, but for the last of them,
    /// from which the cubic comes. Returns the trajectory and how many points had expired; a plan that has wholly expired
    /// leaves none.
    ///
    /// Velocities at the knots are differences of the plan, expired points included; at its end the joints stand.
    ///
    /// Until the first point of a plan, what `before` had planned goes on, if it reaches so far.
    pub fn ahead(plan: &Plan, now: f64, before: Option<&Self>) -> (Option<Self>, usize) {
        let count = plan.points.len();
        let expired = (0..count).take_while(|&i| plan.due(i) <= now).count();
        if expired == count {
            return (None, expired);
        }
        let mut trajectory = Self::default();
        if let Some(before) = before.filter(|before| expired == 0 && before.end() >= now) {
            let joints = 0..plan.points[0].len();
            trajectory.times.push(now);
            trajectory.positions.push(
                joints
                    .clone()
                    .map(|joint| before.at(now, joint).0)
                    .collect(),
            );
            trajectory
                .velocities
                .push(joints.map(|joint| before.at(now, joint).1).collect());
        }
        for (point, position) in plan
            .points
            .iter()
            .enumerate()
            .skip(expired.saturating_sub(1))
        {
            trajectory.times.push(plan.due(point));
            trajectory.velocities.push(
                (0..position.len())
                    .map(|joint| slope(plan, point, joint))
                    .collect(),
            );
            trajectory.positions.push(position.clone());
        }
        (Some(trajectory), expired)
    }

    /// When the last point is due, seconds of the steady clock.
    pub fn end(&self) -> f64 {
        self.times.last().copied().unwrap_or(f64::NEG_INFINITY)
    }

    /// Writes positions, velocities as differences over a period, and accelerations for one time into `target`.
    /// Returns whether there is a target: none after the end.
    pub fn sample(&self, time: f64, period: f64, target: &mut Vec<Motion>) -> bool {
        target.clear();
        if time > self.end() + 0.5 * period {
            return false;
        }
        let joints = self.positions.first().map_or(0, Vec::len);
        target.extend((0..joints).map(|joint| {
            let (last, _, acceleration) = self.at(time - period, joint);
            let position = self.position(time, joint);
            Motion {
                position,
                velocity: (position - last) / period,
                acceleration,
            }
        }));
        true
    }

    /// The position of a joint at a time; before the first knot it moves as it does there, after the last it stands.
    pub fn position(&self, time: f64, joint: usize) -> f64 {
        self.at(time, joint).0
    }

    /// Position, velocity and acceleration of a joint at a time.
    fn at(&self, time: f64, joint: usize) -> (f64, f64, f64) {
        let (first, last) = (self.times[0], self.times.len() - 1);
        if time <= first {
            let velocity = self.velocities[0][joint];
            return (
                self.positions[0][joint] + (time - first) * velocity,
                velocity,
                0.0,
            );
        }
        let next = self.times.partition_point(|&t| t < time);
        if next > last {
            return (self.positions[last][joint], 0.0, 0.0);
        }
        let from = next - 1;
        let width = self.times[next] - self.times[from];
        let s = (time - self.times[from]) / width;
        let (p0, p1) = (self.positions[from][joint], self.positions[next][joint]);
        let (m0, m1) = (
            self.velocities[from][joint] * width,
            self.velocities[next][joint] * width,
        );
        let (square, cubic) = (3.0 * (p1 - p0) - 2.0 * m0 - m1, 2.0 * (p0 - p1) + m0 + m1);
        let position = p0 + s * (m0 + s * (square + s * cubic));
        let velocity = (m0 + s * (2.0 * square + 3.0 * s * cubic)) / width;
        (
            position,
            velocity,
            (2.0 * square + 6.0 * s * cubic) / (width * width),
        )
    }
}

/// The velocity of a plan at a point, exact for parabolas; zero at its end.
fn slope(plan: &Plan, point: usize, joint: usize) -> f64 {
    let at = |index: usize| plan.points[index][joint];
    let last = plan.points.len() - 1;
    match point {
        _ if point == last => 0.0,
        0 if last == 1 => (at(1) - at(0)) / plan.interval,
        0 => (4.0 * at(1) - 3.0 * at(0) - at(2)) / (2.0 * plan.interval),
        _ => (at(point + 1) - at(point - 1)) / (2.0 * plan.interval),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    fn plan(points: &[f64]) -> Plan {
        Plan {
            epoch: 1,
            sequence: 1,
            observed_at: 10.0,
            joints: vec!["a".to_owned()],
            interval: 0.1,
            points: points.iter().map(|&p| vec![p]).collect(),
        }
    }

    #[test]
    fn expired_points_are_dropped_and_the_rest_is_met_on_time() {
        let (trajectory, expired) =
            Trajectory::ahead(&plan(&[0.1, 0.2, 0.3, 0.4, 0.5]), 10.25, None);
        let trajectory = trajectory.unwrap();
        assert_eq!(expired, 2);
        // On a straight line the cubic is the line, but for the last stretch, where it comes to rest.
        for time in [10.2, 10.25, 10.3, 10.37, 10.4] {
            assert!(
                (trajectory.position(time, 0) - (time - 10.0)).abs() < 1e-12,
                "at {time}"
            );
        }
    }

    #[test]
    fn before_its_first_point_it_moves_as_it_does_there() {
        let trajectory = Trajectory::ahead(&plan(&[0.1, 0.2, 0.3]), 10.02, None)
            .0
            .unwrap();
        assert!((trajectory.position(10.05, 0) - 0.05).abs() < 1e-12);
    }

    #[test]
    fn until_its_first_point_the_plan_before_goes_on() {
        let before = Trajectory::ahead(&plan(&[0.1, 0.2, 0.3, 0.4]), 10.0, None)
            .0
            .unwrap();
        let next = Plan {
            observed_at: 10.12,
            ..plan(&[0.22, 0.32, 0.42])
        };
        let trajectory = Trajectory::ahead(&next, 10.15, Some(&before)).0.unwrap();
        for time in [10.15, 10.18, 10.22, 10.3] {
            assert!(
                (trajectory.position(time, 0) - (time - 10.0)).abs() < 1e-12,
                "at {time}"
            );
        }
    }

    #[test]
    fn a_plan_that_has_expired_is_no_trajectory() {
        let (trajectory, expired) = Trajectory::ahead(&plan(&[0.1, 0.2]), 10.2, None);
        assert!(trajectory.is_none());
        assert_eq!(expired, 2);
    }

    #[test]
    fn it_comes_to_rest_at_its_end_and_gives_no_target_after_it() {
        let trajectory = Trajectory::ahead(&plan(&[0.4, 0.2, 0.3]), 10.0, None)
            .0
            .unwrap();
        let speed = |time: f64| {
            (trajectory.position(time + 1e-6, 0) - trajectory.position(time - 1e-6, 0)) / 2e-6
        };
        assert!(speed(10.3 - 2e-6).abs() < 1e-3);
        let mut target = Vec::new();
        assert!(trajectory.sample(10.3, 0.01, &mut target));
        assert!((target[0].position - 0.3).abs() < 1e-12);
        assert!(!trajectory.sample(10.31, 0.01, &mut target));
    }
}
