//! `play`: a scene in which the agent plans live. World, planner and window run on threads of their own.

mod bench_now;
mod controls;
mod history;
mod mind;
mod obey;
mod pacer;
mod picture;
mod playground;
mod rivals;
mod session;
mod settings;
mod surprise;
mod switches;
#[cfg(test)]
mod tests;
mod thinker;

use crate::controller::PlanningConfig;
use crate::objective::CostKind;
use anyhow::{Result, anyhow, bail};
use session::Session;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use viewer::script::Report;
use viewer::stream::Link;

/// What to play.
#[derive(Clone, Debug)]
pub struct PlayOptions {
    /// The assets folder.
    pub assets: PathBuf,
    /// The task, as NAME or NAME/VARIANT.
    pub task: String,
    /// Who plans.
    pub planner: String,
    /// With what cost.
    pub cost: CostKind,
    /// Models beside the shipped one.
    pub models: Vec<PathBuf>,
    /// How it plans, in every task; without it as each task ships it.
    pub config: Option<PlanningConfig>,
    /// Seed of the first start.
    pub seed: u64,
    /// Folder for what is saved.
    pub out: PathBuf,
}

/// How it went.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// Of the window; no frames without one.
    pub report: Report,
    /// Plans made in the last scene.
    pub decisions: usize,
    /// Those that came too late.
    pub misses: usize,
    /// Time of a decision, p50 and p99, milliseconds.
    pub decision_ms: [Option<f64>; 2],
}

impl Played {
    fn of(session: &Session, report: Report) -> Self {
        Self {
            report,
            decisions: session.mind.decisions,
            misses: session.mind.misses,
            decision_ms: [0.5, 0.99].map(|q| session.mind.decision_ms(q)),
        }
    }
}

/// Closes the window when the world's thread ends, however it does.
struct EndsWindow(Link);

impl Drop for EndsWindow {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Plays in a window until it is closed, or for so many seconds. Call it on the main thread.
///
/// # Errors
/// What cannot be opened, and what a script found not to be as expected.
pub fn in_window(
    options: PlayOptions,
    window: viewer::Options,
    seconds: Option<f64>,
) -> Result<Played> {
    let link = Link::default();
    let mut session = Session::open(link.clone(), options)?;
    let ender = EndsWindow(link.clone());
    let world = std::thread::Builder::new()
        .name(viewer::OWN_THREADS[0].to_owned())
        .spawn(move || {
            let _ends = ender;
            session.run();
            session
        })?;
    if let Some(seconds) = seconds {
        link.end_after(Duration::from_secs_f64(seconds));
    }
    let report = viewer::run(link.clone(), window);
    link.end();
    let session = world
        .join()
        .map_err(|_| anyhow!("the world's thread panicked"))?;
    let report = report?;
    if let Some(failure) = &report.failure {
        bail!("{failure}");
    }
    if report.left > 0 {
        bail!(
            "the window was closed after {} steps of the script, {} before its end",
            report.steps,
            report.left
        );
    }
    Ok(Played::of(&session, report))
}

/// Plays without any window for so many seconds: what a window is measured against.
///
/// # Errors
/// What cannot be opened.
pub fn without_window(options: PlayOptions, seconds: f64) -> Result<Played> {
    let link = Link::default();
    let mut session = Session::open(link.clone(), options)?;
    let started = Instant::now();
    link.end_after(Duration::from_secs_f64(seconds));
    session.run();
    let report = Report {
        seconds: started.elapsed().as_secs_f64(),
        ..Report::default()
    };
    Ok(Played::of(&session, report))
}
