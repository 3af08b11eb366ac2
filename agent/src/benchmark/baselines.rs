//! The two systems and what they are to beat, in one table: success by tier, what it cost, and McNemar's test against System 2.

use super::compare::Comparison;
use super::row::Row;
use super::statistics::mcnemar_exact;
use super::table::{milliseconds, planned_share, success};
use comfy_table::{CellAlignment, Table, presets};
use serde::{Deserialize, Serialize};

/// The line that all others are compared with.
pub const REFERENCE: &str = "System 2";

/// Who it is, and its rows, one for each tier.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Line {
    /// Name in the table.
    pub name: String,
    /// In the order of the tiers.
    pub rows: Vec<Row>,
}

impl Line {
    /// Share of the decisions over all tiers that System 2 made.
    pub fn planned_share(&self) -> f64 {
        planned_share(self.rows.iter())
    }

    /// Pairs over all tiers that only the reference solved, and that only this line did; none where they share no pairs.
    fn against(&self, reference: &Self) -> Option<(usize, usize)> {
        let tiers = reference.rows.iter().zip(&self.rows);
        let all: Option<Vec<Comparison>> = tiers.map(|(a, b)| Comparison::new(a, b)).collect();
        let all = all.filter(|all| !all.is_empty())?;
        Some((
            all.iter().map(|c| c.only_first).sum(),
            all.iter().map(|c| c.only_second).sum(),
        ))
    }
}

/// Lays lines out as a table.
pub fn render(lines: &[Line]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let tiers = lines.first().map_or(&[][..], |line| &line.rows);
    let mut header = vec!["who".to_owned()];
    header.extend(tiers.iter().map(|row| format!("{} %", row.tier.name())));
    header.extend(
        [
            "planned %",
            "ms p50",
            "ms p99",
            "only System 2",
            "only this",
            "p (McNemar)",
        ]
        .map(str::to_owned),
    );
    table.set_header(header);
    let reference = lines.iter().find(|line| line.name == REFERENCE);
    for line in lines {
        let mut cells = vec![line.name.clone()];
        cells.extend(line.rows.iter().map(success));
        let worst = |value: fn(&Row) -> f64| line.rows.iter().map(value).fold(0.0, f64::max);
        cells.push(format!("{:.1}", 100.0 * line.planned_share()));
        cells.push(milliseconds(worst(|row| row.decision_ms_p50)));
        cells.push(milliseconds(worst(|row| row.decision_ms_p99)));
        let other = reference.filter(|reference| reference.name != line.name);
        cells.extend(match other.and_then(|other| line.against(other)) {
            Some((theirs, ours)) => [
                theirs.to_string(),
                ours.to_string(),
                format!("{:.4}", mcnemar_exact(theirs, ours)),
            ],
            None => ["-"; 3].map(str::to_owned),
        });
        table.add_row(cells);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::episode::Outcome;
    use crate::benchmark::row::RowHead;
    use crate::benchmark::tier::Tier;

    fn line(name: &str, tiers: [(Tier, &[bool]); 2], planned: usize) -> Line {
        let row = |(tier, reached): (Tier, &[bool])| {
            let outcome = |(seed, success): (usize, &bool)| Outcome {
                start_seed: seed as u64,
                success: *success,
                decision_ms: vec![0.5; 4],
                planned,
                ..Outcome::default()
            };
            let head = RowHead::of_push(name, tier);
            Row::new(head, reached.iter().enumerate().map(outcome).collect())
        };
        Line {
            name: name.to_owned(),
            rows: tiers.into_iter().map(row).collect(),
        }
    }

    #[test]
    fn pairs_of_all_tiers_count_against_system_2() {
        let (yes, no) = (true, false);
        let best = line(
            REFERENCE,
            [(Tier::Near, &[yes, yes]), (Tier::Mid, &[yes, no])],
            4,
        );
        let other = line(
            "hybrid",
            [(Tier::Near, &[no, yes]), (Tier::Mid, &[no, yes])],
            1,
        );
        assert_eq!(other.against(&best), Some((2, 1)));
        assert_eq!(other.planned_share(), 0.25);
        let text = render(&[best, other]);
        let hybrid = text.lines().last().unwrap_or_default();
        let cells: Vec<&str> = hybrid.split_whitespace().collect();
        assert_eq!(cells[cells.len() - 3..], ["2", "1", "1.0000"], "{text}");
        assert!(
            hybrid.contains("25.0") && hybrid.contains("50.0 ["),
            "{text}"
        );
    }
}
