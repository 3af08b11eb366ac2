//! A fake robot under a loop in a thread of its own, for tests that take a second of real time.

#![allow(dead_code, reason = "each test file uses its own part")]

use robot::planning::{Observation, Proposal, Proposer, ProposerError};
use robot::safety::{Mode, SafetyConfig};
use robot::{
    Clock, ControlLoop, FakeHandle, FakeHardware, JointLimits, LoopHandle, LoopReport,
    LoopSettings, LoopStatus,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub const PERIOD: f64 = 0.01;

pub fn joints() -> Vec<String> {
    ["pan", "lift"].map(str::to_owned).to_vec()
}

pub fn limits() -> JointLimits {
    JointLimits {
        position_min: -1.0,
        position_max: 1.0,
        velocity: 1.0,
        acceleration: 8.0,
        jerk: 100.0,
        following_error: 0.15,
        measured_velocity: 3.0,
    }
}

/// Timeouts are twice those of a profile: the machine that runs the tests may be busy.
pub fn config() -> SafetyConfig {
    SafetyConfig {
        joints: joints(),
        limits: Ok(vec![limits(); 2]),
        period: PERIOD,
        state_timeout: 0.2,
        command_timeout: 0.2,
        plan_timeout: 0.5,
        clock_tolerance: 0.01,
        ramp: 0.1,
        rest_velocity: 0.1,
    }
}

pub struct Rig {
    pub handle: LoopHandle,
    pub fake: FakeHandle,
    end: Arc<AtomicBool>,
    thread: JoinHandle<LoopReport>,
}

impl Rig {
    pub fn start(config: SafetyConfig, pose: [f64; 2], proposer: impl Proposer + 'static) -> Self {
        let clock = Clock::start();
        let (hardware, fake) = FakeHardware::new(clock, &config.joints, &pose);
        let settings = LoopSettings {
            safety: config,
            planner_period: 0.05,
            real_time_priority: 0,
        };
        let mut control =
            ControlLoop::new(hardware, clock, settings, Box::new(proposer), None).unwrap();
        let handle = control.handle();
        let end = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&end);
        let thread = std::thread::spawn(move || {
            control.run(&mut |_| asked.load(Ordering::Relaxed)).unwrap()
        });
        let rig = Self {
            handle,
            fake,
            end,
            thread,
        };
        rig.until("a state", |s| s.state_age.is_some());
        rig
    }

    /// Started, enabled and moving.
    pub fn moving(proposer: impl Proposer + 'static) -> Self {
        let rig = Self::start(config(), [0.0, 0.0], proposer);
        rig.enable();
        rig.until("motion", |s| s.sent.first().is_some_and(|q| q.abs() > 0.03));
        rig
    }

    /// Enables as soon as the arm lets itself be enabled.
    pub fn enable(&self) {
        let started = Instant::now();
        while let Err(error) = self.handle.enable() {
            assert!(started.elapsed() < Duration::from_secs(3), "{error}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for a status, for three seconds at most.
    pub fn until(&self, what: &str, wanted: impl Fn(&LoopStatus) -> bool) -> LoopStatus {
        let started = Instant::now();
        loop {
            let status = self.handle.status();
            if wanted(&status) {
                return status;
            }
            assert!(
                started.elapsed() < Duration::from_secs(3),
                "no {what}: {status:?}"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits for a latched stop in which the arm rests; returns its cause's kind.
    pub fn until_stopped(&self) -> &'static str {
        let status = self.until("stop at rest", |s| {
            !matches!(s.mode, Mode::Idle | Mode::Active) && s.resting
        });
        match status.mode {
            Mode::ProtectiveStop(cause) => cause.kind(),
            _ => "emergency stop",
        }
    }

    /// Asserts that nothing is sent but the same pose for a while.
    pub fn assert_still(&self, seconds: f64) {
        let before = self.fake.lock().received.last().cloned();
        let count = self.fake.lock().received.len();
        std::thread::sleep(Duration::from_secs_f64(seconds));
        let robot = self.fake.lock();
        for (_, _, position) in &robot.received[count..] {
            assert_eq!(
                Some(position),
                before.as_ref().map(|(_, _, p)| p),
                "it moved on by itself"
            );
        }
    }

    /// Resets and enables again, and waits for motion; both acts are needed.
    pub fn resume(&self) {
        assert!(self.handle.enable().is_err(), "enabled without a reset");
        self.handle.reset().unwrap();
        let epoch = self.handle.status().epoch;
        self.assert_still(0.05);
        self.enable();
        self.until("motion after resuming", |s| {
            s.epoch == epoch + 1 && s.ticks > 0 && s.sending
        });
    }

    pub fn finish(self) -> (LoopReport, FakeHandle) {
        self.end.store(true, Ordering::Relaxed);
        (self.thread.join().unwrap(), self.fake)
    }
}

/// Checks what the robot received: each epoch starts where the arm was, and no step exceeds the speed limit.
pub fn judge(fake: &FakeHandle, limit: f64) {
    let robot = fake.lock();
    assert!(!robot.received.is_empty());
    for pair in robot.received.windows(2) {
        let ((epoch, at, from), (next_epoch, next_at, to)) = (&pair[0], &pair[1]);
        if epoch == next_epoch {
            let ticks = ((next_at - at) / PERIOD).round().max(1.0);
            for (a, b) in from.iter().zip(to) {
                let speed = (b - a).abs() / (ticks * PERIOD);
                assert!(
                    speed <= limit * (1.0 + 1e-6),
                    "{speed} rad/s between two commands"
                );
            }
        }
    }
}

/// Swings both joints, by wall time so that plans agree with each other.
pub struct Swing {
    pub points: usize,
}

impl Proposer for Swing {
    fn propose(&mut self, observation: &Observation) -> Result<Proposal, ProposerError> {
        let interval = 0.05;
        let point = |i: usize| {
            let time = observation.at + (i + 1) as f64 * interval;
            vec![0.4 * (2.0 * time).sin(), 0.3 * (2.0 * time).cos()]
        };
        Ok(Proposal {
            joints: joints(),
            interval,
            points: (0..self.points).map(point).collect(),
        })
    }
}

/// Swings until told to do something else.
pub struct Switched<F> {
    pub flag: Arc<AtomicBool>,
    pub then: F,
}

impl<F: FnMut(Proposal) -> Result<Proposal, ProposerError> + Send> Proposer for Switched<F> {
    fn propose(&mut self, observation: &Observation) -> Result<Proposal, ProposerError> {
        let proposal = Swing { points: 6 }.propose(observation)?;
        match self.flag.load(Ordering::Relaxed) {
            true => (self.then)(proposal),
            false => Ok(proposal),
        }
    }
}
