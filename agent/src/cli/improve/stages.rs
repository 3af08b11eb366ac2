//! A round of an improvement: data, model, policy, measure; each is taken from the folder where it is done.

use super::state::{Collected, State};
use super::write_data;
use crate::benchmark::{BenchPlan, Pairs, Row, RowSpec, Tier, run as run_benchmark};
use crate::cli::distill::{Lesson, belongs, distil, encoded};
use crate::cli::interrupt::Interrupt;
use crate::collection::dataset_spec;
use crate::controller::{ControllerKind, PlanningConfig};
use crate::distillation::{DistillConfig, Progress, Runs};
use crate::improvement::{Against, Round, Traveller, best, failed_first, success};
use crate::objective::CostKind;
use anyhow::{Context, Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use sim::Task;
use sim::variation::Variant;
use std::sync::Arc;
use world_model::dataset::Dataset;
use world_model::policy::Policy;
use world_model::{TrainError, TrainProgress, WorldModel};

/// Seeds of the goals of an improvement lie from here on: no manifest, no report and no data set uses them.
const GOALS: u64 = 9_000_000_000;
/// Seeds of one improvement: its rounds, and in the end the held-out goals.
const SEEDS: u64 = 1000;

/// World model and policy.
#[derive(Clone)]
pub struct Agent {
    /// The model.
    pub model: Arc<WorldModel>,
    /// The policy, where there is one.
    pub policy: Option<Arc<Policy>>,
}

/// Everything that the rounds share.
pub struct Loop<'a> {
    /// The task.
    pub task: &'a Arc<Task>,
    /// Its variant.
    pub variant: &'a Variant,
    /// Cost that the planner minimises.
    pub cost: CostKind,
    /// How the agent plans.
    pub planning: &'a PlanningConfig,
    /// How its policies are distilled.
    pub distill: &'a DistillConfig,
    /// Goals of a round.
    pub goals: usize,
    /// Episodes of a round that are kept.
    pub keep: usize,
    /// Share of the model's training steps that a round takes.
    pub share: f32,
    /// Whether a round learns from nothing instead of going on.
    pub anew: bool,
    /// Whether the planner acts alone, and no policy is distilled.
    pub planner_only: bool,
    /// Held-out goals.
    pub held_out: usize,
    /// Seed of goals and trainings.
    pub seed: u64,
    /// Stops it.
    pub interrupt: &'a Interrupt,
    /// The agent at the start.
    pub start: Agent,
    /// What its model learned from.
    pub exploration: Dataset,
    /// What is done.
    pub state: State,
}

impl Agent {
    /// Both under the arbiter, or the planner alone.
    fn kind(&self, cost: CostKind) -> ControllerKind {
        let model = Arc::clone(&self.model);
        match &self.policy {
            Some(policy) => ControllerKind::Hybrid {
                model,
                cost,
                policy: Arc::clone(policy),
            },
            None => ControllerKind::Latent {
                model,
                cost,
                policy: None,
            },
        }
    }
}

