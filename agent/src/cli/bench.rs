//! `foresight bench`: the main job.

use super::UsageError;
use super::interrupt::Interrupt;
use crate::benchmark::manifest::{self, Manifest};
use crate::benchmark::{
    BenchPlan, Pairs, Row, RowSpec, Tier, compare, html, run as run_benchmark, table,
};
use crate::controller::{ControllerKind, PlanningConfig};
use crate::model_check::check_model;
use crate::objective::CostKind;
use crate::{assets, files};
use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use planners::Method;
use sim::Task;
use sim::variation::Variant;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use world_model::WorldModel;

/// Rows of the ladder that are not search algorithms.
const RUNGS: [&str; 3] = ["random", "latent-cost", "oracle"];

#[derive(Args)]
pub struct BenchArguments {
    /// Tasks, as NAME or NAME/VARIANT, or `all`
    #[arg(long, value_delimiter = ',', default_value = "all")]
    task: Vec<String>,
    /// Planners: random, icem, cem, mppi, predictive, gradient, latent-cost, oracle
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "random,icem,latent-cost,oracle"
    )]
    planner: Vec<String>,
    /// Model in place of the shipped one; needs a single --task
    #[arg(long)]
    model: Option<PathBuf>,
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
    /// Keep the rows that the JSON report has already
    #[arg(long)]
    resume: bool,
    /// Costs of the latent planners [default: all]
    #[arg(long, value_delimiter = ',', value_enum)]
    cost: Vec<CostKind>,
    /// Model steps a decision: each latent planner runs once for each budget, its population scaled to it [default: as
    /// configured]
    #[arg(long, value_delimiter = ',', value_name = "STEPS")]
    budget: Vec<u64>,
    /// Factors of variation to fix, as NAME=VALUE; tasks without such a factor refuse it
    #[arg(long, value_delimiter = ',', value_name = "F=V")]
    shift: Vec<String>,
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
    /// Freeze the pairs of every task into manifests in this folder, instead of running anything
    #[arg(long, exclusive = true, value_name = "FOLDER")]
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
        return freeze(folder);
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
    let config = arguments
        .config
        .as_deref()
        .map_or_else(|| Ok(PlanningConfig::default()), read_config)?;
    let planners = arguments
        .planner
        .iter()
        .map(|p| Choice::parse(p, &config))
        .collect::<Result<Vec<_>>>()?;
    files::check_writable(&arguments.json)?;
    files::check_writable(&arguments.html)?;

    let assets = assets::find()?;
    let mut rows = Vec::new();
    for (task, variants) in tasks(&assets, &arguments.task)? {
        let variants = shift(&task, variants, &arguments.shift)?;
        let model = if planners.iter().any(Choice::needs_model) {
            let path = model_file(&assets, &task, arguments)?;
            let model = WorldModel::load(&path)?;
            check_model(&model, &task).with_context(|| path.display().to_string())?;
            Some(Arc::new(model))
        } else {
            None
        };
        for variant in variants {
            for choice in &planners {
                for (controller, config) in choice.controllers(model.as_ref(), &arguments.cost) {
                    for (budget, config) in budgets(&controller, &config, &arguments.budget)? {
                        for tier in tiers(&task, &arguments.tier) {
                            let slow = matches!(
                                controller,
                                ControllerKind::Oracle | ControllerKind::LatentCost { .. }
                            );
                            rows.push(RowSpec {
                                task: Arc::clone(&task),
                                variant: variant.clone(),
                                tier,
                                controller: controller.clone(),
                                config: config.clone(),
                                budget,
                                episodes: if slow {
                                    arguments.physics_episodes()
                                } else {
                                    arguments.episodes()
                                },
                            });
                        }
                    }
                }
            }
        }
    }
    let pairs = match arguments.seed {
        Some(seed) => Pairs::Fresh(seed),
        // Shifted worlds have no manifests: their goals must be reachable in them.
        None if !arguments.shift.is_empty() => Pairs::Fresh(manifest::SEED),
        None => Pairs::Frozen(assets),
    };
    let done = match arguments.resume && arguments.json.exists() {
        true => read_report(&arguments.json)?,
        false => Vec::new(),
    };
    let plan = BenchPlan {
        rows,
        pairs,
        realtime: arguments.realtime,
        threads,
        done,
    };
    execute(&plan, arguments)
}

