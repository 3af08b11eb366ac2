//! Bars of success, the first picture of each task.

use super::super::row::Row;
use super::super::table::{is_hybrid, is_largest_budget, lines};
use super::super::tier::Tier;
use super::{label, legend, plot, svg};
use anyhow::Result;
use plotters::prelude::*;

/// Colours of the tiers, dark to light.
const TIER_COLOURS: [RGBColor; 4] = [
    RGBColor(31, 78, 121),
    RGBColor(46, 117, 182),
    RGBColor(237, 125, 49),
    RGBColor(157, 195, 230),
];

/// Size of the picture, pixels.
const SIZE: (u32, u32) = (1040, 320);

/// Size of names below the bars, pixels, so that neighbours do not overlap: a letter is about two fifths as wide as the font is high.
fn name_size(names: &[String]) -> f64 {
    let longest = names.iter().map(|name| name.chars().count()).max();
    let room = f64::from(SIZE.0 - 60) / names.len().max(1) as f64;
    (room / (0.4 * longest.unwrap_or(0).max(1) as f64)).clamp(6.0, 12.0)
}

/// Bars of success for each planner and tier, with intervals; of planners that ran at several budgets, those of the largest. What the
/// arbiter is compared with stands among the times alone.
pub fn render(rows: &[Row]) -> Result<String> {
    let lines: Vec<Vec<&Row>> = lines(rows)
        .into_iter()
        .filter(|line| is_largest_budget(line[0], rows))
        .filter(|line| !is_hybrid(line[0]) || line[0].planner == "hybrid")
        .collect();
    let tiers: Vec<Tier> = Tier::ALL
        .into_iter()
        .filter(|t| rows.iter().any(|r| r.tier == *t))
        .collect();
    svg(SIZE, |root| {
        let names: Vec<String> = lines.iter().map(|l| label(l[0])).collect();
        let mut chart = ChartBuilder::on(root)
            .margin(8)
            .x_label_area_size(28)
            .y_label_area_size(44)
            .build_cartesian_2d(0.0..lines.len() as f64, 0.0..100.0_f64)
            .map_err(plot)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .max_light_lines(0)
            .x_labels(2 * lines.len() + 1)
            .x_label_style(("sans-serif", name_size(&names)))
            .axis_desc_style(("sans-serif", 12))
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
            .map_err(plot)?;
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
                .map_err(plot)?
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
                .map_err(plot)?;
        }
        legend(&mut chart, SeriesLabelPosition::UpperLeft)?;
        Ok(())
    })
}
