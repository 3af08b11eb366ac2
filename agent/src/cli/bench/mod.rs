//! `foresight bench`: the main job.

mod models;
mod rows;
mod sweep;

pub use sweep::at_rate;

use super::interrupt::Interrupt;
use super::{UsageError, worlds};
use crate::benchmark::manifest::{self, Manifest};
use crate::benchmark::{
    BenchPlan, Event, Pairs, Row, Tier, compare, html, run as run_benchmark, table,
};
use crate::objective::CostKind;
use crate::{assets, files};
use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct BenchArguments {
    /// Tasks, as NAME or NAME/VARIANT, or `all`
    #[arg(long, value_delimiter = ',', default_value = "all")]
    task: Vec<String>,
    /// Planners: random, system1, hybrid, icem, cem, mppi, predictive, gradient, latent-cost, oracle
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "random,system1,icem,hybrid,latent-cost,oracle"
    )]
    planner: Vec<String>,
    /// Model in place of the shipped one; needs a single --task
    #[arg(long)]
    model: Option<PathBuf>,
    /// Policy in place of the one beside the model; needs a single --task
    #[arg(long)]
    policy: Option<PathBuf>,
    /// Episodes in each row [default: 25]
    #[arg(long)]
    episodes: Option<usize>,
    /// Episodes in each row that plans in true physics, where a decision takes a hundred times as long [default: --episodes,
    /// or 2 when that is not given either]
    #[arg(long)]
    physics_episodes: Option<usize>,
    /// Draw fresh pairs of start and goal with this seed, instead of the frozen ones in assets/manifests
    #[arg(long)]
    seed: Option<u64>,
    /// Tiers
    #[arg(long, value_delimiter = ',', value_enum)]
    tier: Vec<Tier>,
    /// The world does not wait: it runs at its control rate on the wall clock while the planner thinks
    #[arg(long)]
    realtime: bool,
    /// Go on where an interrupted benchmark with the same arguments stopped: the rows in the JSON report are not run again
    #[arg(long)]
    resume: bool,
    /// Costs of the latent planners [default: all]
    #[arg(long, value_delimiter = ',', value_enum)]
    cost: Vec<CostKind>,
    /// Model steps a decision: each latent planner runs once for each budget, its population scaled to it [default: as
    /// configured]
    #[arg(long, value_delimiter = ',', value_name = "STEPS")]
    budget: Vec<u64>,
    /// Test-time compute: the latent planners of --planner at 1/4 to 64 times their budget; and, where the model has a policy,
    /// system1, hybrid, and hybrid-random and hybrid-periodic at several rates
    #[arg(long, conflicts_with = "budget")]
    sweep: bool,
    /// Factors of variation to fix, as NAME=VALUE; tasks without such a factor refuse it
    #[arg(long, value_delimiter = ',', value_name = "F=V")]
    shift: Vec<String>,
    /// What happens in the middle of every episode, when a quarter of its tier's steps have gone by: `goal`, another one of the same
    /// start; `shove=S`, an impulse of S N s on the object; or NAME=VALUE, a factor of variation. Nothing counts as reached before
    #[arg(long, value_name = "EVENT", conflicts_with = "realtime")]
    event: Option<Event>,
    /// Only models that see a camera's images; without it the shipped ones stand beside those of states, with one cost
    #[arg(long)]
    pixels: bool,
    /// Worker threads [default: one for each core]
    #[arg(long)]
    threads: Option<usize>,
    /// Planner and objective settings
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// JSON report
    #[arg(long, default_value = "out/bench.json")]
    json: PathBuf,
    /// HTML report
    #[arg(long, default_value = "out/bench.html")]
    html: PathBuf,
    /// Compare two JSON reports, pair by pair, instead of running anything
    #[arg(long, num_args = 2, exclusive = true, value_names = ["A.json", "B.json"])]
    compare: Vec<PathBuf>,
    /// Freeze the pairs of the tasks into manifests in this folder, instead of running anything
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["model", "policy", "seed", "shift", "config", "budget", "sweep", "cost", "pixels", "realtime", "event", "resume", "compare"])]
    freeze: Option<PathBuf>,
}

/// Episodes in each row when none are asked for: what two cores run in under three minutes.
const EPISODES: usize = 25;
const PHYSICS_EPISODES: usize = 2;

impl BenchArguments {
    fn episodes(&self) -> usize {
        self.episodes.unwrap_or(EPISODES)
    }

    fn physics_episodes(&self) -> usize {
        self.physics_episodes
            .or(self.episodes)
            .unwrap_or(PHYSICS_EPISODES)
    }
}

