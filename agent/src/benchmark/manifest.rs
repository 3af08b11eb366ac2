//! Frozen pairs: what a benchmark runs on unless it is asked for fresh ones, so that figures of different days and machines
//! are about the same problems.

use super::pairs::{self, Pair};
use super::tier::Tier;
use crate::files;
use anyhow::{Context, Result, bail};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sim::shapes::Placement;
use sim::variation::Variant;
use sim::{Env, Goal, Task};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Pairs frozen for each tier.
pub const PAIRS: usize = 200;

/// The seed that the frozen pairs were drawn with. Nothing is tuned on it.
pub const SEED: u64 = 20_261_124;

/// Largest difference between a start and what the manifest says of it, in any coordinate: processors round differently.
const SAME_POSE: f32 = 1.0e-3;

/// The frozen pairs of one variant of a task, as they stand in its JSON file.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Task.
    pub task: String,
    /// Variant.
    pub variant: String,
    /// Seed that the pairs were drawn with.
    pub seed: u64,
    /// Pairs of each tier.
    pub tiers: BTreeMap<Tier, Vec<FrozenPair>>,
}

/// A pair of start and goal.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FrozenPair {
    /// Seed that [`Env::reset`] makes the start from.
    pub start_seed: u64,
    /// Pose of the start, laid out like [`Env::pose`]: tells whether the task is still the one that was frozen.
    pub start_pose: Vec<f32>,
    /// Pose of the goal.
    pub goal_pose: Vec<f32>,
    /// State observation of the goal.
    pub goal_observation: Vec<f32>,
    /// Where all bodies are at the goal, and a control step earlier: what a camera sees.
    pub goal_placements: [Vec<Placement>; 2],
}

/// Name of a variant's file.
pub fn file_name(task: &str, variant: &str) -> String {
    format!("{task}-{variant}.json")
}

/// The manifest of a variant.
pub fn path(assets: &Path, task: &str, variant: &str) -> PathBuf {
    assets.join("manifests").join(file_name(task, variant))
}

impl Manifest {
    /// Draws and freezes the pairs of a variant.
    ///
    /// # Errors
    /// When pairs cannot be drawn.
    pub fn freeze(task: &Arc<Task>, variant: &Variant) -> Result<Self> {
        let freeze = |pair: Pair| -> Result<FrozenPair> {
            let mut env = Env::new(Arc::clone(task), variant.clone())?;
            env.reset(pair.start_seed)?;
            Ok(FrozenPair {
                start_seed: pair.start_seed,
                start_pose: env.pose(),
                goal_pose: pair.goal.pose,
                goal_observation: pair.goal.observation,
                goal_placements: pair.goal.placements,
            })
        };
        let tiers = Tier::of(task).into_iter().map(|tier| {
            let drawn = pairs::draw(task, variant, tier, PAIRS, SEED)?;
            let frozen = drawn.into_par_iter().map(freeze).collect::<Result<_>>()?;
            Ok((tier, frozen))
        });
        Ok(Self {
            task: task.name().to_owned(),
            variant: variant.name.clone(),
            seed: SEED,
            tiers: tiers.collect::<Result<_>>()?,
        })
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        files::write_atomically(path, serde_json::to_string(self)?.as_bytes())
    }

    /// Reads the file.
    ///
    /// # Errors
    /// A file that is missing or is no manifest.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is not a manifest", path.display()))
    }

    /// The first `count` pairs of a tier.
    ///
    /// # Errors
    /// Fewer pairs than asked for, or a task that makes other starts than when it was frozen.
    pub fn pairs(
        &self,
        task: &Arc<Task>,
        variant: &Variant,
        tier: Tier,
        count: usize,
    ) -> Result<Vec<Pair>> {
        if (self.task.as_str(), &self.variant) != (task.name(), &variant.name) {
            bail!(
                "it is about {} ({}), expected {} ({})",
                self.task,
                self.variant,
                task.name(),
                variant.name
            );
        }
        let frozen = self.tiers.get(&tier).map_or(&[][..], Vec::as_slice);
        let Some(frozen) = frozen.get(..count) else {
            bail!(
                "{} frozen pairs of tier {}, {count} asked for: give --seed to draw fresh ones",
                frozen.len(),
                tier.name()
            );
        };
        let bodies = task.appearance().bodies.len();
        let thaw = |(index, pair): (usize, &FrozenPair)| {
            let mut env = Env::new(Arc::clone(task), variant.clone())?;
            env.reset(pair.start_seed)?;
            let start = env.pose();
            let goal = [&pair.goal_pose[..], &pair.goal_observation].concat();
            if pair.goal_pose.len() != start.len()
                || pair.goal_observation.len() != env.observation().len()
                || goal.iter().any(|v| !v.is_finite())
                || pair.goal_placements.iter().any(|p| p.len() != bodies)
            {
                bail!(
                    "the goal of pair {index} of tier {} has {} pose and {} observation values and {:?} bodies, expected {}, {} and twice {bodies}, all finite",
                    tier.name(),
                    pair.goal_pose.len(),
                    pair.goal_observation.len(),
                    pair.goal_placements.each_ref().map(Vec::len),
                    start.len(),
                    env.observation().len()
                );
            }
            let same = start.len() == pair.start_pose.len()
                && start
                    .iter()
                    .zip(&pair.start_pose)
                    .all(|(a, b)| (a - b).abs() <= SAME_POSE);
            if !same {
                bail!(
                    "pair {index} of tier {} starts at {start:?} instead of {:?}: the task has changed since its pairs were \
                     frozen; freeze them anew with `bench --freeze`",
                    tier.name(),
                    pair.start_pose
                );
            }
            Ok(Pair {
                start_seed: pair.start_seed,
                goal: Goal {
                    pose: pair.goal_pose.clone(),
                    observation: pair.goal_observation.clone(),
                    placements: pair.goal_placements.clone(),
                },
            })
        };
        frozen.par_iter().enumerate().map(thaw).collect()
    }
}
