//! What more search buys: success against model steps a decision.

use super::super::row::Row;
use super::super::tier::Tier;
use super::{by_name, colour, label, legend, plot, svg};
use anyhow::Result;
use plotters::prelude::*;

/// Model steps a decision of planners in the literature.
const PUBLISHED: [f64; 4] = [2_900.0, 9_200.0, 45_000.0, 54_000.0];

/// A line for each planner and cost at the mid tier, or the first one there is; nothing without planning rows.
pub fn render(rows: &[Row]) -> Result<Option<String>> {
    let planning = |r: &&Row| r.model_steps_per_decision > 0.0;
    let tiers: Vec<Tier> = rows.iter().filter(planning).map(|r| r.tier).collect();
    let Some(tier) = tiers
        .iter()
        .copied()
        .find(|t| *t == Tier::Mid)
        .or_else(|| tiers.first().copied())
    else {
        return Ok(None);
    };
    let at_tier = rows.iter().filter(planning).filter(|r| r.tier == tier);
    let mut lines = by_name(at_tier, label);
    let steps = |r: &Row| r.model_steps_per_decision;
    for (_, line) in &mut lines {
        line.sort_by(|a, b| steps(a).total_cmp(&steps(b)));
    }
    let all = || {
        lines
            .iter()
            .flat_map(|(_, line)| line)
            .map(|r| steps(r))
            .chain(PUBLISHED)
    };
    let (least, most) = (
        all().fold(f64::INFINITY, f64::min) / 1.5,
        all().fold(0.0, f64::max) * 1.5,
    );
    let picture = svg((1040, 300), |root| {
        let mut chart = ChartBuilder::on(root)
            .margin(8)
            .x_label_area_size(40)
            .y_label_area_size(44)
            .build_cartesian_2d((least..most).log_scale().base(2.0), 0.0..105.0_f64)
            .map_err(plot)?;
        chart
            .configure_mesh()
            .max_light_lines(0)
            .x_desc("model steps a decision, log2")
            .y_desc(format!("success at {}, %", tier.name()))
            .x_label_formatter(&|x| format!("{x:.0}"))
            .draw()
            .map_err(plot)?;
        for steps in PUBLISHED {
            chart
                .draw_series(DashedLineSeries::new(
                    [(steps, 0.0), (steps, 105.0)],
                    2,
                    4,
                    BLACK.mix(0.5).stroke_width(1),
                ))
                .map_err(plot)?;
        }
        for (index, (name, line)) in lines.iter().enumerate() {
            let colour = colour(index);
            let point = |r: &&Row| (steps(r), 100.0 * r.success_rate);
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
                    PathElement::new(ends.map(|y| (steps(r), y)), colour.mix(0.6))
                }))
                .map_err(plot)?;
        }
        legend(&mut chart, SeriesLabelPosition::LowerRight)
    })?;
    Ok(Some(picture))
}