fn execute(plan: &BenchPlan, arguments: &BenchArguments) -> Result<()> {
    let interrupt = Interrupt::install()?;
    let episodes: usize = plan.rows.iter().map(|r| r.episodes).sum();
    let bar = ProgressBar::new(episodes as u64).with_style(ProgressStyle::with_template(
        "{bar:30} {pos}/{len} episodes, {eta} left {msg}",
    )?);
    let mut done = Vec::new();
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
            done.push(row.clone());
            if let Err(error) = write_json(&done, arguments) {
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
    println!("{}", table::render(&rows));
    let pairs = match &plan.pairs {
        Pairs::Frozen(_) => "frozen pairs".to_owned(),
        Pairs::Fresh(seed) => format!("pairs drawn with seed {seed}"),
    };
    println!("Success in percent with Wilson 95 % intervals; {pairs}.");
    write_reports(&rows, arguments)?;
    println!(
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

fn freeze(folder: &Path) -> Result<()> {
    let assets = assets::find()?;
    for (task, variants) in tasks(&assets, &["all".to_owned()])? {
        for variant in variants {
            let path = folder.join(manifest::file_name(task.name(), &variant.name));
            Manifest::freeze(&task, &variant)?.write(&path)?;
            println!("Wrote {}.", path.display());
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
    println!("{}", compare::render(&comparisons));
    println!("A: {}\nB: {}", first.display(), second.display());
    Ok(())
}

fn read_report(path: &Path) -> Result<Vec<Row>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{} is not a report of this benchmark", path.display()))
}

fn read_config(path: &Path) -> Result<PlanningConfig> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).map_err(|e| {
        anyhow::anyhow!(
            "config {}: {}",
            path.display(),
            e.to_string().trim().replace('\n', " ")
        )
    })
}

/// Fixes factors of variation in every variant.
fn shift(task: &Task, variants: Vec<Variant>, shifts: &[String]) -> Result<Vec<Variant>> {
    let mut shifted = variants;
    for text in shifts {
        let usage = || UsageError(format!("--shift {text}: expected NAME=VALUE"));
        let (name, value) = text.split_once('=').ok_or_else(usage)?;
        let value: f32 = value.parse().map_err(|_| usage())?;
        shifted = shifted
            .iter()
            .map(|v| v.shifted(task, name, value))
            .collect::<Result<_, _>>()?;
    }
    Ok(shifted)
}

/// The tasks asked for, each with its variants.
fn tasks(assets: &Path, names: &[String]) -> Result<Vec<(Arc<Task>, Vec<Variant>)>> {
    let mut chosen = Vec::new();
    for name in names {
        if name == "all" {
            chosen.extend(Task::list(assets)?.into_iter().map(|task| (task, None)));
        } else {
            match name.split_once('/') {
                Some((task, variant)) => chosen.push((task.to_owned(), Some(variant.to_owned()))),
                None => chosen.push((name.clone(), None)),
            }
        }
    }
    chosen
        .into_iter()
        .map(|(name, variant)| {
            let task = Arc::new(Task::load(assets, &name)?);
            let names = variant.map_or_else(|| task.variants(), |v| vec![v]);
            let variants = names
                .iter()
                .map(|v| Variant::of(&task, Some(v)))
                .collect::<Result<_, _>>()?;
            Ok((task, variants))
        })
        .collect()
}

fn model_file(assets: &Path, task: &Task, arguments: &BenchArguments) -> Result<PathBuf> {
    match &arguments.model {
        Some(_) if arguments.task.len() != 1 || arguments.task[0] == "all" => {
            bail!(UsageError("--model needs a single --task".to_owned()))
        }
        Some(path) => Ok(path.clone()),
        None => Ok(assets::model_path(assets, task.name())),
    }
}

/// The budgets that a row runs at, each with its settings.
fn budgets(
    controller: &ControllerKind,
    config: &PlanningConfig,
    asked: &[u64],
) -> Result<Vec<(Option<u64>, PlanningConfig)>> {
    let ControllerKind::Latent { model, .. } = controller else {
        return Ok(vec![(None, config.clone())]);
    };
    if asked.is_empty() {
        return Ok(vec![(None, config.clone())]);
    }
    let horizon = config.horizon_blocks * model.card().block();
    let scaled = |&steps: &u64| {
        let planner = config
            .planner
            .scaled_to(steps, horizon)
            .map_err(|e| UsageError(format!("--budget {steps}: {e}")))?;
        let config = PlanningConfig {
            planner,
            ..config.clone()
        };
        Ok((Some(steps), config))
    };
    asked.iter().map(scaled).collect()
}

/// The tiers of a task among those asked for, all without any.
fn tiers(task: &Task, asked: &[Tier]) -> Vec<Tier> {
    let mut tiers = Tier::of(task);
    tiers.retain(|tier| asked.is_empty() || asked.contains(tier));
    tiers
}

/// A planner asked for on the command line.
enum Choice {
    Random,
    LatentCost(PlanningConfig),
    Oracle(PlanningConfig),
    Latent(PlanningConfig),
}

impl Choice {
    fn parse(name: &str, config: &PlanningConfig) -> Result<Self> {
        match name {
            "random" => Ok(Self::Random),
            "latent-cost" => Ok(Self::LatentCost(config.in_physics())),
            "oracle" => Ok(Self::Oracle(config.in_physics())),
            _ => {
                let default: Method = name.parse().map_err(|_| {
                    UsageError(format!(
                        "unknown planner '{name}': expected {}, {}",
                        RUNGS.join(", "),
                        Method::NAMES
                    ))
                })?;
                // A configured method keeps its settings; another one runs with its defaults.
                let same =
                    std::mem::discriminant(&default) == std::mem::discriminant(&config.planner);
                let planner = if same {
                    config.planner.clone()
                } else {
                    default
                };
                Ok(Self::Latent(PlanningConfig {
                    planner,
                    ..config.clone()
                }))
            }
        }
    }

    fn needs_model(&self) -> bool {
        matches!(self, Self::Latent(_) | Self::LatentCost(_))
    }

    fn controllers(
        &self,
        model: Option<&Arc<WorldModel>>,
        costs: &[CostKind],
    ) -> Vec<(ControllerKind, PlanningConfig)> {
        let all = [
            CostKind::Pose,
            CostKind::Reach,
            CostKind::Slow,
            CostKind::L2,
        ];
        match (self, model) {
            (Self::Random, _) => vec![(ControllerKind::Random, PlanningConfig::default())],
            (Self::Oracle(config), _) => vec![(ControllerKind::Oracle, config.clone())],
            (Self::Latent(config), Some(model)) => {
                let costs = if costs.is_empty() { &all[..] } else { costs };
                let controller = |&cost| ControllerKind::Latent {
                    model: Arc::clone(model),
                    cost,
                };
                costs
                    .iter()
                    .map(|c| (controller(c), config.clone()))
                    .collect()
            }
            (Self::LatentCost(config), Some(model)) => {
                let costs = if costs.is_empty() { &all[..1] } else { costs };
                let controller = |&cost| ControllerKind::LatentCost {
                    model: Arc::clone(model),
                    cost,
                };
                costs
                    .iter()
                    .map(|c| (controller(c), config.clone()))
                    .collect()
            }
            (Self::Latent(_) | Self::LatentCost(_), None) => Vec::new(),
        }
    }
}
