//! `foresight baselines`: the two systems, both under the arbiter, and all that they are to beat, in one table.

use super::bench::at_rate;
use super::distill::{Lesson, belongs, distil, encoded, task_hash};
use super::interrupt::Interrupt;
use super::source::{Source, SourceArguments};
use super::{UsageError, check_state};
use crate::arbiter::Rule;
use crate::benchmark::baselines::{Line, REFERENCE, render};
use crate::benchmark::{BenchPlan, Pairs, Row, RowSpec, Tier, run as run_benchmark};
use crate::controller::{ControllerKind, PlanningConfig};
use crate::distillation::{Belongs, DistillConfig, Progress};
use crate::files;
use crate::objective::CostKind;
use crate::system1::load_policy;
use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use sim::Task;
use sim::variation::Variant;
use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use world_model::WorldModel;
use world_model::dataset::Dataset;
use world_model::policy::{Demonstrations, Policy, Relabelling};

#[derive(Args)]
pub struct BaselinesArguments {
    #[command(flatten)]
    source: SourceArguments,
    /// Policy that is there already, such as the shipped one: the distillation ends before DAgger, and this takes the last place
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Planner, objective and arbiter settings
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Episodes in each row
    #[arg(long, default_value_t = 200)]
    episodes: usize,
    /// Draw fresh pairs of start and goal with this seed, instead of the frozen ones in assets/manifests
    #[arg(long)]
    seed: Option<u64>,
    /// Continue with the policies and rows that are done
    #[arg(long)]
    resume: bool,
    /// Folder for the policies, and the rows as baselines.json
    #[arg(long)]
    out: PathBuf,
}

pub fn run(arguments: &BaselinesArguments) -> Result<()> {
    if arguments.episodes == 0 {
        bail!(UsageError("--episodes 0: expected at least 1".to_owned()));
    }
    let mut source = arguments.source.open()?;
    // Nothing that distils sooner at the cost of policies that are compared here: who clones data clones all of them.
    source.recipe.distill.exploration = None;
    source.recipe.distill.early_steps = None;
    let recipe = &source.recipe;
    let usage = |error: anyhow::Error| UsageError(error.to_string());
    recipe.distill.validate().map_err(usage)?;
    if recipe.distill.planner_goals == 0 || recipe.distill.calibration_goals == 0 {
        bail!(UsageError(
            "--set distill.planner_goals and distill.calibration_goals: expected at least 1 of each"
                .to_owned()
        ));
    }
    let given = match &arguments.policy {
        Some(path) => Some(given_policy(path, &source.model, arguments.source.cost)?),
        None => None,
    };
    let planning = source.planning(arguments.config.as_deref())?;
    check_state(&arguments.out, arguments.resume)?;
    let interrupt = Interrupt::install()?;
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("cannot make {}", arguments.out.display()))?;
    let own = arguments.out.join("exploration.data");
    let data = arguments.source.exploration(&source, &own, &interrupt)?;
    let Source {
        task,
        variant,
        variants,
        model,
        ..
    } = &source;
    Belongs {
        task: task_hash(task, variants)?,
        model: model.hash().to_owned(),
        data: data.hash.clone(),
        cost: arguments.source.cost.name().to_owned(),
        seed: recipe.distill.policy.seed,
        settings: serde_json::to_string(&recipe.distill)?,
    }
    .claim(&arguments.out.join("belongs.json"))?;
    let work = Work {
        arguments,
        task,
        variant,
        variants,
        model,
        distill: &recipe.distill,
        given,
        planning: &planning,
        data: &data,
        encoded: OnceCell::new(),
        interrupt: &interrupt,
        pairs: match arguments.seed {
            Some(seed) => Pairs::Fresh(seed),
            None => Pairs::Frozen(source.assets.clone()),
        },
    };
    let lines = work.lines()?;
    say!("{}", render(&lines));
    say!(
        "Success in percent with Wilson 95 % intervals; p against {REFERENCE} over all tiers. Wrote {}.",
        work.report().display()
    );
    Ok(())
}

/// What all lines share.
struct Work<'a> {
    arguments: &'a BaselinesArguments,
    task: &'a Arc<Task>,
    variant: &'a Variant,
    variants: &'a [Variant],
    model: &'a Arc<WorldModel>,
    distill: &'a DistillConfig,
    /// The policy that was distilled before.
    given: Option<Arc<Policy>>,
    planning: &'a PlanningConfig,
    data: &'a Dataset,
    /// The data in the latent, once they are needed.
    encoded: OnceCell<Demonstrations>,
    interrupt: &'a Interrupt,
    pairs: Pairs,
}

