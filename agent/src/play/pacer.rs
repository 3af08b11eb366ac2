//! How fast the world runs on the wall clock, and how fast it should.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Why the world is slower than asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brake {
    /// It is not.
    None,
    /// A physics step takes longer than it may.
    Physics,
    /// The world waits for plans.
    Planner,
}

/// The clock of a world.
pub struct Pacer {
    /// Seconds of the world in a control step.
    step_s: f64,
    due: Instant,
    /// When the last steps were made.
    made: VecDeque<Instant>,
    physics_s: f64,
}

/// Window over which the speed is measured.
const WINDOW: Duration = Duration::from_millis(1000);

impl Pacer {
    /// The clock of a world of so many control steps a second.
    pub fn new(rate_hz: u32) -> Self {
        Self {
            step_s: 1.0 / f64::from(rate_hz),
            due: Instant::now(),
            made: VecDeque::new(),
            physics_s: 0.0,
        }
    }

    /// Wall-clock time of a control step at a speed; none as fast as possible.
    pub fn period(&self, speed: Option<f64>) -> Duration {
        speed.map_or(Duration::ZERO, |speed| {
            Duration::from_secs_f64((self.step_s / speed.max(1.0e-6)).min(3600.0))
        })
    }

    /// How long until the next step.
    pub fn left(&self, speed: Option<f64>) -> Duration {
        match speed {
            None => Duration::ZERO,
            // After a change of speed nothing is due later than one new period from now.
            Some(_) => self
                .due
                .saturating_duration_since(Instant::now())
                .min(self.period(speed)),
        }
    }

    /// Share of the present period that is over, in `[0, 1]`.
    pub fn phase(&self, speed: Option<f64>) -> f32 {
        let period = self.period(speed).as_secs_f64();
        match period > 0.0 {
            true => (1.0 - self.left(speed).as_secs_f64() / period).clamp(0.0, 1.0) as f32,
            false => 1.0,
        }
    }

    /// Notes a step that took so long to compute.
    pub fn stepped(&mut self, speed: Option<f64>, physics: Duration) {
        let now = Instant::now();
        let period = self.period(speed);
        // Time that was lost is not made up for: the world would jump.
        self.due = (self.due + period).max(now).min(now + period);
        self.made.push_back(now);
        self.physics_s = 0.9 * self.physics_s + 0.1 * physics.as_secs_f64();
    }

    /// Starts over, after a pause.
    pub fn resume(&mut self) {
        self.due = Instant::now();
        self.made.clear();
    }

    /// Seconds of the world in a second, over the last one.
    pub fn factor(&mut self) -> f64 {
        let now = Instant::now();
        while self.made.len() > 2 && now.duration_since(self.made[0]) > WINDOW {
            self.made.pop_front();
        }
        let (Some(first), Some(last)) = (self.made.front(), self.made.back()) else {
            return 0.0;
        };
        let steps = (self.made.len() - 1) as f64;
        let passed = last.duration_since(*first).as_secs_f64();
        if steps > 0.0 && passed > 0.0 {
            steps * self.step_s / passed
        } else {
            0.0
        }
    }

    /// What holds the world back, when it waits for plans or not.
    pub fn brake(&self, speed: Option<f64>, waits: bool) -> Brake {
        match speed {
            None if waits => Brake::Planner,
            None => Brake::Physics,
            Some(_) if self.physics_s > 0.8 * self.period(speed).as_secs_f64() => Brake::Physics,
            Some(_) => Brake::None,
        }
    }
}
