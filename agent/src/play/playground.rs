//! The world on show: its goal, its past, what disturbs it, and what is recorded of it.

use super::history::{History, Moment};
use super::surprise::{Errors, Surprise};
use crate::recording::{Change, RecordedStep, Recording, hash};
use anyhow::{Context, Result, bail};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use sim::variation::Variant;
use sim::{Behaviour, BehaviourKind, Env, Goal, Hand, SimError, Task};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

/// Seconds that can be rewound.
pub const REWIND_S: usize = 30;
/// Seconds for which the path of the object and the curves are kept.
pub const TRAIL_S: usize = 10;
/// Control steps into the future from which a new goal is taken, and futures that are tried.
const GOAL_STEPS: u64 = 50;
const GOAL_TRIES: u64 = 40;
/// Distance from the middle of the scene within which goals are welcome, metres.
const HOME_M: f32 = 0.2;

/// What a person does to the world beside dragging.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Disturbance {
    /// Standard deviation of the noise on every action.
    pub noise_std: f32,
    /// Control steps by which actions come late.
    pub latency: usize,
}

/// One control step of the past, for curves and paths.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Control steps since the scene was opened, rewound ones included.
    pub tick: usize,
    /// Pose after it.
    pub pose: Vec<f32>,
    /// Action that was executed.
    pub action: Vec<f32>,
    /// Errors of prediction.
    pub errors: Option<Errors>,
}

/// A moment as a file.
#[derive(Deserialize, Serialize)]
struct Saved {
    task: String,
    variant: String,
    snapshot: Vec<u8>,
    goal: Goal,
}

/// A world with all that belongs to it.
pub struct Playground {
    /// The world.
    pub env: Env,
    /// What is to be reached.
    pub goal: Arc<Goal>,
    /// Seed of the start.
    pub seed: u64,
    /// Control steps since the scene was opened, rewound ones included.
    pub tick: usize,
    /// Who drags a body.
    pub hand: Option<Hand>,
    /// What disturbs it.
    pub disturbance: Disturbance,
    /// Prediction against observation, when there is a model.
    pub surprise: Option<Surprise>,
    /// The last seconds.
    pub trail: VecDeque<Trace>,
    /// Control steps for which the goal has been held.
    pub held: usize,
    /// Greatest kinetic energy of a dragged body since it was gripped, joules.
    pub energy_peak: f32,
    history: History,
    /// The world's bytes now.
    snapshot: Arc<Vec<u8>>,
    under_way: VecDeque<Vec<f32>>,
    rng: ChaCha8Rng,
    recording: Option<Recording>,
    changes: Vec<Change>,
}

impl Playground {
    /// A world in the start that a seed gives, with a goal in a reachable future of it.
    ///
    /// # Errors
    /// When the task admits no start.
    pub fn new(task: Arc<Task>, variant: Variant, seed: u64) -> Result<Self> {
        let mut env = Env::new(task, variant)?;
        env.reset(seed)?;
        let goal = Arc::new(reachable_goal(&env, seed)?);
        let snapshot = Arc::new(env.snapshot()?);
        let moment = Moment {
            snapshot: Arc::clone(&snapshot),
            goal: Arc::clone(&goal),
        };
        let rate = env.task().rate_hz() as usize;
        Ok(Self {
            env,
            goal,
            seed,
            tick: 0,
            hand: None,
            disturbance: Disturbance::default(),
            surprise: None,
            trail: VecDeque::new(),
            held: 0,
            energy_peak: 0.0,
            history: History::new(REWIND_S * rate, moment),
            snapshot,
            under_way: VecDeque::new(),
            rng: ChaCha8Rng::seed_from_u64(seed),
            recording: None,
            changes: Vec::new(),
        })
    }

    /// The same world from another start. What was recorded goes on.
    ///
    /// # Errors
    /// When the task admits no start.
    pub fn reset(&mut self, seed: u64) -> Result<()> {
        let mut env = Env::new(Arc::clone(self.env.task()), self.env.variant().clone())?;
        env.reset(seed)?;
        let goal = reachable_goal(&env, seed)?;
        let snapshot = env.snapshot()?;
        self.jump_to(&snapshot)?;
        self.seed = seed;
        self.rng = ChaCha8Rng::seed_from_u64(seed);
        self.set_goal(goal);
        let moment = self.moment();
        self.history = History::new(REWIND_S * self.env.task().rate_hz() as usize, moment);
        Ok(())
    }

    fn moment(&self) -> Moment {
        Moment {
            snapshot: Arc::clone(&self.snapshot),
            goal: Arc::clone(&self.goal),
        }
    }

    /// Puts the world into another state, from where nothing is under way.
    fn jump_to(&mut self, snapshot: &[u8]) -> Result<(), SimError> {
        self.env.restore(snapshot)?;
        self.snapshot = Arc::new(snapshot.to_vec());
        if self.recording.is_some() {
            // Whatever was changed before is undone by it.
            self.changes = vec![Change::Restore(snapshot.to_vec())];
        }
        self.under_way.clear();
        self.trail.clear();
        self.held = 0;
        if let Some(surprise) = &mut self.surprise {
            surprise.reset();
        }
        Ok(())
    }

