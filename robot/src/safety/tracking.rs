//! The next motion of one joint: as near to the target as the limits allow, and viable.

use super::braking::{Bounds, Motion, braked, braking_acceleration, is_viable_step, stop_position};
use super::intervention::Limit;

/// Halvings of the interval of accelerations; the last is a millionth of it.
const HALVINGS: usize = 20;
/// What the sent position may differ from the target before the filter counts as having changed it, rad.
const CHANGED: f64 = 1e-4;

/// The next motion towards a target, and the limit that kept it from the target.
pub(crate) fn track(motion: Motion, target: Motion, bounds: &Bounds) -> (Motion, Option<Limit>) {
    let clipped = inside(target, bounds);
    let wanted = approach(motion, clipped, bounds);
    let next = motion.advanced(wanted, bounds.period);
    let (next, capped) = match is_viable_step(motion, next, bounds) {
        true => (next, false),
        false => (nearest_viable(motion, wanted, bounds), true),
    };
    let limit = ((next.position - target.position).abs() > CHANGED)
        .then(|| reason(motion, target, clipped, capped, bounds));
    (next, limit)
}

/// The target, or the edge of the window where it lies outside; there it stands still.
fn inside(target: Motion, bounds: &Bounds) -> Motion {
    let position = target
        .position
        .max(bounds.position_min)
        .min(bounds.position_max);
    if position == target.position {
        target
    } else {
        Motion::at_rest(position)
    }
}

/// The acceleration after which braking relative to the moving target ends at it: exact for a target that meets the limits,
/// as fast as they allow and without overshoot for one that does not.
fn approach(motion: Motion, target: Motion, bounds: &Bounds) -> f64 {
    let (mut low, mut high) = bounds.reach(motion);
    let overshoot = |acceleration: f64| {
        let next = motion.advanced(acceleration, bounds.period);
        let relative = Motion {
            position: next.position - target.position,
            velocity: next.velocity - target.velocity,
            acceleration: next.acceleration - target.acceleration,
        };
        stop_position(relative, bounds)
    };
    if overshoot(low) >= 0.0 {
        return low;
    }
    if overshoot(high) <= 0.0 {
        return high;
    }
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if overshoot(middle) > 0.0 {
            high = middle
        } else {
            low = middle
        }
    }
    0.5 * (low + high)
}

/// The viable motion nearest to the wanted one on the way from braking, which is viable, to it.
fn nearest_viable(motion: Motion, wanted: f64, bounds: &Bounds) -> Motion {
    let (mut safe, mut unsafe_) = (braking_acceleration(motion, bounds), wanted);
    let mut best = braked(motion, bounds);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (safe + unsafe_);
        let next = motion.advanced(middle, bounds.period);
        if is_viable_step(motion, next, bounds) {
            (safe, best) = (middle, next);
        } else {
            unsafe_ = middle;
        }
    }
    best
}

fn reason(motion: Motion, target: Motion, clipped: Motion, capped: bool, bounds: &Bounds) -> Limit {
    let velocity = (target.position - motion.position) / bounds.period;
    let acceleration = (velocity - motion.velocity) / bounds.period;
    if clipped.position != target.position {
        Limit::Position
    } else if velocity.abs() > bounds.velocity {
        Limit::Velocity
    } else if capped {
        Limit::BrakingDistance
    } else if acceleration.abs() > bounds.acceleration {
        Limit::Acceleration
    } else {
        Limit::Jerk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        period: 0.01,
        velocity: 1.0,
        acceleration: 6.0,
        jerk: 60.0,
        position_min: -2.0,
        position_max: 2.0,
    };

    fn settle(mut motion: Motion, target: f64, ticks: usize) -> (Motion, f64) {
        let mut highest = motion.position;
        for _ in 0..ticks {
            motion = track(motion, Motion::at_rest(target), &BOUNDS).0;
            highest = highest.max(motion.position);
        }
        (motion, highest)
    }

    #[test]
    fn a_step_is_reached_without_overshoot() {
        let (motion, highest) = settle(Motion::at_rest(0.0), 0.7, 200);
        assert!((motion.position - 0.7).abs() < 1e-5, "{motion:?}");
        assert!(highest < 0.7 + 1e-4, "overshoot to {highest}");
    }

    #[test]
    fn a_target_beyond_the_window_ends_at_its_edge() {
        let (motion, highest) = settle(Motion::at_rest(1.5), 9.0, 400);
        assert!(
            (motion.position - 2.0).abs() < 1e-4 && highest <= 2.0,
            "{motion:?}"
        );
    }

    #[test]
    fn a_smooth_target_is_followed_exactly_and_without_intervention() {
        let at = |tick: usize| 0.3 * (1.0 - (1.5 * 0.01 * tick as f64).cos());
        let mut motion = Motion::at_rest(0.0);
        for tick in 1..500 {
            let (before, here) = (at(tick - 1), at(tick));
            let velocity = (here - before) / 0.01;
            let last = if tick < 2 {
                0.0
            } else {
                (before - at(tick - 2)) / 0.01
            };
            let target = Motion {
                position: here,
                velocity,
                acceleration: (velocity - last) / 0.01,
            };
            let (next, limit) = track(motion, target, &BOUNDS);
            assert_eq!(limit, None, "tick {tick}: {next:?} for {target:?}");
            motion = next;
        }
    }
}
