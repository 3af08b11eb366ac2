//! A judge of commands that knows only positions: it takes backward differences of what a robot would execute.

use robot::SafeJointCommand;
use robot::safety::SafetyConfig;

/// Rounding of differences of positions near 4 rad, rad; grows with each division by the period.
const ROUNDING: f64 = 1e-14;

#[derive(Clone, Copy, Default)]
struct Past {
    position: f64,
    velocity: f64,
    acceleration: f64,
}

/// What the robot has executed so far, and the points it was told to execute next.
pub struct Judge {
    config: SafetyConfig,
    past: Vec<Past>,
    ahead: Vec<Vec<f64>>,
}

impl Judge {
    pub fn new(config: &SafetyConfig) -> Self {
        Self {
            config: config.clone(),
            past: Vec::new(),
            ahead: Vec::new(),
        }
    }

    /// A new start from a pose at rest.
    pub fn enabled(&mut self, pose: &[f64]) {
        let at_rest = |&position: &f64| Past {
            position,
            ..Past::default()
        };
        self.past = pose.iter().map(at_rest).collect();
        self.ahead.clear();
    }

    /// Time passes: all but the last of `ticks` were missed, and the robot executed what it had.
    pub fn elapse(&mut self, ticks: i32) {
        for _ in 1..ticks {
            if self.ahead.is_empty() {
                break;
            }
            let position = if self.ahead.len() > 1 {
                self.ahead.remove(0)
            } else {
                self.ahead[0].clone()
            };
            self.past = self.step(&self.past, &position);
        }
    }

    /// The filter sends nothing: the robot runs out what it has.
    pub fn silence(&mut self) {
        self.ahead.clear();
    }

    /// Checks the first point of a command against the past, and the rest as the stop that would follow.
    pub fn check(&mut self, command: &SafeJointCommand) {
        let points: Vec<Vec<f64>> = command.points().map(|p| p.position.to_vec()).collect();
        self.past = self.step(&self.past, &points[0]);
        let mut stop = self.past.clone();
        for point in &points[1..] {
            stop = self.step(&stop, point);
        }
        for (joint, limits) in stop.iter().zip(self.config.limits.as_ref().unwrap()) {
            assert!(
                joint.velocity.abs() < 1e-9,
                "the stop ends at {} rad/s",
                joint.velocity
            );
            assert!(joint.acceleration.abs() <= limits.jerk * self.config.period * (1.0 + 1e-6));
        }
        self.ahead = points[1..].to_vec();
        if self.ahead.is_empty() {
            self.ahead.push(points[0].clone());
        }
    }

    fn step(&self, past: &[Past], position: &[f64]) -> Vec<Past> {
        let period = self.config.period;
        let limits = self.config.limits.as_ref().unwrap();
        assert_eq!(past.len(), position.len(), "a command before any enabling");
        let joints = past.iter().zip(position).zip(limits);
        joints
            .map(|((past, &position), limits)| {
                let velocity = (position - past.position) / period;
                let acceleration = (velocity - past.velocity) / period;
                let jerk = (acceleration - past.acceleration) / period;
                let within = |what: &str, value: f64, limit: f64, divisions: i32| {
                    let slack = limit * 1e-6 + ROUNDING / period.powi(divisions);
                    assert!(
                        value.abs() <= limit + slack,
                        "{what} {value} beyond {limit}"
                    );
                };
                within("velocity", velocity, limits.velocity, 1);
                within("acceleration", acceleration, limits.acceleration, 2);
                within("jerk", jerk, limits.jerk, 3);
                let inside = (limits.position_min..=limits.position_max).contains(&position);
                let inward = match past.position < limits.position_min {
                    true => position >= past.position,
                    false => past.position > limits.position_max && position <= past.position,
                };
                assert!(
                    inside || inward,
                    "{position} after {} leaves {}..{}",
                    past.position,
                    limits.position_min,
                    limits.position_max
                );
                Past {
                    position,
                    velocity,
                    acceleration,
                }
            })
            .collect()
    }
}
