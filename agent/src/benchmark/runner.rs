//! Runs rows: episodes on one-thread workers, results in the order of the pairs.

use super::episode::{EpisodeSpec, Outcome, run_episode};
use super::event::{Event, Incident};
use super::manifest::{self, Manifest};
use super::pairs::{self, Pair};
use super::realtime::run_episode_in_real_time;
use super::row::{PairSource, Row, RowHead};
use super::tier::Tier;
use crate::arbiter::Rule;
use crate::controller::{ControllerKind, PlanningConfig};
use anyhow::{Context, Result};
use rayon::prelude::*;
use sim::Task;
use sim::variation::Variant;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use world_model::WorldModel;

/// One rung of the ladder on one task, variant and tier.
#[derive(Clone)]
pub struct RowSpec {
    /// The task.
    pub task: Arc<Task>,
    /// Its variant.
    pub variant: Variant,
    /// The tier.
    pub tier: Tier,
    /// Who acts.
    pub controller: ControllerKind,
    /// How it plans.
    pub config: PlanningConfig,
    /// Model steps that the search was scaled to, if it was.
    pub budget: Option<u64>,
    /// Episodes: the first so many of the tier's pairs, which all rows share.
    pub episodes: usize,
}

/// Everything that one benchmark runs.
pub struct BenchPlan {
    /// The rows, in the order of the report.
    pub rows: Vec<RowSpec>,
    /// Where the pairs come from.
    pub pairs: Pairs,
    /// Whether the world runs on while the planner is thinking.
    pub realtime: bool,
    /// What happens in the middle of every episode; nothing in real time.
    pub event: Option<Event>,
    /// Worker threads.
    pub threads: usize,
    /// Rows of an earlier report that this benchmark asks for: they are not run again.
    pub done: Vec<Row>,
}

impl BenchPlan {
    /// The first row of an earlier report that this benchmark does not ask for.
    pub fn foreign<'a>(&self, rows: &'a [Row]) -> Option<&'a Row> {
        rows.iter()
            .find(|row| !self.rows.iter().any(|spec| spec.asks_for(self, row)))
    }

    /// What the first `count` episodes of a row are about.
    fn problems(&self, spec: &RowSpec, count: usize) -> Result<Vec<Problem>> {
        let (task, variant, tier) = (&spec.task, &spec.variant, spec.tier);
        let pairs = self.pairs.get(task, variant, tier, count)?;
        let problem = |pair: Pair| {
            let event = self.event.as_ref();
            let incident = event.map(|event| event.incident(task, variant, tier, &pair));
            let incident = incident.transpose().with_context(|| spec.whereabouts())?;
            Ok(Problem { pair, incident })
        };
        pairs.into_par_iter().map(problem).collect()
    }
}

/// What an episode is about.
struct Problem {
    pair: Pair,
    incident: Option<Incident>,
}

/// Where pairs of start and goal come from.
#[derive(Clone, Debug)]
pub enum Pairs {
    /// The manifests in this assets folder.
    Frozen(PathBuf),
    /// Drawn with this seed.
    Fresh(u64),
}

impl Pairs {
    /// Seed that the pairs are drawn with, or were.
    pub fn seed(&self) -> u64 {
        match self {
            Self::Frozen(_) => manifest::SEED,
            Self::Fresh(seed) => *seed,
        }
    }

    /// The first `count` pairs of a tier.
    fn get(
        &self,
        task: &Arc<Task>,
        variant: &Variant,
        tier: Tier,
        count: usize,
    ) -> Result<Vec<Pair>> {
        match self {
            Self::Fresh(seed) => pairs::draw(task, variant, tier, count, *seed),
            Self::Frozen(assets) => {
                let path = manifest::path(assets, task.name(), &variant.name);
                Manifest::read(&path)
                    .context(
                        "give --seed to draw fresh pairs, or freeze some with `bench --freeze`",
                    )?
                    .pairs(task, variant, tier, count)
                    .with_context(|| path.display().to_string())
            }
        }
    }
}

impl RowSpec {
    /// What its pairs belong to.
    fn place(&self) -> (String, String, Tier) {
        (
            self.task.name().to_owned(),
            self.variant.name.clone(),
            self.tier,
        )
    }

    /// The same for people.
    fn whereabouts(&self) -> String {
        format!("task '{}', tier {}", self.task.name(), self.tier.name())
    }

    /// Whether a row of a report is the one that this specification leads to.
    fn asks_for(&self, plan: &BenchPlan, row: &Row) -> bool {
        row.head == self.head(plan) && row.results.len() == self.episodes
    }

