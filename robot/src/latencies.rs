//! Latencies in a fixed amount of memory.

/// Counts durations in steps of 50 microseconds up to 50 ms; longer ones share the last step.
#[derive(Clone, Debug)]
pub struct Latencies {
    counts: Vec<u64>,
    total: u64,
    longest: f64,
}

const STEP: f64 = 50e-6;
const STEPS: usize = 1000;

impl Default for Latencies {
    fn default() -> Self {
        Self {
            counts: vec![0; STEPS + 1],
            total: 0,
            longest: 0.0,
        }
    }
}

impl Latencies {
    /// Counts a duration, s.
    pub fn add(&mut self, seconds: f64) {
        let step = ((seconds.max(0.0) / STEP) as usize).min(STEPS);
        self.counts[step] += 1;
        self.total += 1;
        self.longest = self.longest.max(seconds);
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The longest, s.
    pub fn longest(&self) -> f64 {
        self.longest
    }

    /// The duration that a share of them do not exceed, s, rounded up to a step; zero where there are none.
    pub fn quantile(&self, share: f64) -> f64 {
        let wanted = (share * self.total as f64).ceil() as u64;
        let mut seen = 0;
        for (step, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted.max(1) {
                return if step == STEPS {
                    self.longest
                } else {
                    (step + 1) as f64 * STEP
                };
            }
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_a_step() {
        let mut latencies = Latencies::default();
        (1..=100).for_each(|i| latencies.add(f64::from(i) * 1e-4));
        latencies.add(3.0);
        assert!((latencies.quantile(0.5) - 0.0051).abs() < 2.0 * STEP);
        assert!((latencies.quantile(0.99) - 0.01).abs() < 2.0 * STEP);
        assert_eq!(latencies.quantile(1.0), 3.0);
        assert_eq!(Latencies::default().quantile(0.99), 0.0);
    }
}
