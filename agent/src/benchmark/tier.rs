//! How far away a goal is.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use sim::Task;

/// A class of pairs of start and goal.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Goals 25 control steps into a reachable future.
    Near,
    /// 50 control steps.
    Mid,
    /// 50 control steps, and the object must turn by more than [`Tier::turn_deg`].
    Turn,
    /// 100 control steps.
    Far,
}

impl Tier {
    /// All tiers, from near to far.
    pub const ALL: [Self; 4] = [Self::Near, Self::Mid, Self::Turn, Self::Far];
    /// The turn that a pair of the turn tier asks for where the task does not say, degrees.
    const TURN_DEG: f32 = 20.0;

    /// The turn that a pair of the turn tier asks for, degrees.
    pub fn turn_deg(task: &Task) -> f32 {
        task.spec().goal.turn_deg.unwrap_or(Self::TURN_DEG)
    }

    /// The tiers that a task has.
    pub fn of(task: &Task) -> Vec<Self> {
        let mut tiers = Self::ALL.to_vec();
        tiers.retain(|tier| *tier != Self::Turn || task.pose_shape().has_yaw);
        tiers
    }

    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Near => "near",
            Self::Mid => "mid",
            Self::Turn => "turn",
            Self::Far => "far",
        }
    }

    /// Control steps between a start and the future that its goal is taken from.
    pub fn offset(self) -> usize {
        match self {
            Self::Near => 25,
            Self::Mid | Self::Turn => 50,
            Self::Far => 100,
        }
    }

    /// Control steps that an episode may take: twice the offset.
    pub fn budget(self) -> usize {
        2 * self.offset()
    }
}
