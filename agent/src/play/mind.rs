//! Who plans: the choice of planner, cost and model, its settings, its thread, and how it has done lately.

mod choices;

use super::surprise::Band;
use super::thinker::{Setup, Thinker, Thought};
use crate::assets;
use crate::controller::{ControllerKind, PlanningConfig};
use crate::model_check::check_model;
use crate::objective::CostKind;
use crate::system1::load_policy;
use anyhow::{Context, Result, anyhow, bail};
use sim::Task;
use sim::variation::Variant;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use viewer::stream::Latest;
use world_model::WorldModel;
use world_model::policy::Policy;

/// The planners that can be chosen.
pub const PLANNERS: [&str; 8] = [
    "icem",
    "cem",
    "mppi",
    "predictive",
    "gradient",
    "latent-cost",
    "oracle",
    "random",
];

/// Who can act: the planner, the policy beside the model, or both under the arbiter.
pub const MODES: [&str; 3] = ["System 2", "System 1", "hybrid"];

/// The costs that can be chosen.
pub const COSTS: [CostKind; 4] = [
    CostKind::Pose,
    CostKind::Reach,
    CostKind::Slow,
    CostKind::L2,
];

/// Decisions over which times are taken.
const RECENT: usize = 200;

/// A plan that is over.
struct PastPlan {
    observed: usize,
    block: usize,
    poses: Vec<f32>,
    cost: f32,
}

/// The choice and its consequences.
pub struct Mind {
    /// Index into [`PLANNERS`].
    pub planner: usize,
    /// Index into [`MODES`].
    pub mode: usize,
    /// Index into [`COSTS`].
    pub cost: usize,
    /// Models that can be chosen for the task.
    pub models: Vec<PathBuf>,
    /// Index of the chosen one.
    pub model: usize,
    /// How it plans.
    pub config: PlanningConfig,
    /// How it plans in this task where nobody changes it.
    own: PlanningConfig,
    /// The newest plan of the present setup.
    pub thought: Option<Arc<Thought>>,
    /// What is usual for the model, once it has been measured.
    pub band: Option<Band>,
    /// Plans made since the scene was opened.
    pub decisions: usize,
    /// Those that came too late.
    pub misses: usize,
    /// The planner's thread.
    pub thinker: Thinker,
    loaded: Option<(PathBuf, Arc<WorldModel>)>,
    setup: Option<Arc<Setup>>,
    generation: u64,
    times: VecDeque<(Instant, Duration)>,
    /// Plans of the last seconds, as far as they are still to be shown.
    past: VecDeque<PastPlan>,
    /// Calibrations asked for: only the last one counts.
    calibration: Arc<AtomicU64>,
    measured: Latest<Result<(u64, Band)>>,
}

impl Mind {
    /// A mind without a task yet.
    ///
    /// # Errors
    /// An unknown planner, or when no thread can be started.
    pub fn new(planner: &str, cost: CostKind) -> Result<Self> {
        let index = PLANNERS.iter().position(|p| *p == planner);
        let planner = index.ok_or_else(|| {
            anyhow!(
                "unknown planner '{planner}': expected {}",
                PLANNERS.join(", ")
            )
        })?;
        Ok(Self {
            planner,
            mode: 0,
            cost: COSTS.iter().position(|c| *c == cost).unwrap_or(0),
            models: Vec::new(),
            model: 0,
            config: PlanningConfig::default(),
            own: PlanningConfig::default(),
            thought: None,
            band: None,
            decisions: 0,
            misses: 0,
            thinker: Thinker::start()?,
            loaded: None,
            setup: None,
            generation: 0,
            times: VecDeque::new(),
            past: VecDeque::new(),
            calibration: Arc::default(),
            measured: Latest::default(),
        })
    }

    /// Something else is to plan: its times are not those of the last one.
    pub fn changed(&mut self) {
        self.times.clear();
        self.renew();
    }

    /// Forgets the plan: the world has jumped, or something else is to plan.
    pub fn renew(&mut self) {
        self.setup = None;
        self.thought = None;
        self.past.clear();
    }

