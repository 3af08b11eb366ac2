//! What is done of an improvement: a folder beside the model to be written, and a file in it that says what counts.

use crate::distillation::Belongs;
use crate::files;
use crate::improvement::Round;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The folder and what is known of it.
pub struct State {
    folder: PathBuf,
    content: Content,
}

#[derive(Deserialize, Serialize)]
struct Content {
    belongs: Belongs,
    /// Rounds whose data are complete, from the first on.
    collected: Vec<Collected>,
    /// Rounds that were measured, from the start on.
    rounds: Vec<Round>,
}

/// What a collection of data gave.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Collected {
    /// Goals that the agent went to.
    pub attempts: usize,
    /// Those that it missed.
    pub missed: usize,
    /// Episodes that were kept.
    pub kept: usize,
}

impl State {
    /// Reads what is done in a folder, or begins.
    ///
    /// # Errors
    /// A file that does not read or belongs to another improvement, or one that cannot be written.
    pub fn open(folder: &Path, belongs: Belongs) -> Result<Self> {
        let mut state = Self {
            folder: folder.to_owned(),
            content: Content {
                belongs,
                collected: Vec::new(),
                rounds: Vec::new(),
            },
        };
        let path = state.path();
        if !path.exists() {
            state.write()?;
            return Ok(state);
        }
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let content: Content = serde_json::from_str(&text).with_context(|| {
            format!(
                "{} is damaged; remove {} to start anew",
                path.display(),
                folder.display()
            )
        })?;
        if let Some((what, found, expected)) = content.belongs.difference(&state.content.belongs) {
            bail!(
                "{} was improved with {what} {found}, expected {expected}; remove it to start anew",
                folder.display()
            );
        }
        state.content = content;
        Ok(state)
    }

    /// A file or folder of a round.
    pub fn of_round(&self, round: usize, suffix: &str) -> PathBuf {
        self.folder.join(format!("round-{round}.{suffix}"))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Rounds that were measured, the start first.
    pub fn rounds(&self) -> &[Round] {
        &self.content.rounds
    }

    /// What the collection of a round gave, where it is complete; rounds count from one.
    pub fn collected(&self, round: usize) -> Option<Collected> {
        self.content.collected.get(round.checked_sub(1)?).copied()
    }

    /// The data of one more round are complete.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_collected(&mut self, collected: Collected) -> Result<()> {
        self.content.collected.push(collected);
        self.write()
    }

    /// One more round was measured.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_round(&mut self, round: Round) -> Result<()> {
        self.content.rounds.push(round);
        self.write()
    }

    fn path(&self) -> PathBuf {
        self.folder.join("rounds.json")
    }

    fn write(&self) -> Result<()> {
        let text = serde_json::to_string(&self.content)?;
        files::write_atomically(&self.path(), text.as_bytes())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_is_read_again_by_the_same_improvement_only() {
        let folder = tempfile::tempdir().unwrap();
        let belongs = Belongs {
            task: "t".to_owned(),
            model: "m".to_owned(),
            data: "d".to_owned(),
            cost: "pose".to_owned(),
            seed: 3,
            settings: r#"{"goals":8}"#.to_owned(),
        };
        let collected = Collected {
            attempts: 8,
            missed: 2,
            kept: 4,
        };
        let mut state = State::open(folder.path(), belongs.clone()).unwrap();
        assert_eq!(state.collected(1), None);
        state.add_collected(collected).unwrap();
        let again = State::open(folder.path(), belongs.clone()).unwrap();
        assert_eq!(again.collected(1), Some(collected));
        assert_eq!((again.collected(0), again.collected(2)), (None, None));
        let other = Belongs {
            settings: r#"{"goals":9}"#.to_owned(),
            ..belongs
        };
        let error = State::open(folder.path(), other).err().unwrap().to_string();
        assert!(error.contains("`goals` = 8, expected 9"), "{error}");
    }
}
