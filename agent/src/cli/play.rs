//! `foresight play`: the simulator.

use crate::objective::CostKind;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct PlayArguments {
    /// Task, as NAME or NAME/VARIANT
    #[arg(long, default_value = "push")]
    task: String,
    /// Planner: icem, cem, mppi, predictive, gradient, latent-cost, oracle, random
    #[arg(long, default_value = "icem")]
    planner: String,
    /// Cost of the latent planners
    #[arg(long, value_enum, default_value = "pose")]
    cost: CostKind,
    /// Models to choose from beside the shipped one; the first is taken
    #[arg(long, value_delimiter = ',')]
    model: Vec<PathBuf>,
    /// Planner and objective settings
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Seed of the first start
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for pictures, snapshots, recordings and settings
    #[arg(long, default_value = "out/play")]
    out: PathBuf,
    /// Width and height of the window, pixels
    #[arg(long, default_value = "960x600", value_parser = parse_size)]
    size: [u32; 2],
    /// Frames a second that are not exceeded
    #[arg(long, default_value_t = 60.0)]
    max_fps: f64,
    /// Draw into memory; needs --script or --seconds
    #[arg(long)]
    headless: bool,
    /// Input events to play, after which the simulator ends
    #[arg(long, value_name = "FILE.ron")]
    script: Option<PathBuf>,
    /// End after so many seconds, and print frame rate and decision times
    #[arg(long)]
    seconds: Option<f64>,
    /// Draw nothing at all; needs --seconds
    #[arg(long, requires = "seconds", conflicts_with = "script")]
    no_window: bool,
    /// Replay a recorded run as fast as possible and check that every state is the same, bit for bit
    #[arg(long, value_name = "FILE", conflicts_with_all = ["script", "seconds"])]
    replay: Option<PathBuf>,
}

fn parse_size(text: &str) -> Result<[u32; 2], String> {
    let parts = text.split_once('x').ok_or("expected WIDTHxHEIGHT")?;
    let side = |s: &str| {
        let pixels: u32 = s.parse().map_err(|_| format!("'{s}' is no number"))?;
        match (200..=8192).contains(&pixels) {
            true => Ok(pixels),
            false => Err(format!("{pixels}: expected 200 to 8192 pixels")),
        }
    };
    Ok([side(parts.0)?, side(parts.1)?])
}

#[cfg(not(feature = "viewer"))]
pub fn run(_: &PlayArguments) -> Result<()> {
    let message = "this build has no simulator window: expected `cargo run --release --features viewer -- play`";
    Err(super::UsageError(message.to_owned()).into())
}

#[cfg(feature = "viewer")]
pub fn run(arguments: &PlayArguments) -> Result<()> {
    use super::UsageError;
    use crate::planning_config::PlanningConfig;
    use crate::play::{PlayOptions, in_window, without_window};
    use crate::recording::Recording;
    use crate::{assets, files};
    use anyhow::bail;

    let usage = |text: &str| UsageError(text.to_owned());
    let assets = assets::find()?;
    if let Some(path) = &arguments.replay {
        let recording = Recording::read(path)?;
        recording.verify(&assets)?;
        say!(
            "Replayed {} steps of task '{}': every state is the same, bit for bit.",
            recording.steps.len(),
            recording.task
        );
        return Ok(());
    }
    if arguments.headless && arguments.script.is_none() && arguments.seconds.is_none() {
        bail!(usage(
            "--headless: expected --script FILE.ron or --seconds N with it"
        ));
    }
    if !(arguments.max_fps.is_finite() && arguments.max_fps >= 1.0) {
        bail!(usage(&format!(
            "--max-fps {}: expected at least 1",
            arguments.max_fps
        )));
    }
    if arguments
        .seconds
        .is_some_and(|s| !(s.is_finite() && s > 0.0))
    {
        bail!(usage("--seconds: expected a positive number"));
    }
    let script = arguments.script.as_deref();
    let script = script.map(viewer::script::Script::read).transpose()?;
    let config = arguments.config.as_deref();
    let options = PlayOptions {
        assets,
        task: arguments.task.clone(),
        planner: arguments.planner.clone(),
        cost: arguments.cost,
        models: arguments.model.clone(),
        config: config.map(PlanningConfig::from_file).transpose()?,
        seed: arguments.seed,
        out: arguments.out.clone(),
    };
    let scripted = script.is_some();
    let played = match (arguments.no_window, arguments.seconds) {
        (true, Some(seconds)) => without_window(options, seconds)?,
        (_, seconds) => {
            let window = viewer::Options {
                headless: arguments.headless,
                size: arguments.size,
                script,
                out: arguments.out.clone(),
                save: |path, bytes| {
                    files::write_atomically(path, bytes).map_err(|error| format!("{error:#}"))
                },
                max_fps: arguments.max_fps,
            };
            in_window(options, window, seconds)?
        }
    };
    let report = &played.report;
    if scripted {
        say!(
            "{} steps as expected, {} pictures.",
            report.steps,
            report.pictures.len()
        );
        for path in &report.pictures {
            say!("Wrote {}.", path.display());
        }
    }
    if scripted || arguments.seconds.is_some() {
        let [p50, p99] = played.decision_ms.map(|ms| ms.unwrap_or(f64::NAN));
        say!(
            "{:.1} frames a second over {:.1} s; {} decisions of {p50:.1} / {p99:.1} ms (p50 / p99), {} deadlines missed.",
            report.frames as f64 / report.seconds.max(1e-9),
            report.seconds,
            played.decisions,
            played.misses,
        );
    }
    Ok(())
}
