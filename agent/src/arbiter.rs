//! Who acts: System 1 while everything is as usual, System 2 when something is not.
//!
//! Five signs say that a situation is out of the ordinary: the members of the policy disagree, the world is not where the model
//! predicted it a block ago, the goal comes no nearer, or the best way that offers without a search does not come near the goal or
//! passes too close to something. Each has a threshold that was calibrated on held-out episodes ([`Calibration`]). Once System 2 has
//! taken over it searches at every decision until all signs are well below their thresholds, unless a plan is of no use.
//!
//! Thinking that brought nothing is not repeated at once: after a plan that is imagined to be hardly better than what would have been
//! done without it the signs go unheard for a decision, and for two and for four when this happens again.

#[cfg(test)]
mod tests;

use crate::objective::CostKind;
use anyhow::{Result, bail};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use world_model::policy::Calibration;

/// Who made a decision.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Actor {
    /// Nobody who thinks: random actions.
    #[default]
    Chance,
    /// The policy.
    System1,
    /// The planner.
    System2,
}

impl Actor {
    /// Name on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chance => "chance",
            Self::System1 => "System 1",
            Self::System2 => "System 2",
        }
    }
}

/// Why it was that one.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// There is no other.
    #[default]
    Alone,
    /// Nothing is out of the ordinary.
    AsUsual,
    /// Nothing is out of the ordinary, and to go on with the last plan is the best that offers.
    AsPlanned,
    /// The members of the policy disagree.
    Disagreement,
    /// The world is not where it was predicted.
    Surprise,
    /// The goal comes no nearer.
    Stalled,
    /// The best way without a search is imagined to miss the goal.
    Miss,
    /// The best way without a search is imagined to pass too close to something.
    TooClose,
    /// System 2 has taken over a moment ago.
    Commitment,
    /// Something is out of the ordinary, but there is no time left to plan.
    Budget,
    /// Something is out of the ordinary, but a plan was of no use a moment ago.
    Futile,
    /// The policy gave a value that is not a number.
    PolicyFailed,
    /// A decision in so many is planned, whatever the signs.
    Schedule,
}

impl Reason {
    /// Whether it is one for which System 2 would have acted, but did not.
    pub fn is_unheard(self) -> bool {
        matches!(self, Self::Budget | Self::Futile)
    }

    /// Name in reports and on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::AsUsual => "as usual",
            Self::AsPlanned => "as planned",
            Self::Disagreement => "disagreement",
            Self::Surprise => "surprise",
            Self::Stalled => "stalled",
            Self::Miss => "miss",
            Self::TooClose => "too close",
            Self::Commitment => "commitment",
            Self::Budget => "no budget",
            Self::Futile => "futile",
            Self::PolicyFailed => "policy failed",
            Self::Schedule => "schedule",
        }
    }
}

/// Whether System 2 searches for a decision that is made for this reason, and does not only go on with its last plan.
pub fn is_searched(actor: Actor, reason: Reason) -> bool {
    actor == Actor::System2 && reason != Reason::AsPlanned && !reason.is_unheard()
}

/// What an arbiter goes by.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The signs.
    #[default]
    Signs,
    /// Chance: a baseline.
    Random,
    /// Every so many decisions: a baseline.
    Periodic,
}

/// When a hybrid agent plans.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArbiterConfig {
    /// What it goes by. Default the signs.
    pub rule: Rule,
    /// Share of the decisions that the baselines plan. Default 0.1.
    pub rate: f32,
    /// Searches that System 2 makes at least once it has taken over, while its plans are of use. Default 1: a plan is followed without
    /// another search while nothing better offers.
    pub commitment: usize,
    /// System 2 hands back when all signs are below this share of their thresholds. Default 0.8.
    pub hysteresis: f32,
    /// Milliseconds of planning in a second of the world; none is without a limit. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_ms_per_s: Option<f32>,
    /// A plan is of use when it is imagined to cost less than the best way of System 1 by this share of its cost. Default 0.6; below
    /// zero all plans are.
    pub worthwhile: f32,
    /// Ways that System 1 is imagined to go, of which it goes the best. Default 8.
    pub ways: usize,
    /// Thresholds in place of the policy's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
}

