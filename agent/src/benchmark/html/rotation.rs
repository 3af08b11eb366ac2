//! Mental rotation: how wrong the imagined angle of an object is, against how far it has turned.

use super::super::episode::Turn;
use super::super::row::Row;
use super::super::statistics::quantile;
use super::super::table::is_largest_budget;
use super::{by_name, colour, label, legend, plot, svg};
use anyhow::Result;
use plotters::prelude::*;

/// Width of a class of angles, degrees.
const CLASS_DEG: f64 = 15.0;
/// Fewest looks in a class that is drawn.
const FEWEST: usize = 10;

/// Name, points of angle and error in degrees, and style of a line.
type Line = (String, Vec<(f64, f64)>, ShapeStyle);

/// Median error of the angle against the angle turned, imagined and encoded; nothing where nothing turns.
pub fn render(rows: &[Row]) -> Result<Option<String>> {
    let rows = rows.iter().filter(|r| is_largest_budget(r, rows));
    let named = by_name(rows, |row| {
        let sight = row.observation.as_str();
        label(row) + if sight == "state" { ", state" } else { "" }
    });
    // One planner for each thing that is seen: they share the model.
    let mut seen: Vec<String> = Vec::new();
    let mut lines: Vec<Line> = Vec::new();
    for (name, rows) in &named {
        let turns: Vec<&Turn> = rows
            .iter()
            .flat_map(|r| r.results.iter().flat_map(|o| &o.turns))
            .collect();
        let sight = rows[0].observation.clone();
        if turns.is_empty() || seen.contains(&sight) {
            continue;
        }
        let colour = colour(seen.len());
        seen.push(sight);
        let imagined = classes(&turns, |t| t.imagined_error_rad);
        let encoded = classes(&turns, |t| t.encoded_error_rad);
        lines.push((
            format!("{name}: imagined"),
            imagined,
            colour.stroke_width(2),
        ));
        lines.push((
            format!("{name}: encoded"),
            encoded,
            colour.mix(0.45).stroke_width(1),
        ));
    }
    let points = || lines.iter().flat_map(|(_, points, _)| points);
    if points().next().is_none() {
        return Ok(None);
    }
    let most = points().map(|p| p.1).fold(5.0, f64::max);
    let picture = svg((700, 300), |root| {
        let mut chart = ChartBuilder::on(root)
            .margin(8)
            .x_label_area_size(40)
            .y_label_area_size(44)
            .build_cartesian_2d(0.0..180.0, 0.0..1.1 * most)
            .map_err(plot)?;
        chart
            .configure_mesh()
            .max_light_lines(0)
            .x_desc("turned since the start, degrees")
            .y_desc("error of the angle, degrees")
            .draw()
            .map_err(plot)?;
        for (name, points, style) in &lines {
            let style = *style;
            chart
                .draw_series(LineSeries::new(points.iter().copied(), style).point_size(3))
                .map_err(plot)?
                .label(name.as_str())
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], style));
        }
        legend(&mut chart, SeriesLabelPosition::UpperLeft)
    })?;
    Ok(Some(picture))
}

/// Middle of each class of angles and the median error in it, degrees.
fn classes(turns: &[&Turn], error: fn(&Turn) -> f32) -> Vec<(f64, f64)> {
    let classes = (180.0 / CLASS_DEG) as usize;
    (0..classes)
        .filter_map(|class| {
            let low = class as f64 * CLASS_DEG;
            let inside = |t: &&&Turn| {
                let turned = f64::from(t.turned_rad).to_degrees();
                (low..low + CLASS_DEG).contains(&turned)
            };
            let mut errors: Vec<f64> = turns
                .iter()
                .filter(inside)
                .map(|t| f64::from(error(t)).to_degrees())
                .collect();
            let enough = errors.len() >= FEWEST;
            enough.then(|| (low + CLASS_DEG / 2.0, quantile(&mut errors, 0.5)))
        })
        .collect()
}
