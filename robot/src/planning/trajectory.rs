//! A plan at the control rate: a cubic through the points that have not expired, starting from what was last sent.

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
    /// Joins a plan to the motion that was last sent, which is for time `now`. Points that are due by then are dropped.
    /// Returns the trajectory and how many points were dropped; a plan that has wholly expired leaves none.
    ///
    /// Velocities at the knots are those of a parabola through three neighbours; at the last knot the joints stand.
    pub fn splice(plan: &Plan, sent: &[Motion], now: f64) -> (Option<Self>, usize) {
        let expired = (0..plan.points.len())
            .take_while(|&i| plan.due(i) <= now)
            .count();
        if expired == plan.points.len() {
            return (None, expired);
        }
        let mut times = vec![now];
        let mut positions = vec![sent.iter().map(|m| m.position).collect::<Vec<_>>()];
        for (index, point) in plan.points.iter().enumerate().skip(expired) {
            times.push(plan.due(index));
            positions.push(point.clone());
        }
        let mut velocities = vec![sent.iter().map(|m| m.velocity).collect::<Vec<_>>()];
        for knot in 1..times.len() {
            velocities.push(
                (0..sent.len())
                    .map(|joint| slope(&times, &positions, knot, joint))
                    .collect(),
            );
        }
        (
            Some(Self {
                times,
                positions,
                velocities,
            }),
            expired,
        )
    }

    /// When the last point is due, seconds of the steady clock.
    pub fn end(&self) -> f64 {
        self.times.last().copied().unwrap_or(f64::NEG_INFINITY)
    }

    /// Writes positions, and velocities and accelerations as differences over a period, for one time into `target`.
    /// Returns whether there is a target: none after the end.
    pub fn sample(&self, time: f64, period: f64, target: &mut Vec<Motion>) -> bool {
        target.clear();
        if time > self.end() + 0.5 * period {
            return false;
        }
        let joints = self.positions.first().map_or(0, Vec::len);
        target.extend((0..joints).map(|joint| {
            let [before, last, here] =
                [2.0, 1.0, 0.0].map(|back| self.position(time - back * period, joint));
            let velocity = (here - last) / period;
            let acceleration = (velocity - (last - before) / period) / period;
            Motion {
                position: here,
                velocity,
                acceleration,
            }
        }));
        true
    }

    /// The position of a joint at a time; before the first knot it moves on as it did there, after the last it stands.
    pub fn position(&self, time: f64, joint: usize) -> f64 {
        let last = self.times.len() - 1;
        if time <= self.times[0] {
            return self.positions[0][joint] + (time - self.times[0]) * self.velocities[0][joint];
        }
        let next = self.times.partition_point(|&t| t < time);
        if next > last {
            return self.positions[last][joint];
        }
        let from = next - 1;
        let width = self.times[next] - self.times[from];
        let s = (time - self.times[from]) / width;
        let (p0, p1) = (self.positions[from][joint], self.positions[next][joint]);
        let (m0, m1) = (
            self.velocities[from][joint] * width,
            self.velocities[next][joint] * width,
        );
        let (s2, s3) = (s * s, s * s * s);
        (2.0 * s3 - 3.0 * s2 + 1.0) * p0
            + (s3 - 2.0 * s2 + s) * m0
            + (3.0 * s2 - 2.0 * s3) * p1
            + (s3 - s2) * m1
    }
}

fn slope(times: &[f64], positions: &[Vec<f64>], knot: usize, joint: usize) -> f64 {
    if knot + 1 == times.len() {
        return 0.0;
    }
    let (h0, h1) = (times[knot] - times[knot - 1], times[knot + 1] - times[knot]);
    let d0 = (positions[knot][joint] - positions[knot - 1][joint]) / h0;
    let d1 = (positions[knot + 1][joint] - positions[knot][joint]) / h1;
    (d0 * h1 + d1 * h0) / (h0 + h1)
}

#[cfg(test)]
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
        let sent = [Motion {
            position: 0.16,
            velocity: 1.0,
            acceleration: 0.0,
        }];
        let (trajectory, expired) = Trajectory::splice(&plan(&[0.1, 0.2, 0.3, 0.4]), &sent, 10.16);
        let trajectory = trajectory.unwrap();
        assert_eq!(expired, 1);
        for (time, position) in [(10.16, 0.16), (10.2, 0.2), (10.3, 0.3), (10.4, 0.4)] {
            assert!(
                (trajectory.position(time, 0) - position).abs() < 1e-12,
                "at {time}"
            );
        }
        // On a straight line the cubic is the line, but for the last stretch where it comes to rest.
        assert!((trajectory.position(10.25, 0) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn a_plan_that_has_expired_is_no_trajectory() {
        let (trajectory, expired) =
            Trajectory::splice(&plan(&[0.1, 0.2]), &[Motion::at_rest(0.0)], 10.2);
        assert!(trajectory.is_none());
        assert_eq!(expired, 2);
    }

    #[test]
    fn it_starts_as_the_arm_moves_and_ends_at_rest() {
        let sent = [Motion {
            position: 0.5,
            velocity: -0.7,
            acceleration: 0.0,
        }];
        let trajectory = Trajectory::splice(&plan(&[0.4, 0.2, 0.3]), &sent, 10.0)
            .0
            .unwrap();
        let speed = |time: f64| {
            (trajectory.position(time + 1e-6, 0) - trajectory.position(time - 1e-6, 0)) / 2e-6
        };
        assert!((speed(10.0 + 1e-6) + 0.7).abs() < 1e-3);
        assert!(speed(10.3 - 1e-6).abs() < 1e-3);
        let mut target = Vec::new();
        assert!(trajectory.sample(10.3, 0.01, &mut target));
        assert!(
            !trajectory.sample(10.31, 0.01, &mut target),
            "nothing after the end"
        );
    }
}
