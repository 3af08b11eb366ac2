//! What happens in the middle of an episode: the goal is moved, the object is shoved, or the world becomes another one.

use super::pairs::{self, Pair};
use super::tier::Tier;
use crate::recording::Change;
use anyhow::{Context, Result, bail};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sim::variation::Variant;
use sim::{Env, SimError, Task};
use std::f32::consts::TAU;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// It happens when a tier's offset divided by this has gone by: early enough that few goals are reached by then.
const PARTS: usize = 4;

/// Stream of an episode's seed that what happens is drawn from; resets, planners and policies use others.
const STREAM: u64 = 3;

/// A kind of event, the same in all episodes of a benchmark.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The goal becomes another of the futures of the same start.
    GoalMoved,
    /// The object, or what carries the point that counts, gets an impulse of so many N s in a horizontal direction drawn from the
    /// start's seed.
    Shove(f32),
    /// A factor of variation becomes another one.
    Factor(String, f32),
}

/// What happens in one episode, and when. Nothing counts as reached before, and the episode may go on for as long after it as
/// others may in all.
#[derive(Clone, Debug)]
pub struct Incident {
    /// Control steps from the start.
    pub step: usize,
    /// What happens then.
    pub change: Change,
}

impl FromStr for Event {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let value = text
            .split_once('=')
            .map(|(name, value)| (name, value.parse()));
        match (text, value) {
            ("goal", _) => Ok(Self::GoalMoved),
            (_, Some(("shove", Ok(strength)))) if f32::is_finite(strength) && strength > 0.0 => {
                Ok(Self::Shove(strength))
            }
            (_, Some((factor, Ok(value)))) if factor != "shove" => {
                Ok(Self::Factor(factor.to_owned(), value))
            }
            _ => Err("expected `goal`, `shove=S` with S > 0 in N s, or FACTOR=VALUE".to_owned()),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GoalMoved => f.write_str("then another goal"),
            Self::Shove(strength) => write!(f, "then shove={strength}"),
            Self::Factor(factor, value) => write!(f, "then {factor}={value}"),
        }
    }
}

impl Event {
    /// Whether a task has what is to change.
    ///
    /// # Errors
    /// A factor that it does not have, or a value out of its range.
    pub fn check(&self, task: &Task, variant: &Variant) -> Result<(), SimError> {
        match self {
            Self::Factor(factor, value) => variant.shifted(task, factor, *value).map(|_| ()),
            Self::GoalMoved | Self::Shove(_) => Ok(()),
        }
    }

    /// What happens in the episode of a pair.
    ///
    /// # Errors
    /// When there is no other goal, or nothing to shove.
    pub fn incident(
        &self,
        task: &Arc<Task>,
        variant: &Variant,
        tier: Tier,
        pair: &Pair,
    ) -> Result<Incident> {
        let mut rng = ChaCha8Rng::seed_from_u64(pair.start_seed);
        rng.set_stream(STREAM);
        let change = match self {
            Self::GoalMoved => {
                let goal = pairs::another_goal(task, variant, tier, pair, &mut rng)?;
                Change::Goal(goal)
            }
            Self::Shove(strength) => {
                let bodies = &task.appearance().bodies;
                let carrier = task.carrier().and_then(|body| bodies.get(body));
                let body = carrier.context("nothing to shove")?.clone();
                let (y, x) = (TAU * rng.random::<f32>()).sin_cos();
                let impulse = [strength * x, strength * y, 0.0];
                let shove = Change::Shove(body, impulse);
                if !moves(task, variant, pair, &shove)? {
                    bail!("a shove does not move what is driven by its actuators");
                }
                shove
            }
            Self::Factor(factor, value) => Change::Factor(factor.clone(), *value),
        };
        Ok(Incident {
            step: tier.offset() / PARTS,
            change,
        })
    }
}

/// Whether a shove changes what happens in a control step without action.
fn moves(task: &Arc<Task>, variant: &Variant, pair: &Pair, shove: &Change) -> Result<bool> {
    let mut still = Env::new(Arc::clone(task), variant.clone())?;
    still.reset(pair.start_seed)?;
    let mut shoved = still.fork();
    shove.apply(&mut shoved)?;
    let rest = vec![0.0; task.action_dim()];
    still.step(&rest)?;
    shoved.step(&rest)?;
    Ok(still.pose() != shoved.pose())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::path::Path;

    fn pushes(tier: Tier, count: usize) -> (Arc<Task>, Variant, Vec<Pair>) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
        let task = Arc::new(Task::load(&folder, "push").unwrap());
        let variant = Variant::of(&task, None).unwrap();
        let pairs = pairs::draw(&task, &variant, tier, count, 11).unwrap();
        (task, variant, pairs)
    }

    #[test]
    fn events_read_as_they_are_written_on_the_command_line() {
        assert_eq!("goal".parse(), Ok(Event::GoalMoved));
        assert_eq!("shove=0.2".parse(), Ok(Event::Shove(0.2)));
        assert_eq!("mass=3".parse(), Ok(Event::Factor("mass".to_owned(), 3.0)));
        for bad in [
            "shove",
            "shove=",
            "shove=-1",
            "shove=inf",
            "mass=much",
            "goals",
            "",
        ] {
            assert!(bad.parse::<Event>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_moved_goal_is_another_one_that_is_not_reached_yet_and_the_same_every_time() {
        let (task, variant, pairs) = pushes(Tier::Near, 6);
        for pair in &pairs {
            let moved = || {
                let event = Event::GoalMoved;
                let incident = event.incident(&task, &variant, Tier::Near, pair);
                let Change::Goal(goal) = incident.unwrap().change else {
                    panic!("asked for a goal")
                };
                goal
            };
            let goal = moved();
            assert_eq!(goal, moved());
            let mut env = Env::new(Arc::clone(&task), variant.clone()).unwrap();
            env.reset(pair.start_seed).unwrap();
            assert!(!env.achieved(&goal.pose));
            let (shape, first) = (task.pose_shape(), &pair.goal.pose);
            let far = shape.position_error_m(&goal.pose, first) > shape.position_tolerance_m;
            let turned = shape.yaw_error_rad(&goal.pose, first) > shape.yaw_tolerance_rad;
            assert!(far || turned, "{:?} {first:?}", goal.pose);
        }
    }

    #[test]
    fn shoves_are_as_strong_as_asked_for_and_go_in_many_directions() {
        let (task, variant, pairs) = pushes(Tier::Mid, 6);
        let directions = pairs.iter().map(|pair| {
            let event = Event::Shove(0.2);
            let incident = event.incident(&task, &variant, Tier::Mid, pair);
            let incident = incident.unwrap();
            assert_eq!(incident.step, 12);
            let Change::Shove(body, impulse) = incident.change else {
                panic!("asked for a shove")
            };
            assert_eq!(body, "block");
            assert!((impulse[0].hypot(impulse[1]) - 0.2).abs() < 1.0e-6);
            impulse[1].atan2(impulse[0])
        });
        let directions: Vec<f32> = directions.collect();
        assert!(directions.iter().any(|d| (d - directions[0]).abs() > 0.5));
    }
}
