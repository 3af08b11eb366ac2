//! What a training says of itself while it runs.

use indicatif::ProgressBar;
use world_model::TrainProgress;
use world_model::diagnostics::Diagnostics;

/// Names of the columns.
const HEADER: &str = "   step | loss: pred    idm    sig   pose  reach | rank  min std | skill 1/5/10 | probe R2 pos/yaw/vel | pose now, imagined";

/// Moves the bar on, and prints a line after an evaluation, before the first one the header.
pub fn report(bar: &ProgressBar, progress: &TrainProgress, headed: &mut bool) {
    bar.set_length(progress.total as u64);
    bar.set_position(progress.step as u64);
    if !progress.evaluated {
        return;
    }
    if let Some(diagnostics) = &progress.diagnostics {
        let l = &progress.losses;
        let mut text = format!(
            "{:>7} | {:>10.3} {:>6.3} {:>6.2} {:>6.3} {:>6.3} | {}",
            progress.step,
            l.prediction,
            l.inverse,
            l.sigreg,
            l.pose,
            l.reach,
            line(diagnostics)
        );
        let others = l.others();
        if !others.is_empty() {
            text.push_str(" | ");
            text.push_str(&others);
        }
        if !std::mem::replace(headed, true) {
            show(bar, HEADER);
        }
        show(bar, &text);
    }
}

/// A line above the bar; on standard output where there is no terminal, and so no bar.
fn show(bar: &ProgressBar, text: &str) {
    match bar.is_hidden() {
        true => say!("{text}"),
        false => bar.println(text),
    }
}

/// Diagnostics in one line; the columns of [`HEADER`].
pub fn line(d: &Diagnostics) -> String {
    let skill: Vec<String> = d.skill.iter().map(|s| format!("{:.2}", s.skill)).collect();
    let optional = |x: Option<f32>| x.map_or("-".to_owned(), |x| format!("{x:.3}"));
    let error = |e: &world_model::diagnostics::PoseErrors| {
        let yaw = e
            .yaw_rad
            .map_or(String::new(), |y| format!(" {:.1} deg", y.to_degrees()));
        format!("{:.2} cm{yaw}", 100.0 * e.position_m)
    };
    format!(
        "{:>4.1} {:>8.3} | {} | {:.3}/{}/{:.3} | {}, {}",
        d.participation_ratio,
        d.min_std,
        skill.join("/"),
        d.position_r2,
        optional(d.yaw_r2),
        d.velocity_r2,
        error(&d.encoded),
        error(&d.imagined)
    )
}
