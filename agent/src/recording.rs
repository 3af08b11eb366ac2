//! Interactive runs as files: all that went into the world, step by step, and a hash of what came of it.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sim::variation::Variant;
use sim::{Env, Goal, Hand, SimError, Task};
use std::path::Path;
use std::sync::Arc;

/// First bytes of a file, version included.
const MAGIC: &[u8] = b"foresight recording 2\n";

/// A run.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Recording {
    /// The task.
    pub task: String,
    /// Its variant.
    pub variant: String,
    /// The world's bytes at the start.
    pub start: Vec<u8>,
    /// The goal at the start.
    pub goal: Goal,
    /// What happened.
    pub steps: Vec<RecordedStep>,
}

/// A control step.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RecordedStep {
    /// What a person did to the world before it.
    pub changes: Vec<Change>,
    /// Who dragged a body.
    pub hand: Option<Hand>,
    /// The action that was executed.
    pub action: Vec<f32>,
    /// Hash of the world's bytes after it.
    pub hash: [u8; 32],
}

/// A change of the world that is not a step.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum Change {
    /// A factor of variation was set.
    Factor(String, f32),
    /// A body was shoved, N s.
    Shove(String, [f32; 3]),
    /// The world was put into another state.
    Restore(Vec<u8>),
    /// Another goal. The world does not know of it.
    Goal(Goal),
}

impl Change {
    /// Makes the change.
    ///
    /// # Errors
    /// When the world does not have what is to be changed.
    pub fn apply(&self, env: &mut Env) -> Result<(), SimError> {
        match self {
            Self::Factor(name, value) => env.set_factor(name, *value),
            Self::Shove(body, impulse) => env.shove(body, *impulse),
            Self::Restore(snapshot) => env.restore(snapshot),
            Self::Goal(..) => Ok(()),
        }
    }
}

/// Hash of a world's bytes.
pub fn hash(snapshot: &[u8]) -> [u8; 32] {
    *blake3::hash(snapshot).as_bytes()
}

impl RecordedStep {
    /// Does it again. Returns whether the world's bytes are the same.
    ///
    /// # Errors
    /// When the world does not take it.
    pub fn replay(&self, env: &mut Env) -> Result<bool, SimError> {
        self.change(env)?;
        self.act(env)
    }

    /// Does again what a person did before it.
    ///
    /// # Errors
    /// When the world does not take it.
    pub fn change(&self, env: &mut Env) -> Result<(), SimError> {
        let mut changes = self.changes.iter();
        changes.try_for_each(|change| change.apply(env))
    }

    /// Executes its action again. Returns whether the world's bytes are the same.
    ///
    /// # Errors
    /// When the world does not take it.
    pub fn act(&self, env: &mut Env) -> Result<bool, SimError> {
        env.set_hand(self.hand)?;
        let outcome = env.step(&self.action);
        env.set_hand(None)?;
        outcome?;
        Ok(hash(&env.snapshot()?) == self.hash)
    }
}

impl Recording {
    /// Reads a recording.
    ///
    /// # Errors
    /// Names the file when it cannot be read or is none.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let Some(body) = bytes.strip_prefix(MAGIC) else {
            bail!("{} is not a recording of this version", path.display());
        };
        postcard::from_bytes(body).with_context(|| format!("{} is damaged", path.display()))
    }

    /// Writes it whole or not at all.
    ///
    /// # Errors
    /// Names the file.
    pub fn write(&self, path: &Path) -> Result<()> {
        let bytes = postcard::to_extend(self, MAGIC.to_vec())?;
        crate::files::write_atomically(path, &bytes)
    }

    /// BLAKE3 of all of it, in hexadecimal.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn hash(&self) -> Result<String> {
        Ok(blake3::hash(&postcard::to_allocvec(self)?)
            .to_hex()
            .to_string())
    }

    /// The world at its start.
    ///
    /// # Errors
    /// When the task is not there or not the same any more.
    pub fn world(&self, assets: &Path) -> Result<Env> {
        let task = Arc::new(Task::load(assets, &self.task)?);
        let variant = Variant::of(&task, Some(&self.variant))?;
        let mut env = Env::new(task, variant)?;
        env.restore(&self.start)?;
        Ok(env)
    }

    /// Replays it as fast as possible.
    ///
    /// # Errors
    /// At the first step after which the world is another one.
    pub fn verify(&self, assets: &Path) -> Result<()> {
        let mut env = self.world(assets)?;
        for (index, step) in self.steps.iter().enumerate() {
            if !step.replay(&mut env)? {
                bail!(
                    "step {} of {} leads to other bytes than were recorded",
                    index + 1,
                    self.steps.len()
                );
            }
        }
        Ok(())
    }
}