impl Default for ArbiterConfig {
    fn default() -> Self {
        Self {
            rule: Rule::Signs,
            rate: 0.1,
            commitment: 1,
            hysteresis: 0.8,
            budget_ms_per_s: None,
            worthwhile: 0.6,
            ways: 8,
            calibration: None,
        }
    }
}

/// The signs in one decision.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Signs {
    /// Disagreement of the policy's members, root mean square of actions.
    pub disagreement: f32,
    /// Root mean square difference of the latent from the one predicted; none after a jump or in the first decision.
    pub surprise: Option<f32>,
    /// Decisions since the goal was last at its nearest.
    pub stalled: usize,
    /// How near the best way without a search comes to the goal, as a share of how far it is now, or of what is
    /// tolerated where it is nearer.
    pub miss: f32,
    /// Most that is missing of a clearance on that way before the goal, as a share of its margin.
    #[serde(default)]
    pub closeness: f32,
}

/// Decides who acts, decision after decision.
#[derive(Clone, Debug)]
pub struct Arbiter {
    config: ArbiterConfig,
    thresholds: Calibration,
    /// Decisions that System 2 still makes for certain.
    committed: usize,
    planning: bool,
    /// Whether the best way without a search passes too close to something.
    too_close: bool,
    /// Decisions in which no sign is heard, and how many it will be after the next plan that is of no use.
    resting: usize,
    next_rest: usize,
    nearest: f32,
    since_nearest: usize,
    decisions: usize,
    /// Where in its period the periodic rule begins, in `[0, 1)`: drawn, so that short episodes are planned at its rate too.
    phase: f32,
    /// Milliseconds of planning that may still be spent.
    purse_ms: f32,
    /// Of the random rule.
    rng: ChaCha8Rng,
}

/// A distance within this share of the least one is no progress.
const PROGRESS: f32 = 0.02;
/// Most decisions in which signs go unheard.
const LONGEST_REST: usize = 4;
/// Unspent planning time that is kept, seconds of the world.
const PURSE_S: f32 = 1.0;

