//! `foresight distill`: from planner runs to a reactive policy.

mod stages;

pub use stages::{Lesson, distil};

use super::interrupt::Interrupt;
use super::source::{Source, SourceArguments};
use super::{UsageError, check_state};
use crate::controller::PlanningConfig;
use crate::distillation::{Belongs, DistillConfig, Progress, of_data, push_recording};
use crate::files;
use crate::recording::Recording;
use crate::system1::check_policy;
use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use sim::variation::Variant;
use sim::{Env, Task};
use std::path::PathBuf;
use std::sync::Arc;
use world_model::WorldModel;
use world_model::dataset::Dataset;
use world_model::policy::{Demonstrations, Policy};

#[derive(Args)]
pub struct DistillArguments {
    #[command(flatten)]
    source: SourceArguments,
    /// Recordings of the simulator to learn from as well
    #[arg(long, value_delimiter = ',', value_name = "FILE")]
    recordings: Vec<PathBuf>,
    /// Goals that the planner goes to [default: the recipe's]
    #[arg(long)]
    goals: Option<usize>,
    /// Rounds of DAgger [default: the recipe's]
    #[arg(long)]
    rounds: Option<usize>,
    /// Policy that goes on to practice, instead of one that a planner teaches; without rounds of it only the thresholds are
    /// calibrated anew. It may be of the model whose latents this one has (`train --latents-of`)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "recordings", "goals", "rounds"])]
    from: Option<PathBuf>,
    /// Rounds of practice [default: the recipe's]
    #[arg(long)]
    practice: Option<usize>,
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
    let mut source = arguments.source.open()?;
    let config = &mut source.recipe.distill;
    config.planner_goals = arguments.goals.unwrap_or(config.planner_goals);
    config.rounds = arguments.rounds.unwrap_or(config.rounds);
    config.practice_rounds = arguments.practice.unwrap_or(config.practice_rounds);
    config.policy.steps = arguments.steps.unwrap_or(config.policy.steps);
    config.policy.seed = arguments.seed;
    let config = config.clone();
    config.validate().map_err(|e| UsageError(e.to_string()))?;
    if let Some(most) = config.exploration {
        // An episode is the same however many are collected.
        let episodes = &mut source.recipe.collect.episodes;
        *episodes = (*episodes).min(most as u64);
    }
    files::check_writable(&arguments.out)?;
    let state = files::with_suffix(&arguments.out, ".distilling");
    check_state(&state, arguments.resume)?;
    let interrupt = Interrupt::install()?;
    let Source {
        assets,
        task,
        variants,
        model,
        ..
    } = &source;
    let (from, exploration, mut data);
    if let Some(path) = &arguments.from {
        let policy = Policy::load(path)?.beside(model);
        check_policy(&policy, model).with_context(|| path.display().to_string())?;
        data = format!("none, from policy {}", policy.hash());
        (from, exploration) = (Some(Arc::new(policy)), None);
    } else {
        let own = files::with_suffix(&arguments.out, ".data");
        let dataset = arguments.source.exploration(&source, &own, &interrupt)?;
        data = dataset.hash.clone();
        (from, exploration) = (None, Some(dataset));
    }
    let mut recordings = Vec::new();
    for path in &arguments.recordings {
        let recording = Recording::read(path)?;
        data += &format!(" and {}", recording.hash()?);
        recordings.push((path, recording));
    }
    let planning = source.planning(None)?;
    let lesson = Lesson {
        task,
        variants,
        model,
        cost: arguments.source.cost,
        planning: &planning,
        config: &config,
        from,
        seed: arguments.seed,
        interrupt: &interrupt,
    };
    let belongs = belongs(&lesson, data)?;
    let mut progress = match arguments.resume {
        true => Progress::resume(&state, &belongs)?,
        false => Progress::new(&state, belongs),
    };
    let card = model.card();
    let mut all = match exploration {
        Some(data) => encoded(model, &data, config.exploration, &interrupt)?,
        None => Demonstrations::new(card.latent_dim(), card.action_dim(), card.block()),
    };
    for (path, recording) in &recordings {
        push_recording(model, recording, assets, &mut all)
            .with_context(|| path.display().to_string())?;
    }
    let policy = distil(&lesson, &mut all, &mut progress)?;
    policy.save(&arguments.out)?;
    progress.remove()?;
    say!(
        "{}: {} parameters, {} labels, thresholds {:?}",
        arguments.out.display(),
        policy.parameters(),
        all.labels(),
        policy.card().calibration
    );
    Ok(())
}

/// Exploration data as courses in the latent of a model, the first `most` episodes of them; from images that takes a while.
///
/// # Errors
/// Data that the model cannot see or encode, or an interruption.
pub fn encoded(
    model: &WorldModel,
    data: &Dataset,
    most: Option<usize>,
    interrupt: &Interrupt,
) -> Result<Demonstrations> {
    let count = data.episodes.len();
    let episodes = &data.episodes[..most.map_or(count, |most| most.min(count))];
    let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len}, {eta} left")?;
    let bar = ProgressBar::new(episodes.len() as u64)
        .with_style(style)
        .with_prefix("encoding the exploration data");
    let all = of_data(model, episodes, &|| {
        bar.inc(1);
        !interrupt.requested()
    })?;
    bar.finish_and_clear();
    all.context("interrupted while encoding the exploration data")
}

/// What changes a distillation, beside task, model, data, cost and seed.
#[derive(Serialize)]
struct Settings<'a> {
    #[serde(flatten)]
    distill: &'a DistillConfig,
    planning: &'a PlanningConfig,
}

/// What the state of a distillation from data with this hash belongs to.
pub fn belongs(lesson: &Lesson, data: String) -> Result<Belongs> {
    Ok(Belongs {
        task: task_hash(lesson.task, lesson.variants)?,
        model: lesson.model.hash().to_owned(),
        data,
        cost: lesson.cost.name().to_owned(),
        seed: lesson.seed,
        settings: serde_json::to_string(&Settings {
            distill: lesson.config,
            planning: lesson.planning,
        })?,
    })
}

/// Hash of a task and its scene in these variants, in hexadecimal.
pub fn task_hash(task: &Arc<Task>, variants: &[Variant]) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("{:?}", task.spec()).as_bytes());
    for variant in variants {
        let mut env = Env::new(Arc::clone(task), variant.clone())?;
        env.reset(0)?;
        hasher.update(&env.snapshot()?);
    }
    Ok(hasher.finalize().to_hex().to_string())
}
