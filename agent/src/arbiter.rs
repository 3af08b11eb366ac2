//! Who acts: System 1 while everything is as usual, System 2 when something is not.
//!
//! Four signs say that a situation is out of the ordinary: the members of the policy disagree, the world is not where the model
//! predicted it a block ago, the cost has stopped falling, or the future that System 1 is imagined to lead to does not come
//! near the goal. Each has a threshold that was calibrated on held-out episodes ([`Calibration`]). Once System 2 has taken over
//! it acts for a minimum of decisions, and until all signs are well below their thresholds.

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
    /// The members of the policy disagree.
    Disagreement,
    /// The world is not where it was predicted.
    Surprise,
    /// The cost has stopped falling.
    Stalled,
    /// What System 1 would do is imagined to miss the goal.
    Miss,
    /// System 2 has taken over a moment ago.
    Commitment,
    /// Something is out of the ordinary, but there is no time left to plan.
    Budget,
    /// The policy gave a value that is not a number.
    PolicyFailed,
    /// A decision in so many is planned, whatever the signs.
    Schedule,
}

impl Reason {
    /// Name in reports and on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::AsUsual => "as usual",
            Self::Disagreement => "disagreement",
            Self::Surprise => "surprise",
            Self::Stalled => "stalled",
            Self::Miss => "miss",
            Self::Commitment => "commitment",
            Self::Budget => "no budget",
            Self::PolicyFailed => "policy failed",
            Self::Schedule => "schedule",
        }
    }
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
    /// Decisions that System 2 makes at least once it has taken over. Default 2.
    pub commitment: usize,
    /// System 2 hands back when all signs are below this share of their thresholds. Default 0.8.
    pub hysteresis: f32,
    /// Milliseconds of planning in a second of the world; none is without a limit. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_ms_per_s: Option<f32>,
    /// Thresholds in place of the policy's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
}

