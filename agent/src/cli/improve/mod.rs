//! `foresight improve`: the loop closed. Collect where the agent fails, update model and policy, measure, until it helps no more.

mod stages;
mod state;

use super::distill::task_hash;
use super::interrupt::Interrupt;
use super::source::{Source, SourceArguments};
use super::{UsageError, check_state};
use crate::controller::PlanningConfig;
use crate::distillation::{Belongs, DistillConfig};
use crate::improvement::{best, render};
use crate::system1::load_policy;
use crate::{assets, files};
use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;
use stages::{Agent, Loop};
use state::State;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use world_model::dataset::{Dataset, DatasetWriter};
use world_model::policy::Policy;

#[derive(Args)]
pub struct ImproveArguments {
    #[command(flatten)]
    source: SourceArguments,
    /// Policy to start from [default: the one beside the model, or none: then the planner acts in the first round]
    #[arg(long)]
    policy: Option<PathBuf>,
    /// Planner, objective and arbiter settings of the agent
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Rounds at most; it ends earlier when held-out success no longer rises
    #[arg(long, default_value_t = 4)]
    rounds: usize,
    /// Goals that the agent goes to in each round
    #[arg(long, default_value_t = 400)]
    goals: usize,
    /// Episodes of a round that are learned from, those that missed their goals first [default: half of --goals]
    #[arg(long)]
    keep: Option<usize>,
    /// Share of the model's own training steps that it goes on training in each round [default: 0.25, or 1 with --anew]
    #[arg(long)]
    share: Option<f32>,
    /// Learn from nothing on all data in each round, instead of going on from the weights of the one before
    #[arg(long)]
    anew: bool,
    /// Leave System 1 out: the planner alone acts, and no policy is distilled
    #[arg(long, conflicts_with = "policy")]
    planner_only: bool,
    /// Held-out goals on which every round is measured, the same ones
    #[arg(long, default_value_t = 200)]
    held_out: usize,
    /// Seed of goals and trainings
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Continue interrupted work with the stages that are done
    #[arg(long)]
    resume: bool,
    /// Report of success by round [default: <out>.json]
    #[arg(long)]
    json: Option<PathBuf>,
    /// Model to write; its policy goes beside it, and what it learned from into <out>.data
    #[arg(long)]
    out: PathBuf,
}

/// Rounds have seeds of their own, which end before those of the held-out goals.
const MOST_ROUNDS: usize = 900;

/// What changes the course of an improvement, beside task, model, data, cost and seed.
#[derive(Serialize)]
struct Settings<'a> {
    policy: Option<&'a str>,
    goals: usize,
    keep: usize,
    share: f32,
    anew: bool,
    planner_only: bool,
    held_out: usize,
    planning: &'a PlanningConfig,
    distill: &'a DistillConfig,
}

