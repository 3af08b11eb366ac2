//! A planner that swings the arm, and fails in the way it is told to.

use robot::Profile;
use robot::planning::{Observation, Proposal, Proposer, ProposerError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What the planner does, changed while it runs.
#[derive(Clone)]
pub struct Choice(Arc<Mutex<&'static str>>);

const NAMES: [&str; 9] = [
    "swing", "busy", "late", "step", "block", "panic", "nan", "infinite", "silent",
];

impl Default for Choice {
    fn default() -> Self {
        Self(Arc::new(Mutex::new("swing")))
    }
}

impl Choice {
    pub fn set(&self, name: &str) -> Result<(), String> {
        let known = NAMES.into_iter().find(|known| *known == name);
        let known = known.ok_or_else(|| format!("no planner {name}, expected one of {NAMES:?}"))?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    fn get(&self) -> &'static str {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Swings every joint by 0.5 rad about zero, a second of it at a time.
pub struct Scripted {
    joints: Vec<String>,
    period: Duration,
    choice: Choice,
}

const INTERVAL: f64 = 0.05;
const POINTS: usize = 20;

impl Scripted {
    pub fn new(profile: &Profile, choice: Choice) -> Self {
        let period = Duration::from_secs_f64(profile.rates.planner_hz.recip());
        Self {
            joints: profile.joints(),
            period,
            choice,
        }
    }
}

impl Proposer for Scripted {
    fn propose(&mut self, observation: &Observation) -> Result<Proposal, ProposerError> {
        let started = Instant::now();
        let choice = self.choice.get();
        match choice {
            "busy" => {
                while started.elapsed() < self.period {
                    std::hint::black_box(started);
                }
            }
            "late" => std::thread::sleep(Duration::from_millis(150)),
            "block" => std::thread::sleep(Duration::from_secs(3600)),
            "panic" => panic!("the planner was told to panic"),
            "silent" => return Err(ProposerError("told to be silent".to_owned())),
            _ => {}
        }
        let point = |index: usize| {
            let time = observation.at + (index + 1) as f64 * INTERVAL;
            let phase = |joint: usize| 1.5 * time + joint as f64;
            let target = |joint| match choice {
                // From one end to the other at once: the filter has to make a motion of it.
                "step" => 1.0_f64.copysign(phase(joint).sin()),
                _ => 0.5 * phase(joint).sin(),
            };
            (0..self.joints.len()).map(target).collect::<Vec<f64>>()
        };
        let mut points: Vec<_> = (0..POINTS).map(point).collect();
        match choice {
            "nan" => points[POINTS / 2][0] = f64::NAN,
            "infinite" => points[0][1] = f64::INFINITY,
            _ => {}
        }
        Ok(Proposal {
            joints: self.joints.clone(),
            interval: INTERVAL,
            points,
        })
    }
}