/// A distillation that ends before its rounds. No arbiter will hear of what it leaves.
fn untaught(full: &DistillConfig) -> DistillConfig {
    DistillConfig {
        rounds: 0,
        practice_rounds: 0,
        calibration_goals: 0,
        ..full.clone()
    }
}

/// A policy that is there already, and that the arbiter can be asked about.
fn given_policy(path: &Path, model: &WorldModel, cost: CostKind) -> Result<Arc<Policy>> {
    let policy = load_policy(path, model)?;
    let own = CostKind::of_arbiter(&policy).map(CostKind::name);
    if own != Some(cost.name()) {
        bail!(UsageError(format!(
            "--policy {}: thresholds of the arbiter for cost '{}', expected '{}' (--cost)",
            path.display(),
            own.unwrap_or("none"),
            cost.name()
        )));
    }
    Ok(policy)
}

/// A line before it is run.
type Entry = (&'static str, ControllerKind, PlanningConfig);

impl Work<'_> {
    fn lines(&self) -> Result<Vec<Line>> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut best = None;
        for (name, policy) in self.policies()? {
            best = Some(Arc::clone(&policy));
            let kind = ControllerKind::System1 {
                model: Arc::clone(self.model),
                policy,
            };
            entries.push((name, kind, self.planning.clone()));
        }
        let policy = best.context("no policy was distilled")?;
        let planner = |policy: Option<&Arc<Policy>>| ControllerKind::Latent {
            model: Arc::clone(self.model),
            cost: self.arguments.source.cost,
            policy: policy.map(Arc::clone),
        };
        let hybrid = ControllerKind::Hybrid {
            model: Arc::clone(self.model),
            cost: self.arguments.source.cost,
            policy: Arc::clone(&policy),
        };
        let plans = || self.planning.clone();
        entries.push((REFERENCE, planner(None), plans()));
        entries.push(("System 2, proposals", planner(Some(&policy)), plans()));
        entries.push(("hybrid", hybrid.clone(), plans()));
        let mut lines = self.measure(&entries)?;
        // The arbiter's baselines plan as often as the arbiter did.
        let rate = lines.last().map_or(0.0, Line::planned_share) as f32;
        for (name, rule) in [
            ("random switching", Rule::Random),
            ("periodic planning", Rule::Periodic),
        ] {
            let config = at_rate(self.planning, rule, rate);
            entries.push((name, hybrid.clone(), config));
        }
        lines = self.measure(&entries)?;
        Ok(lines)
    }

    /// The policies alone, the best last: one that clones the data, and those that a distillation comes by on its way, or before
    /// its rounds where its end is given.
    fn policies(&self) -> Result<Vec<(&'static str, Arc<Policy>)>> {
        let full = match &self.given {
            Some(_) => untaught(self.distill),
            None => self.distill.clone(),
        };
        let mut clone = DistillConfig {
            planner_goals: 0,
            calibration_goals: 0,
            ..full.clone()
        };
        clone.policy.relabelling = Relabelling::Last;
        let mut policies = self.distilled(&clone, &[("cloning the data", "clone", 0)])?;
        let taught = 1 + full.rounds;
        let mut stages = vec![
            ("hindsight cloning", "hindsight", 0),
            ("distilled, no DAgger", "no-dagger", 1),
        ];
        if full.rounds > 0 {
            stages.push(("distilled, DAgger", "dagger", taught));
        }
        if full.practice_rounds > 0 {
            let stage = taught + full.practice_rounds;
            stages.push(("distilled, DAgger, practice", "practice", stage));
        }
        policies.extend(self.distilled(&full, &stages)?);
        let given = self.given.iter().map(Arc::clone);
        policies.extend(given.map(|given| ("distilled", given)));
        Ok(policies)
    }

    /// The exploration data as courses in the latent.
    fn exploration(&self) -> Result<&Demonstrations> {
        if let Some(all) = self.encoded.get() {
            return Ok(all);
        }
        let all = encoded(self.model, self.data, None, self.interrupt)?;
        Ok(self.encoded.get_or_init(|| all))
    }

    /// The policies of these stages of one distillation, each a name in the table, one of a file and the stage, the last of which is
    /// its end; from their files, where they are there.
    fn distilled(
        &self,
        config: &DistillConfig,
        stages: &[(&'static str, &str, usize)],
    ) -> Result<Vec<(&'static str, Arc<Policy>)>> {
        let folder = &self.arguments.out;
        let path = |file: &str| folder.join(format!("{file}.policy.safetensors"));
        let load = |&(name, file, _): &(&'static str, &str, usize)| {
            Ok((name, Arc::new(Policy::load(&path(file))?)))
        };
        if stages.iter().all(|(_, file, _)| path(file).exists()) {
            return stages.iter().map(load).collect();
        }
        let lesson = Lesson {
            task: self.task,
            variants: self.variants,
            model: self.model,
            cost: self.arguments.source.cost,
            planning: self.planning,
            config,
            from: None,
            seed: config.policy.seed,
            interrupt: self.interrupt,
        };
        let (_, last, _) = stages.last().context("no policy is asked for")?;
        say!("{}:", path(last).display());
        let belongs = belongs(&lesson, self.data.hash.clone())?;
        let state = files::with_suffix(&path(last), ".distilling");
        let mut progress = Progress::open(&state, belongs)?;
        let mut all = self.exploration()?.clone();
        let end = distil(&lesson, &mut all, &mut progress)?;
        for (_, file, stage) in stages {
            let policy = progress.policy(*stage)?;
            let policy = policy.with_context(|| format!("stage {stage} left no policy"))?;
            policy.save(&path(file))?;
        }
        // That of the last stage has no thresholds of the arbiter yet.
        end.save(&path(last))?;
        progress.remove()?;
        stages.iter().map(load).collect()
    }

    /// Runs lines on the near, mid and turn tiers; the rows that are in the report already are not run again.
    fn measure(&self, entries: &[Entry]) -> Result<Vec<Line>> {
        let mut tiers = Tier::of(self.task);
        tiers.retain(|tier| *tier != Tier::Far);
        let spec = |(_, kind, config): &Entry, tier: Tier| RowSpec {
            task: Arc::clone(self.task),
            variant: self.variant.clone(),
            tier,
            controller: kind.clone(),
            config: config.clone(),
            budget: None,
            episodes: self.arguments.episodes,
        };
        let rows = entries.iter().flat_map(|entry| {
            let tiers = tiers.iter();
            tiers.map(move |tier| spec(entry, *tier))
        });
        let path = self.report();
        let earlier: Vec<Line> = match path.exists() {
            true => {
                let text = std::fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                serde_json::from_str(&text)
                    .with_context(|| format!("{} is not a table of baselines", path.display()))?
            }
            false => Vec::new(),
        };
        let plan = BenchPlan {
            rows: rows.collect(),
            pairs: self.pairs.clone(),
            realtime: false,
            event: None,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            done: earlier.into_iter().flat_map(|line| line.rows).collect(),
        };
        let bar = ProgressBar::new((plan.rows.len() * self.arguments.episodes) as u64).with_style(
            ProgressStyle::with_template("{bar:30} {pos}/{len} episodes, {eta} left {msg}")?,
        );
        let named = |rows: &[Row]| -> Vec<Line> {
            let lines = entries.iter().zip(rows.chunks(tiers.len().max(1)));
            let line = |((name, ..), rows): (&Entry, &[Row])| Line {
                name: (*name).to_owned(),
                rows: rows.to_vec(),
            };
            lines.map(line).collect()
        };
        let (mut so_far, mut written) = (Vec::new(), Ok(()));
        let rows = run_benchmark(
            &plan,
            &|head| {
                bar.inc(1);
                bar.set_message(format!("{} {}", head.tier.name(), head.planner));
                !self.interrupt.requested()
            },
            &mut |row| {
                so_far.push(row.clone());
                // While earlier rows are taken over, the file holds as many or more.
                if so_far.len() > plan.done.len() && written.is_ok() {
                    written = self.write(&named(&so_far));
                }
            },
        )?;
        bar.finish_and_clear();
        written?;
        if rows.len() < plan.rows.len() {
            bail!(
                "interrupted after {} of {} rows; {} is kept, continue with --resume",
                rows.len(),
                plan.rows.len(),
                self.arguments.out.display()
            );
        }
        Ok(named(&rows))
    }

    fn report(&self) -> PathBuf {
        self.arguments.out.join("baselines.json")
    }

    fn write(&self, lines: &[Line]) -> Result<()> {
        files::write_atomically(&self.report(), serde_json::to_string(lines)?.as_bytes())
    }
}
