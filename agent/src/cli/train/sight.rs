//! Training what comes before a model of images: the localiser of its sight, or its whole encoder.

use super::TrainArguments;
use crate::cli::interrupt::Interrupt;
use crate::model_check::check_model;
use crate::sight_config::SightConfig;
use crate::{assets, eyes};
use anyhow::{Context, Error, Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use sim::Task;
use std::path::Path;
use std::sync::Arc;
use world_model::dataset::Dataset;
use world_model::sight::Sight;
use world_model::{DistilConfig, TrainError, WorldModel};

/// The sight of a model of images, its localiser trained.
///
/// # Errors
/// A sight that the task cannot have, or an interruption.
pub fn open(
    config: &SightConfig,
    task: &Arc<Task>,
    seed: u64,
    interrupt: &Interrupt,
) -> Result<Sight> {
    let taking = bar(config.localiser.pictures, "localiser", "pictures")?;
    let (marking, refining) = (config.localiser.steps, config.refining_steps());
    let bar = bar(marking + refining, "localiser", "steps")?;
    let taken = |more: usize| {
        taking.inc(more as u64);
        !interrupt.requested()
    };
    let sight = eyes::open(config, task, seed, &taken, &mut |step, loss| {
        taking.finish_and_clear();
        bar.set_position(step as u64);
        bar.set_message(match step <= marking {
            true => format!("cross-entropy {loss:.4}"),
            false => format!("{loss:.2} pixels off"),
        });
        interrupt.flow()
    });
    taking.finish_and_clear();
    bar.finish_and_clear();
    sight.map_err(|error| interrupted(error, "learning what landmarks look like"))
}

/// The sight of a model, which is to look as `config` says.
///
/// # Errors
/// A model that does not read, is of another task or looks in another way.
pub fn of_model(path: &Path, config: &SightConfig, task: &Arc<Task>) -> Result<Sight> {
    let sight = eyes::of_model(path, task)?;
    if *sight.spec() != config.spec(task)? {
        bail!(
            "{}: its sight is another than the recipe's: expected the same image, landmarks and ways of finding them",
            path.display()
        );
    }
    Ok(sight)
}

/// A trained model that is given another sight.
pub struct Renewal<'a> {
    /// The model.
    pub path: &'a Path,
    /// How it is to look.
    pub config: &'a SightConfig,
    /// A sight that was learned already.
    pub taken: Option<Sight>,
    /// Seed of the sight, where it is learned.
    pub seed: u64,
}

impl Renewal<'_> {
    /// Writes the model with its new sight.
    ///
    /// # Errors
    /// A model of another task or that reads something else than the sight tells, an interruption.
    pub fn write(self, task: &Arc<Task>, out: &Path) -> Result<()> {
        let at = || self.path.display().to_string();
        let model = WorldModel::load(self.path)?;
        check_model(&model, task).with_context(at)?;
        let spec = self.config.spec(task)?;
        model.check_sight(&spec).with_context(at)?; // before a localiser is trained for it
        let sight = match self.taken {
            Some(sight) => sight,
            None => open(self.config, task, self.seed, &Interrupt::install()?)?,
        };
        model.with_sight(sight)?.save(out)?;
        say!("{}: another sight, all else of {}", out.display(), at());
        Ok(())
    }
}

/// What a distilled encoder is taught on.
pub struct Lesson<'a> {
    /// The task.
    pub task: &'a Task,
    /// Images and states.
    pub dataset: &'a Dataset,
    /// How the images are looked at.
    pub sight: Sight,
    /// Seed of the training.
    pub seed: u64,
}

/// Teaches an encoder of images the latents of a model of states, and writes the model.
///
/// # Errors
/// A teacher of another task, images that cannot be looked at, or an interruption.
pub fn distil(
    arguments: &TrainArguments,
    assets: &Path,
    lesson: Lesson,
    config: &DistilConfig,
    interrupt: &Interrupt,
) -> Result<()> {
    let path = match &arguments.teacher {
        Some(path) => path.clone(),
        None => assets::model_path(assets, lesson.task.name(), false),
    };
    let Lesson {
        task,
        dataset,
        sight,
        seed,
    } = lesson;
    let teacher = WorldModel::load(&path)?;
    check_model(&teacher, task).with_context(|| path.display().to_string())?;
    let bar = bar(config.steps, "distilling", "steps")?;
    let model = world_model::distil(&teacher, dataset, sight, config, seed, &mut |step, loss| {
        bar.set_position(step as u64);
        bar.set_message(format!("squared error {loss:.4}"));
        interrupt.flow()
    });
    bar.finish_and_clear();
    let model = model.map_err(|error| interrupted(error.into(), "distilling"))?;
    model.save(&arguments.out)?;
    say!(
        "{}: {} steps, {:.0} s with those of {}",
        arguments.out.display(),
        config.steps,
        model.card().training_seconds,
        path.display()
    );
    Ok(())
}

fn bar(length: usize, what: &str, unit: &str) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template(&format!(
        "{{prefix}} {{bar:30}} {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left {{msg}}"
    ))?;
    Ok(ProgressBar::new(length as u64)
        .with_style(style)
        .with_prefix(what.to_owned()))
}

/// Says that an interruption kept nothing; other errors stay as they are.
fn interrupted(error: Error, doing: &str) -> Error {
    match error.chain().find_map(|e| e.downcast_ref()) {
        Some(TrainError::Interrupted { step, total }) => {
            anyhow!("interrupted at step {step} of {total} while {doing}; nothing was kept")
        }
        _ => error,
    }
}