    /// One control step under an intended action. Returns the action that was executed.
    ///
    /// # Errors
    /// When the world fails; it must be rewound or reset then.
    pub fn step(&mut self, intended: &[f32]) -> Result<Vec<f32>> {
        let idle = vec![0.0; intended.len()];
        self.under_way.push_back(intended.to_vec());
        let mut action = idle;
        while self.under_way.len() > self.disturbance.latency {
            if let Some(next) = self.under_way.pop_front() {
                action = next;
            }
        }
        if self.disturbance.noise_std > 0.0 {
            for a in &mut action {
                let noise: f32 = self.rng.sample(rand_distr::StandardNormal);
                *a = (*a + self.disturbance.noise_std * noise).clamp(-1.0, 1.0);
            }
        }
        let before = match &mut self.surprise {
            Some(surprise) => Some(surprise.observe(&self.env)?),
            None => None,
        };
        self.env.set_hand(self.hand)?;
        let outcome = self.env.step(&action);
        // Forks of the world are nobody's to drag.
        self.env.set_hand(None)?;
        outcome?;
        self.tick += 1;
        if let Some(hand) = &self.hand {
            self.energy_peak = self.energy_peak.max(self.env.kinetic_energy(hand.body));
        }
        self.held = match self.env.achieved(&self.goal.pose) {
            true => self.held + 1,
            false => 0,
        };
        self.snapshot = Arc::new(self.env.snapshot()?);
        let moment = self.moment();
        self.history.push(moment);
        if let Some(recording) = &mut self.recording {
            recording.steps.push(RecordedStep {
                changes: std::mem::take(&mut self.changes),
                hand: self.hand,
                action: action.clone(),
                hash: hash(&self.snapshot),
            });
        }
        let errors = match (&mut self.surprise, before) {
            (Some(surprise), Some(before)) => {
                let after = surprise.observe(&self.env)?;
                surprise.step(&before, &action, &after)?
            }
            _ => None,
        };
        self.trace(&action, errors);
        Ok(action)
    }

    /// Adds the last control step to the trail.
    fn trace(&mut self, action: &[f32], errors: Option<Errors>) {
        self.trail.push_back(Trace {
            tick: self.tick,
            pose: self.env.pose(),
            action: action.to_vec(),
            errors,
        });
        if self.trail.len() > TRAIL_S * self.env.task().rate_hz() as usize {
            self.trail.pop_front();
        }
    }

    /// Puts the world where a recording begins.
    ///
    /// # Errors
    /// When it is not of this task.
    pub fn begin_replay(&mut self, recording: &Recording) -> Result<()> {
        self.jump_to(&recording.start)?;
        let moment = self.moment();
        self.history.push(moment);
        self.set_goal(recording.goal.clone());
        Ok(())
    }

    /// Repeats a recorded step. Returns whether the world's bytes are as recorded.
    ///
    /// # Errors
    /// When the world does not take it.
    pub fn replay(&mut self, step: &RecordedStep) -> Result<bool> {
        for change in &step.changes {
            if let Change::Goal(goal) = change {
                self.goal = Arc::new(goal.clone());
            }
        }
        let same = step.replay(&mut self.env)?;
        self.tick += 1;
        self.snapshot = Arc::new(self.env.snapshot()?);
        let moment = self.moment();
        self.history.push(moment);
        self.trace(&step.action, None);
        Ok(same)
    }

    /// Changes the world between two steps.
    ///
    /// # Errors
    /// When it does not have what is to be changed.
    pub fn change(&mut self, change: Change) -> Result<()> {
        change.apply(&mut self.env)?;
        self.snapshot = Arc::new(self.env.snapshot()?);
        if matches!(change, Change::Factor(..))
            && let Ok(goal) = self.env.goal_at(&self.goal.pose)
        {
            // The goal is seen in the world as it is now.
            self.set_goal(goal);
        }
        self.note(change);
        let moment = self.moment();
        self.history.replace(moment);
        Ok(())
    }

    /// Notes a change for the next recorded step.
    fn note(&mut self, change: Change) {
        if self.recording.is_some() {
            self.changes.push(change);
        }
    }

    /// Another goal.
    fn set_goal(&mut self, goal: Goal) {
        self.note(Change::Goal(goal.clone()));
        self.goal = Arc::new(goal);
        self.held = 0;
        let moment = self.moment();
        self.history.replace(moment);
    }

    /// Goes so many control steps back, or forward again.
    ///
    /// # Errors
    /// When the world does not take its own bytes.
    pub fn rewind(&mut self, steps: isize) -> Result<()> {
        let moment = self.history.go(steps).clone();
        self.jump_to(&moment.snapshot)?;
        self.set_goal(Goal::clone(&moment.goal));
        Ok(())
    }

