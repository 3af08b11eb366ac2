//! The stages of a distillation, one after the other: those that are done already are taken from its state.

use crate::cli::interrupt::Interrupt;
use crate::controller::{ControllerKind, PlanningConfig};
use crate::distillation::{DistillConfig, PlannerRun, Progress, Runs, calibrate};
use crate::objective::CostKind;
use anyhow::{Context, Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use sim::Task;
use sim::variation::Variant;
use std::sync::Arc;
use world_model::WorldModel;
use world_model::policy::{Demonstrations, Policy, train_policy};

/// Seeds of goals for policies lie from here on: no report and no data set uses them.
const GOALS: u64 = 7_000_000;

/// Episodes after which those so far are kept.
const PORTION: usize = 250;

/// Share of the population that a policy proposes while the planner teaches.
const PROPOSALS: f32 = 0.2;

/// What a policy is distilled with.
pub struct Lesson<'a> {
    /// The task.
    pub task: &'a Arc<Task>,
    /// Its variants that the agent goes to goals in.
    pub variants: &'a [Variant],
    /// The world model.
    pub model: &'a Arc<WorldModel>,
    /// Cost that the planner minimises.
    pub cost: CostKind,
    /// How the planner plans; what a policy proposes to it is a setting of the distillation.
    pub planning: &'a PlanningConfig,
    /// How it is distilled.
    pub config: &'a DistillConfig,
    /// Policy that goes on to practice; none begins with the data.
    pub from: Option<Arc<Policy>>,
    /// Seed of the goals; that of the trainings is in the settings.
    pub seed: u64,
    /// Stops it.
    pub interrupt: &'a Interrupt,
}

/// Distils a policy from exploration data, to which planner runs are added; `progress` keeps what is done.
///
/// # Errors
/// A planner or policy that cannot run, a state that cannot be written, an interruption.
pub fn distil(
    lesson: &Lesson,
    all: &mut Demonstrations,
    progress: &mut Progress,
) -> Result<Policy> {
    let mut work = Work { lesson, progress };
    let config = lesson.config;
    let policy = match &lesson.from {
        Some(policy) => Arc::clone(policy),
        None if config.planner_goals == 0 => {
            let policy = work.policy(0, all, "hindsight")?;
            return work.calibrated(&policy);
        }
        None => work.taught(all)?,
    };
    let policy = work.practised(policy, all)?;
    work.calibrated(&policy)
}

/// A distillation on its way.
struct Work<'a> {
    lesson: &'a Lesson<'a>,
    progress: &'a mut Progress,
}

