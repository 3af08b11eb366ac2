//! Whether one report is better than another: paired differences over the pairs of start and goal that they share.

use super::row::Row;
use super::statistics::{Z95, mcnemar_exact};
use super::table::task_name;
use comfy_table::{CellAlignment, Table, presets};

/// Two rows on the same pairs.
#[derive(Clone, Debug)]
pub struct Comparison<'a> {
    /// The row of the first report.
    pub first: &'a Row,
    /// The row of the second.
    pub second: &'a Row,
    /// Pairs that both ran.
    pub pairs: usize,
    /// Pairs that only the first solved.
    pub only_first: usize,
    /// Pairs that only the second solved.
    pub only_second: usize,
}

impl<'a> Comparison<'a> {
    /// Compares two rows, or nothing when they share no pair.
    pub(super) fn new(first: &'a Row, second: &'a Row) -> Option<Self> {
        let shared = || {
            first
                .results
                .iter()
                .zip(&second.results)
                .take_while(|(a, b)| a.is_same_pair(b))
        };
        let count = |a: bool, b: bool| {
            shared()
                .filter(|(first, second)| (first.success, second.success) == (a, b))
                .count()
        };
        let pairs = shared().count();
        (pairs > 0).then(|| Self {
            first,
            second,
            pairs,
            only_first: count(true, false),
            only_second: count(false, true),
        })
    }

    /// Success of the second less that of the first, in `[-1, 1]`, with its 95 % interval (Wald, for paired proportions).
    pub fn difference(&self) -> (f64, f64, f64) {
        let (n, b, c) = (
            self.pairs as f64,
            self.only_first as f64,
            self.only_second as f64,
        );
        let difference = (c - b) / n;
        let half = Z95 * (b + c - (c - b) * (c - b) / n).max(0.0).sqrt() / n;
        (difference, difference - half, difference + half)
    }

    /// Two-sided p value of McNemar's exact test: how often a difference like this one comes from two equal planners.
    pub fn p_value(&self) -> f64 {
        mcnemar_exact(self.only_first, self.only_second)
    }
}

/// Pairs the rows of two reports up: same task, variant, tier and seed, and the same planner, cost and observation, or else the
/// only row with the same planner and cost, or else the only other row there is.
pub fn compare<'a>(first: &'a [Row], second: &'a [Row]) -> Vec<Comparison<'a>> {
    let place = |r: &Row| {
        (
            r.task.clone(),
            r.variant.clone(),
            r.tier,
            r.pairs as u8,
            r.seed,
        )
    };
    let at = |rows: &'a [Row], row: &Row| -> Vec<&'a Row> {
        rows.iter().filter(|r| place(r) == place(row)).collect()
    };
    first
        .iter()
        .filter_map(|row| {
            let others = at(second, row);
            let alike: Vec<_> = others
                .iter()
                .filter(|r| {
                    (&r.planner, &r.cost, r.budget) == (&row.planner, &row.cost, row.budget)
                })
                .collect();
            let same = match alike.as_slice() {
                [only] => Some(*only),
                several => {
                    let alike = |settings: bool| {
                        let same = |r: &&&Row| {
                            r.observation == row.observation
                                && (!settings || r.settings == row.settings)
                        };
                        several.iter().find(|r| same(r)).copied()
                    };
                    alike(true).or_else(|| alike(false))
                }
            };
            let other = match (same, others.as_slice()) {
                (Some(same), _) => same,
                (None, [only]) if at(first, row).len() == 1 => only,
                _ => return None,
            };
            Comparison::new(row, other)
        })
        .collect()
}

/// Lays comparisons out as a table.
pub fn render(comparisons: &[Comparison]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([
        "task",
        "tier",
        "A",
        "B",
        "n",
        "A %",
        "B %",
        "B - A, points",
        "only A",
        "only B",
        "p (McNemar)",
    ]);
    for comparison in comparisons {
        let name = |row: &Row| format!("{} {}", row.planner, row.cost);
        let percent = |row: &Row| {
            let solved = row.results[..comparison.pairs]
                .iter()
                .filter(|r| r.success)
                .count();
            format!("{:.1}", 100.0 * solved as f64 / comparison.pairs as f64)
        };
        let (difference, low, high) = comparison.difference();
        table.add_row([
            task_name(comparison.first),
            comparison.first.tier.name().to_owned(),
            name(comparison.first),
            name(comparison.second),
            comparison.pairs.to_string(),
            percent(comparison.first),
            percent(comparison.second),
            format!(
                "{:+.1} [{:+.1}, {:+.1}]",
                100.0 * difference,
                100.0 * low,
                100.0 * high
            ),
            comparison.only_first.to_string(),
            comparison.only_second.to_string(),
            format!("{:.3}", comparison.p_value()),
        ]);
    }
    for column in table.column_iter_mut().skip(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}
