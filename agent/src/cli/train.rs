//! `foresight train`: from data to a world model.

use super::UsageError;
use super::collect::with_progress;
use super::interrupt::Interrupt;
use crate::collection::dataset_spec;
use crate::model_check::check_model;
use crate::recipe::Recipe;
use crate::sight_config::{SightConfig, SightKind};
use crate::{assets, eyes, files};
use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use sim::Task;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use world_model::dataset::Dataset;
use world_model::diagnostics::Diagnostics;
use world_model::sight::Sight;
use world_model::{TrainError, TrainProgress, WorldModel};

#[derive(Args)]
pub struct TrainArguments {
    /// Task to learn
    #[arg(long)]
    task: String,
    /// LeRobotDataset v3.0 to learn from; without it the task's recipe is collected into `<out>.data` and kept there
    #[arg(long)]
    data: Option<PathBuf>,
    /// Recipe to use in place of the task's own
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Learn from the camera's images instead of states
    #[arg(long)]
    pixels: bool,
    /// How images are looked at [default: the recipe's]
    #[arg(long, requires = "pixels")]
    sight: Option<SightKind>,
    /// Model of states whose latents a `distilled` encoder is taught [default: the shipped one]
    #[arg(long, value_name = "FILE", requires = "pixels")]
    teacher: Option<PathBuf>,
    /// Seed of the training, and of the data where they are collected [default: the recipe's]
    #[arg(long)]
    seed: Option<u64>,
    /// Continue an interrupted training
    #[arg(long)]
    resume: bool,
    /// Model to write
    #[arg(long)]
    out: PathBuf,
    /// Wall-clock budget; the learning rate then follows the clock
    #[arg(long)]
    minutes: Option<f32>,
    /// Optimiser steps [default: the recipe's]
    #[arg(long)]
    steps: Option<usize>,
}

pub fn run(arguments: &TrainArguments) -> Result<()> {
    let assets = assets::find()?;
    let task = Arc::new(Task::load(&assets, &arguments.task)?);
    let mut recipe = match &arguments.recipe {
        Some(path) => Recipe::from_file(path)?,
        None => Recipe::of_task(&assets, task.name(), arguments.pixels)?,
    };
    if arguments.pixels {
        let sight = recipe.sight.get_or_insert_default();
        if let Some(kind) = arguments.sight {
            sight.kind = kind;
        }
    } else {
        recipe.sight = None;
    }
    recipe.collect.image_size = recipe.sight.as_ref().map(|sight| sight.size);
    if let Some(seed) = arguments.seed {
        recipe.train.seed = seed;
        recipe.collect.seed = seed;
    }
    if arguments.minutes.is_some() {
        recipe.train.minutes = arguments.minutes;
    }
    if let Some(steps) = arguments.steps {
        recipe.train.steps = steps;
    }
    recipe
        .train
        .validate()
        .map_err(|e| UsageError(e.to_string()))?;
    files::check_writable(&arguments.out)?;
    let state = with_suffix(&arguments.out, ".training");
    if state.exists() && !arguments.resume {
        bail!(UsageError(format!(
            "{} holds an interrupted training: continue it with --resume, or remove it",
            state.display()
        )));
    }
    if arguments.resume && !state.exists() {
        bail!(UsageError(format!(
            "--resume: there is no {}",
            state.display()
        )));
    }
    let interrupt = Interrupt::install()?;
    let folder = match &arguments.data {
        Some(folder) => folder.clone(),
        None => {
            let folder = with_suffix(&arguments.out, ".data");
            if !folder.exists() {
                let collected = with_progress(&task, &recipe.collect, &folder, &interrupt)?;
                if collected.interrupted {
                    std::fs::remove_dir_all(&folder)
                        .with_context(|| format!("cannot remove {}", folder.display()))?;
                    bail!("interrupted while collecting; nothing was kept");
                }
            }
            folder
        }
    };
    let dataset = Dataset::read(&folder)?;
    check_dataset(&dataset, &task, &folder)?;
    let sight = recipe
        .sight
        .as_ref()
        .map(|sight| open_eyes(sight, &task, recipe.train.seed))
        .transpose()?;
    let sight = match (sight, &recipe.sight) {
        (Some(sight), Some(config)) if config.kind == SightKind::Distilled => {
            return distil(arguments, &assets, &task, &dataset, sight, &recipe);
        }
        (sight, _) => sight,
    };

    let bar = ProgressBar::new(recipe.train.steps as u64).with_style(ProgressStyle::with_template(
        "training {prefix} {bar:30} {pos}/{len} steps, {per_sec}, {eta} left {msg}",
    )?);
    bar.set_prefix(task.name().to_owned());
    say(&bar, HEADER);
    let outcome = world_model::train(
        &dataset,
        sight,
        &recipe.train,
        Some(&state),
        &mut |progress| {
            report(&bar, progress);
            if interrupt.requested() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        },
    );
    bar.finish_and_clear();
    let model = match outcome {
        Err(TrainError::Interrupted { step, total }) => bail!(
            "interrupted at step {step} of {total}; {} is kept, continue with --resume",
            state.display()
        ),
        other => other?,
    };
    model.save(&arguments.out)?;
    std::fs::remove_file(&state).with_context(|| format!("cannot remove {}", state.display()))?;
    let card = model.card();
    println!(
        "{}: {} steps in {:.0} s; {}",
        arguments.out.display(),
        card.steps,
        card.training_seconds,
        line(&card.diagnostics)
    );
    Ok(())
}

