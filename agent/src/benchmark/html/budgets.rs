//! What more compute buys: success against the time of a decision.

use super::super::row::Row;
use super::super::tier::Tier;
use super::{by_name, colour, legend, plot, series, svg};
use anyhow::Result;
use plotters::prelude::*;

/// Model steps a decision of planners in the literature.
const PUBLISHED: [f64; 4] = [2_900.0, 9_200.0, 45_000.0, 54_000.0];

/// A line for each planner and cost at the mid tier, or the first one there is; nothing where nobody looks at the world.
pub fn render(rows: &[Row]) -> Result<Option<String>> {
    let timed = |r: &&Row| r.observation != "none" && r.decision_ms_mean() > 0.0;
    let tiers: Vec<Tier> = rows.iter().filter(timed).map(|r| r.tier).collect();
    let Some(tier) = tiers
        .iter()
        .copied()
        .find(|t| *t == Tier::Mid)
        .or_else(|| tiers.first().copied())
    else {
        return Ok(None);
    };
    let at_tier = || rows.iter().filter(timed).filter(|r| r.tier == tier);
    let mut lines = by_name(at_tier(), series);
    for (_, line) in &mut lines {
        line.sort_by(|a, b| a.decision_ms_mean().total_cmp(&b.decision_ms_mean()));
    }
    let published = published_ms(at_tier());
    let all = || {
        let measured = at_tier().map(Row::decision_ms_mean);
        measured.chain(published.iter().copied())
    };
    let (least, most) = (
        all().fold(f64::INFINITY, f64::min) / 1.5,
        all().fold(0.0, f64::max) * 1.5,
    );
    let picture = svg((1040, 320), |root| {
        let mut chart = ChartBuilder::on(root)
            .margin(8)
            .x_label_area_size(40)
            .y_label_area_size(44)
            .build_cartesian_2d((least..most).log_scale(), 0.0..105.0_f64)
            .map_err(plot)?;
        chart
            .configure_mesh()
            .max_light_lines(0)
            .x_desc("time of a decision, mean, log")
            .y_desc(format!("success at {}, %", tier.name()))
            .x_label_formatter(&|ms| time(*ms))
            .draw()
            .map_err(plot)?;
        for ms in &published {
            chart
                .draw_series(DashedLineSeries::new(
                    [(*ms, 0.0), (*ms, 105.0)],
                    2,
                    4,
                    BLACK.mix(0.5).stroke_width(1),
                ))
                .map_err(plot)?;
        }
        for (index, (name, line)) in lines.iter().enumerate() {
            let colour = colour(index);
            let point = |r: &&Row| (r.decision_ms_mean(), 100.0 * r.success_rate);
            chart
                .draw_series(
                    LineSeries::new(line.iter().map(point), colour.stroke_width(2)).point_size(3),
                )
                .map_err(plot)?
                .label(name)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 14, y)], colour.stroke_width(2))
                });
            chart
                .draw_series(line.iter().map(|r| {
                    let ends = [100.0 * r.ci95_low, 100.0 * r.ci95_high];
                    PathElement::new(ends.map(|y| (r.decision_ms_mean(), y)), colour.mix(0.6))
                }))
                .map_err(plot)?;
        }
        legend(&mut chart, SeriesLabelPosition::LowerRight)
    })?;
    Ok(Some(picture))
}

/// Times that the published budgets take here, milliseconds: at the time of a model step in the largest search in a latent; none
/// where nothing was searched in one.
fn published_ms<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<f64> {
    let steps = |r: &&Row| r.model_steps_per_decision;
    let in_latent = rows.filter(|r| r.observation != "world" && r.planned_share == 1.0);
    let largest = in_latent.max_by(|a, b| steps(a).total_cmp(&steps(b)));
    let searched = largest.filter(|r| steps(r) > 0.0);
    searched.map_or(Vec::new(), |row| {
        let step_ms = row.decision_ms_mean() / steps(&row);
        PUBLISHED.iter().map(|steps| steps * step_ms).collect()
    })
}

/// A time in the unit that suits it.
fn time(ms: f64) -> String {
    match ms {
        ms if ms < 1.0 => format!("{:.0} µs", 1.0e3 * ms),
        ms if ms < 1.0e3 => format!("{ms:.0} ms"),
        ms => format!("{:.0} s", 1.0e-3 * ms),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::benchmark::episode::Outcome;
    use crate::benchmark::row::RowHead;

    fn row(planner: &str, budget: Option<u64>, ms: f64, steps: u64) -> Row {
        let outcome = Outcome {
            success: true,
            decision_ms: vec![ms, 3.0 * ms],
            model_steps: 2 * steps,
            planned: if steps > 0 { 2 } else { 0 },
            ..Outcome::default()
        };
        let head = RowHead {
            cost: if steps > 0 { "pose" } else { "none" }.to_owned(),
            observation: if planner == "random" { "none" } else { "state" }.to_owned(),
            budget,
            ..RowHead::of_push(planner, Tier::Mid)
        };
        Row::new(head, vec![outcome])
    }

    #[test]
    fn reactions_and_searches_stand_on_one_axis_of_time() {
        let rows = [
            row("system1", None, 0.05, 0),
            row("icem", Some(2_000), 5.0, 2_000),
            row("icem", Some(64_000), 160.0, 64_000),
            row("random", None, 0.001, 0),
        ];
        let picture = render(&rows).unwrap().unwrap();
        for expected in ["system1", "icem pose", "100 µs", "100 ms"] {
            assert!(picture.contains(expected), "{expected}: {picture}");
        }
        assert!(!picture.contains("random"));
        let published = published_ms(rows.iter());
        assert!((published[1] - 9_200.0 * 320.0 / 64_000.0).abs() < 1.0e-9);
        assert!(render(&rows[3..]).unwrap().is_none());
        assert!(
            published_ms(rows[..1].iter()).is_empty(),
            "a reaction is no search"
        );
    }
}
