//! How held-out success went from round to round, as a table and as JSON.

use crate::benchmark::statistics::{mcnemar_exact, wilson95};
use comfy_table::{CellAlignment, Table, presets};
use serde::{Deserialize, Serialize};

/// A difference that equal agents show more often than this is none.
const SIGNIFICANCE: f64 = 0.05;

/// What became of a round; the one before all others is the agent that was there at the start.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Round {
    /// Number; 0 is the start.
    pub round: usize,
    /// Who acted: `hybrid`, or the planner.
    pub agent: String,
    /// Hash of the world model.
    pub model: String,
    /// Hash of the policy, where there is one.
    pub policy: Option<String>,
    /// Goals that the agent before went to for it.
    pub attempts: usize,
    /// Those that it missed.
    pub missed: usize,
    /// Episodes of them that were learned from.
    pub kept: usize,
    /// Episodes that were learned from in all.
    pub episodes: usize,
    /// Held-out goals in order, and whether each was reached.
    pub held_out: Vec<bool>,
    /// Share of them that was reached.
    pub success_rate: f64,
    /// Wilson 95 % interval.
    pub ci95_low: f64,
    /// Wilson 95 % interval.
    pub ci95_high: f64,
    /// Share of the decisions on the way to them that were planned.
    pub planned_share: f64,
    /// Mean time of those decisions, milliseconds.
    pub decision_ms_mean: f64,
    /// The comparison with the best round before; none at the start.
    pub against: Option<Against>,
}

/// A round against the best one before it, on the same goals.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Against {
    /// The round before.
    pub round: usize,
    /// Goals that only the round before reached.
    pub only_before: usize,
    /// Goals that only this one reached.
    pub only_now: usize,
    /// Two-sided p value of McNemar's exact test.
    pub p: f64,
}

impl Against {
    /// Compares two rounds goal by goal.
    pub fn new(before: &Round, now: &[bool]) -> Self {
        let count = |a: bool, b: bool| {
            let pairs = before.held_out.iter().zip(now);
            pairs.filter(|(x, y)| (**x, **y) == (a, b)).count()
        };
        let (only_before, only_now) = (count(true, false), count(false, true));
        Self {
            round: before.round,
            only_before,
            only_now,
            p: mcnemar_exact(only_before, only_now),
        }
    }

    /// Whether success rose by more than noise.
    pub fn rose(&self) -> bool {
        self.only_now > self.only_before && self.p < SIGNIFICANCE
    }
}

impl Round {
    /// Whether it is better than the best one before; the start counts as such.
    pub fn rose(&self) -> bool {
        self.against.is_none_or(|against| against.rose())
    }
}

/// Share of the goals that were reached, and its Wilson 95 % interval.
pub fn success(held_out: &[bool]) -> (f64, f64, f64) {
    let reached = held_out.iter().filter(|reached| **reached).count();
    let (low, high) = wilson95(reached, held_out.len());
    (reached as f64 / held_out.len().max(1) as f64, low, high)
}

/// The last round that was better than all before it, and whether another one is worth trying: none is after one that did not
/// rise.
pub fn best(rounds: &[Round]) -> Option<(&Round, bool)> {
    let best = rounds.iter().rev().find(|round| round.rose())?;
    Some((best, rounds.last().is_some_and(Round::rose)))
}

/// Lays the rounds out as a table.
pub fn render(rounds: &[Round]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([
        "round",
        "agent",
        "goals",
        "missed",
        "kept",
        "episodes",
        "held-out %",
        "planned %",
        "ms mean",
        "against",
        "only then",
        "only now",
        "p (McNemar)",
        "better",
    ]);
    for round in rounds {
        let mut cells = vec![
            round.round.to_string(),
            round.agent.clone(),
            round.attempts.to_string(),
            round.missed.to_string(),
            round.kept.to_string(),
            round.episodes.to_string(),
            format!(
                "{:.1} [{:.0}, {:.0}]",
                100.0 * round.success_rate,
                100.0 * round.ci95_low,
                100.0 * round.ci95_high
            ),
            format!("{:.1}", 100.0 * round.planned_share),
            format!("{:.2}", round.decision_ms_mean),
        ];
        cells.extend(match round.against {
            Some(against) => [
                against.round.to_string(),
                against.only_before.to_string(),
                against.only_now.to_string(),
                format!("{:.3}", against.p),
                if against.rose() { "yes" } else { "no" }.to_owned(),
            ],
            None => ["-"; 5].map(str::to_owned),
        });
        table.add_row(cells);
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(number: usize, held_out: Vec<bool>, before: Option<&Round>) -> Round {
        let (success_rate, ci95_low, ci95_high) = success(&held_out);
        Round {
            round: number,
            agent: "hybrid".to_owned(),
            model: String::new(),
            policy: None,
            attempts: 10,
            missed: 3,
            kept: 5,
            episodes: 100,
            against: before.map(|before| Against::new(before, &held_out)),
            held_out,
            success_rate,
            ci95_low,
            ci95_high,
            planned_share: 0.2,
            decision_ms_mean: 1.0,
        }
    }

    fn reached(count: usize) -> Vec<bool> {
        (0..40).map(|index| index < count).collect()
    }

    #[test]
    fn a_difference_inside_the_noise_is_no_rise() {
        let start = round(0, reached(20), None);
        let better = round(1, reached(30), Some(&start));
        assert!(better.rose(), "{:?}", better.against);
        let little = round(2, reached(32), Some(&better));
        assert!(!little.rose(), "{:?}", little.against);
        let worse = round(2, reached(10), Some(&better));
        assert!(!worse.rose(), "{:?}", worse.against);

        assert_eq!(best(std::slice::from_ref(&start)), Some((&start, true)));
        let rounds = [start, better, little];
        assert_eq!(best(&rounds), Some((&rounds[1], false)));
        assert_eq!(best(&[]), None);
    }

    #[test]
    fn the_table_has_a_line_for_each_round() {
        let start = round(0, reached(20), None);
        let next = round(1, reached(30), Some(&start));
        let text = render(&[start, next]);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(
            text.contains("50.0 [") && text.contains("75.0 [") && text.contains("yes"),
            "{text}"
        );
    }
}