impl Work<'_> {
    /// A policy that the planner taught.
    fn taught(&mut self, all: &mut Demonstrations) -> Result<Arc<Policy>> {
        let config = self.lesson.config;
        // A budget that leaves too few candidates is told before any work.
        self.teaching()?;
        // Planner runs cost most where a search starts from nothing: a first policy, of hindsight alone, proposes.
        let first = self.policy(0, all, "hindsight")?;
        self.episodes(0, &first, all)?;
        let mut policy = self.policy(1, all, "planner runs")?;
        for round in 1..=config.rounds {
            self.episodes(round, &policy, all)?;
            policy = self.policy(1 + round, all, &format!("round {round}"))?;
        }
        Ok(policy)
    }

    /// The policy after its practice, from which alone it learns there; `all` are the labels of that then.
    fn practised(
        &mut self,
        mut policy: Arc<Policy>,
        all: &mut Demonstrations,
    ) -> Result<Arc<Policy>> {
        let config = self.lesson.config;
        if config.practice_rounds > 0 {
            let card = self.lesson.model.card();
            *all = Demonstrations::new(card.latent_dim(), card.action_dim(), card.block());
        }
        for round in 1..=config.practice_rounds {
            self.episodes(config.rounds + round, &policy, all)?;
            let what = format!("practice, round {round}");
            policy = self.policy(1 + config.rounds + round, all, &what)?;
        }
        Ok(policy)
    }

    /// The policy of a stage, trained where it is not yet.
    fn policy(&mut self, stage: usize, all: &Demonstrations, what: &str) -> Result<Arc<Policy>> {
        if let Some(policy) = self.progress.policy(stage)? {
            say!("policy of {what}: taken from {}", self.path());
            return Ok(Arc::new(policy));
        }
        let config = self.lesson.config.policy_of(stage);
        let bar = self.bar(config.steps, &format!("training on {what}"))?;
        let mut last = 0.0;
        let policy = train_policy(self.lesson.model, all, &config, &mut |step, loss| {
            bar.set_position(step as u64);
            bar.set_message(format!("loss {loss:.4}"));
            last = loss;
            self.lesson.interrupt.flow()
        });
        bar.finish_and_clear();
        let policy = policy.map_err(|error| match error {
            world_model::TrainError::Interrupted { .. } => self.stopped(),
            other => other.into(),
        })?;
        say!(
            "policy of {what}: loss {last:.4} after {} steps, {:.0} s",
            config.steps,
            policy.card().training_seconds
        );
        self.progress.add_policy(stage, &policy)?;
        Ok(Arc::new(policy))
    }

    /// Adds the episodes of a stage: of the planner in the first, of the policy with the planner beside it in the rounds after, of the
    /// policy alone in practice.
    fn episodes(
        &mut self,
        stage: usize,
        policy: &Arc<Policy>,
        all: &mut Demonstrations,
    ) -> Result<()> {
        let config = self.lesson.config;
        let practice = stage > config.rounds;
        let (who, count, times) = match stage {
            0 => ("planner", config.planner_goals, 1),
            _ if practice => ("policy in practice", config.practice_goals, 1),
            _ => ("policy", config.round_goals, config.recovery_weight),
        };
        // What a policy proposes keeps a search where that policy stands still: out of there the planner goes alone.
        let (plans, proposer) = match stage {
            0 => (self.teaching()?, Some(policy)),
            _ => (self.lesson.planning.clone(), None),
        };
        let kind = self.planner(proposer);
        let runs = self.runs(&kind, &plans, stage as u64);
        let wanted = runs.count(&config.tiers, count)?;
        let done = self.progress.runs(stage).len();
        let what = match stage {
            0 => "planner runs".to_owned(),
            _ if practice => format!("practice, round {}", stage - config.rounds),
            round => format!("round {round}"),
        };
        let bar = self.bar(wanted, &what)?;
        let interrupt = self.lesson.interrupt;
        let tick = || {
            bar.inc(1);
            !interrupt.requested()
        };
        bar.set_position(done as u64);
        for first in (done..wanted).step_by(PORTION) {
            let portion = first..wanted.min(first + PORTION);
            let goals = runs.goals(&config.tiers, count, portion)?;
            let found = match stage {
                0 => runs.of_planner(&goals, &tick)?,
                _ if practice => {
                    let (cost, tries) = (self.lesson.cost, config.practice_tries);
                    runs.of_practice(policy, cost, &goals, tries, &tick)?
                }
                _ => runs.of_policy(policy, &goals, config.recoveries, &tick)?,
            };
            self.progress
                .add_runs(stage, found.ok_or_else(|| self.stopped())?)?;
        }
        bar.finish_and_clear();
        let found = self.progress.runs(stage);
        let reached = found.iter().filter(|run| run.success).count();
        say!("{who}: {reached} of {} goals reached", found.len());
        for run in found {
            add(run, times, all)?;
        }
        Ok(())
    }

    /// How the planner plans that goes to goals of its own.
    fn teaching(&self) -> Result<PlanningConfig> {
        let planning = self.lesson.planning;
        let block = self.lesson.model.card().block();
        let horizon = planning.horizon_blocks.saturating_mul(block);
        let planner = match self.lesson.config.budget {
            Some(steps) => planning
                .planner
                .scaled_to(steps, horizon)
                .with_context(|| format!("distillation setting `budget` = {steps}"))?,
            None => planning.planner.clone(),
        };
        Ok(PlanningConfig {
            planner,
            proposals: PROPOSALS,
            ..planning.clone()
        })
    }

    /// The policy with thresholds of the arbiter, where it is to have some.
    fn calibrated(&self, policy: &Arc<Policy>) -> Result<Policy> {
        let config = self.lesson.config;
        let policy_alone = Policy::clone(policy);
        if config.calibration_goals == 0 {
            return Ok(policy_alone);
        }
        let kind = self.planner(None);
        let calibration = calibrate(
            &self.runs(&kind, self.lesson.planning, 99),
            policy,
            self.lesson.cost,
            config,
        )?;
        Ok(policy_alone.with_calibration(calibration))
    }

    fn planner(&self, policy: Option<&Arc<Policy>>) -> ControllerKind {
        ControllerKind::Latent {
            model: Arc::clone(self.lesson.model),
            cost: self.lesson.cost,
            policy: policy.map(Arc::clone),
        }
    }

    fn runs<'b>(
        &self,
        planner: &'b ControllerKind,
        config: &'b PlanningConfig,
        stage: u64,
    ) -> Runs<'b>
    where
        Self: 'b,
    {
        Runs {
            task: self.lesson.task,
            variants: self.lesson.variants,
            model: self.lesson.model,
            planner,
            config,
            seed: GOALS + 1000 * self.lesson.seed + stage,
        }
    }

    fn bar(&self, length: usize, what: &str) -> Result<ProgressBar> {
        let style = ProgressStyle::with_template(
            "{prefix} {bar:30} {pos}/{len}, {per_sec}, {eta} left {msg}",
        )?;
        Ok(ProgressBar::new(length as u64)
            .with_style(style)
            .with_prefix(format!("{}, {what}", self.lesson.task.name())))
    }

    fn path(&self) -> String {
        self.progress.path().display().to_string()
    }

    fn stopped(&self) -> anyhow::Error {
        match self.progress.path().exists() {
            true => anyhow!(
                "interrupted; {} is kept, continue with --resume",
                self.path()
            ),
            false => anyhow!("interrupted before the first stage was done; nothing was kept"),
        }
    }
}

/// Adds what an episode taught, its labels as much as so many.
fn add(run: &PlannerRun, times: usize, all: &mut Demonstrations) -> Result<()> {
    all.push_course(&run.latents, &run.actions)?;
    Ok(all.push_run(run.labels.clone(), times)?)
}