    /// Control steps that can be gone back.
    pub fn behind(&self) -> usize {
        self.history.behind()
    }

    /// Hash of the world's bytes, as a number that a float holds exactly.
    pub fn fingerprint(&self) -> f64 {
        let hash = hash(&self.snapshot);
        let bytes = [hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], 0, 0];
        u64::from_le_bytes(bytes) as f64
    }

    /// Moves the goal: its object to a position, metres, and by a turn about the vertical, radians.
    ///
    /// # Errors
    /// When the object cannot be brought there; the goal stays.
    pub fn move_goal(&mut self, position: [f32; 3], turn: f32) -> Result<()> {
        let pose = self.env.moved_pose(&self.goal.pose, position, turn);
        if pose != self.goal.pose {
            let goal = self.env.goal_at(&pose)?;
            self.set_goal(goal);
        }
        Ok(())
    }

    /// A new goal in a reachable future of the present.
    ///
    /// # Errors
    /// When none is found.
    pub fn next_goal(&mut self) -> Result<()> {
        let seed = self.rng.random();
        let goal = reachable_goal(&self.env, seed)?;
        self.set_goal(goal);
        Ok(())
    }

    /// A horizontal direction, another one each time.
    pub fn direction(&mut self) -> [f32; 2] {
        let angle = std::f32::consts::TAU * self.rng.random::<f32>();
        [angle.cos(), angle.sin()]
    }

    /// Kinetic energy of all bodies, joules.
    pub fn energy(&self) -> f32 {
        let bodies = self.env.task().appearance().bodies.len();
        (0..bodies).map(|body| self.env.kinetic_energy(body)).sum()
    }

    /// Begins to record.
    pub fn record(&mut self) {
        self.changes.clear();
        self.recording = Some(Recording {
            task: self.env.task().name().to_owned(),
            variant: self.env.variant().name.clone(),
            start: self.snapshot.to_vec(),
            goal: self.goal.as_ref().clone(),
            steps: Vec::new(),
        });
    }

    /// Whether a run is being recorded.
    pub fn is_recording(&self) -> bool {
        self.recording.is_some()
    }

    /// Ends the recording.
    pub fn stop_recording(&mut self) -> Option<Recording> {
        self.recording.take()
    }

    /// Writes the moment.
    ///
    /// # Errors
    /// Names the file.
    pub fn save(&self, path: &Path) -> Result<()> {
        let saved = Saved {
            task: self.env.task().name().to_owned(),
            variant: self.env.variant().name.clone(),
            snapshot: self.snapshot.to_vec(),
            goal: self.goal.as_ref().clone(),
        };
        crate::files::write_atomically(path, &postcard::to_stdvec(&saved)?)
    }

    /// Goes on from a saved moment.
    ///
    /// # Errors
    /// Names the file when it cannot be read or belongs to another task; nothing is changed then.
    pub fn load(&mut self, path: &Path) -> Result<()> {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let saved: Saved = postcard::from_bytes(&bytes)
            .with_context(|| format!("{} is not a snapshot", path.display()))?;
        let here = (self.env.task().name(), self.env.variant().name.as_str());
        if (saved.task.as_str(), saved.variant.as_str()) != here {
            bail!(
                "{} is of task '{}', variant '{}', expected '{}', '{}'",
                path.display(),
                saved.task,
                saved.variant,
                here.0,
                here.1
            );
        }
        self.jump_to(&saved.snapshot)?;
        let moment = self.moment();
        self.history.push(moment);
        self.set_goal(saved.goal);
        Ok(())
    }
}

/// A goal that some behaviour reaches from the present, and that is not reached yet; not further out than where objects start,
/// or else nearer than now, so that a run of goals does not lead out of the scene, where there is such a one.
fn reachable_goal(env: &Env, seed: u64) -> Result<Goal> {
    let out = |pose: &[f32]| {
        let at = env.placement_of(pose).position;
        at[0].hypot(at[1])
    };
    let furthest = out(&env.pose()).max(HOME_M);
    let mut outside = None;
    for attempt in 0..GOAL_TRIES {
        let mut future = env.fork();
        let seed = seed.wrapping_mul(GOAL_TRIES).wrapping_add(attempt);
        let kind = BehaviourKind::towards_goals(env.task());
        let mut behaviour = Behaviour::new(kind, env.task().action_dim(), seed);
        // From a start far from the object it takes longer until anything has moved.
        let steps = GOAL_STEPS * (1 + attempt / 10);
        let walk =
            (0..steps).try_for_each(|_| behaviour.act(&future).and_then(|a| future.step(&a)));
        if walk.is_err() || future.achieved(&env.pose()) {
            continue;
        }
        if out(&future.pose()) <= furthest {
            return Ok(future.as_goal());
        }
        outside.get_or_insert_with(|| future.as_goal());
    }
    outside.with_context(|| {
        format!(
            "task '{}': no goal that is not reached already in {GOAL_TRIES} futures",
            env.task().name()
        )
    })
}
