//! The models that a benchmark's rows are about, and the policies beside them.

use super::super::UsageError;
use super::BenchArguments;
use crate::assets;
use crate::model_check::check_model;
use crate::system1::load_policy;
use anyhow::{Context, Result, bail};
use sim::Task;
use std::path::Path;
use std::sync::Arc;
use world_model::WorldModel;
use world_model::policy::Policy;

/// The models of a task that rows are about.
#[derive(Default)]
pub struct Models {
    /// All rows.
    pub main: Option<Loaded>,
    /// The shipped model of images, beside the shipped model of states: the first of the costs.
    pub beside: Option<Loaded>,
}

/// A model, and the policy that was distilled from it.
pub struct Loaded {
    /// The model.
    pub model: Arc<WorldModel>,
    /// The policy.
    pub policy: Option<Arc<Policy>>,
}

/// Reads the models of a task that rows need.
pub fn models(assets: &Path, task: &Task, arguments: &BenchArguments) -> Result<Models> {
    let open = |path: &Path| -> Result<Loaded> {
        let model = WorldModel::load(path)?;
        check_model(&model, task).with_context(|| path.display().to_string())?;
        if arguments.pixels && model.sight().is_none() {
            bail!(
                "{}: a model of states, expected one of images",
                path.display()
            );
        }
        let beside = assets::policy_path(path);
        let policy = match &arguments.policy {
            Some(path) => Some(path.clone()),
            None => beside.exists().then_some(beside),
        };
        let policy = policy.map(|path| load_policy(&path, &model)).transpose()?;
        Ok(Loaded {
            model: Arc::new(model),
            policy,
        })
    };
    let all = arguments.task.iter().any(|name| name == "all");
    if arguments.policy.is_some() && (all || arguments.task.len() != 1) {
        bail!(UsageError("--policy needs a single --task".to_owned()));
    }
    if let Some(path) = &arguments.model {
        if all || arguments.task.len() != 1 {
            bail!(UsageError("--model needs a single --task".to_owned()));
        }
        return Ok(Models {
            main: Some(open(path)?),
            beside: None,
        });
    }
    let path = assets::model_path(assets, task.name(), arguments.pixels);
    let main = if path.exists() || !all {
        Some(open(&path)?)
    } else {
        say!(
            "Task {} ships no model ({}): rows that need one are left out.",
            task.name(),
            path.display()
        );
        None
    };
    let images = assets::model_path(assets, task.name(), true);
    let beside = match !arguments.pixels && arguments.policy.is_none() && images.exists() {
        true => Some(open(&images)?),
        false => None,
    };
    Ok(Models { main, beside })
}
