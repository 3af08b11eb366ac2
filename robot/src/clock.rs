//! Two clocks: a steady one that everything is timed by, and the wall clock, which only stamps messages.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Steady seconds since it was made; copies agree.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self {
            origin: Instant::now(),
        }
    }

    /// Steady time, s.
    pub fn now(&self) -> f64 {
        self.origin.elapsed().as_secs_f64()
    }

    /// Sleeps until a steady time; returns at once when it has passed.
    pub fn sleep_until(&self, time: f64) {
        let left = time - self.now();
        if left > 0.0 {
            std::thread::sleep(Duration::from_secs_f64(left));
        }
    }

    /// The wall clock, nanoseconds since the Unix epoch.
    pub fn wall_nanos() -> i64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| d.as_nanos() as i64)
    }

    /// What the wall clock shows at a steady time, by how both stand now.
    pub fn wall_nanos_at(&self, time: f64) -> i64 {
        Self::wall_nanos() + ((time - self.now()) * 1e9) as i64
    }
}
