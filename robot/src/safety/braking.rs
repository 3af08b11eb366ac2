//! The braking manoeuvre of one joint on the grid of control ticks, and whether it stays inside the limits.
//!
//! A command is a position each tick. Velocity, acceleration and jerk are its backward differences, so they are what the
//! robot can compute too. From velocity `v` (say positive) and acceleration `a` the manoeuvre decelerates by
//! `d = min(A, f^-1(v / T))`, where `f(x) = x + (x - JT) + (x - 2JT) + ...` is the speed, in units of `T`, that is lost
//! while a deceleration `x` is let go of at the jerk limit `J`. Decelerating by no more than that lands at `v = 0, a = 0`
//! exactly and without overshoot, since `f(x - JT) = f(x) - x`.
//!
//! A motion is *viable* when the manoeuvre that starts from it meets every limit until rest. The manoeuvre's own next motion
//! is then viable too. So a filter that only ever moves to viable motions can always stop inside the limits: this is the
//! braking-distance cap on velocity, exact on the grid.

/// Where a joint was last sent, with the backward differences of what was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Motion {
    /// rad
    pub position: f64,
    /// rad/s
    pub velocity: f64,
    /// rad/s^2
    pub acceleration: f64,
}

/// Limits of one joint for one tick.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Control period, s.
    pub period: f64,
    /// rad/s
    pub velocity: f64,
    /// rad/s^2
    pub acceleration: f64,
    /// rad/s^3
    pub jerk: f64,
    /// rad
    pub position_min: f64,
    /// rad
    pub position_max: f64,
}

/// Speed below which a joint counts as standing, rad/s.
const REST: f64 = 1e-12;
/// No manoeuvre of sensible limits takes as many ticks; what does is not viable.
const LONGEST: usize = 20_000;

impl Motion {
    /// Standing at a position.
    pub fn at_rest(position: f64) -> Self {
        Self {
            position,
            velocity: 0.0,
            acceleration: 0.0,
        }
    }

    /// The motion one tick later under an acceleration.
    pub(crate) fn advanced(self, acceleration: f64, period: f64) -> Self {
        let velocity = self.velocity + acceleration * period;
        Self {
            position: self.position + velocity * period,
            velocity,
            acceleration,
        }
    }

    /// Whether the joint stands and may stay where it is.
    pub(crate) fn rests(self, bounds: &Bounds) -> bool {
        self.velocity.abs() < REST && self.acceleration.abs() <= bounds.jerk * bounds.period
    }
}

impl Bounds {
    /// Lowest and highest acceleration that the jerk limit leaves for the next tick.
    pub(crate) fn reach(&self, motion: Motion) -> (f64, f64) {
        let step = self.jerk * self.period;
        (
            (motion.acceleration - step).max(-self.acceleration),
            (motion.acceleration + step).min(self.acceleration),
        )
    }

    /// Whether a step meets the limits. Outside the window only motion towards it does.
    fn allow(&self, before: Motion, after: Motion) -> bool {
        let inward_low = after.position >= self.position_min || after.position >= before.position;
        let inward_high = after.position <= self.position_max || after.position <= before.position;
        after.velocity.abs() <= self.velocity && inward_low && inward_high
    }
}

/// The acceleration of the braking manoeuvre for the next tick, rad/s^2.
pub(crate) fn braking_acceleration(motion: Motion, bounds: &Bounds) -> f64 {
    let step = bounds.jerk * bounds.period;
    let speed = motion.velocity.abs() / bounds.period;
    let whole = ((-1.0 + (1.0 + 8.0 * speed / step).sqrt()) / 2.0).floor();
    let deceleration = (speed / (whole + 1.0) + step * whole / 2.0).min(bounds.acceleration);
    let (low, high) = (motion.acceleration - step, motion.acceleration + step);
    (-deceleration.copysign(motion.velocity)).max(low).min(high)
}

/// The next motion of the braking manoeuvre.
pub(crate) fn braked(motion: Motion, bounds: &Bounds) -> Motion {
    motion.advanced(braking_acceleration(motion, bounds), bounds.period)
}

/// Where the braking manoeuvre ends, rad.
pub(crate) fn stop_position(mut motion: Motion, bounds: &Bounds) -> f64 {
    for _ in 0..LONGEST {
        if motion.rests(bounds) {
            break;
        }
        motion = braked(motion, bounds);
    }
    motion.position
}

/// Whether moving from one motion to the next meets the limits, now and in the braking manoeuvre that may follow.
pub(crate) fn is_viable_step(before: Motion, after: Motion, bounds: &Bounds) -> bool {
    if !bounds.allow(before, after) {
        return false;
    }
    let mut motion = after;
    for _ in 0..LONGEST {
        if motion.rests(bounds) {
            return true;
        }
        let next = braked(motion, bounds);
        if !bounds.allow(motion, next) {
            return false;
        }
        motion = next;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        period: 0.01,
        velocity: 2.0,
        acceleration: 8.0,
        jerk: 80.0,
        position_min: -1.0,
        position_max: 1.0,
    };

    #[test]
    fn braking_lands_at_rest_without_overshoot() {
        for velocity in [0.001, 0.03, 0.3, 0.77, 2.0] {
            let mut motion = Motion {
                position: 0.0,
                velocity,
                acceleration: 0.0,
            };
            let mut ticks = 0;
            while !motion.rests(&BOUNDS) {
                let next = braked(motion, &BOUNDS);
                assert!((next.acceleration - motion.acceleration).abs() <= 80.0 * 0.01 + 1e-9);
                assert!(next.acceleration.abs() <= 8.0 && next.velocity >= -1e-12);
                motion = next;
                ticks += 1;
            }
            // Never longer than the ramps of acceleration and the deceleration between them, and a tick for each corner.
            assert!(
                ticks as f64 <= (velocity / 8.0 + 2.0 * 8.0 / 80.0) / 0.01 + 3.0,
                "{ticks} ticks"
            );
        }
    }

    #[test]
    fn braking_ends_from_any_acceleration() {
        for acceleration in [-8.0, -3.0, 5.0, 8.0] {
            for velocity in [-1.5, -0.02, 0.0, 0.4] {
                let motion = Motion {
                    position: 0.0,
                    velocity,
                    acceleration,
                };
                let stop = stop_position(motion, &BOUNDS);
                assert!(
                    stop.is_finite() && stop.abs() < 1.0,
                    "{motion:?} stops at {stop}"
                );
            }
        }
    }

    #[test]
    fn speed_towards_the_edge_is_capped_by_the_braking_distance() {
        let at = |position, velocity| {
            let motion = Motion {
                position,
                velocity,
                acceleration: 0.0,
            };
            is_viable_step(
                Motion {
                    position: position - velocity * 0.01,
                    ..motion
                },
                motion,
                &BOUNDS,
            )
        };
        assert!(at(0.0, 1.9));
        assert!(!at(0.9, 1.9), "too fast for the 0.1 rad that are left");
        assert!(at(0.9, 0.5));
        assert!(!at(0.0, 2.1), "above the velocity limit");
    }

    #[test]
    fn outside_the_window_only_inward_motion_is_viable() {
        let outside = Motion::at_rest(1.4);
        let inward = outside.advanced(-0.5, 0.01);
        let outward = outside.advanced(0.5, 0.01);
        assert!(is_viable_step(outside, inward, &BOUNDS));
        assert!(!is_viable_step(outside, outward, &BOUNDS));
    }
}