impl Arbiter {
    /// An arbiter at the start of an episode.
    ///
    /// # Errors
    /// Settings that contradict each other, no thresholds at all, or thresholds of another cost.
    pub fn new(
        config: &ArbiterConfig,
        own: Option<&Calibration>,
        cost: CostKind,
        seed: u64,
    ) -> Result<Self> {
        let Some(thresholds) = config.calibration.as_ref().or(own) else {
            bail!("the policy has no thresholds: expected one that `distill` has calibrated");
        };
        if config.rule == Rule::Signs && thresholds.cost != cost.name() {
            bail!(
                "the thresholds of the arbiter were calibrated with cost '{}', not with '{}': expected the same",
                thresholds.cost,
                cost.name()
            );
        }
        check("hysteresis", config.hysteresis, 0.0, 1.0)?;
        check("rate", config.rate, 0.0, 1.0)?;
        check("worthwhile", config.worthwhile, -1.0, 1.0)?;
        check("ways", config.ways as f32, 1.0, 256.0)?;
        check(
            "budget_ms_per_s",
            config.budget_ms_per_s.unwrap_or(0.0),
            0.0,
            1000.0,
        )?;
        for (name, value) in [
            ("calibration.disagreement", thresholds.disagreement),
            ("calibration.surprise", thresholds.surprise),
            ("calibration.miss", thresholds.miss),
            ("calibration.closeness", thresholds.closeness),
        ] {
            check(name, value, 0.0, f32::MAX)?;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(3);
        let phase = match config.rule {
            Rule::Periodic => rng.random(),
            Rule::Signs | Rule::Random => 0.0,
        };
        Ok(Self {
            purse_ms: config.budget_ms_per_s.unwrap_or(0.0) * PURSE_S,
            config: config.clone(),
            thresholds: thresholds.clone(),
            committed: 0,
            planning: false,
            too_close: false,
            resting: 0,
            next_rest: 1,
            nearest: f32::INFINITY,
            since_nearest: 0,
            decisions: 0,
            phase,
            rng,
        })
    }

    /// Ways that System 1 is imagined to go.
    pub fn ways(&self) -> usize {
        self.config.ways
    }

    /// Notes how far the goal is now and tells for how many decisions it has come no nearer.
    pub fn progress(&mut self, distance: f32) -> usize {
        if distance < self.nearest - PROGRESS * self.nearest.abs() || self.nearest.is_infinite() {
            self.nearest = distance;
            self.since_nearest = 0;
        } else {
            self.since_nearest += 1;
        }
        self.since_nearest
    }

    /// Forgets what was usual on the way to the last goal.
    pub fn new_goal(&mut self) {
        self.nearest = f32::INFINITY;
        self.since_nearest = 0;
        (self.resting, self.next_rest) = (0, 1);
    }

    /// Who acts, given the signs; `seconds` of the world have gone by since the last decision.
    pub fn judge(&mut self, signs: &Signs, seconds: f32) -> (Actor, Reason) {
        self.decisions += 1;
        self.too_close = signs.closeness > self.thresholds.closeness;
        if let Some(rate) = self.config.budget_ms_per_s {
            self.purse_ms = (self.purse_ms + rate * seconds).min(rate * PURSE_S);
        }
        let reason = match self.config.rule {
            Rule::Signs => self.sign(signs),
            Rule::Random => {
                (self.rng.random::<f32>() < self.config.rate).then_some(Reason::Schedule)
            }
            Rule::Periodic => {
                let before = (self.decisions - 1) as f32 * self.config.rate + self.phase;
                let now = self.decisions as f32 * self.config.rate + self.phase;
                (now.floor() > before.floor()).then_some(Reason::Schedule)
            }
        };
        let resting = self.resting > 0;
        self.resting = self.resting.saturating_sub(1);
        let Some(reason) = reason else {
            self.planning = false;
            return (Actor::System1, Reason::AsUsual);
        };
        if self.config.budget_ms_per_s.is_some() && self.purse_ms <= 0.0 {
            return (Actor::System1, Reason::Budget);
        }
        if resting {
            self.planning = false;
            return (Actor::System1, Reason::Futile);
        }
        if !self.planning {
            self.planning = true;
            self.committed = self.config.commitment;
        }
        self.committed = self.committed.saturating_sub(1);
        (Actor::System2, reason)
    }

    /// Notes what the last plan brings over the best way without a search: the share of its cost that it is imagined to save, not a number
    /// where that way could not be imagined, and what is missing of a clearance on its own way. A plan is of use as well when it keeps
    /// clear where that way does not.
    pub fn thought(&mut self, saved: f32, closeness: f32) {
        let worthwhile = self.config.worthwhile;
        if self.config.rule != Rule::Signs || worthwhile < 0.0 {
            return;
        }
        let clears = self.too_close && closeness <= self.thresholds.closeness;
        if saved.is_nan() || saved >= worthwhile || clears {
            self.next_rest = 1;
            return;
        }
        (self.planning, self.committed) = (false, 0);
        self.resting = self.next_rest;
        self.next_rest = LONGEST_REST.min(2 * self.next_rest);
    }

    /// Notes how long a plan took.
    pub fn spent(&mut self, ms: f32) {
        self.purse_ms -= ms;
    }

    /// The sign for which System 2 acts, if any.
    fn sign(&self, signs: &Signs) -> Option<Reason> {
        let share = if self.planning {
            self.config.hysteresis
        } else {
            1.0
        };
        let limits = &self.thresholds;
        let over = [
            (
                Reason::Surprise,
                signs.surprise.unwrap_or(0.0) > share * limits.surprise,
            ),
            (Reason::Stalled, signs.stalled > limits.patience),
            (Reason::Miss, signs.miss > share * limits.miss),
            (Reason::TooClose, signs.closeness > share * limits.closeness),
            (
                Reason::Disagreement,
                signs.disagreement > share * limits.disagreement,
            ),
        ];
        let found = over
            .into_iter()
            .find(|(_, over)| *over)
            .map(|(reason, _)| reason);
        found.or((self.planning && self.committed > 0).then_some(Reason::Commitment))
    }
}

fn check(name: &str, value: f32, low: f32, high: f32) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    bail!("arbiter setting `{name}` is {value}, expected {low} to {high}")
}
