//! One closed-loop episode in which the world does not wait: it runs at its control rate on the wall clock, the planner thinks
//! on a thread of its own, the newest state goes in, a stamped plan comes out.
//!
//! While the planner thinks, the actions of its last plan go on; the next plan starts with as many of them as its thinking is
//! expected to take. A decision misses its deadline when the world gets further than that before the plan is there.

use super::episode::{Episode, EpisodeSpec, Outcome};
use crate::arbiter::Actor;
use crate::control_loop::{Anticipation, StampedPlan};
use crate::controller::Controller;
use anyhow::{Result, anyhow};
use sim::Env;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// A plan and what was imagined for it.
struct TracedPlan {
    plan: StampedPlan,
    /// Poses `[blocks, pose]`, where the episode is traced.
    imagined: Vec<f32>,
}

/// A state of the world.
struct State {
    env: Env,
    /// Its control step.
    step: usize,
    /// The action that is under way from it on.
    action: Vec<f32>,
    /// When it was there.
    seen: Instant,
}

/// Ends the episode for both sides, however one of them ends.
struct EndsEpisode<'a>(&'a (Mutex<Exchange>, Condvar));

impl Drop for EndsEpisode<'_> {
    fn drop(&mut self) {
        if let Ok(mut shared) = self.0.0.lock() {
            shared.over = true;
        }
        self.0.1.notify_all();
    }
}

/// What world and planner exchange.
#[derive(Default)]
struct Exchange {
    /// The newest state that no plan was made for yet.
    state: Option<State>,
    /// The newest plan.
    plan: Option<Arc<TracedPlan>>,
    /// Control steps that the world is through with.
    now: usize,
    /// Decisions that came too late.
    misses: usize,
    /// Every plan, in order.
    made: Vec<Arc<TracedPlan>>,
    /// The episode is over.
    over: bool,
}

/// Runs an episode at the control rate of its task.
///
/// # Errors
/// As for an episode in which the world waits.
pub fn run_episode_in_real_time(spec: EpisodeSpec<'_>) -> Result<Outcome> {
    let (mut episode, mut controller) = Episode::start(spec)?;
    let mut reflex = spec
        .kind
        .reflex()
        .map(|kind| {
            let seed = spec.pair.start_seed;
            kind.start(&episode.env, &spec.pair.goal, spec.config, seed)
        })
        .transpose()?;
    let width = spec.task.action_dim();
    let period = Duration::from_secs_f64(1.0 / f64::from(spec.task.rate_hz()));
    let exchange = (Mutex::new(Exchange::default()), Condvar::new());
    let planned = std::thread::scope(|scope| {
        let planner = scope.spawn(|| {
            let _end = EndsEpisode(&exchange);
            // Its decisions run on one core, as they do when the world waits.
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
            pool.install(|| think(&mut controller, &exchange, &spec, period))
        });
        let acted = {
            let _end = EndsEpisode(&exchange);
            act(&mut episode, &exchange, width, period, reflex.as_mut())
        };
        let thought = planner
            .join()
            .map_err(|_| anyhow!("the planner's thread panicked"))?;
        acted.and(thought)
    });
    planned?;
    let shared = exchange.0.into_inner().map_err(|_| poisoned())?;
    for plan in &shared.made {
        let StampedPlan {
            decision, observed, ..
        } = &plan.plan;
        episode.decided(decision, &plan.imagined, *observed);
    }
    episode.outcome.deadline_misses = shared.misses;
    Ok(episode.finish())
}

/// The world's side: every period one action, whether there is a plan or not. Where System 2 has none in force, the reflex acts
/// at once.
fn act(
    episode: &mut Episode<'_>,
    (shared, changed): &(Mutex<Exchange>, Condvar),
    width: usize,
    period: Duration,
    mut reflex: Option<&mut Controller>,
) -> Result<()> {
    let idle = vec![0.0; width];
    let mut due = Instant::now();
    loop {
        let step = episode.outcome.steps;
        let env = episode.env.fork();
        let reaction = match &mut reflex {
            Some(reflex) => Some(reflex.decide(&env, 0, &[])?.actions),
            None => None,
        };
        let action = {
            let mut shared = shared.lock().map_err(|_| poisoned())?;
            if shared.over {
                return Ok(()); // the planner gave up; its error tells why
            }
            let planned = shared.plan.as_ref().filter(|traced| {
                reaction.is_none() || traced.plan.decision.actor == Actor::System2
            });
            let action = planned
                .and_then(|traced| traced.plan.from(step, width).get(..width))
                .or(reaction.as_ref().and_then(|actions| actions.get(..width)))
                .unwrap_or(&idle)
                .to_vec();
            shared.state = Some(State {
                env,
                step,
                action: action.clone(),
                seen: Instant::now(),
            });
            shared.now = step;
            action
        };
        changed.notify_all();
        let goes_on = episode.step(&action)?;
        due += period;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        if !goes_on {
            return Ok(());
        }
    }
}

/// The planner's side: a plan for the newest state, again and again.
fn think(
    controller: &mut Controller,
    (shared, changed): &(Mutex<Exchange>, Condvar),
    spec: &EpisodeSpec<'_>,
    period: Duration,
) -> Result<()> {
    let mut anticipation = Anticipation::default();
    loop {
        let (state, before) = {
            let mut shared = shared.lock().map_err(|_| poisoned())?;
            loop {
                if shared.over {
                    return Ok(());
                }
                if let Some(state) = shared.state.take() {
                    break (state, shared.plan.clone());
                }
                shared = changed.wait(shared).map_err(|_| poisoned())?;
            }
        };
        let before = before.as_ref().map(|traced| &traced.plan);
        let plan = anticipation.decide(
            controller,
            &state.env,
            state.step,
            Some(&state.action),
            before,
        )?;
        let imagined = match spec.traced {
            true => controller.imagine(&plan.decision.actions)?,
            false => Vec::new(),
        };
        let steps = plan.decision.actions.len() / spec.task.action_dim();
        let taken = state.seen.elapsed();
        let mut shared = shared.lock().map_err(|_| poisoned())?;
        shared.misses += usize::from(shared.now >= anticipation.deadline(&plan));
        let traced = Arc::new(TracedPlan { plan, imagined });
        shared.made.push(Arc::clone(&traced));
        shared.plan = Some(traced);
        anticipation.took(taken, period, steps);
    }
}

fn poisoned() -> anyhow::Error {
    anyhow!("a thread of the episode panicked")
}
