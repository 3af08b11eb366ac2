//! The planner's thread: the newest state in, a stamped plan and what was imagined for it out.

use crate::control_loop::{Anticipation, StampedPlan};
use crate::controller::{Controller, ControllerKind, PlanningConfig};
use crate::system2::Imaginer;
use anyhow::{Result, anyhow};
use planners::{CandidateShape, RolloutModel};
use sim::error::panic_text;
use sim::{Env, Goal};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use viewer::stream::{Landscape, Latest};

/// Who plans, and how.
pub struct Setup {
    /// Counts up with every change, and with every jump of the world.
    pub generation: u64,
    /// Who.
    pub kind: ControllerKind,
    /// How.
    pub config: PlanningConfig,
    /// Of its random streams.
    pub seed: u64,
}

/// A state to plan for.
pub struct Request {
    /// Who plans.
    pub setup: Arc<Setup>,
    /// What for.
    pub goal: Arc<Goal>,
    /// The world.
    pub env: Env,
    /// Its control step.
    pub step: usize,
    /// The action that is under way; none when the world waits.
    pub under_way: Option<Vec<f32>>,
    /// The plan that goes on meanwhile.
    pub before: Option<Arc<Thought>>,
    /// Wall-clock time of a control step.
    pub period: Duration,
    /// When the world was there.
    pub seen: Instant,
    /// Whether futures are to be shown.
    pub pictures: bool,
    /// Whether the cost's landscape is to be shown.
    pub landscape: bool,
}

/// A plan, and what can be shown of it.
pub struct Thought {
    /// Of the setup.
    pub generation: u64,
    /// The plan.
    pub plan: StampedPlan,
    /// The goal that it was made for.
    pub goal: Arc<Goal>,
    /// Control step at which it is too late.
    pub deadline: usize,
    /// Control steps of a block.
    pub block: usize,
    /// Imagined poses after each block, `[blocks, pose]`.
    pub poses: Vec<f32>,
    /// Likewise of the best candidates, best first.
    pub elites: Vec<Vec<f32>>,
    /// Likewise of some of the others.
    pub others: Vec<Vec<f32>>,
    /// The cost now and after each block, `[1 + blocks]`; empty where it is not decoded from the latent.
    pub stage_costs: Vec<f32>,
    /// The cost over the first block.
    pub landscape: Option<Landscape>,
}

/// What comes back.
pub enum Answer {
    /// A plan.
    Thought(Arc<Thought>),
    /// Why there is none, of the setup of this generation.
    Failed(u64, String),
}

/// Elites and other candidates that are shown.
const ELITES: usize = 6;
const OTHERS: usize = 18;
/// Points of the landscape along each axis, and time between two of them.
const LANDSCAPE_SIZE: usize = 17;
const LANDSCAPE_EVERY: Duration = Duration::from_millis(400);

/// The planner's thread and its two slots.
pub struct Thinker {
    requests: Latest<Request>,
    answers: Latest<Answer>,
    over: Arc<AtomicBool>,
}

impl Thinker {
    /// Starts the thread.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start() -> Result<Self> {
        let (requests, answers) = (Latest::default(), Latest::default());
        let over = Arc::new(AtomicBool::new(false));
        let inner = (requests.clone(), answers.clone(), Arc::clone(&over));
        // A decision runs on one core, as in the benchmark.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        std::thread::Builder::new()
            .name("planner".to_owned())
            .spawn(move || pool.install(|| run(&inner.0, &inner.1, &inner.2)))?;
        Ok(Self {
            requests,
            answers,
            over,
        })
    }

    /// Asks for a plan; an older request that is still waiting is forgotten.
    pub fn ask(&self, request: Request) {
        self.requests.put(request);
    }

    /// What has come back since the last time.
    pub fn answer(&self) -> Option<Answer> {
        self.answers.take()
    }
}

impl Drop for Thinker {
    fn drop(&mut self) {
        // The thread ends after its decision; a long one keeps nobody waiting.
        self.over.store(true, Ordering::Relaxed);
    }
}

/// A controller at work.
struct Work {
    generation: u64,
    goal: Arc<Goal>,
    controller: Controller,
    anticipation: Anticipation,
    landscape: Option<(Instant, Landscape)>,
}

fn run(requests: &Latest<Request>, answers: &Latest<Answer>, over: &AtomicBool) {
    let mut work: Option<Work> = None;
    while !over.load(Ordering::Relaxed) {
        let Some(request) = requests.wait(Duration::from_millis(50)) else {
            continue;
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| think(&mut work, &request)));
        let answer = match outcome {
            Ok(Ok(thought)) => Answer::Thought(Arc::new(thought)),
            Ok(Err(error)) => Answer::Failed(request.setup.generation, format!("{error:#}")),
            Err(panic) => {
                let text = panic_text(panic.as_ref());
                let message = format!("it panicked: {text}");
                Answer::Failed(request.setup.generation, message)
            }
        };
        if matches!(answer, Answer::Failed(..)) {
            work = None;
        }
        answers.put(answer);
    }
}

