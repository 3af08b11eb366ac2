//! The terminal table: one line a planner, one column a tier.

use super::row::Row;
use super::tier::Tier;
use comfy_table::{CellAlignment, Table, presets};

/// Lays rows out as a table: success in percent with its interval in each tier, then latency.
pub fn render(rows: &[Row]) -> String {
    let tiers: Vec<Tier> = Tier::ALL
        .into_iter()
        .filter(|t| rows.iter().any(|r| r.tier == *t))
        .collect();
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let mut header = vec![
        "task".to_owned(),
        "planner".to_owned(),
        "cost".to_owned(),
        "sees".to_owned(),
    ];
    header.extend(tiers.iter().map(|t| format!("{} %", t.name())));
    let realtime = rows.iter().any(|r| r.realtime);
    header.extend(["n", "ms p50", "ms p99", "steps/decision"].map(str::to_owned));
    let hybrid = rows.iter().any(is_hybrid);
    if hybrid {
        header.push("planned %".to_owned());
    }
    if realtime {
        header.push("deadline misses".to_owned());
    }
    table.set_header(header);
    for line in lines(rows) {
        let first = line[0];
        let mut cells = vec![
            task_name(first),
            planner_name(first),
            first.cost.clone(),
            first.observation.clone(),
        ];
        for tier in &tiers {
            cells.push(
                line.iter()
                    .find(|r| r.tier == *tier)
                    .map_or(String::new(), |r| success(r)),
            );
        }
        let least = line.iter().map(|r| r.episodes).min().unwrap_or(0);
        let most = line.iter().map(|r| r.episodes).max().unwrap_or(0);
        cells.push(if least == most {
            format!("{most}")
        } else {
            format!("{least}-{most}")
        });
        let worst = |value: fn(&Row) -> f64| line.iter().map(|r| value(r)).fold(0.0, f64::max);
        cells.push(milliseconds(worst(|r| r.decision_ms_p50)));
        cells.push(milliseconds(worst(|r| r.decision_ms_p99)));
        cells.push(format!("{:.0}", worst(|r| r.model_steps_per_decision)));
        if hybrid {
            cells.push(match is_hybrid(first) {
                true => format!("{:.1}", 100.0 * planned_share(line.iter().copied())),
                false => String::new(),
            });
        }
        if realtime {
            let missed: usize = line.iter().map(|r| r.deadline_misses).sum();
            cells.push(missed.to_string());
        }
        table.add_row(cells);
    }
    for column in table.column_iter_mut().skip(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// Rows that differ only in their tier, in order of first appearance.
pub fn lines(rows: &[Row]) -> Vec<Vec<&Row>> {
    let mut lines: Vec<Vec<&Row>> = Vec::new();
    for row in rows {
        let same = |r: &Row| {
            r.task == row.task
                && r.variant == row.variant
                && r.planner == row.planner
                && r.cost == row.cost
                && r.observation == row.observation
                && r.budget == row.budget
                && r.policy_hash == row.policy_hash
                && r.settings == row.settings
        };
        match lines.iter_mut().find(|line| same(line[0])) {
            Some(line) => line.push(row),
            None => lines.push(vec![row]),
        }
    }
    lines
}

/// Whether a row has the largest budget of the rows of its planner and cost.
pub fn is_largest_budget(row: &Row, rows: &[Row]) -> bool {
    let same = |r: &&Row| {
        (&r.task, &r.variant, &r.planner, &r.cost, &r.observation)
            == (
                &row.task,
                &row.variant,
                &row.planner,
                &row.cost,
                &row.observation,
            )
    };
    rows.iter().filter(same).map(|r| r.budget).max() == Some(row.budget)
}

/// Planner, with the share of its decisions that it plans where that is a setting of a baseline.
pub fn planner_name(row: &Row) -> String {
    let arbiter = row.settings.as_ref().map(|settings| &settings.arbiter);
    match arbiter {
        Some(arbiter) if row.planner == "hybrid-random" || row.planner == "hybrid-periodic" => {
            format!("{} {:.0}%", row.planner, 100.0 * arbiter.rate)
        }
        _ => row.planner.clone(),
    }
}

/// Whether a row is of System 1 and System 2 under an arbiter.
pub fn is_hybrid(row: &Row) -> bool {
    row.planner.starts_with("hybrid")
}

/// Share of all decisions of some rows that System 2 made.
pub fn planned_share<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> f64 {
    let outcomes = || rows.clone().flat_map(|row| &row.results);
    let decisions: usize = outcomes().map(|o| o.decision_ms.len()).sum();
    outcomes().map(|o| o.planned).sum::<usize>() as f64 / decisions.max(1) as f64
}

/// A time in milliseconds, to the microsecond where it is less than one: reactions are a thousand times as fast as plans.
pub fn milliseconds(ms: f64) -> String {
    match ms < 1.0 {
        true => format!("{ms:.3}"),
        false => format!("{ms:.1}"),
    }
}

/// Task, with its variant where it has one.
pub fn task_name(row: &Row) -> String {
    if row.variant == sim::variation::Variant::NOMINAL {
        row.task.clone()
    } else {
        format!("{} ({})", row.task, row.variant)
    }
}

/// Success with its interval, percent.
pub fn success(row: &Row) -> String {
    format!(
        "{:.1} [{:.0}, {:.0}]",
        100.0 * row.success_rate,
        100.0 * row.ci95_low,
        100.0 * row.ci95_high
    )
}