pub fn run(arguments: &ImproveArguments) -> Result<()> {
    let keep = arguments.keep.unwrap_or(arguments.goals / 2);
    let share = arguments
        .share
        .unwrap_or(if arguments.anew { 1.0 } else { 0.25 });
    check(arguments, keep, share)?;
    let mut source = arguments.source.open()?;
    let policy = match arguments.planner_only {
        true => None,
        false => policy(arguments.policy.as_deref(), &source)?,
    };
    let recipe = &mut source.recipe;
    recipe.distill.policy.seed = arguments.seed;
    let usage = |error: anyhow::Error| UsageError(error.to_string());
    recipe.distill.validate().map_err(usage)?;
    if recipe.distill.calibration_goals == 0 && !arguments.planner_only {
        bail!(UsageError(
            "--set distill.calibration_goals=0: expected at least 1, the arbiter needs thresholds"
                .to_owned()
        ));
    }
    let planning = source.planning(arguments.config.as_deref())?;
    let all_data = files::with_suffix(&arguments.out, ".data");
    let json = arguments
        .json
        .clone()
        .unwrap_or_else(|| files::with_suffix(&arguments.out, ".json"));
    for file in [&arguments.out, &json] {
        files::check_writable(file)?;
    }
    if all_data.exists() && !arguments.resume {
        bail!(UsageError(in_the_way(&all_data)));
    }
    let folder = files::with_suffix(&arguments.out, ".improving");
    check_state(&folder, arguments.resume)?;
    let interrupt = Interrupt::install()?;
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let own = folder.join("exploration.data");
    let exploration = arguments.source.exploration(&source, &own, &interrupt);
    if exploration.is_err() {
        // Only while it is empty: then nothing was done.
        let _ = std::fs::remove_dir(&folder);
    }
    let exploration = exploration?;
    let Source {
        task,
        variant,
        model,
        recipe,
        ..
    } = &source;
    let start = Agent {
        model: Arc::clone(model),
        policy,
    };
    let settings = Settings {
        policy: start.policy.as_ref().map(|policy| policy.hash()),
        goals: arguments.goals,
        keep,
        share,
        anew: arguments.anew,
        planner_only: arguments.planner_only,
        held_out: arguments.held_out,
        planning: &planning,
        distill: &recipe.distill,
    };
    let belongs = Belongs {
        task: task_hash(task, std::slice::from_ref(variant))?,
        model: start.model.hash().to_owned(),
        data: exploration.hash.clone(),
        cost: arguments.source.cost.name().to_owned(),
        seed: arguments.seed,
        settings: serde_json::to_string(&settings)?,
    };
    let mut work = Loop {
        task,
        variant,
        cost: arguments.source.cost,
        planning: &planning,
        distill: &recipe.distill,
        goals: arguments.goals,
        keep,
        share,
        anew: arguments.anew,
        planner_only: arguments.planner_only,
        held_out: arguments.held_out,
        seed: arguments.seed,
        interrupt: &interrupt,
        state: State::open(&folder, belongs)?,
        start,
        exploration,
    };
    work.go(arguments.rounds)?;

    let rounds = work.state.rounds();
    say!("{}", render(rounds));
    say!(
        "Success in percent with Wilson 95 % intervals on {} held-out goals; a round that is not better with p < 0.05 ends it.",
        rounds.first().map_or(0, |round| round.held_out.len())
    );
    let (best, _) = best(rounds).context("no round was measured")?;
    let agent = work.agent(best.round)?;
    let all = work.data(rounds.len() - 1)?;
    match all_data.exists() {
        // Of a run that was killed at the very end.
        true if Dataset::read(&all_data)?.hash == all.hash => {}
        true => bail!(in_the_way(&all_data)),
        false => write_data(&all, &folder.join("all.data"), &all_data)?,
    }
    files::write_atomically(&json, serde_json::to_string_pretty(rounds)?.as_bytes())?;
    if let Some(policy) = &agent.policy {
        policy.save(&assets::policy_path(&arguments.out))?;
    }
    agent.model.save(&arguments.out)?;
    std::fs::remove_dir_all(&folder)
        .with_context(|| format!("cannot remove {}", folder.display()))?;
    say!(
        "{}: the model of round {}; {} holds the rounds, {} the data.",
        arguments.out.display(),
        best.round,
        json.display(),
        all_data.display()
    );
    Ok(())
}

fn in_the_way(data: &Path) -> String {
    format!(
        "{} is in the way of the data that are to be written there",
        data.display()
    )
}

/// Steps of a round, of those that the model was trained for: more than that many times is a slip of the pen.
const MOST_SHARE: f32 = 10.0;

fn check(arguments: &ImproveArguments, keep: usize, share: f32) -> Result<()> {
    for (name, value) in [
        ("--rounds", arguments.rounds),
        ("--goals", arguments.goals),
        ("--keep", keep),
        ("--held-out", arguments.held_out),
    ] {
        if value == 0 {
            bail!(UsageError(format!("{name} 0: expected at least 1")));
        }
    }
    if arguments.rounds > MOST_ROUNDS {
        bail!(UsageError(format!(
            "--rounds {}: expected at most {MOST_ROUNDS}",
            arguments.rounds
        )));
    }
    if !(share > 0.0 && share <= MOST_SHARE) {
        bail!(UsageError(format!(
            "--share {share}: expected above 0 and at most {MOST_SHARE}"
        )));
    }
    Ok(())
}

/// The policy to start from: the one asked for, or the one beside the model, where there is one.
fn policy(asked: Option<&Path>, source: &Source) -> Result<Option<Arc<Policy>>> {
    let beside = assets::policy_path(&source.path);
    let path = match asked {
        Some(path) => path,
        None if beside.exists() => &beside,
        None => return Ok(None),
    };
    Ok(Some(load_policy(path, &source.model)?))
}

/// Writes a data set into a folder of its own first, which then gets its name.
pub fn write_data(dataset: &Dataset, partial: &Path, folder: &Path) -> Result<()> {
    if partial.exists() {
        std::fs::remove_dir_all(partial)
            .with_context(|| format!("cannot remove {}", partial.display()))?;
    }
    let mut writer = DatasetWriter::create(partial, dataset.spec.clone())?;
    for episode in &dataset.episodes {
        writer.write_episode(episode)?;
    }
    writer.finish()?;
    std::fs::rename(partial, folder).with_context(|| format!("cannot write {}", folder.display()))
}