    /// The poses `[blocks, pose]` that were imagined about `blocks` blocks before the control step `now`, and when.
    pub fn expected(&self, now: usize, blocks: usize) -> Option<(usize, &[f32])> {
        let long_enough = |p: &&PastPlan| p.observed + blocks * p.block <= now;
        let plan = self.past.iter().rev().find(long_enough)?;
        Some((plan.observed, &plan.poses))
    }

    /// Costs at the last decisions, by control step: of the block that was over, or of the whole plan where none is decoded.
    pub fn costs(&self) -> impl Iterator<Item = (usize, f64)> {
        let finite = self.past.iter().filter(|p| p.cost.is_finite());
        finite.map(|p| (p.observed, f64::from(p.cost)))
    }

    /// The chosen model, read and checked.
    ///
    /// # Errors
    /// Names the file when it cannot be read or is for another task.
    pub fn world_model(&mut self, task: &Arc<Task>, variant: &Variant) -> Result<Arc<WorldModel>> {
        let Some(path) = self.models.get(self.model).cloned() else {
            bail!("no model for task '{}'", task.name());
        };
        let checked = |model: Arc<WorldModel>| -> Result<Arc<WorldModel>> {
            check_model(&model, task).with_context(|| path.display().to_string())?;
            Ok(model)
        };
        if let Some((loaded, model)) = &self.loaded
            && *loaded == path
        {
            return checked(Arc::clone(model));
        }
        let model = checked(Arc::new(WorldModel::load(&path)?))?;
        self.loaded = Some((path, Arc::clone(&model)));
        self.calibrate(&model, task, variant)?;
        Ok(model)
    }

    /// Has a thread measure what is usual for a model.
    fn calibrate(
        &mut self,
        model: &Arc<WorldModel>,
        task: &Arc<Task>,
        variant: &Variant,
    ) -> Result<()> {
        self.band = None;
        let number = self.calibration.fetch_add(1, Ordering::Relaxed) + 1;
        let newest = Arc::clone(&self.calibration);
        let measured = self.measured.clone();
        let (model, task, variant) = (Arc::clone(model), Arc::clone(task), variant.clone());
        let work = move || {
            let wanted = || newest.load(Ordering::Relaxed) == number;
            let band = Band::calibrate(&model, &task, &variant, &wanted);
            if let Some(band) = band.transpose() {
                measured.put(band.map(|band| (number, band)));
            }
        };
        std::thread::Builder::new()
            .name("calibration".to_owned())
            .spawn(work)?;
        Ok(())
    }

    /// Takes the calibration over when it is done.
    ///
    /// # Errors
    /// When it failed.
    pub fn calibrated(&mut self) -> Result<()> {
        if let Some(measured) = self.measured.take() {
            let (number, band) = measured?;
            if self.calibration.load(Ordering::Relaxed) == number {
                self.band = Some(band);
            }
        }
        Ok(())
    }

    /// Who plans, and how.
    ///
    /// # Errors
    /// When the model cannot be read or does not fit.
    pub fn kind(&mut self, task: &Arc<Task>, variant: &Variant) -> Result<ControllerKind> {
        let cost = COSTS[self.cost];
        if self.mode > 0 {
            let (model, policy) = self.policy(task, variant)?;
            return Ok(match MODES[self.mode] {
                "System 1" => ControllerKind::System1 { model, policy },
                _ => ControllerKind::Hybrid {
                    model,
                    cost,
                    policy,
                },
            });
        }
        Ok(match PLANNERS[self.planner] {
            "random" => ControllerKind::Random,
            "oracle" => ControllerKind::Oracle,
            "latent-cost" => ControllerKind::LatentCost {
                model: self.world_model(task, variant)?,
                cost,
            },
            _ => ControllerKind::Latent {
                model: self.world_model(task, variant)?,
                cost,
                policy: None,
            },
        })
    }

    /// The chosen model and the policy beside it.
    fn policy(
        &mut self,
        task: &Arc<Task>,
        variant: &Variant,
    ) -> Result<(Arc<WorldModel>, Arc<Policy>)> {
        let model = self.world_model(task, variant)?;
        let path = assets::policy_path(&self.models[self.model]);
        let policy = load_policy(&path, &model)?;
        Ok((model, policy))
    }