impl Loop<'_> {
    /// Measures the start, then goes on for so many rounds at most, until one is not better than all before it.
    ///
    /// # Errors
    /// What a stage says, or an interruption.
    pub fn go(&mut self, rounds: usize) -> Result<()> {
        loop {
            let next = self.state.rounds().len();
            let before = best(self.state.rounds()).map(|(best, rising)| (best.clone(), rising));
            let round = match before {
                None => {
                    let agent = self.start.clone();
                    let nothing = Collected {
                        attempts: 0,
                        missed: 0,
                        kept: 0,
                    };
                    self.measure(0, &agent, nothing, None)?
                }
                Some((_, rising)) if !rising || next > rounds => return Ok(()),
                Some((before, _)) => {
                    let agent = self.agent(before.round)?;
                    let collected = self.collect(next, &agent)?;
                    let data = self.data(next)?;
                    let model = self.update_model(next, &agent.model, &data)?;
                    let policy = match self.planner_only {
                        true => None,
                        false => Some(self.update_policy(next, &model, &data)?),
                    };
                    let agent = Agent { model, policy };
                    self.measure(next, &agent, collected, Some(&before))?
                }
            };
            say!(
                "round {next}: {} of {} held-out goals reached by {}",
                round.held_out.iter().filter(|reached| **reached).count(),
                round.held_out.len(),
                round.agent
            );
            self.state.add_round(round)?;
        }
    }

    /// The agent that a round ended with.
    ///
    /// # Errors
    /// When its files do not read.
    pub fn agent(&self, round: usize) -> Result<Agent> {
        if round == 0 {
            return Ok(self.start.clone());
        }
        let file = |suffix| self.state.of_round(round, suffix);
        let model = Arc::new(WorldModel::load(&file("safetensors"))?);
        let policy = match self.planner_only {
            true => None,
            false => Some(Arc::new(Policy::load(&file("policy.safetensors"))?)),
        };
        Ok(Agent { model, policy })
    }

    /// The exploration data and what the rounds up to this one kept.
    ///
    /// # Errors
    /// Data that do not read.
    pub fn data(&self, round: usize) -> Result<Dataset> {
        let kept = (1..=round).map(|r| Dataset::read(&self.state.of_round(r, "data")));
        let kept = kept.collect::<Result<Vec<_>, _>>()?;
        Ok(self.exploration.clone().joined(kept)?)
    }

    /// Sends the agent to fresh goals, and keeps what it lived through.
    fn collect(&mut self, round: usize, agent: &Agent) -> Result<Collected> {
        if let Some(collected) = self.state.collected(round) {
            return Ok(collected);
        }
        let kind = agent.kind(self.cost);
        let runs = Runs {
            task: self.task,
            variants: std::slice::from_ref(self.variant),
            model: &agent.model,
            planner: &kind,
            config: self.planning,
            seed: GOALS + SEEDS * self.seed + round as u64,
        };
        let tiers = &self.distill.tiers;
        let all = runs.count(tiers, self.goals)?;
        let goals = runs.goals(tiers, self.goals, 0..all)?;
        let bar = self.bar(goals.len(), &format!("round {round}, collecting"))?;
        let traveller = Traveller {
            task: self.task,
            agent: &kind,
            config: self.planning,
            image: self.exploration.spec.image,
        };
        let attempts = traveller.attempts(&goals, &|| self.tick(&bar))?;
        bar.finish_and_clear();
        let attempts = attempts.ok_or_else(|| self.stopped(round, "collecting"))?;
        let missed = attempts.iter().filter(|attempt| !attempt.success).count();
        let count = attempts.len();
        let episodes = failed_first(attempts, self.keep);
        let collected = Collected {
            attempts: count,
            missed,
            kept: episodes.len(),
        };
        say!("round {round}: {missed} of {count} goals missed");
        let seed = GOALS + SEEDS * self.seed + round as u64;
        let data = Dataset {
            spec: dataset_spec(self.task, self.exploration.spec.image, seed),
            episodes,
            hash: String::new(),
        };
        let folder = self.state.of_round(round, "data");
        if folder.exists() {
            // Of a run that was killed before it could say that they are complete.
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        write_data(&data, &self.state.of_round(round, "partial"), &folder)?;
        self.state.add_collected(collected)?;
        Ok(collected)
    }

    /// Goes on training a model, or trains one like it from nothing.
    fn update_model(
        &self,
        round: usize,
        model: &WorldModel,
        data: &Dataset,
    ) -> Result<Arc<WorldModel>> {
        let path = self.state.of_round(round, "safetensors");
        if path.exists() {
            return Ok(Arc::new(WorldModel::load(&path)?));
        }
        let own = &self.start.model.card().config;
        let mut config = match self.anew {
            true => own.anew(self.share),
            false => own.continued(self.share),
        };
        config.seed = self.seed + round as u64;
        let bar = self.bar(config.steps, &format!("round {round}, model"))?;
        let state = self.state.of_round(round, "training");
        let mut observer = |p: &TrainProgress| {
            bar.set_position(p.step as u64);
            bar.set_message(format!("prediction {:.3}", p.losses.prediction));
            self.interrupt.flow()
        };
        let trained = match self.anew {
            true => {
                let sight = model.sight().cloned();
                world_model::train(data, sight, &config, Some(&state), &mut observer)
            }
            false => world_model::continue_training(model, data, &config, &state, &mut observer),
        };
        bar.finish_and_clear();
        let trained = match trained {
            Err(TrainError::Interrupted { .. }) => {
                return Err(self.stopped(round, "training the model"));
            }
            other => other?,
        };
        trained.save(&path)?;
        Ok(Arc::new(trained))
    }

    /// Distils a policy from a model.
    fn update_policy(
        &self,
        round: usize,
        model: &Arc<WorldModel>,
        data: &Dataset,
    ) -> Result<Arc<Policy>> {
        let path = self.state.of_round(round, "policy.safetensors");
        if path.exists() {
            return Ok(Arc::new(Policy::load(&path)?));
        }
        let lesson = Lesson {
            task: self.task,
            variants: std::slice::from_ref(self.variant),
            model,
            cost: self.cost,
            planning: self.planning,
            config: self.distill,
            from: None,
            seed: self.seed,
            interrupt: self.interrupt,
        };
        let belongs = belongs(&lesson, data.hash.clone())?;
        let state = self.state.of_round(round, "distilling");
        let mut progress = Progress::open(&state, belongs)?;
        let mut all = encoded(model, data, self.distill.exploration, self.interrupt)?;
        let policy = distil(&lesson, &mut all, &mut progress)?;
        policy.save(&path)?;
        progress.remove()?;
        Ok(Arc::new(policy))
    }

    /// Sends an agent to the held-out goals.
    fn measure(
        &self,
        round: usize,
        agent: &Agent,
        collected: Collected,
        before: Option<&Round>,
    ) -> Result<Round> {
        let tiers: Vec<Tier> = Tier::of(self.task)
            .into_iter()
            .filter(|tier| self.distill.tiers.contains(tier))
            .collect();
        let share = self.held_out.div_ceil(tiers.len().max(1));
        let spec = |tier| RowSpec {
            task: Arc::clone(self.task),
            variant: self.variant.clone(),
            tier,
            controller: agent.kind(self.cost),
            config: self.planning.clone(),
            budget: None,
            episodes: share,
        };
        let plan = BenchPlan {
            rows: tiers.iter().copied().map(spec).collect(),
            pairs: Pairs::Fresh(GOALS + SEEDS * self.seed + SEEDS - 1),
            realtime: false,
            event: None,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            done: Vec::new(),
        };
        let bar = self.bar(share * tiers.len(), &format!("round {round}, measuring"))?;
        let rows = run_benchmark(&plan, &|_| self.tick(&bar), &mut |_| {})?;
        bar.finish_and_clear();
        if rows.len() < plan.rows.len() {
            return Err(self.stopped(round, "measuring"));
        }
        let Some(first) = rows.first() else {
            bail!(
                "task '{}' has none of the tiers that goals are to be drawn from",
                self.task.name()
            );
        };
        let outcomes = || rows.iter().flat_map(|row| &row.results);
        let held_out: Vec<bool> = outcomes().map(|outcome| outcome.success).collect();
        let decisions = outcomes()
            .map(|o| o.decision_ms.len())
            .sum::<usize>()
            .max(1) as f64;
        let (success_rate, ci95_low, ci95_high) = success(&held_out);
        Ok(Round {
            round,
            agent: first.planner.clone(),
            model: agent.model.hash().to_owned(),
            policy: agent.policy.as_ref().map(|policy| policy.hash().to_owned()),
            attempts: collected.attempts,
            missed: collected.missed,
            kept: collected.kept,
            episodes: self.exploration.episodes.len() + self.kept(round),
            success_rate,
            ci95_low,
            ci95_high,
            planned_share: outcomes().map(|o| o.planned).sum::<usize>() as f64 / decisions,
            decision_ms_mean: rows.iter().map(spent_ms).sum::<f64>() / decisions,
            against: before.map(|before| Against::new(before, &held_out)),
            held_out,
        })
    }

    /// Episodes that the rounds up to this one kept.
    fn kept(&self, round: usize) -> usize {
        let kept = (1..=round).filter_map(|r| self.state.collected(r));
        kept.map(|collected| collected.kept).sum()
    }

    fn bar(&self, length: usize, what: &str) -> Result<ProgressBar> {
        let style =
            ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len}, {eta} left {msg}")?;
        Ok(ProgressBar::new(length as u64)
            .with_style(style)
            .with_prefix(format!("{}, {what}", self.task.name())))
    }

    fn tick(&self, bar: &ProgressBar) -> bool {
        bar.inc(1);
        !self.interrupt.requested()
    }

    fn stopped(&self, round: usize, doing: &str) -> anyhow::Error {
        anyhow!(
            "interrupted in round {round} while {doing}; {} is kept, continue with --resume",
            self.state.folder().display()
        )
    }
}

/// Time of all decisions of a row, milliseconds.
fn spent_ms(row: &Row) -> f64 {
    row.results.iter().flat_map(|o| &o.decision_ms).sum()
}
