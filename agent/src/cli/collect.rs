//! `foresight collect`: exploration data for a task.

use super::UsageError;
use super::interrupt::Interrupt;
use crate::assets;
use crate::collection::{Collected, collect, dataset_spec};
use crate::recipe::{CollectConfig, Recipe};
use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use sim::Task;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use world_model::dataset::Dataset;

#[derive(Args)]
pub struct CollectArguments {
    /// Task to explore
    #[arg(long)]
    task: String,
    /// Episodes to record [default: the task's recipe]
    #[arg(long)]
    episodes: Option<u64>,
    /// Control steps in each episode [default: the task's recipe]
    #[arg(long)]
    steps: Option<usize>,
    /// Seed of the starts and behaviours
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Record the camera's images too
    #[arg(long)]
    pixels: bool,
    /// Folder to make
    #[arg(long)]
    out: PathBuf,
}

pub fn run(arguments: &CollectArguments) -> Result<()> {
    let assets = assets::find()?;
    let recipe = Recipe::of_task(&assets, &arguments.task, arguments.pixels)?;
    let image_size = recipe.sight.map(|sight| sight.size);
    let recipe = recipe.collect;
    let config = CollectConfig {
        episodes: arguments.episodes.unwrap_or(recipe.episodes),
        steps: arguments.steps.unwrap_or(recipe.steps),
        seed: arguments.seed,
        image_size,
        varied_looks: recipe.varied_looks,
    };
    if config.episodes == 0 || config.steps == 0 {
        bail!(UsageError(format!(
            "--episodes {} --steps {}: expected at least 1 of each",
            config.episodes, config.steps
        )));
    }
    let task = Arc::new(Task::load(&assets, &arguments.task)?);
    let interrupt = Interrupt::install()?;
    let collected = with_progress(&task, &config, &arguments.out, &interrupt)?;
    if collected.interrupted {
        bail!(
            "interrupted after {} of {} episodes; {} holds all that were complete",
            collected.summary.episodes,
            config.episodes,
            arguments.out.display()
        );
    }
    Ok(())
}

/// Collects behind a progress bar and says what was written.
pub(super) fn with_progress(
    task: &Arc<Task>,
    config: &CollectConfig,
    out: &Path,
    interrupt: &Interrupt,
) -> Result<Collected> {
    let bar = ProgressBar::new(config.episodes).with_style(ProgressStyle::with_template(
        "collecting {prefix} {bar:30} {pos}/{len} episodes, {per_sec}, {eta} left",
    )?);
    bar.set_prefix(task.name().to_owned());
    let collected = collect(task, config, out, &mut |done| {
        bar.set_position(done);
        !interrupt.requested()
    })?;
    bar.finish_and_clear();
    let s = collected.summary;
    say!(
        "{}: {} episodes, {} frames, {:.1} MB{}",
        out.display(),
        s.episodes,
        s.frames,
        s.bytes as f64 / 1.0e6,
        if collected.failed > 0 {
            format!(", {} episodes left out", collected.failed)
        } else {
            String::new()
        }
    );
    Ok(collected)
}

/// The exploration data in a folder, collected as `missing` says where there is none.
///
/// # Errors
/// Data that do not read or are not of this task, or an interruption.
pub(super) fn exploration(
    task: &Arc<Task>,
    missing: Option<&CollectConfig>,
    folder: &Path,
    interrupt: &Interrupt,
) -> Result<Dataset> {
    if let Some(config) = missing
        && !folder.exists()
        && with_progress(task, config, folder, interrupt)?.interrupted
    {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
        bail!("interrupted while collecting; nothing was kept");
    }
    let dataset = Dataset::read(folder)?;
    check_dataset(&dataset, task, folder)?;
    Ok(dataset)
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
