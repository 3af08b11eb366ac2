//! `foresight distill`: from planner runs to a reactive policy.

mod stages;

pub use stages::{Lesson, distil};

use super::collect::exploration;
use super::interrupt::Interrupt;
use super::{UsageError, check_state};
use crate::distillation::{Belongs, Progress, push_data, push_recording};
use crate::model_check::check_model;
use crate::objective::CostKind;
use crate::recipe::Recipe;
use crate::recording::Recording;
use crate::{assets, files};
use anyhow::{Context, Result};
use clap::Args;
use sim::variation::Variant;
use sim::{Env, Task};
use std::path::PathBuf;
use std::sync::Arc;
use world_model::WorldModel;
use world_model::policy::Demonstrations;

#[derive(Args)]
pub struct DistillArguments {
    /// Task
    #[arg(long)]
    task: String,
    /// World model to distil from [default: the shipped one]
    #[arg(long)]
    model: Option<PathBuf>,
    /// Distil from the shipped model of images
    #[arg(long, conflicts_with = "model")]
    pixels: bool,
    /// Exploration data to learn from in hindsight; without it they are collected as the recipe says, into `<out>.data`
    #[arg(long)]
    data: Option<PathBuf>,
    /// Recordings of the simulator to learn from as well
    #[arg(long, value_delimiter = ',', value_name = "FILE")]
    recordings: Vec<PathBuf>,
    /// Recipe to use in place of the task's own
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Setting of the recipe to change, as SECTION.KEY=VALUE, such as distill.policy.modes=1; can be given again
    #[arg(long, value_name = "SETTING")]
    set: Vec<String>,
    /// Cost that the planner minimises
    #[arg(long, value_enum, default_value = "pose")]
    cost: CostKind,
    /// Goals that the planner goes to [default: the recipe's]
    #[arg(long)]
    goals: Option<usize>,
    /// Rounds of DAgger [default: the recipe's]
    #[arg(long)]
    rounds: Option<usize>,
    /// Optimiser steps of each training [default: the recipe's]
    #[arg(long)]
    steps: Option<usize>,
    /// Seed of the goals and the trainings
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Continue an interrupted distillation with the stages that are done
    #[arg(long)]
    resume: bool,
    /// Policy to write
    #[arg(long)]
    out: PathBuf,
}

pub fn run(arguments: &DistillArguments) -> Result<()> {
    let assets = assets::find()?;
    let task = Arc::new(Task::load(&assets, &arguments.task)?);
    let path = match &arguments.model {
        Some(path) => path.clone(),
        None => assets::model_path(&assets, task.name(), arguments.pixels),
    };
    let model = WorldModel::load(&path)?;
    check_model(&model, &task).with_context(|| path.display().to_string())?;
    let mut recipe = match &arguments.recipe {
        Some(path) => Recipe::from_file(path)?,
        None => Recipe::of_task(&assets, task.name(), model.sight().is_some())?,
    };
    recipe = recipe
        .with(&arguments.set)
        .map_err(|e| UsageError(format!("--set {e:#}")))?;
    let config = &mut recipe.distill;
    config.planner_goals = arguments.goals.unwrap_or(config.planner_goals);
    config.rounds = arguments.rounds.unwrap_or(config.rounds);
    config.policy.steps = arguments.steps.unwrap_or(config.policy.steps);
    config.policy.seed = arguments.seed;
    let config = config.clone();
    config.validate().map_err(|e| UsageError(e.to_string()))?;
    files::check_writable(&arguments.out)?;
    let state = files::with_suffix(&arguments.out, ".distilling");
    check_state(&state, arguments.resume)?;
    let interrupt = Interrupt::install()?;
    let folder = match &arguments.data {
        Some(folder) => folder.clone(),
        None => files::with_suffix(&arguments.out, ".data"),
    };
    recipe.collect.image_size = model.sight().map(|s| s.spec().image().height);
    let missing = arguments.data.is_none().then_some(&recipe.collect);
    let dataset = exploration(&task, missing, &folder, &interrupt)?;
    let card = model.card();
    let mut all = Demonstrations::new(card.latent_dim(), card.action_dim(), card.block());
    push_data(&model, &dataset, &mut all)?;
    let mut data = dataset.hash.clone();
    for path in &arguments.recordings {
        let recording = Recording::read(path)?;
        push_recording(&model, &recording, &assets, &mut all)
            .with_context(|| path.display().to_string())?;
        data += &format!(" and {}", recording.hash()?);
    }
    let model = Arc::new(model);
    let variant = Variant::of(&task, None)?;
    let lesson = Lesson {
        task: &task,
        variant: &variant,
        model: &model,
        cost: arguments.cost,
        config: &config,
        seed: arguments.seed,
        interrupt: &interrupt,
    };
    let belongs = belongs(&lesson, data)?;
    let mut progress = match arguments.resume {
        true => Progress::resume(&state, &belongs)?,
        false => Progress::new(&state, belongs),
    };
    let policy = distil(&lesson, &mut all, &mut progress)?;
    policy.save(&arguments.out)?;
    progress.remove()?;
    println!(
        "{}: {} parameters, {} labels of a planner, thresholds {:?}",
        arguments.out.display(),
        policy.parameters(),
        all.labels(),
        policy.card().calibration
    );
    Ok(())
}

/// What the state of a distillation from data with this hash belongs to.
pub fn belongs(lesson: &Lesson, data: String) -> Result<Belongs> {
    Ok(Belongs {
        task: task_hash(lesson.task, lesson.variant)?,
        model: lesson.model.hash().to_owned(),
        data,
        cost: lesson.cost.name().to_owned(),
        seed: lesson.seed,
        settings: serde_json::to_string(lesson.config)?,
    })
}

/// Hash of a task and its scene, in hexadecimal.
pub fn task_hash(task: &Arc<Task>, variant: &Variant) -> Result<String> {
    let mut env = Env::new(Arc::clone(task), variant.clone())?;
    env.reset(0)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("{:?}", task.spec()).as_bytes());
    hasher.update(&env.snapshot()?);
    Ok(hasher.finalize().to_hex().to_string())
}