pub fn run(arguments: &BenchArguments) -> Result<()> {
    if let [first, second] = arguments.compare.as_slice() {
        return compare_reports(first, second);
    }
    if let Some(folder) = &arguments.freeze {
        return freeze(folder, &arguments.task);
    }
    for (name, value) in [
        ("--episodes", arguments.episodes()),
        ("--physics-episodes", arguments.physics_episodes()),
    ] {
        if value == 0 {
            bail!(UsageError(format!("{name} 0: expected at least 1")));
        }
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.threads.unwrap_or(cores);
    if threads == 0 {
        bail!(UsageError("--threads 0: expected at least 1".to_owned()));
    }
    files::check_writable(&arguments.json)?;
    files::check_writable(&arguments.html)?;

    let assets = assets::find()?;
    let rows = rows::rows(&assets, arguments)?;
    if let Some(event) = &arguments.event {
        for spec in &rows {
            event.check(&spec.task, &spec.variant)?;
        }
    }
    let pairs = match arguments.seed {
        Some(seed) => Pairs::Fresh(seed),
        // Shifted worlds have no manifests: their goals must be reachable in them.
        None if !arguments.shift.is_empty() => Pairs::Fresh(manifest::SEED),
        None => Pairs::Frozen(assets),
    };
    let mut plan = BenchPlan {
        rows,
        pairs,
        realtime: arguments.realtime,
        event: arguments.event.clone(),
        threads,
        done: Vec::new(),
    };
    if arguments.resume && arguments.json.exists() {
        plan.done = read_report(&arguments.json)?;
    }
    if let Some(row) = plan.foreign(&plan.done) {
        bail!(
            "{} holds a row that this command does not ask for ({} {} {} {}, {} episodes): expected the report of the same \
             command with the same models; give another --json",
            arguments.json.display(),
            table::task_name(row),
            row.planner,
            row.cost,
            row.tier.name(),
            row.results.len()
        );
    }
    execute(&plan, arguments)
}

fn execute(plan: &BenchPlan, arguments: &BenchArguments) -> Result<()> {
    let interrupt = Interrupt::install()?;
    let episodes: usize = plan.rows.iter().map(|r| r.episodes).sum();
    let bar = ProgressBar::new(episodes as u64).with_style(ProgressStyle::with_template(
        "{bar:30} {pos}/{len} episodes, {eta} left {msg}",
    )?);
    let mut so_far = Vec::new();
    let rows: Vec<Row> = run_benchmark(
        plan,
        &|head| {
            bar.inc(1);
            bar.set_message(format!(
                "{} {} {} {}",
                head.task,
                head.tier.name(),
                head.planner,
                head.cost
            ));
            !interrupt.requested()
        },
        &mut |row| {
            so_far.push(row.clone());
            // While earlier rows are taken over, the file holds as many or more.
            if so_far.len() > plan.done.len()
                && let Err(error) = write_json(&so_far, arguments)
            {
                tracing::warn!("{error:#}");
            }
            tracing::info!(
                "{} {} {} {}: {}",
                row.task,
                row.planner,
                row.cost,
                row.tier.name(),
                table::success(row)
            );
        },
    )?;
    bar.finish_and_clear();
    say!("{}", table::render(&rows));
    let pairs = match &plan.pairs {
        Pairs::Frozen(_) => "frozen pairs".to_owned(),
        Pairs::Fresh(seed) => format!("pairs drawn with seed {seed}"),
    };
    say!("Success in percent with Wilson 95 % intervals; {pairs}.");
    write_reports(&rows, arguments)?;
    say!(
        "Wrote {} and {}.",
        arguments.json.display(),
        arguments.html.display()
    );
    if rows.len() < plan.rows.len() {
        bail!(
            "interrupted after {} of {} rows; the reports hold those, --resume goes on from them",
            rows.len(),
            plan.rows.len()
        );
    }
    Ok(())
}

fn write_json(rows: &[Row], arguments: &BenchArguments) -> Result<()> {
    files::write_atomically(&arguments.json, serde_json::to_string(rows)?.as_bytes())
}

fn write_reports(rows: &[Row], arguments: &BenchArguments) -> Result<()> {
    write_json(rows, arguments)?;
    files::write_atomically(&arguments.html, html::render(rows)?.as_bytes())
}

fn freeze(folder: &Path, tasks: &[String]) -> Result<()> {
    let assets = assets::find()?;
    for (task, variants) in worlds::tasks(&assets, tasks)? {
        for variant in variants {
            let path = folder.join(manifest::file_name(task.name(), &variant.name));
            Manifest::freeze(&task, &variant)?.write(&path)?;
            say!("Wrote {}.", path.display());
        }
    }
    Ok(())
}

fn compare_reports(first: &Path, second: &Path) -> Result<()> {
    let (a, b) = (read_report(first)?, read_report(second)?);
    let comparisons = compare::compare(&a, &b);
    if comparisons.is_empty() {
        bail!(
            "{} and {} share no pairs: expected rows with the same task, tier and seed",
            first.display(),
            second.display()
        );
    }
    say!("{}", compare::render(&comparisons));
    say!("A: {}\nB: {}", first.display(), second.display());
    Ok(())
}

fn read_report(path: &Path) -> Result<Vec<Row>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{} is not a report of this benchmark", path.display()))
}
