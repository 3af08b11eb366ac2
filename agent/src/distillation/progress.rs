//! The state of an unfinished distillation: what its stages have made so far, as a file. Training and planning are keyed by
//! seeds, so that a distillation which goes on from it ends with the policy of an uninterrupted one.

use super::runs::PlannerRun;
use crate::files;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use world_model::policy::Policy;

/// First bytes of a file, version included; the BLAKE3 hash of the rest follows.
const MAGIC: &[u8] = b"foresight distillation 5\n";

/// What a distillation belongs to: a state goes on with the same only.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Belongs {
    /// Hash of the task and its scene.
    pub task: String,
    /// Hash of the world model.
    pub model: String,
    /// Hash of the exploration data and recordings.
    pub data: String,
    /// Cost that the planner minimises.
    pub cost: String,
    /// Seed.
    pub seed: u64,
    /// Settings, as JSON.
    pub settings: String,
}

#[derive(Deserialize, Serialize)]
struct Content {
    belongs: Belongs,
    /// Episodes by stage: of the planner, then of each round.
    runs: BTreeMap<usize, Vec<PlannerRun>>,
    /// Policies by stage, as files: of hindsight, of the planner's episodes, then of each round.
    policies: BTreeMap<usize, Vec<u8>>,
}

/// What is done, and the file that says so.
pub struct Progress {
    path: PathBuf,
    content: Content,
}

impl Progress {
    /// Nothing is done yet; the file appears with the first stage.
    pub fn new(path: &Path, belongs: Belongs) -> Self {
        Self {
            path: path.to_owned(),
            content: Content {
                belongs,
                runs: BTreeMap::new(),
                policies: BTreeMap::new(),
            },
        }
    }

    /// Goes on from a file where there is one.
    ///
    /// # Errors
    /// As [`Progress::resume`].
    pub fn open(path: &Path, belongs: Belongs) -> Result<Self> {
        match path.exists() {
            true => Self::resume(path, &belongs),
            false => Ok(Self::new(path, belongs)),
        }
    }

    /// Goes on from a file.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged, or belongs to another distillation: says what differs.
    pub fn resume(path: &Path, belongs: &Belongs) -> Result<Self> {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let Some(rest) = bytes.strip_prefix(MAGIC) else {
            bail!(
                "{} is not the state of a distillation of this version; remove it to start anew",
                path.display()
            );
        };
        let damaged = || format!("{} is damaged; remove it to start anew", path.display());
        let (hash, body) = rest
            .split_at_checked(blake3::OUT_LEN)
            .with_context(damaged)?;
        if blake3::hash(body).as_bytes() != hash {
            bail!(damaged());
        }
        let content: Content = postcard::from_bytes(body).with_context(damaged)?;
        if let Some((what, found, expected)) = content.belongs.difference(belongs) {
            bail!(
                "{} was distilled with {what} {found}, expected {expected}; remove it to start anew",
                path.display()
            );
        }
        Ok(Self {
            path: path.to_owned(),
            content,
        })
    }

    /// Episodes of a stage, as far as they are done.
    pub fn runs(&self, stage: usize) -> &[PlannerRun] {
        self.content.runs.get(&stage).map_or(&[], Vec::as_slice)
    }

    /// Keeps more episodes of a stage.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_runs(&mut self, stage: usize, runs: Vec<PlannerRun>) -> Result<()> {
        self.content.runs.entry(stage).or_default().extend(runs);
        self.write()
    }

    /// The policy of a stage, where it is trained.
    ///
    /// # Errors
    /// When it does not read.
    pub fn policy(&self, stage: usize) -> Result<Option<Policy>> {
        let bytes = self.content.policies.get(&stage);
        Ok(bytes
            .map(|bytes| Policy::from_bytes(&self.path, bytes))
            .transpose()?)
    }

    /// Keeps the policy of a stage.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_policy(&mut self, stage: usize, policy: &Policy) -> Result<()> {
        let bytes = policy.to_bytes(&self.path)?;
        self.content.policies.insert(stage, bytes);
        self.write()
    }

    /// Removes the file: the policy is written.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(self) -> Result<()> {
        if !self.path.exists() {
            return Ok(());
        }
        std::fs::remove_file(&self.path)
            .with_context(|| format!("cannot remove {}", self.path.display()))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn write(&self) -> Result<()> {
        let body = postcard::to_allocvec(&self.content)?;
        let hash = blake3::hash(&body);
        files::write_atomically(&self.path, &[MAGIC, hash.as_bytes(), &body].concat())
    }
}