fn think(work: &mut Option<Work>, request: &Request) -> Result<Thought> {
    let Setup {
        generation,
        kind,
        config,
        seed,
    } = &*request.setup;
    if work.as_ref().is_none_or(|m| m.generation != *generation) {
        *work = Some(Work {
            generation: *generation,
            goal: Arc::clone(&request.goal),
            controller: kind.start(&request.env, &request.goal, config, *seed)?,
            anticipation: Anticipation::default(),
            landscape: None,
        });
    }
    let work = work.as_mut().ok_or_else(|| anyhow!("no controller"))?;
    if !Arc::ptr_eq(&work.goal, &request.goal) {
        kind.retarget(&mut work.controller, &request.env, &request.goal, config)?;
        work.goal = Arc::clone(&request.goal);
    }
    let before = request
        .before
        .as_ref()
        .filter(|b| b.generation == *generation);
    let plan = work.anticipation.decide(
        &mut work.controller,
        &request.env,
        request.step,
        request.under_way.as_deref(),
        before.map(|thought| &thought.plan),
    )?;
    let steps = plan.decision.actions.len() / request.env.task().action_dim().max(1);
    let deadline = work.anticipation.deadline(&plan);
    let mut thought = Thought {
        generation: *generation,
        goal: Arc::clone(&request.goal),
        deadline,
        block: work.controller.block(),
        poses: Vec::new(),
        elites: Vec::new(),
        others: Vec::new(),
        stage_costs: Vec::new(),
        landscape: None,
        plan,
    };
    if request.pictures {
        picture(work, request, &mut thought)?;
    }
    work.anticipation
        .took(request.seen.elapsed(), request.period, steps);
    Ok(thought)
}

/// What the plan and the candidates beside it lead to.
fn picture(work: &mut Work, request: &Request, thought: &mut Thought) -> Result<()> {
    let actions = &thought.plan.decision.actions;
    let committed = thought.plan.committed * request.env.task().action_dim();
    let committed = committed.min(actions.len());
    thought.poses = work.controller.imagine(actions)?;
    let Some(system2) = work.controller.system2_mut() else {
        return Ok(());
    };
    let (planner, model) = system2.parts();
    if let Imaginer::Latent(rollouts, _) = &mut *model {
        thought.stage_costs = rollouts.outlook(actions)?.costs;
    }
    let population = planner.population();
    // In true physics a future costs a hundred times as much.
    let physics = matches!(model, Imaginer::Physics(_));
    let others = population.shape.candidates.checked_div(OTHERS).unwrap_or(0);
    let elites = population.elites.iter().copied().take(ELITES);
    let rest = (0..population.shape.candidates)
        .step_by(others.max(1))
        .filter(|i| !population.elites.contains(i));
    let shown: Vec<usize> = match physics {
        true => elites.take(2).collect(),
        false => elites.chain(rest).collect(),
    };
    let mut sequences: Vec<f32> = shown
        .iter()
        .filter_map(|&i| population.sequence(i))
        .flatten()
        .copied()
        .collect();
    // As they were judged: what is under way comes first in all of them.
    for sequence in sequences.chunks_exact_mut(actions.len().max(1)) {
        sequence[..committed].copy_from_slice(&actions[..committed]);
    }
    if !shown.is_empty() {
        let poses = model.poses(&sequences, shown.len())?;
        let length = (poses.len() / shown.len()).max(1);
        let mut futures = poses.chunks_exact(length).map(<[f32]>::to_vec);
        let best = population.elites.len().min(ELITES).min(shown.len());
        thought.elites = futures.by_ref().take(best).collect();
        thought.others = futures.collect();
    }
    if !request.landscape || physics {
        work.landscape = None;
        return Ok(());
    }
    let due = work
        .landscape
        .as_ref()
        .is_none_or(|(made, _)| made.elapsed() > LANDSCAPE_EVERY);
    if due {
        let candidates = (0..population.shape.candidates)
            .filter_map(|i| population.sequence(i))
            .map(|sequence| first_block(sequence, request, thought.block))
            .collect();
        let surface = survey(model, request, thought, candidates)?;
        work.landscape = surface.map(|surface| (Instant::now(), surface));
    }
    thought.landscape = work.landscape.as_ref().map(|(_, surface)| surface.clone());
    Ok(())
}

/// Mean over the first block of the first two axes of a sequence.
fn first_block(sequence: &[f32], request: &Request, block: usize) -> [f32; 2] {
    let width = request.env.task().action_dim();
    let mean = |axis: usize| {
        let values = sequence.chunks_exact(width).take(block);
        values.map(|action| action[axis]).sum::<f32>() / block as f32
    };
    [mean(0), mean(1.min(width - 1))]
}

/// The cost of the plan with other actions in its first block; none for a task of a single action axis.
fn survey(
    model: &mut Imaginer,
    request: &Request,
    thought: &Thought,
    candidates: Vec<[f32; 2]>,
) -> Result<Option<Landscape>> {
    let (actions, block) = (&thought.plan.decision.actions, thought.block);
    let Imaginer::Latent(rollouts, _) = model else {
        return Ok(None);
    };
    let task = request.env.task();
    let (width, size) = (task.action_dim(), LANDSCAPE_SIZE);
    let names: Vec<&String> = task.spec().action.iter().map(|a| &a.name).collect();
    let [across, up, ..] = names[..] else {
        return Ok(None);
    };
    let along = |index: usize| 2.0 * index as f32 / (size - 1) as f32 - 1.0;
    let mut sequences = Vec::with_capacity(size * size * actions.len());
    for index in 0..size * size {
        let start = sequences.len();
        sequences.extend_from_slice(actions);
        let steps = sequences[start..].chunks_exact_mut(width).take(block);
        for action in steps.skip(thought.plan.committed) {
            action[0] = along(index % size);
            action[1] = along(index / size);
        }
    }
    let mut costs = vec![0.0; size * size];
    let shape = CandidateShape {
        candidates: size * size,
        horizon: actions.len() / width,
        action_dim: width,
    };
    rollouts.evaluate(&sequences, shape, &mut costs)?;
    Ok(Some(Landscape {
        axes: [across.clone(), up.clone()],
        size,
        costs,
        candidates,
        best: first_block(actions, request, block),
    }))
}
