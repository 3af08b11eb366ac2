//! Absolute deadlines, in step with the robot's reports.
//!
//! A tick that comes just before a report acts on one that is a whole period old. So the first deadline is set shortly after a
//! report, and later ones drift towards that by no more than a two-thousandth of a period each: enough for two quartz
//! clocks that differ, and too little to be felt as a change of rate.

/// The next deadline, s of the steady clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    next: f64,
    period: f64,
}

/// A tick should come so long after a report, s.
pub(super) const AFTER_REPORT: f64 = 0.5e-3;
/// Largest drift in one tick, as a share of the period.
const DRIFT: f64 = 5e-4;

impl Deadlines {
    pub fn starting(at: f64, period: f64) -> Self {
        Self { next: at, period }
    }

    pub fn next(&self) -> f64 {
        self.next
    }

    /// Moves on by as many periods as lead to a deadline that is not a whole period past. Returns how many were missed.
    pub fn catch_up(&mut self, now: f64) -> u64 {
        let missed = ((now - self.next) / self.period).floor().max(0.0);
        self.next += missed * self.period;
        missed as u64
    }

    /// Sets the deadline after this one, given how old the newest report was at this one, s.
    pub fn advance(&mut self, report_age: Option<f64>) {
        let drift = match report_age {
            // By whole periods older says the same about the phase.
            Some(age) if age.is_finite() => {
                let off = (age - AFTER_REPORT).rem_euclid(self.period);
                let off = if off > 0.5 * self.period {
                    off - self.period
                } else {
                    off
                };
                (-off).clamp(-DRIFT * self.period, DRIFT * self.period)
            }
            _ => 0.0,
        };
        self.next += self.period + drift;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missed_deadlines_are_counted_and_never_made_up_for() {
        let mut deadlines = Deadlines::starting(1.0, 0.01);
        assert_eq!(deadlines.catch_up(1.009), 0);
        assert_eq!(deadlines.next(), 1.0);
        assert_eq!(deadlines.catch_up(1.035), 3);
        assert!((deadlines.next() - 1.03).abs() < 1e-12);
    }

    #[test]
    fn the_phase_drifts_to_just_after_the_reports() {
        let mut deadlines = Deadlines::starting(0.0, 0.01);
        // Reports come at 4 ms into each period, by a clock that runs 100 ppm slower.
        let report = 0.01 * (1.0 + 1e-4);
        let mut age = 0.0;
        for tick in 1..4000 {
            let now = deadlines.next();
            age = (now - 0.004).rem_euclid(report);
            let last = now;
            deadlines.advance(Some(age));
            assert!(
                (deadlines.next() - last - 0.01).abs() <= 5.001e-6,
                "tick {tick}"
            );
        }
        assert!((age - AFTER_REPORT).abs() < 1e-4, "{age}");
    }
}