impl Belongs {
    /// Writes this into a file of a folder of work, or checks that it is there already.
    ///
    /// # Errors
    /// A file that says otherwise, names what differs; one that cannot be read or written.
    pub fn claim(&self, path: &Path) -> Result<()> {
        if !path.exists() {
            return files::write_atomically(path, serde_json::to_string(self)?.as_bytes());
        }
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let found: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} does not say what it belongs to", path.display()))?;
        match found.difference(self) {
            None => Ok(()),
            Some((what, found, expected)) => bail!(
                "{} says {what} {found}, expected {expected}; remove its folder to start anew",
                path.display()
            ),
        }
    }

    /// Name and both values of the first thing that differs.
    pub fn difference(&self, wanted: &Self) -> Option<(String, String, String)> {
        let pairs = [
            ("task", &self.task, &wanted.task),
            ("model", &self.model, &wanted.model),
            ("data", &self.data, &wanted.data),
            ("cost", &self.cost, &wanted.cost),
        ];
        let named = pairs.into_iter().find(|(_, found, wanted)| found != wanted);
        if let Some((name, found, wanted)) = named {
            return Some((name.to_owned(), found.clone(), wanted.clone()));
        }
        if self.seed != wanted.seed {
            let (found, wanted) = (self.seed.to_string(), wanted.seed.to_string());
            return Some(("seed".to_owned(), found, wanted));
        }
        if self.settings == wanted.settings {
            return None;
        }
        let parsed = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        let (found, wanted) = (parsed(&self.settings), parsed(&wanted.settings));
        let (name, found, wanted) = first_difference("", &found, &wanted);
        Some((format!("`{name}` ="), found, wanted))
    }
}

/// Where two settings differ first, and both values there.
fn first_difference(place: &str, found: &Value, wanted: &Value) -> (String, String, String) {
    if let (Value::Object(found), Value::Object(wanted)) = (found, wanted) {
        let names = found.keys().chain(wanted.keys());
        for name in names {
            let of = |values: &serde_json::Map<String, Value>| {
                values.get(name).cloned().unwrap_or(Value::Null)
            };
            let (found, wanted) = (of(found), of(wanted));
            if found != wanted {
                let dot = if place.is_empty() { "" } else { "." };
                return first_difference(&format!("{place}{dot}{name}"), &found, &wanted);
            }
        }
    }
    (place.to_owned(), found.to_string(), wanted.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn belongs() -> Belongs {
        Belongs {
            task: "t".to_owned(),
            model: "m".to_owned(),
            data: "d".to_owned(),
            cost: "pose".to_owned(),
            seed: 3,
            settings: r#"{"rounds":2,"policy":{"steps":400,"batch":8}}"#.to_owned(),
        }
    }

    fn run(first: f32) -> PlannerRun {
        PlannerRun {
            latents: vec![first, f32::MIN_POSITIVE],
            actions: vec![0.1],
            success: true,
            ..PlannerRun::default()
        }
    }

    #[test]
    fn what_is_done_is_there_after_a_kill() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.distilling");
        let mut progress = Progress::new(&path, belongs());
        assert!(!path.exists());
        progress.add_runs(0, vec![run(1.5)]).unwrap();
        progress.add_runs(0, vec![run(-2.0)]).unwrap();
        let again = Progress::resume(&path, &belongs()).unwrap();
        assert_eq!(again.runs(0), [run(1.5), run(-2.0)]);
        assert!(again.runs(1).is_empty() && again.policy(0).unwrap().is_none());
        again.remove().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_state_of_something_else_or_a_damaged_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.distilling");
        Progress::new(&path, belongs())
            .add_runs(0, vec![run(1.0)])
            .unwrap();
        let refused = |belongs: &Belongs| {
            let error = Progress::resume(&path, belongs).err().unwrap();
            format!("{error:#}")
        };
        let mut other = belongs();
        other.settings = other.settings.replace("400", "500");
        let error = refused(&other);
        assert!(
            error.contains("`policy.steps` = 400, expected 500"),
            "{error}"
        );
        let model = Belongs {
            model: "n".to_owned(),
            ..belongs()
        };
        assert!(refused(&model).contains("model m, expected n"));
        let seed = Belongs {
            seed: 4,
            ..belongs()
        };
        assert!(refused(&seed).contains("seed 3, expected 4"));
        let whole = std::fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(refused(&belongs()).contains("damaged"));
        std::fs::write(&path, &whole[..MAGIC.len() + 5]).unwrap();
        assert!(refused(&belongs()).contains("damaged"));
        std::fs::write(&path, "foreign").unwrap();
        assert!(refused(&belongs()).contains("not the state of a distillation"));
    }
}
