//! Pairs of start and goal: a start as the task draws it, and the object's pose in a reachable future of it.

use super::tier::Tier;
use anyhow::{Result, bail};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use sim::spec::GoalShare;
use sim::variation::Variant;
use sim::{Behaviour, BehaviourKind, Env, Goal, Task};
use std::sync::Arc;

/// Futures tried for one pair before giving up.
const MAX_TRIES: usize = 2000;

/// A start and a goal.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Seed that [`Env::reset`] makes the start from.
    pub start_seed: u64,
    /// What must be reached.
    pub goal: Goal,
}

/// Draws `count` pairs. Pair `i` depends on task, variant, tier, seed and `i` alone.
///
/// # Errors
/// When a tier asks for what the task cannot give, or no admissible pair was found.
pub fn draw(
    task: &Arc<Task>,
    variant: &Variant,
    tier: Tier,
    count: usize,
    seed: u64,
) -> Result<Vec<Pair>> {
    if tier == Tier::Turn && !task.pose_shape().has_yaw {
        bail!(
            "task '{}' has no orientation, so it has no turn tier",
            task.name()
        );
    }
    (0..count)
        .into_par_iter()
        .map(|i| draw_one(task, variant, tier, i as u64, seed))
        .collect()
}

/// Draws the pair with this index of a tier that the task has.
///
/// # Errors
/// When no admissible pair was found.
pub fn draw_one(
    task: &Arc<Task>,
    variant: &Variant,
    tier: Tier,
    index: u64,
    seed: u64,
) -> Result<Pair> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Streams of the tiers are apart, and far from those of resets and behaviours.
    rng.set_stream((1 << 63) | ((tier as u64) << 48) | index);
    let mut env = Env::new(Arc::clone(task), variant.clone())?;
    for _ in 0..MAX_TRIES {
        let start_seed = rng.random();
        env.reset(start_seed)?;
        if let Some(goal) = future(&mut env, tier, index, rng.random())? {
            return Ok(Pair { start_seed, goal });
        }
    }
    bail!(
        "task '{}', tier {}: no pair that is not solved at its start in {MAX_TRIES} futures",
        task.name(),
        tier.name()
    )
}

/// Another goal for a pair: another future of its start, in which the first goal is not reached either. Where goals are of two kinds
/// it is of any.
///
/// # Errors
/// When no admissible one was found.
pub fn another_goal(
    task: &Arc<Task>,
    variant: &Variant,
    tier: Tier,
    pair: &Pair,
    rng: &mut ChaCha8Rng,
) -> Result<Goal> {
    let mut env = Env::new(Arc::clone(task), variant.clone())?;
    for _ in 0..MAX_TRIES {
        env.reset(pair.start_seed)?;
        if let Some(goal) = future(&mut env, tier, rng.random(), rng.random())?
            && !env.achieved(&pair.goal.pose)
        {
            return Ok(goal);
        }
    }
    bail!(
        "no other goal of the start with seed {} in {MAX_TRIES} futures",
        pair.start_seed
    )
}

/// Goes into a future of the present, and gives the goal that it makes, where it is an admissible one of pair `index`.
fn future(env: &mut Env, tier: Tier, index: u64, seed: u64) -> Result<Option<Goal>> {
    let (task, start) = (Arc::clone(env.task()), env.pose());
    let kind = BehaviourKind::towards_goals(&task);
    let mut behaviour = Behaviour::new(kind, task.action_dim(), seed);
    let walk = (0..tier.offset()).try_for_each(|_| behaviour.act(env).and_then(|a| env.step(&a)));
    if walk.is_err() || env.achieved(&start) {
        return Ok(None); // the world failed on the way, or there is nothing to do
    }
    let turn_deg = task
        .pose_shape()
        .yaw_error_rad(&env.pose(), &start)
        .to_degrees();
    if tier == Tier::Turn && turn_deg <= Tier::turn_deg(&task) {
        return Ok(None);
    }
    Ok(is_shared_out(env, index).then(|| env.as_goal()))
}

/// Control steps at rest after which a goal with conditions must still be reached.
const REST_STEPS: usize = 10;

/// Whether the present may be the goal of pair `index`, given which goals the task asks for. Where conditions count, it must also
/// last: a cube in mid-air that nobody holds is on its way, and no goal.
fn is_shared_out(env: &Env, index: u64) -> bool {
    let pose = env.pose();
    let shape = env.task().pose_shape();
    let values = shape.conditions(&pose);
    let mut conditions = values.iter().zip(env.task().goal_shares());
    let wanted = conditions.all(|(&value, share)| match share {
        GoalShare::Any => true,
        GoalShare::Always => value > 0.5,
        GoalShare::Half => (value > 0.5) == index.is_multiple_of(2),
    });
    if values.is_empty() || !wanted {
        return wanted;
    }
    let (mut later, rest) = (env.fork(), vec![0.0; env.task().action_dim()]);
    (0..REST_STEPS).all(|_| later.step(&rest).is_ok()) && later.achieved(&pose)
}
