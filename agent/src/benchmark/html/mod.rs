//! The HTML report: one file, no network, the pictures inside as SVG.

use super::row::Row;
use super::table::{is_hybrid, milliseconds, planner_name, success, task_name};
use crate::arbiter::Reason;
use anyhow::{Result, anyhow};
use plotters::coord::{CoordTranslate, Shift};
use plotters::prelude::*;
use std::fmt::Write;

mod budgets;
mod difficulty;
mod episodes;
mod ladder;
mod latency;
mod rotation;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:1180px;margin:2em auto;padding:0 1em;color:#222}\
 table{border-collapse:collapse;width:100%;margin:1em 0}th,td{padding:.3em .6em;text-align:right;border-bottom:1px solid #ddd}\
 th:first-child,td:first-child,th:nth-child(2),td:nth-child(2),th:nth-child(3),td:nth-child(3),th:nth-child(4),td:nth-child(4){text-align:left}\
 caption{text-align:left;color:#555}svg{max-width:100%;height:auto}h2{margin-top:2em}td{white-space:nowrap}td:nth-child(4),td.why{white-space:normal}small,figcaption{color:#666}small{display:inline-block;line-height:1.2}figure{margin:1.5em 0}";

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws a picture of this size in pixels.
fn svg(size: (u32, u32), draw: impl FnOnce(&Area) -> Result<()>) -> Result<String> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        draw(&root)?;
        root.present().map_err(plot)?;
    }
    Ok(svg)
}

/// An error of the plotting library as ours; it is not `Sync`.
fn plot(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("plot: {error}")
}

/// Rows that go by the same name, in order of first appearance.
fn by_name<'a>(
    rows: impl Iterator<Item = &'a Row>,
    name: impl Fn(&Row) -> String,
) -> Vec<(String, Vec<&'a Row>)> {
    let mut named: Vec<(String, Vec<&Row>)> = Vec::new();
    for row in rows {
        let name = name(row);
        match named.iter_mut().find(|(n, _)| *n == name) {
            Some((_, same)) => same.push(row),
            None => named.push((name, vec![row])),
        }
    }
    named
}

/// Draws the names of a chart's series into one of its corners.
fn legend<'a, 'b: 'a, CT: CoordTranslate>(
    chart: &mut ChartContext<'a, SVGBackend<'b>, CT>,
    corner: SeriesLabelPosition,
) -> Result<()> {
    chart
        .configure_series_labels()
        .position(corner)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()
        .map_err(plot)
}

/// Colour of the `index`th series of a picture.
fn colour(index: usize) -> RGBColor {
    let (r, g, b) = Palette99::pick(index).rgb();
    RGBColor(r, g, b)
}

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
         its goal was taken, and ends where it cannot be reached any more. <b>system1</b> reacts, <b>hybrid</b> reacts or plans, as its arbiter says. <b>oracle</b> plans in true physics with the true pose, <b>latent-cost</b> in true physics with \
         the model's cost, <b>icem</b> in the world model alone: the gap between the first two is the cost's, the gap between \
         the last two the model's.</p>"
    )?;
    let mut tasks: Vec<String> = Vec::new();
    for task in rows.iter().map(task_name) {
        if !tasks.contains(&task) {
            tasks.push(task);
        }
    }
    for task in &tasks {
        let own: Vec<Row> = rows
            .iter()
            .filter(|r| &task_name(r) == task)
            .cloned()
            .collect();
        write!(
            page,
            "<h2>{task}</h2>{}{}",
            ladder::render(&own)?,
            table(&own)?
        )?;
        for (title, picture) in [
            (
                "Test-time compute: success against the mean time of a decision, from a reaction to the largest search. The dotted \
                 lines are budgets of published planners, 2.9 k, 9.2 k, 45 k and 54 k model steps, at the time that a model \
                 step took here",
                budgets::render(&own)?,
            ),
            (
                "Share of the decisions that took no longer than this",
                latency::render(&own)?,
            ),
            (
                "Success against how far, and how much turned, the goal is; all tiers together",
                difficulty::render(&own)?,
            ),
            (
                "Mental rotation: median error of the object's angle, decoded from the latent that the start of the episode became \
                 in the imagination through all actions since, against the angle that the object has truly turned. Thin: decoded \
                 from the latent that is encoded from what is seen",
                rotation::render(&own)?,
            ),
            (
                "Imagined and actual paths seen from above, first episodes. Black: the object; blue: what moves it; orange: \
                 futures of the object imagined at each decision; ring: goal and tolerance",
                episodes::render(&own)?,
            ),
        ] {
            if let Some(picture) = picture {
                write!(
                    page,
                    "<figure><figcaption>{title}.</figcaption>{picture}</figure>"
                )?;
            }
        }
    }
    page.push_str("</body></html>\n");
    Ok(page)
}

