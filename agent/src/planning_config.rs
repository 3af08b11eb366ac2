//! How an agent plans, as `--config` sets it.

use crate::arbiter::ArbiterConfig;
use crate::files;
use crate::objective::ObjectiveConfig;
use anyhow::Result;
use planners::{Method, RefinementConfig};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How a controller plans.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlanningConfig {
    /// Blocks imagined ahead. Default 8, as far as the heads were trained on imagined latents.
    pub horizon_blocks: usize,
    /// The search.
    pub planner: Method,
    /// Gradient steps from the search's best candidates, in the latent. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refinement: Option<RefinementConfig>,
    /// The cost.
    pub objective: ObjectiveConfig,
    /// Share of the population that System 1 proposes, where there is a policy; half at most. Default 0.2.
    pub proposals: f32,
    /// Control steps executed of each reaction of System 1 where it acts alone; a block at most. Default 2.
    pub reaction_steps: usize,
    /// Which of its modes System 1 takes where it acts alone. Default the likeliest.
    pub reaction: ReactionChoice,
    /// When a hybrid agent plans.
    pub arbiter: ArbiterConfig,
    /// How rows plan in true physics, where a simulated step costs a hundred imagined ones.
    pub physics: PhysicsConfig,
}

/// Which of its modes a policy takes.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReactionChoice {
    /// The likeliest.
    #[default]
    Likeliest,
    /// Any, as likely as it is: where the likeliest may stand still between two good ways.
    Drawn,
}

/// The search in true physics: a smaller one.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhysicsConfig {
    /// Blocks simulated ahead, or `horizon_blocks` where that is less. Default 6.
    pub horizon_blocks: usize,
    /// The search.
    pub planner: Method,
}

impl Default for PhysicsConfig {
    fn default() -> Self {
        Self {
            horizon_blocks: 6,
            planner: Method::Icem(planners::IcemConfig {
                population: 36,
                rounds: 4,
                elites: 6,
                initial_std: 1.0,
                ..Default::default()
            }),
        }
    }
}

impl PlanningConfig {
    /// The settings asked for, or those of a task.
    ///
    /// # Errors
    /// Names the file when it cannot be read or has an unknown key.
    pub fn asked(file: Option<&Path>, assets: &Path, task: &str) -> Result<Self> {
        match file {
            Some(file) => Self::from_file(file),
            None => Self::of_task(assets, task),
        }
    }

    /// The settings that a task ships in `planning/<task>.toml`, or the defaults where it ships none.
    ///
    /// # Errors
    /// Names the file when it cannot be read or has an unknown key.
    pub fn of_task(assets: &Path, task: &str) -> Result<Self> {
        let path = assets.join("planning").join(format!("{task}.toml"));
        match path.exists() {
            true => Self::from_file(&path),
            false => Ok(Self::default()),
        }
    }

    /// Settings from a file.
    ///
    /// # Errors
    /// Names the file when it cannot be read or has an unknown key.
    pub fn from_file(path: &Path) -> Result<Self> {
        files::read_toml("config", path)
    }

    /// The settings of a row that plans in true physics.
    pub fn in_physics(&self) -> Self {
        Self {
            horizon_blocks: self.horizon_blocks.min(self.physics.horizon_blocks),
            planner: self.physics.planner.clone(),
            refinement: None,
            ..self.clone()
        }
    }
}

impl Default for PlanningConfig {
    fn default() -> Self {
        Self {
            horizon_blocks: 8,
            planner: Method::Icem(planners::IcemConfig {
                population: 96,
                elites: 10,
                initial_std: 1.0,
                ..Default::default()
            }),
            refinement: None,
            objective: ObjectiveConfig::default(),
            proposals: 0.2,
            reaction_steps: 2,
            reaction: ReactionChoice::default(),
            arbiter: ArbiterConfig::default(),
            physics: PhysicsConfig::default(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::assets;

    #[test]
    fn a_task_has_its_own_settings_or_the_defaults_and_a_file_replaces_both() {
        let assets = assets::find().unwrap();
        let pick = PlanningConfig::of_task(&assets, "pick").unwrap();
        assert!(pick.horizon_blocks < PlanningConfig::default().horizon_blocks);
        let push = PlanningConfig::of_task(&assets, "push").unwrap();
        assert_eq!(push, PlanningConfig::default());

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("own.toml");
        std::fs::write(&file, "horizon_blocks = 3").unwrap();
        let own = PlanningConfig::asked(Some(&file), &assets, "pick").unwrap();
        let expected = PlanningConfig {
            horizon_blocks: 3,
            ..PlanningConfig::default()
        };
        assert_eq!(own, expected);
        std::fs::write(&file, "horizon = 3").unwrap();
        let error = PlanningConfig::from_file(&file).unwrap_err().to_string();
        assert!(
            error.contains("own.toml") && error.contains("horizon"),
            "{error}"
        );
    }

    #[test]
    fn every_shipped_file_is_of_a_task_and_can_be_used() {
        let assets = assets::find().unwrap();
        let tasks = sim::Task::list(&assets).unwrap();
        for entry in std::fs::read_dir(assets.join("planning")).unwrap() {
            let path = entry.unwrap().path();
            let task = path.file_stem().unwrap().to_string_lossy().into_owned();
            assert!(tasks.contains(&task), "{}", path.display());
            let config = PlanningConfig::of_task(&assets, &task).unwrap();
            assert_ne!(config, PlanningConfig::default(), "{}", path.display());
        }
    }
}