impl Default for ArbiterConfig {
    fn default() -> Self {
        Self {
            rule: Rule::Signs,
            rate: 0.1,
            commitment: 2,
            hysteresis: 0.8,
            budget_ms_per_s: None,
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
    /// Decisions since the cost was last at its lowest.
    pub stalled: usize,
    /// Least cost of the future that System 1 is imagined to lead to, as a share of the cost now.
    pub miss: f32,
}

/// Decides who acts, decision after decision.
#[derive(Clone, Debug)]
pub struct Arbiter {
    config: ArbiterConfig,
    thresholds: Calibration,
    /// Decisions that System 2 still makes for certain.
    committed: usize,
    planning: bool,
    lowest: f32,
    since_lowest: usize,
    decisions: usize,
    /// Where in its period the periodic rule begins, in `[0, 1)`: drawn, so that short episodes are planned at its rate too.
    phase: f32,
    /// Milliseconds of planning that may still be spent.
    purse_ms: f32,
    /// Of the random rule.
    rng: ChaCha8Rng,
}

/// A cost within this share of the lowest one is no progress.
const PROGRESS: f32 = 0.02;
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
            lowest: f32::INFINITY,
            since_lowest: 0,
            decisions: 0,
            phase,
            rng,
        })
    }

    /// Notes the cost of the present and tells for how many decisions it has not fallen.
    pub fn progress(&mut self, cost: f32) -> usize {
        if cost < self.lowest - PROGRESS * self.lowest.abs() || self.lowest.is_infinite() {
            self.lowest = cost;
            self.since_lowest = 0;
        } else {
            self.since_lowest += 1;
        }
        self.since_lowest
    }

    /// Forgets what was usual on the way to the last goal.
    pub fn new_goal(&mut self) {
        self.lowest = f32::INFINITY;
        self.since_lowest = 0;
    }

    /// Who acts, given the signs; `seconds` of the world have gone by since the last decision.
    pub fn judge(&mut self, signs: &Signs, seconds: f32) -> (Actor, Reason) {
        self.decisions += 1;
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
        let Some(reason) = reason else {
            self.planning = false;
            return (Actor::System1, Reason::AsUsual);
        };
        if self.config.budget_ms_per_s.is_some() && self.purse_ms <= 0.0 {
            return (Actor::System1, Reason::Budget);
        }
        if !self.planning {
            self.planning = true;
            self.committed = self.config.commitment;
        }
        self.committed = self.committed.saturating_sub(1);
        (Actor::System2, reason)
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn thresholds() -> Calibration {
        Calibration {
            cost: "pose".to_owned(),
            quantile: 0.98,
            disagreement: 0.2,
            surprise: 0.1,
            miss: 0.5,
            patience: 3,
        }
    }

    fn arbiter(config: ArbiterConfig) -> Arbiter {
        Arbiter::new(&config, Some(&thresholds()), CostKind::Pose, 1).unwrap()
    }

    const USUAL: Signs = Signs {
        disagreement: 0.1,
        surprise: Some(0.05),
        stalled: 0,
        miss: 0.2,
    };

    #[test]
    fn each_sign_calls_for_a_plan_and_is_named() {
        let cases = [
            (USUAL, Actor::System1, Reason::AsUsual),
            (
                Signs {
                    disagreement: 0.3,
                    ..USUAL
                },
                Actor::System2,
                Reason::Disagreement,
            ),
            (
                Signs {
                    surprise: Some(0.2),
                    ..USUAL
                },
                Actor::System2,
                Reason::Surprise,
            ),
            (
                Signs {
                    stalled: 4,
                    ..USUAL
                },
                Actor::System2,
                Reason::Stalled,
            ),
            (Signs { miss: 0.6, ..USUAL }, Actor::System2, Reason::Miss),
        ];
        for (signs, actor, reason) in cases {
            let judged = arbiter(ArbiterConfig::default()).judge(&signs, 0.25);
            assert_eq!(judged, (actor, reason));
        }
    }

    #[test]
    fn a_planner_that_has_taken_over_stays_until_all_is_well() {
        let mut arbiter = arbiter(ArbiterConfig::default());
        let unsure = Signs {
            disagreement: 0.3,
            ..USUAL
        };
        let nearly = Signs {
            disagreement: 0.18,
            ..USUAL
        };
        let mut reasons = [USUAL, unsure, USUAL, USUAL].map(|s| arbiter.judge(&s, 0.25).1);
        assert_eq!(
            reasons,
            [
                Reason::AsUsual,
                Reason::Disagreement,
                Reason::Commitment,
                Reason::AsUsual
            ]
        );
        reasons = [nearly, unsure, nearly, nearly].map(|s| arbiter.judge(&s, 0.25).1);
        assert_eq!(
            reasons,
            [
                Reason::AsUsual,
                Reason::Disagreement,
                Reason::Disagreement,
                Reason::Disagreement
            ]
        );
    }

    #[test]
    fn planning_ends_with_its_budget_and_comes_back() {
        let mut arbiter = arbiter(ArbiterConfig {
            budget_ms_per_s: Some(20.0),
            ..ArbiterConfig::default()
        });
        let unsure = Signs { miss: 0.9, ..USUAL };
        assert_eq!(arbiter.judge(&unsure, 0.0).0, Actor::System2);
        arbiter.spent(25.0);
        assert_eq!(
            arbiter.judge(&unsure, 0.1),
            (Actor::System1, Reason::Budget)
        );
        assert_eq!(arbiter.judge(&unsure, 0.2).0, Actor::System2);
    }

    #[test]
    fn baselines_plan_at_their_rate() {
        for rule in [Rule::Random, Rule::Periodic] {
            let mut arbiter = arbiter(ArbiterConfig {
                rule,
                rate: 0.25,
                ..ArbiterConfig::default()
            });
            let planned = (0..400)
                .filter(|_| arbiter.judge(&USUAL, 0.25).0 == Actor::System2)
                .count();
            assert!((80..=120).contains(&planned), "{rule:?}: {planned} of 400");
        }
    }

    #[test]
    fn short_episodes_are_planned_at_the_rate_too() {
        for rule in [Rule::Random, Rule::Periodic] {
            let config = ArbiterConfig {
                rule,
                rate: 0.2,
                ..ArbiterConfig::default()
            };
            let episodes = (0..400).map(|seed| {
                let mut arbiter =
                    Arbiter::new(&config, Some(&thresholds()), CostKind::Pose, seed).unwrap();
                let decisions = (0..3).map(|_| arbiter.judge(&USUAL, 0.25).0);
                decisions.filter(|actor| *actor == Actor::System2).count()
            });
            let planned: usize = episodes.sum();
            assert!(
                (190..=290).contains(&planned),
                "{rule:?}: {planned} of 1200"
            );
        }
    }

    #[test]
    fn progress_is_a_cost_that_falls() {
        let mut arbiter = arbiter(ArbiterConfig::default());
        let stalled = [5.0, 4.0, 3.99, 4.5, 3.0].map(|cost| arbiter.progress(cost));
        assert_eq!(stalled, [0, 0, 1, 2, 0]);
        arbiter.new_goal();
        assert_eq!(arbiter.progress(9.0), 0);
    }

    #[test]
    fn settings_that_contradict_are_refused() {
        let refused = |config: ArbiterConfig, own: Option<&Calibration>| {
            Arbiter::new(&config, own, CostKind::Pose, 0)
                .unwrap_err()
                .to_string()
        };
        let error = refused(ArbiterConfig::default(), None);
        assert!(error.contains("thresholds"), "{error}");
        let hysteresis = ArbiterConfig {
            hysteresis: 1.5,
            ..ArbiterConfig::default()
        };
        let error = refused(hysteresis, Some(&thresholds()));
        assert!(
            error.contains("hysteresis") && error.contains("1.5"),
            "{error}"
        );
        let wrong = Calibration {
            surprise: f32::NAN,
            ..thresholds()
        };
        let error = refused(ArbiterConfig::default(), Some(&wrong));
        assert!(error.contains("calibration.surprise"), "{error}");
        let other = Calibration {
            cost: "reach".to_owned(),
            ..thresholds()
        };
        let error = refused(ArbiterConfig::default(), Some(&other));
        assert!(
            error.contains("'reach'") && error.contains("'pose'"),
            "{error}"
        );
        // The baselines go by no threshold.
        let random = ArbiterConfig {
            rule: Rule::Random,
            ..ArbiterConfig::default()
        };
        assert!(Arbiter::new(&random, Some(&other), CostKind::Pose, 0).is_ok());
    }
}