/// Name of a row, apart from its tier and budget.
fn label(row: &Row) -> String {
    named(row, planner_name(row))
}

/// Name of a row, apart from its tier, its budget and the share that a baseline plans.
fn series(row: &Row) -> String {
    named(row, row.planner.clone())
}

fn named(row: &Row, planner: String) -> String {
    let mut name = planner;
    if row.cost != "none" && row.planner != "oracle" {
        name = format!("{name} {}", row.cost);
    }
    match row.observation.as_str() {
        "none" | "state" | "world" => name,
        sight => format!("{name}, {sight}"),
    }
}

/// Of a hybrid agent the share of its decisions that System 2 made, percent, and why it was called; in brackets why it was not, where
/// a sign was there. Of others nothing.
fn planning(row: &Row) -> String {
    if !is_hybrid(row) {
        return String::new();
    }
    let decisions = row.reasons.values().sum::<usize>().max(1) as f64;
    let percent = |count: usize| format!("{:.1}", 100.0 * count as f64 / decisions);
    let mut reasons: Vec<(&Reason, &usize)> = row.reasons.iter().collect();
    reasons.retain(|(reason, _)| !matches!(reason, Reason::AsUsual | Reason::AsPlanned));
    reasons.sort_by(|a, b| b.1.cmp(a.1));
    reasons.sort_by_key(|(reason, _)| reason.is_unheard());
    let reasons = reasons.into_iter().map(|(reason, &count)| {
        let told = format!("{} {}", reason.name(), percent(count));
        match reason.is_unheard() {
            true => format!("({told})"),
            false => told,
        }
    });
    let reasons = reasons.collect::<Vec<_>>().join(", ");
    format!(
        "{:.1}<br><small>{reasons}</small>",
        100.0 * row.planned_share
    )
}

fn table(rows: &[Row]) -> Result<String> {
    let mut out = String::from(
        "<table><tr><th>planner</th><th>cost</th><th>sees</th><th>told about poses</th><th>tier</th><th>success, % [95 %]</th><th>n</th>\
         <th>steps to success</th><th>ms p50</th><th>ms p99</th><th>model steps a decision</th>",
    );
    let hybrid = rows.iter().any(is_hybrid);
    if hybrid {
        out.push_str("<th>planned, %, and why</th>");
    }
    let realtime = rows.iter().any(|r| r.realtime);
    out.push_str(match realtime {
        true => "<th>deadline misses</th></tr>",
        false => "</tr>",
    });
    for row in rows {
        write!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td><small>{}</small></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
             <td>{}</td><td>{:.0}</td>",
            planner_name(row),
            row.cost,
            row.observation,
            row.pose_labels,
            row.tier.name(),
            success(row),
            row.episodes,
            row.steps_to_success
                .map_or("-".to_owned(), |s| format!("{s:.0}")),
            milliseconds(row.decision_ms_p50),
            milliseconds(row.decision_ms_p99),
            row.model_steps_per_decision
        )?;
        if hybrid {
            write!(out, "<td class=\"why\">{}</td>", planning(row))?;
        }
        if realtime {
            write!(out, "<td>{}</td>", row.deadline_misses)?;
        }
        out.push_str("</tr>");
    }
    out.push_str("</table>");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::episode::Outcome;
    use crate::benchmark::row::RowHead;
    use crate::benchmark::tier::Tier;

    #[test]
    fn why_it_planned_stands_before_why_it_did_not() {
        let told = |planner| {
            let reasons = [(Reason::AsUsual, 5), (Reason::Futile, 3), (Reason::Miss, 2)];
            let outcome = Outcome {
                planned: 2,
                decision_ms: vec![1.0; 10],
                reasons: reasons.into(),
                ..Outcome::default()
            };
            planning(&Row::new(
                RowHead::of_push(planner, Tier::Mid),
                vec![outcome],
            ))
        };
        assert_eq!(
            told("hybrid"),
            "20.0<br><small>miss 20.0, (futile 30.0)</small>"
        );
        assert_eq!(told("icem"), "");
    }
}
