//! The HTML report: one file, no network, the pictures inside as SVG.

use super::row::Row;
use super::table::{lines, success, task_name};
use super::tier::Tier;
use anyhow::{Result, anyhow};
use plotters::prelude::*;
use std::fmt::Write;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:1080px;margin:2em auto;padding:0 1em;color:#222}\
 table{border-collapse:collapse;width:100%;margin:1em 0}th,td{padding:.3em .6em;text-align:right;border-bottom:1px solid #ddd}\
 th:first-child,td:first-child,th:nth-child(2),td:nth-child(2),th:nth-child(3),td:nth-child(3){text-align:left}\
 caption{text-align:left;color:#555}svg{max-width:100%;height:auto}h2{margin-top:2em}small{color:#666}";

/// Colours of the tiers, dark to light.
const TIER_COLOURS: [RGBColor; 4] = [
    RGBColor(31, 78, 121),
    RGBColor(46, 117, 182),
    RGBColor(237, 125, 49),
    RGBColor(157, 195, 230),
];

/// Renders the report.
///
/// # Errors
/// When a plot cannot be drawn.
pub fn render(rows: &[Row]) -> Result<String> {
    let mut page = String::new();
    write!(
        page,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Foresight benchmark</title>\
         <style>{STYLE}</style></head><body><h1>Foresight benchmark</h1>\
         <p>Success of each planner with Wilson 95 % intervals. All rows of a task and tier share their pairs of start and \
         goal; pairs that are solved at their start were never drawn. An episode may take twice the control steps from which \
         its goal was taken. <b>oracle</b> plans in true physics with the true pose, <b>latent-cost</b> in true physics with \
         the model's cost, <b>icem</b> in the world model alone: the gap between the first two is the cost's, the gap between \
         the last two the model's.</p>"
    )?;
    let mut tasks: Vec<String> = rows.iter().map(task_name).collect();
    tasks.dedup();
    for task in &tasks {
        let own: Vec<Row> = rows
            .iter()
            .filter(|r| &task_name(r) == task)
            .cloned()
            .collect();
        write!(page, "<h2>{task}</h2>{}{}", ladder(&own)?, table(&own)?)?;
    }
    page.push_str("</body></html>\n");
    Ok(page)
}

/// Bars of success for each planner and tier, with intervals.
fn ladder(rows: &[Row]) -> Result<String> {
    let lines = lines(rows);
    let tiers: Vec<Tier> = Tier::ALL
        .into_iter()
        .filter(|t| rows.iter().any(|r| r.tier == *t))
        .collect();
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (1040, 320)).into_drawing_area();
        let names: Vec<String> = lines.iter().map(|l| label(l[0])).collect();
        let mut chart = ChartBuilder::on(&root)
            .margin(8)
            .x_label_area_size(28)
            .y_label_area_size(44)
            .build_cartesian_2d(0.0..lines.len() as f64, 0.0..100.0_f64)
            .map_err(|e| anyhow!("plot: {e}"))?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .max_light_lines(0)
            .x_labels(2 * lines.len() + 1)
            .x_label_formatter(&|x| {
                let middle = (x.fract() - 0.5).abs() < 1.0e-6;
                if middle {
                    names.get(*x as usize).cloned().unwrap_or_default()
                } else {
                    String::new()
                }
            })
            .y_desc("success, %")
            .draw()
            .map_err(|e| anyhow!("plot: {e}"))?;
        let width = 0.8 / tiers.len().max(1) as f64;
        for (t, tier) in tiers.iter().enumerate() {
            let colour = TIER_COLOURS[*tier as usize];
            let bars = lines.iter().enumerate().filter_map(|(i, line)| {
                let row = line.iter().find(|r| r.tier == *tier)?;
                Some((i as f64 + 0.1 + width * t as f64, *row))
            });
            let bars: Vec<(f64, &Row)> = bars.collect();
            chart
                .draw_series(bars.iter().map(|(x, r)| {
                    Rectangle::new(
                        [(*x, 0.0), (x + 0.92 * width, 100.0 * r.success_rate)],
                        colour.filled(),
                    )
                }))
                .map_err(|e| anyhow!("plot: {e}"))?
                .label(tier.name())
                .legend(move |(x, y)| {
                    Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled())
                });
            chart
                .draw_series(bars.iter().map(|(x, r)| {
                    let x = x + 0.46 * width;
                    PathElement::new(
                        vec![(x, 100.0 * r.ci95_low), (x, 100.0 * r.ci95_high)],
                        BLACK.stroke_width(1),
                    )
                }))
                .map_err(|e| anyhow!("plot: {e}"))?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.3))
            .draw()
            .map_err(|e| anyhow!("plot: {e}"))?;
        root.present().map_err(|e| anyhow!("plot: {e}"))?;
    }
    Ok(svg)
}

fn label(row: &Row) -> String {
    if row.cost == "none" || row.planner == "oracle" {
        row.planner.clone()
    } else {
        format!("{} {}", row.planner, row.cost)
    }
}

fn table(rows: &[Row]) -> Result<String> {
    let mut out = String::from(
        "<table><tr><th>planner</th><th>cost</th><th>told about poses</th><th>tier</th><th>success, % [95 %]</th><th>n</th>\
         <th>steps to success</th><th>ms p50</th><th>ms p99</th><th>model steps a decision</th></tr>",
    );
    for row in rows {
        write!(
            out,
            "<tr><td>{}</td><td>{}</td><td><small>{}</small></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{:.1}</td>\
             <td>{:.1}</td><td>{:.0}</td></tr>",
            row.planner,
            row.cost,
            row.pose_labels,
            row.tier.name(),
            success(row),
            row.episodes,
            row.steps_to_success
                .map_or("-".to_owned(), |s| format!("{s:.0}")),
            row.decision_ms_p50,
            row.decision_ms_p99,
            row.model_steps_per_decision
        )?;
    }
    out.push_str("</table>");
    Ok(out)
}
