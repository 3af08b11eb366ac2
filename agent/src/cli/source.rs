//! What a policy is learned from: a task, a world model of it, its exploration data, and the recipe.

use super::UsageError;
use super::collect::exploration;
use super::interrupt::Interrupt;
use crate::assets;
use crate::model_check::check_model;
use crate::objective::CostKind;
use crate::planning_config::PlanningConfig;
use crate::recipe::Recipe;
use anyhow::{Context, Result};
use clap::Args;
use sim::Task;
use sim::variation::Variant;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use world_model::WorldModel;
use world_model::dataset::Dataset;

/// A task's recipe, with changes.
#[derive(Args)]
pub struct RecipeArguments {
    /// Recipe to use in place of the task's own
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Setting of the recipe to change, as SECTION.KEY=VALUE, such as train.anti_collapse=vicreg; can be given again
    #[arg(long, value_name = "SETTING")]
    set: Vec<String>,
}

impl RecipeArguments {
    /// The first of the changes to a section.
    pub fn change_to(&self, section: &str) -> Option<&str> {
        let of_section = |set: &&String| set.trim_start().starts_with(&format!("{section}."));
        self.set.iter().find(of_section).map(String::as_str)
    }

    /// The recipe of a task, for states or for images.
    ///
    /// # Errors
    /// A file that does not read, or a setting that no recipe has.
    pub fn read(&self, assets: &Path, task: &Task, images: bool) -> Result<Recipe> {
        let recipe = match &self.recipe {
            Some(path) => Recipe::from_file(path)?,
            None => Recipe::of_task(assets, task.name(), images)?,
        };
        recipe
            .with(&self.set)
            .map_err(|e| UsageError(format!("--set {e:#}")).into())
    }
}

/// Where a policy comes from.
#[derive(Args)]
pub struct SourceArguments {
    /// Task
    #[arg(long)]
    task: String,
    /// World model [default: the shipped one]
    #[arg(long)]
    model: Option<PathBuf>,
    /// The shipped model of images
    #[arg(long, conflicts_with = "model")]
    pixels: bool,
    /// Exploration data of the model; without it they are collected as the recipe says, and kept beside what is written
    #[arg(long)]
    data: Option<PathBuf>,
    #[command(flatten)]
    recipe: RecipeArguments,
    /// Cost that the planner minimises
    #[arg(long, value_enum, default_value = "pose")]
    pub cost: CostKind,
}

/// What the arguments name, read and checked.
pub struct Source {
    /// Folder of the assets.
    pub assets: PathBuf,
    /// The task.
    pub task: Arc<Task>,
    /// The variant in which it is learned and measured.
    pub variant: Variant,
    /// All of them.
    pub variants: Vec<Variant>,
    /// File of the model.
    pub path: PathBuf,
    /// The model, which was trained for the task.
    pub model: Arc<WorldModel>,
    /// The recipe, with images of the size that the model sees.
    pub recipe: Recipe,
}

impl Source {
    /// How an agent plans: as a file says, or as the task ships it.
    ///
    /// # Errors
    /// A file that does not read or has an unknown key.
    pub fn planning(&self, file: Option<&Path>) -> Result<PlanningConfig> {
        PlanningConfig::asked(file, &self.assets, self.task.name())
    }
}

impl SourceArguments {
    /// Reads everything but the data.
    ///
    /// # Errors
    /// A task, model or recipe that does not read, or a model of another task.
    pub fn open(&self) -> Result<Source> {
        let assets = assets::find()?;
        let task = Arc::new(Task::load(&assets, &self.task)?);
        let path = match &self.model {
            Some(path) => path.clone(),
            None => assets::model_path(&assets, task.name(), self.pixels),
        };
        let model = Arc::new(WorldModel::load(&path)?);
        check_model(&model, &task).with_context(|| path.display().to_string())?;
        let mut recipe = self.recipe.read(&assets, &task, model.sight().is_some())?;
        recipe.collect.image_size = model.sight().map(|s| s.spec().image().height);
        Ok(Source {
            variant: Variant::of(&task, None)?,
            variants: Variant::all(&task)?,
            assets,
            task,
            path,
            model,
            recipe,
        })
    }

    /// The exploration data; where none are named they are collected into `own`, if they are not there.
    ///
    /// # Errors
    /// Data that do not read or are not of this task, or an interruption.
    pub fn exploration(
        &self,
        source: &Source,
        own: &Path,
        interrupt: &Interrupt,
    ) -> Result<Dataset> {
        let (folder, missing) = match &self.data {
            Some(folder) => (folder.as_path(), None),
            None => (own, Some(&source.recipe.collect)),
        };
        exploration(&source.task, missing, folder, interrupt)
    }
}
