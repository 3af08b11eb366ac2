//! Episodes as pictures: what was imagined, and what happened.

use super::super::episode::{Outcome, Trace};
use super::super::row::Row;
use super::super::table::is_largest_budget;
use super::{Area, plot, svg};
use anyhow::Result;
use plotters::prelude::*;

/// Pictures in a line.
const PICTURES: usize = 4;

/// The first episodes of the first latent planner, one of each tier, or more of them where there are fewer tiers; nothing when
/// no episode was kept.
pub fn render(rows: &[Row]) -> Result<Option<String>> {
    let own =
        |r: &&Row| is_largest_budget(r, rows) && r.results.iter().any(|o| imagined(o).is_some());
    let rows: Vec<&Row> = rows.iter().filter(own).collect();
    let chosen: Vec<(&Row, &Outcome, &Trace)> = (0..PICTURES)
        .flat_map(|i| rows.iter().map(move |r| (*r, i)))
        .filter_map(|(row, i)| {
            let outcome = row.results.get(i)?;
            Some((row, outcome, imagined(outcome)?))
        })
        .take(PICTURES)
        .collect();
    if chosen.is_empty() {
        return Ok(None);
    }
    let picture = svg((1040, 268), |root| {
        for (area, (row, outcome, trace)) in root.split_evenly((1, PICTURES)).iter().zip(&chosen) {
            let end = if outcome.success {
                "reached"
            } else {
                "not reached"
            };
            let title = format!("{}: {end} after {} steps", row.tier.name(), outcome.steps);
            draw(area, trace, &title)?;
        }
        Ok(())
    })?;
    Ok(Some(picture))
}

fn imagined(outcome: &Outcome) -> Option<&Trace> {
    outcome.trace.as_ref().filter(|t| !t.imagined.is_empty())
}

fn point(pose: &[f32], first: usize) -> Option<(f64, f64)> {
    Some((
        f64::from(*pose.get(first)?),
        f64::from(*pose.get(first + 1)?),
    ))
}

fn draw(area: &Area, trace: &Trace, title: &str) -> Result<()> {
    let object = |poses: &[Vec<f32>]| -> Vec<(f64, f64)> {
        poses.iter().filter_map(|p| point(p, 0)).collect()
    };
    let actual = object(&trace.actual);
    let effector: Vec<(f64, f64)> = match trace.effector {
        Some(first) => trace
            .actual
            .iter()
            .filter_map(|p| point(p, first))
            .collect(),
        None => Vec::new(),
    };
    let goal = point(&trace.goal, 0).unwrap_or_default();
    let futures: Vec<Vec<(f64, f64)>> = trace
        .imagined
        .iter()
        .map(|future| {
            let start = actual.get(future.step).copied();
            start.into_iter().chain(object(&future.poses)).collect()
        })
        .collect();
    // A square around everything, so that a circle is round.
    let all = || {
        let tolerance = f64::from(trace.position_tolerance_m);
        let ring = [-tolerance, tolerance].map(|d| (goal.0 + d, goal.1 + d));
        actual
            .iter()
            .chain(&effector)
            .chain(futures.iter().flatten())
            .copied()
            .chain(ring)
    };
    let range = |value: fn((f64, f64)) -> f64| {
        let low = all().map(value).fold(f64::INFINITY, f64::min);
        (low, all().map(value).fold(f64::NEG_INFINITY, f64::max))
    };
    let (x, y) = (range(|p| p.0), range(|p| p.1));
    let half = 0.55 * (x.1 - x.0).max(y.1 - y.0);
    let (middle_x, middle_y) = (0.5 * (x.0 + x.1), 0.5 * (y.0 + y.1));
    let mut chart = ChartBuilder::on(area)
        .margin(6)
        .caption(title, ("sans-serif", 13))
        .x_label_area_size(22)
        .y_label_area_size(36)
        .build_cartesian_2d(
            middle_x - half..middle_x + half,
            middle_y - half..middle_y + half,
        )
        .map_err(plot)?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .x_labels(4)
        .y_labels(4)
        .draw()
        .map_err(plot)?;
    let orange = RGBColor(237, 125, 49);
    for future in &futures {
        chart
            .draw_series(
                LineSeries::new(future.iter().copied(), orange.mix(0.6).stroke_width(1))
                    .point_size(1),
            )
            .map_err(plot)?;
    }
    chart
        .draw_series(LineSeries::new(
            effector,
            RGBColor(46, 117, 182).mix(0.7).stroke_width(1),
        ))
        .map_err(plot)?;
    chart
        .draw_series(LineSeries::new(
            actual.iter().copied(),
            BLACK.stroke_width(2),
        ))
        .map_err(plot)?;
    let tolerance = f64::from(trace.position_tolerance_m);
    let ring = (0..=48).map(|i| {
        let angle = std::f64::consts::TAU * f64::from(i) / 48.0;
        (
            goal.0 + tolerance * angle.cos(),
            goal.1 + tolerance * angle.sin(),
        )
    });
    chart
        .draw_series(LineSeries::new(ring, RGBColor(0, 128, 0).stroke_width(2)))
        .map_err(plot)?;
    Ok(())
}