/// The sight of a model of images, its localiser trained.
fn open_eyes(config: &SightConfig, task: &Arc<Task>, seed: u64) -> Result<Sight> {
    let bar = ProgressBar::new(config.localiser.steps as u64).with_style(
        ProgressStyle::with_template("localiser {bar:30} {pos}/{len} steps, {eta} left {msg}")?,
    );
    let sight = eyes::open(config, task, seed, &mut |step, loss| {
        bar.set_position(step as u64);
        bar.set_message(format!("cross-entropy {loss:.4}"));
    })?;
    bar.finish_and_clear();
    Ok(sight)
}

/// Teaches an encoder of images the latents of a model of states.
fn distil(
    arguments: &TrainArguments,
    assets: &Path,
    task: &Task,
    dataset: &Dataset,
    sight: Sight,
    recipe: &Recipe,
) -> Result<()> {
    let path = match &arguments.teacher {
        Some(path) => path.clone(),
        None => assets::model_path(assets, task.name(), false),
    };
    let teacher = WorldModel::load(&path)?;
    check_model(&teacher, task).with_context(|| path.display().to_string())?;
    let config = recipe.sight.clone().unwrap_or_default().distil;
    let bar = ProgressBar::new(config.steps as u64).with_style(ProgressStyle::with_template(
        "distilling {bar:30} {pos}/{len} steps, {eta} left {msg}",
    )?);
    let seed = recipe.train.seed;
    let model = world_model::distil(
        &teacher,
        dataset,
        sight,
        &config,
        seed,
        &mut |step, loss| {
            bar.set_position(step as u64);
            bar.set_message(format!("squared error {loss:.4}"));
        },
    )?;
    bar.finish_and_clear();
    model.save(&arguments.out)?;
    println!(
        "{}: {} steps, {:.0} s with those of {}",
        arguments.out.display(),
        config.steps,
        model.card().training_seconds,
        path.display()
    );
    Ok(())
}

/// Fails when a data set was not recorded in this task.
fn check_dataset(dataset: &Dataset, task: &Task, folder: &Path) -> Result<()> {
    let expected = dataset_spec(task, dataset.spec.image, dataset.spec.seed);
    if dataset.spec != expected {
        bail!(
            "{}: recorded in task '{}' with observations {:?}, actions {:?} and poses {:?}, expected those of task '{}'",
            folder.display(),
            dataset.spec.task,
            dataset.spec.observation_names,
            dataset.spec.action_names,
            dataset.spec.pose_names,
            task.name()
        );
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

const HEADER: &str = "   step | loss: pred    idm    sig   pose  reach | rank  min std | skill 1/5/10 | probe R2 pos/yaw/vel | pose now, imagined";

fn report(bar: &ProgressBar, progress: &TrainProgress) {
    bar.set_length(progress.total as u64);
    bar.set_position(progress.step as u64);
    if !progress.evaluated {
        return;
    }
    if let Some(diagnostics) = &progress.diagnostics {
        let l = &progress.losses;
        let mut text = format!(
            "{:>7} | {:>10.3} {:>6.3} {:>6.2} {:>6.3} {:>6.3} | {}",
            progress.step,
            l.prediction,
            l.inverse,
            l.sigreg,
            l.pose,
            l.reach,
            line(diagnostics)
        );
        let others = l.others();
        if !others.is_empty() {
            text.push_str(" | ");
            text.push_str(&others);
        }
        say(bar, &text);
    }
}

/// A line above the bar; on standard error by itself where there is no terminal, and so no bar.
fn say(bar: &ProgressBar, text: &str) {
    match bar.is_hidden() {
        true => eprintln!("{text}"),
        false => bar.println(text),
    }
}

/// Diagnostics in one line; the columns of [`HEADER`].
fn line(d: &Diagnostics) -> String {
    let skill: Vec<String> = d.skill.iter().map(|s| format!("{:.2}", s.skill)).collect();
    let optional = |x: Option<f32>| x.map_or("-".to_owned(), |x| format!("{x:.3}"));
    let error = |e: &world_model::diagnostics::PoseErrors| {
        let yaw = e
            .yaw_rad
            .map_or(String::new(), |y| format!(" {:.1} deg", y.to_degrees()));
        format!("{:.2} cm{yaw}", 100.0 * e.position_m)
    };
    format!(
        "{:>4.1} {:>8.3} | {} | {:.3}/{}/{:.3} | {}, {}",
        d.participation_ratio,
        d.min_std,
        skill.join("/"),
        d.position_r2,
        optional(d.yaw_r2),
        d.velocity_r2,
        error(&d.encoded),
        error(&d.imagined)
    )
}
