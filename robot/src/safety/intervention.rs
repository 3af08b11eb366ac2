//! What the filter did to keep the robot safe: counted by kind, and each told once to whoever drains the events.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::fmt;

/// The limit that kept a joint from its target.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Limit {
    /// The target lay outside the window.
    Position,
    /// The target was further than a tick at the highest speed.
    Velocity,
    /// The target asked for too sudden a change of speed.
    Acceleration,
    /// The target asked for too sudden a change of acceleration.
    Jerk,
    /// The joint could not have stopped before the edge of the window.
    BrakingDistance,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Position => "position limit",
            Self::Velocity => "velocity limit",
            Self::Acceleration => "acceleration limit",
            Self::Jerk => "jerk limit",
            Self::BrakingDistance => "braking distance",
        })
    }
}

/// One intervention.
#[derive(Clone, Debug, PartialEq)]
pub struct Intervention {
    /// When, seconds of the steady clock.
    pub at: f64,
    /// What was done, for counting.
    pub kind: String,
    /// In words, with the joint and the numbers.
    pub detail: String,
}

/// Every intervention, counted by kind; the newest are kept until they are drained.
#[derive(Clone, Debug, Default)]
pub struct Interventions {
    counts: BTreeMap<String, u64>,
    events: VecDeque<Intervention>,
    lost: u64,
}

/// Events kept between two drains; a loop drains every tick.
const KEPT: usize = 256;

impl Interventions {
    pub(crate) fn add(&mut self, at: f64, kind: &str, detail: impl FnOnce() -> String) {
        match self.counts.get_mut(kind) {
            Some(count) => *count += 1,
            None => {
                self.counts.insert(kind.to_owned(), 1);
            }
        }
        if self.events.len() == KEPT {
            self.events.pop_front();
            self.lost += 1;
        }
        self.events.push_back(Intervention {
            at,
            kind: kind.to_owned(),
            detail: detail(),
        });
    }

    /// How often each kind happened.
    pub fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }

    /// How often a kind happened.
    pub fn count(&self, kind: &str) -> u64 {
        self.counts.get(kind).copied().unwrap_or(0)
    }

    /// Events that nobody drained in time. They are counted, but nobody heard their words.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Takes the events since the last call, oldest first.
    pub fn drain(&mut self) -> impl Iterator<Item = Intervention> + '_ {
        self.events.drain(..)
    }
}
