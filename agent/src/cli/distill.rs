//! `foresight distill`: from planner runs to a reactive policy.

use super::UsageError;
use super::collect::with_progress;
use super::interrupt::Interrupt;
use crate::controller::{ControllerKind, PlanningConfig};
use crate::distillation::{PlannerRun, Runs, calibrate, push_data, push_recording};
use crate::model_check::check_model;
use crate::objective::CostKind;
use crate::recipe::Recipe;
use crate::recording::Recording;
use crate::{assets, files};
use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use sim::Task;
use sim::variation::Variant;
use std::path::PathBuf;
use std::sync::Arc;
use world_model::WorldModel;
use world_model::dataset::Dataset;
use world_model::policy::{Demonstrations, Policy, PolicyConfig, train_policy};

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
    /// Policy to write
    #[arg(long)]
    out: PathBuf,
}

/// Seeds of goals for policies lie from here on: no report and no data set uses them.
const GOALS: u64 = 7_000_000;

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
    let interrupt = Interrupt::install()?;
    let folder = match &arguments.data {
        Some(folder) => folder.clone(),
        None => {
            let mut name = arguments.out.clone().into_os_string();
            name.push(".data");
            let folder = PathBuf::from(name);
            if !folder.exists() {
                recipe.collect.image_size = model.sight().map(|s| s.spec().image().height);
                with_progress(&task, &recipe.collect, &folder, &interrupt)?;
            }
            folder
        }
    };
    let dataset = Dataset::read(&folder)?;
    let card = model.card();
    let mut all = Demonstrations::new(card.latent_dim(), card.action_dim(), card.block());
    push_data(&model, &dataset, &mut all)?;
    for path in &arguments.recordings {
        let recording = Recording::read(path)?;
        push_recording(&model, &recording, &assets, &mut all)
            .with_context(|| path.display().to_string())?;
    }
    let model = Arc::new(model);
    let variant = Variant::of(&task, None)?;
    let work = Work {
        task: &task,
        variant: &variant,
        model: &model,
        cost: arguments.cost,
        interrupt: &interrupt,
        seed: GOALS + 1000 * arguments.seed,
    };

    let mut policy = None;
    let mut plans = PlanningConfig::default();
    if config.planner_goals > 0 {
        // Planner runs cost most where a search starts from nothing: a first policy, of hindsight alone, proposes.
        let first = work.train(&all, &config.policy, "hindsight")?;
        plans.proposals = 0.2;
        let kind = work.planner(Some(&first));
        let runs = work.runs(&kind, &plans, 0);
        let bar = work.bar(config.planner_goals, "planner runs")?;
        let found = runs.of_planner(&config.tiers, config.planner_goals, &|| work.tick(&bar))?;
        bar.finish_and_clear();
        let found = found.ok_or_else(|| work.stopped())?;
        work.add(found, &mut all, "planner")?;
        policy = Some(first);
    }
    let mut trained = work.train(&all, &config.policy, "planner runs")?;
    if policy.is_some() {
        for round in 1..=config.rounds {
            let kind = work.planner(Some(&trained));
            let runs = work.runs(&kind, &plans, round as u64);
            let bar = work.bar(config.round_goals, &format!("round {round}"))?;
            let found = runs.of_policy(
                &trained,
                (&config.tiers, config.round_goals),
                config.labelled_share,
                &|| work.tick(&bar),
            )?;
            bar.finish_and_clear();
            let found = found.ok_or_else(|| work.stopped())?;
            work.add(found, &mut all, "policy")?;
            trained = work.train(&all, &config.policy, &format!("round {round}"))?;
        }
    }
    let kind = work.planner(None);
    let runs = work.runs(&kind, &plans, 99);
    let calibration = calibrate(
        &runs,
        &trained,
        arguments.cost,
        (&config.tiers, config.calibration_goals),
        config.quantile,
    )?;
    let trained = Policy::clone(&trained).with_calibration(calibration);
    trained.save(&arguments.out)?;
    println!(
        "{}: {} parameters, {} labels of a planner, thresholds {:?}",
        arguments.out.display(),
        trained.parameters(),
        all.labels(),
        trained.card().calibration
    );
    Ok(())
}

/// What all stages share.
struct Work<'a> {
    task: &'a Arc<Task>,
    variant: &'a Variant,
    model: &'a Arc<WorldModel>,
    cost: CostKind,
    interrupt: &'a Interrupt,
    seed: u64,
}

impl Work<'_> {
    fn planner(&self, policy: Option<&Arc<Policy>>) -> ControllerKind {
        ControllerKind::Latent {
            model: Arc::clone(self.model),
            cost: self.cost,
            policy: policy.map(Arc::clone),
        }
    }

    fn runs<'b>(
        &'b self,
        planner: &'b ControllerKind,
        config: &'b PlanningConfig,
        stage: u64,
    ) -> Runs<'b> {
        Runs {
            task: self.task,
            variant: self.variant,
            model: self.model,
            planner,
            config,
            seed: self.seed + stage,
        }
    }

    fn bar(&self, length: usize, what: &str) -> Result<ProgressBar> {
        let style = ProgressStyle::with_template(
            "{prefix} {bar:30} {pos}/{len}, {per_sec}, {eta} left {msg}",
        )?;
        Ok(ProgressBar::new(length as u64)
            .with_style(style)
            .with_prefix(format!("{}, {what}", self.task.name())))
    }

    fn tick(&self, bar: &ProgressBar) -> bool {
        bar.inc(1);
        !self.interrupt.requested()
    }

    fn stopped(&self) -> anyhow::Error {
        anyhow::anyhow!("interrupted; no policy was written")
    }

    /// Adds what episodes taught, and says how they went.
    fn add(&self, found: Vec<PlannerRun>, all: &mut Demonstrations, who: &str) -> Result<()> {
        let reached = found.iter().filter(|run| run.success).count();
        println!("{who}: {reached} of {} goals reached", found.len());
        for run in found {
            all.push_course(&run.latents, &run.actions)?;
            for label in run.labels {
                all.push_label(label)?;
            }
        }
        Ok(())
    }

    fn train(
        &self,
        all: &Demonstrations,
        config: &PolicyConfig,
        what: &str,
    ) -> Result<Arc<Policy>> {
        let bar = self.bar(config.steps, &format!("training on {what}"))?;
        let mut last = 0.0;
        let policy = train_policy(self.model, all, config, &mut |step, loss| {
            bar.set_position(step as u64);
            bar.set_message(format!("loss {loss:.4}"));
            last = loss;
            self.interrupt.flow()
        });
        bar.finish_and_clear();
        let policy = policy.map_err(|error| match error {
            world_model::TrainError::Interrupted { .. } => self.stopped(),
            other => other.into(),
        })?;
        println!(
            "policy of {what}: loss {last:.4} after {} steps, {:.0} s",
            config.steps,
            policy.card().training_seconds
        );
        Ok(Arc::new(policy))
    }
}
