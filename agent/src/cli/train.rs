//! `foresight train`: from data to a world model.

mod report;
mod sight;

use super::collect::exploration;
use super::interrupt::Interrupt;
use super::source::RecipeArguments;
use super::{UsageError, check_state};
use crate::sight_config::SightKind;
use crate::{assets, files};
use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use sim::Task;
use std::path::PathBuf;
use std::sync::Arc;
use world_model::{ConfigError, TrainError};

#[derive(Args)]
pub struct TrainArguments {
    /// Task to learn
    #[arg(long)]
    task: String,
    /// LeRobotDataset v3.0 to learn from; without it the task's recipe is collected into `<out>.data` and kept there
    #[arg(long)]
    data: Option<PathBuf>,
    #[command(flatten)]
    recipe: RecipeArguments,
    /// Learn from the camera's images instead of states
    #[arg(long)]
    pixels: bool,
    /// How images are looked at [default: the recipe's]
    #[arg(long, requires = "pixels")]
    sight: Option<SightKind>,
    /// Model of images whose sight is taken as it is, instead of learning one: for other data, settings or seeds
    #[arg(long, value_name = "FILE", requires = "pixels")]
    sight_of: Option<PathBuf>,
    /// Model of images that learns to see anew, for other marks, cameras or looks: its networks are taken as they are, and no data are
    /// needed
    #[arg(long, value_name = "FILE", requires = "pixels", conflicts_with_all = ["data", "teacher", "resume", "minutes", "steps"])]
    latents_of: Option<PathBuf>,
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
    let mut recipe = arguments.recipe.read(&assets, &task, arguments.pixels)?;
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
        match &mut recipe.sight {
            Some(sight) if sight.kind == SightKind::Distilled => sight.distil.steps = steps,
            _ => recipe.train.steps = steps,
        }
    }
    let usage = |error: ConfigError| UsageError(error.to_string());
    recipe.train.validate().map_err(usage)?;
    if let Some(sight) = &recipe.sight {
        sight.localiser.validate().map_err(usage)?;
        sight.distil.validate().map_err(usage)?;
        let spec = sight.spec(&task);
        let spec = spec.map_err(|e| UsageError(format!("{e:#}")))?;
        spec.check().map_err(|e| UsageError(e.to_string()))?;
        let distilled = sight.kind == SightKind::Distilled;
        if distilled && (arguments.resume || arguments.minutes.is_some()) {
            bail!(UsageError(
                "--resume and --minutes: a distilled encoder is taught in one go".to_owned()
            ));
        }
        if arguments.teacher.is_some() && !distilled {
            bail!(UsageError(
                "--teacher: only a distilled encoder has one, see --sight".to_owned()
            ));
        }
    }
    if arguments.latents_of.is_some()
        && let Some(set) = arguments.recipe.change_to("train")
    {
        bail!(UsageError(format!(
            "--set {set}: a model that learns to see anew is not trained, see --latents-of"
        )));
    }
    let taken = match (&recipe.sight, &arguments.sight_of) {
        (Some(config), Some(path)) => Some(sight::of_model(path, config, &task)?),
        _ => None,
    };
    files::check_writable(&arguments.out)?;
    if let (Some(config), Some(path)) = (&recipe.sight, &arguments.latents_of) {
        let renewal = sight::Renewal {
            path,
            config,
            taken,
            seed: recipe.train.seed,
        };
        return renewal.write(&task, &arguments.out);
    }
    let state = files::with_suffix(&arguments.out, ".training");
    check_state(&state, arguments.resume)?;
    let interrupt = Interrupt::install()?;
    let folder = match &arguments.data {
        Some(folder) => folder.clone(),
        None => files::with_suffix(&arguments.out, ".data"),
    };
    let missing = arguments.data.is_none().then_some(&recipe.collect);
    let dataset = exploration(&task, missing, &folder, &interrupt)?;
    let sight = match &recipe.sight {
        None => None,
        Some(config) => {
            config.image(&task).check_data(&dataset.spec)?; // before a localiser is trained for it
            let seed = recipe.train.seed;
            let sight = match taken {
                Some(sight) => sight,
                None => sight::open(config, &task, seed, &interrupt)?,
            };
            if config.kind == SightKind::Distilled {
                let taught = sight::Lesson {
                    task: &task,
                    dataset: &dataset,
                    sight,
                    seed,
                };
                return sight::distil(arguments, &assets, taught, &config.distil, &interrupt);
            }
            Some(sight)
        }
    };

    let bar = ProgressBar::new(recipe.train.steps as u64).with_style(ProgressStyle::with_template(
        "training {prefix} {bar:30} {pos}/{len} steps, {per_sec}, {eta} left {msg}",
    )?);
    bar.set_prefix(task.name().to_owned());
    let mut headed = false;
    let outcome = world_model::train(
        &dataset,
        sight,
        &recipe.train,
        Some(&state),
        &mut |progress| {
            report::report(&bar, progress, &mut headed);
            interrupt.flow()
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
    say!(
        "{}: {} steps in {:.0} s; {}",
        arguments.out.display(),
        card.steps,
        card.training_seconds,
        report::line(&card.diagnostics)
    );
    Ok(())
}
