//! How long decisions take.

use super::super::row::Row;
use super::{by_name, colour, label, legend, plot, svg};
use anyhow::Result;
use plotters::prelude::*;

/// The cumulative distribution of decision times for each planner and cost, all tiers together; nothing without planning rows.
pub fn render(rows: &[Row]) -> Result<Option<String>> {
    let planning = rows.iter().filter(|r| r.model_steps_per_decision > 0.0);
    let name = |row: &Row| match row.budget {
        Some(budget) => format!("{}, {budget} steps", label(row)),
        None => label(row),
    };
    let times = |(name, rows): (String, Vec<&Row>)| {
        let outcomes = rows.iter().flat_map(|r| &r.results);
        let mut times: Vec<f64> = outcomes.flat_map(|o| &o.decision_ms).copied().collect();
        times.sort_by(f64::total_cmp);
        (name, times)
    };
    let mut lines: Vec<(String, Vec<f64>)> =
        by_name(planning, name).into_iter().map(times).collect();
    lines.retain(|(_, times)| !times.is_empty());
    let all = || lines.iter().flat_map(|(_, times)| times).copied();
    let (least, most) = (
        all().fold(f64::INFINITY, f64::min),
        all().fold(0.0, f64::max),
    );
    if lines.is_empty() || least <= 0.0 {
        return Ok(None);
    }
    let picture = svg((1040, 260), |root| {
        let mut chart = ChartBuilder::on(root)
            .margin(8)
            .x_label_area_size(40)
            .y_label_area_size(44)
            .build_cartesian_2d((0.9 * least..1.1 * most).log_scale(), 0.0..100.0_f64)
            .map_err(plot)?;
        chart
            .configure_mesh()
            .max_light_lines(0)
            .x_desc("milliseconds a decision, log")
            .y_desc("decisions, %")
            .x_label_formatter(&|x| format!("{x:.1}"))
            .draw()
            .map_err(plot)?;
        for (index, (name, times)) in lines.iter().enumerate() {
            let colour = colour(index);
            let points = times
                .iter()
                .enumerate()
                .map(|(i, time)| (*time, 100.0 * (i + 1) as f64 / times.len() as f64));
            // A few hundred points are as smooth as all of them.
            let stride = times.len().div_ceil(300);
            chart
                .draw_series(LineSeries::new(
                    points.step_by(stride),
                    colour.stroke_width(2),
                ))
                .map_err(plot)?
                .label(name)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 14, y)], colour.stroke_width(2))
                });
        }
        legend(&mut chart, SeriesLabelPosition::LowerRight)
    })?;
    Ok(Some(picture))
}
