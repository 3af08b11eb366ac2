//! Which goals are hard: success against their distance and turn.

use super::super::episode::Outcome;
use super::super::row::Row;
use super::super::statistics::wilson95;
use super::super::table::is_largest_budget;
use super::{Area, by_name, colour, label, legend, plot, svg};
use anyhow::Result;
use plotters::prelude::*;

/// Equally filled classes of difficulty.
const CLASSES: usize = 5;

/// A measure of difficulty.
type Measure = fn(&Outcome) -> f64;

/// One class: its middle, and success with its interval, percent.
struct Point {
    middle: f64,
    success: f64,
    interval: [f64; 2],
}

/// Success by goal distance, and by turn where the task has an orientation; nothing without planning rows.
pub fn render(rows: &[Row]) -> Result<Option<String>> {
    let rows: Vec<&Row> = rows
        .iter()
        .filter(|r| is_largest_budget(r, rows) && r.planner != "random")
        .collect();
    let has_turn = rows
        .iter()
        .flat_map(|r| &r.results)
        .any(|o| o.goal_turn_rad > 0.0);
    let mut panels: Vec<(&str, Measure)> = vec![("goal distance, cm", |o| {
        100.0 * f64::from(o.goal_distance_m)
    })];
    if has_turn {
        panels.push(("goal turn, degrees", |o| {
            f64::from(o.goal_turn_rad).to_degrees()
        }));
    }
    if rows.is_empty() {
        return Ok(None);
    }
    let picture = svg((1040, 280), |root| {
        for (area, (name, measure)) in root.split_evenly((1, panels.len())).iter().zip(&panels) {
            panel(area, &rows, name, *measure)?;
        }
        Ok(())
    })?;
    Ok(Some(picture))
}

fn panel<'a>(area: &Area, rows: &[&'a Row], name: &str, measure: Measure) -> Result<()> {
    let outcomes = |(name, rows): (String, Vec<&'a Row>)| {
        (name, rows.iter().flat_map(|r| &r.results).collect())
    };
    let mut lines: Vec<(String, Vec<&Outcome>)> = by_name(rows.iter().copied(), label)
        .into_iter()
        .map(outcomes)
        .collect();
    let most = lines
        .iter()
        .flat_map(|(_, line)| line)
        .map(|o| measure(o))
        .fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .x_label_area_size(40)
        .y_label_area_size(44)
        .build_cartesian_2d(0.0..most.max(1.0e-3), 0.0..105.0_f64)
        .map_err(plot)?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .x_desc(name)
        .y_desc("success, %")
        .draw()
        .map_err(plot)?;
    for (index, (label, outcomes)) in lines.iter_mut().enumerate() {
        let colour = colour(index);
        let points = classes(outcomes, measure);
        chart
            .draw_series(
                LineSeries::new(
                    points.iter().map(|p| (p.middle, p.success)),
                    colour.stroke_width(2),
                )
                .point_size(3),
            )
            .map_err(plot)?
            .label(label.as_str())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], colour.stroke_width(2)));
        chart
            .draw_series(
                points
                    .iter()
                    .map(|p| PathElement::new(p.interval.map(|y| (p.middle, y)), colour.mix(0.6))),
            )
            .map_err(plot)?;
    }
    legend(&mut chart, SeriesLabelPosition::LowerLeft)
}

/// Sorts outcomes by difficulty and sums equally many up in each class.
fn classes(outcomes: &mut [&Outcome], measure: Measure) -> Vec<Point> {
    outcomes.sort_by(|a, b| measure(a).total_cmp(&measure(b)));
    let size = outcomes.len().div_ceil(CLASSES).max(1);
    let class = |own: &[&Outcome]| {
        let successes = own.iter().filter(|o| o.success).count();
        let (low, high) = wilson95(successes, own.len());
        Point {
            middle: measure(own[own.len() / 2]),
            success: 100.0 * successes as f64 / own.len() as f64,
            interval: [100.0 * low, 100.0 * high],
        }
    };
    outcomes.chunks(size).map(class).collect()
}