    /// What the row is about.
    pub fn head(&self, plan: &BenchPlan) -> RowHead {
        let name = match &self.controller {
            ControllerKind::Latent { .. } => planner_name(&self.config),
            ControllerKind::System1 { .. } => "system1",
            ControllerKind::Hybrid { .. } => match self.config.arbiter.rule {
                Rule::Signs => "hybrid",
                Rule::Random => "hybrid-random",
                Rule::Periodic => "hybrid-periodic",
            },
            ControllerKind::Random => "random",
            ControllerKind::LatentCost { .. } => "latent-cost",
            ControllerKind::Oracle => "oracle",
        };
        let (cost, labels, observation, model) = match &self.controller {
            ControllerKind::Random => ("none", "none", "none", None),
            ControllerKind::Oracle => ("pose", "true poses", "world", None),
            ControllerKind::Latent { model, cost, .. }
            | ControllerKind::Hybrid { model, cost, .. } => {
                (cost.name(), cost.labels(), observation(model), Some(model))
            }
            ControllerKind::System1 { model, .. } => (
                "none",
                "what its planner was told",
                observation(model),
                Some(model),
            ),
            ControllerKind::LatentCost { model, cost } => {
                (cost.name(), cost.labels(), "world", Some(model))
            }
        };
        RowHead {
            task: self.task.name().to_owned(),
            variant: match &plan.event {
                Some(event) => format!("{}, {event}", self.variant.name),
                None => self.variant.name.clone(),
            },
            planner: name.to_owned(),
            cost: cost.to_owned(),
            pose_labels: labels.to_owned(),
            observation: observation.to_owned(),
            tier: self.tier,
            pairs: match plan.pairs {
                Pairs::Frozen(_) => PairSource::Frozen,
                Pairs::Fresh(_) => PairSource::Fresh,
            },
            seed: plan.pairs.seed(),
            realtime: plan.realtime,
            budget: self.budget,
            model_seed: model.map(|m| m.card().config.seed),
            model_data: model.map(|m| m.card().data_hash.clone()),
            model_hash: model.map(|m| m.hash().to_owned()),
            policy_hash: self.controller.policy().map(|p| p.hash().to_owned()),
            settings: (!matches!(self.controller, ControllerKind::Random))
                .then(|| self.config.clone()),
        }
    }
}

/// What a model observes, in reports.
fn observation(model: &WorldModel) -> &'static str {
    model.sight().map_or("state", |sight| sight.spec().name())
}

/// Name of the search algorithm.
fn planner_name(config: &PlanningConfig) -> &'static str {
    match config.planner {
        planners::Method::Cem(_) => "cem",
        planners::Method::Icem(_) => "icem",
        planners::Method::Mppi(_) => "mppi",
        planners::Method::Predictive(_) => "predictive",
        planners::Method::Gradient(_) => "gradient",
    }
}

/// Episodes of each row whose course is kept for the report.
const TRACED: usize = 3;

/// Runs all rows. `progress` hears of every finished episode, `finished` of every row; either may stop the benchmark by
/// returning `false`, which keeps the finished rows.
///
/// # Errors
/// Pairs that cannot be drawn, or a controller that cannot run on its task.
pub fn run(
    plan: &BenchPlan,
    progress: &(dyn Fn(&RowHead) -> bool + Sync),
    finished: &mut dyn FnMut(&Row),
) -> Result<Vec<Row>> {
    let mut drawn = BTreeMap::new();
    let mut rows = Vec::new();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(plan.threads)
        .build()?;
    // All of them first: a missing manifest ends the benchmark before it has begun.
    let mut wanted: BTreeMap<_, (&RowSpec, usize)> = BTreeMap::new();
    for spec in &plan.rows {
        let (_, count) = wanted.entry(spec.place()).or_insert((spec, 0));
        *count = spec.episodes.max(*count);
    }
    for (place, (spec, count)) in wanted {
        drawn.insert(place, pool.install(|| plan.problems(spec, count))?);
    }
    for spec in &plan.rows {
        let head = spec.head(plan);
        if let Some(row) = plan.done.iter().find(|row| spec.asks_for(plan, row)) {
            finished(row);
            rows.push(row.clone());
            (0..row.episodes).for_each(|_| {
                progress(&head);
            });
            continue;
        }
        let problems = &drawn[&spec.place()][..spec.episodes];
        let Some(outcomes) = run_row(spec, problems, plan, &|| progress(&head))? else {
            break;
        };
        let row = Row::new(head, outcomes);
        finished(&row);
        rows.push(row);
    }
    Ok(rows)
}

/// Runs the episodes of a row, or `None` when it was stopped.
///
/// Each worker has a pool of one thread, so that a decision runs on one core and its time is its own.
fn run_row(
    spec: &RowSpec,
    problems: &[Problem],
    plan: &BenchPlan,
    progress: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Vec<Outcome>>> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Result<Outcome>>>> =
        Mutex::new((0..problems.len()).map(|_| None).collect());
    let worker = || -> Result<()> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        pool.install(|| {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(problem) = problems.get(index) else {
                    return;
                };
                let episode = EpisodeSpec {
                    task: &spec.task,
                    variant: &spec.variant,
                    pair: &problem.pair,
                    kind: &spec.controller,
                    config: &spec.config,
                    budget: spec.tier.budget(),
                    incident: problem.incident.as_ref(),
                    traced: index < TRACED,
                };
                let outcome = match plan.realtime {
                    true => run_episode_in_real_time(episode),
                    false => run_episode(episode),
                };
                if let Ok(mut results) = results.lock() {
                    results[index] = Some(outcome);
                }
                if !progress() {
                    next.store(problems.len(), Ordering::Relaxed);
                }
            }
        });
        Ok(())
    };
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..plan.threads).map(|_| scope.spawn(worker)).collect();
        for handle in handles {
            handle
                .join()
                .map_err(|_| anyhow::anyhow!("a worker thread panicked"))??;
        }
        Ok::<_, anyhow::Error>(())
    })?;
    let results = results
        .into_inner()
        .map_err(|_| anyhow::anyhow!("a worker thread panicked"))?;
    let mut outcomes = Vec::with_capacity(results.len());
    for result in results {
        match result {
            Some(outcome) => outcomes.push(outcome.with_context(|| spec.whereabouts())?),
            None => return Ok(None),
        }
    }
    Ok(Some(outcomes))
}