    /// All modes with the chosen model and cost, each by its name in [`MODES`].
    ///
    /// # Errors
    /// When model or policy cannot be read or do not fit.
    pub fn modes(
        &mut self,
        task: &Arc<Task>,
        variant: &Variant,
    ) -> Result<Vec<(&'static str, ControllerKind)>> {
        let (model, policy) = self.policy(task, variant)?;
        let cost = COSTS[self.cost];
        let kinds = [
            ControllerKind::Latent {
                model: Arc::clone(&model),
                cost,
                policy: None,
            },
            ControllerKind::System1 {
                model: Arc::clone(&model),
                policy: Arc::clone(&policy),
            },
            ControllerKind::Hybrid {
                cost: CostKind::of_arbiter(&policy).unwrap_or(cost),
                model,
                policy,
            },
        ];
        Ok(MODES.into_iter().zip(kinds).collect())
    }

    /// Counts up with every change of who plans, and with every jump of the world.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The settings in force: rows that plan in true physics have a search of their own.
    pub fn settings(&self) -> PlanningConfig {
        match self.in_physics() {
            true => self.config.in_physics(),
            false => self.config.clone(),
        }
    }

    /// The setup, made anew when something has changed.
    ///
    /// # Errors
    /// As [`Self::kind`].
    pub fn setup(&mut self, task: &Arc<Task>, variant: &Variant, seed: u64) -> Result<Arc<Setup>> {
        if let Some(setup) = &self.setup {
            return Ok(Arc::clone(setup));
        }
        let kind = self.kind(task, variant)?;
        self.generation += 1;
        let setup = Arc::new(Setup {
            generation: self.generation,
            kind,
            config: self.settings(),
            seed,
        });
        self.setup = Some(Arc::clone(&setup));
        Ok(setup)
    }

    /// Whether something is said of the present setup.
    pub fn is_present(&self, generation: u64) -> bool {
        self.generation == generation && self.setup.is_some()
    }

    /// Takes a plan over, unless it belongs to a setup that is gone. `now` is the world's control step.
    pub fn accept(&mut self, thought: Arc<Thought>, now: usize, waits: bool) {
        if !self.is_present(thought.generation) {
            return;
        }
        self.decisions += 1;
        self.misses += usize::from(!waits && now >= thought.deadline);
        self.times
            .push_back((Instant::now(), thought.plan.decision.elapsed));
        if self.times.len() > RECENT {
            self.times.pop_front();
        }
        self.past.push_back(PastPlan {
            observed: thought.plan.observed,
            block: thought.block,
            poses: thought.poses.clone(),
            cost: match thought.stage_costs.first() {
                Some(now) => *now,
                None => thought.plan.decision.cost,
            },
        });
        if self.past.len() > RECENT {
            self.past.pop_front();
        }
        self.thought = Some(thought);
    }

    /// Time of a decision at a quantile, milliseconds.
    pub fn decision_ms(&self, quantile: f64) -> Option<f64> {
        let mut times: Vec<f64> = self
            .times
            .iter()
            .map(|(_, t)| t.as_secs_f64() * 1e3)
            .collect();
        times.sort_by(f64::total_cmp);
        let index = ((times.len() as f64 - 1.0) * quantile).round() as usize;
        times.get(index).copied()
    }

    /// Plans in the last second.
    pub fn replans_a_second(&self) -> usize {
        let second = Duration::from_secs(1);
        self.times
            .iter()
            .rev()
            .take_while(|(made, _)| made.elapsed() < second)
            .count()
    }

    /// Time since the newest plan was made.
    pub fn plan_age(&self) -> Option<Duration> {
        self.thought.as_ref()?;
        self.times.back().map(|(made, _)| made.elapsed())
    }

    /// Starts counting anew, for another scene.
    pub fn open(&mut self, models: Vec<PathBuf>) {
        self.models = models;
        self.model = 0;
        self.mode = 0;
        // What is usual is measured anew: the world may vary in another way. What is being measured is not wanted any more.
        self.loaded = None;
        self.band = None;
        self.calibration.fetch_add(1, Ordering::Relaxed);
        self.decisions = 0;
        self.misses = 0;
        self.changed();
    }
}
