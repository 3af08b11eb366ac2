//! A goal for the tip of an arm, from the command line.

use super::Twin;
use anyhow::{Context, Result, bail};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use robot::profile::Profile;
use sim::Goal;

/// Poses of the arm from which joints are sought that bring the tip to the goal.
const STARTS: u64 = 12;

/// The goal in which the task's object - the tip of the arm - is at `pose`, with joints inside the limits of a profile. The arm
/// may be anywhere; `twin` is moved about.
///
/// # Errors
/// A pose of another length or with values that are not finite, limits that are missing, or a place that the arm does not reach
/// inside its limits.
pub fn goal_inside(twin: &mut Twin, profile: &Profile, pose: &[f32]) -> Result<Goal> {
    let names = twin.env().task().pose_names();
    if pose.len() != names.len() || pose.iter().any(|x| !x.is_finite()) {
        bail!(
            "goal {pose:?}: expected {} finite values, {} in metres",
            names.len(),
            names.join(", ")
        );
    }
    let limits = profile.settings().safety.limits;
    let limits =
        limits.map_err(|missing| anyhow::anyhow!("profile {}: {missing}", profile.name))?;
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    for start in 0..STARTS {
        // The middle first, for the joints that follow from it are the least bent.
        let share = |rng: &mut ChaCha8Rng| if start == 0 { 0.5 } else { rng.random::<f64>() };
        let from: Vec<f64> = limits
            .iter()
            .map(|l| l.position_min + (l.position_max - l.position_min) * share(&mut rng))
            .collect();
        twin.put_at_rest(&from)?;
        let goal = match twin.env().goal_at(pose) {
            Ok(goal) => goal,
            Err(sim::SimError::Unreachable { .. }) => continue,
            Err(error) => return Err(error).context("goal"),
        };
        let inside = twin
            .joints_of(&goal)
            .iter()
            .zip(&limits)
            .all(|(q, l)| q.is_some_and(|q| (l.position_min..=l.position_max).contains(&q)));
        if inside {
            return Ok(goal);
        }
    }
    bail!(
        "goal {pose:?}: no pose of the arm inside the limits of profile {} brings {} there",
        profile.name,
        names.join(", ")
    )
}

impl Twin {
    /// Where the joints are in a goal, rad, in the profile's order; none for a joint whose position the task does not observe.
    pub fn joints_of(&self, goal: &Goal) -> Vec<Option<f64>> {
        let task = self.env().task();
        let servos = task.servo_joints().unwrap_or_default();
        let mut found = vec![None; servos.len()];
        for (servo, &joint) in servos.iter().zip(self.order()) {
            let name = format!("{servo}.position");
            let index = task.observation_names().iter().position(|n| *n == name);
            found[joint] = index
                .and_then(|i| goal.observation.get(i))
                .map(|&q| f64::from(q));
        }
        found
    }
}
