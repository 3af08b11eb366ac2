//! The command line: one file for each command. Exit codes: 0 success, 1 failure, 2 wrong usage.

#[macro_use]
mod say;

mod baselines;
mod bench;
mod collect;
mod distill;
mod improve;
mod interrupt;
mod play;
mod robot;
mod sight;
mod source;
mod tasks;
mod train;
mod worlds;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use std::path::Path;
use std::process::ExitCode;

/// Plans in the latent space of a learned world model.
#[derive(Parser)]
#[command(name = "foresight", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List tasks and their spaces
    Tasks(tasks::TasksArguments),
    /// Record exploration data as a LeRobotDataset v3.0
    Collect(collect::CollectArguments),
    /// Learn a world model
    Train(train::TrainArguments),
    /// Measure how well a model of images finds what it looks for
    Sight(sight::SightArguments),
    /// Distil planner runs into a reactive policy
    Distill(Box<distill::DistillArguments>),
    /// Collect where the agent fails, and update model and policy, until it helps no more
    Improve(Box<improve::ImproveArguments>),
    /// Compare planners
    Bench(Box<bench::BenchArguments>),
    /// Compare both systems with all that they are to beat, in one table
    Baselines(Box<baselines::BaselinesArguments>),
    /// Open the simulator
    Play(Box<play::PlayArguments>),
    /// Act on a robot over ROS 2, behind the safety filter
    Robot(Box<robot::RobotArguments>),
}

/// A mistake in how the program was called; its exit code is 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// Checks that the state of interrupted work is there if and only if it is to be continued.
///
/// # Errors
/// [`UsageError`] when it is not.
fn check_state(state: &Path, resume: bool) -> anyhow::Result<()> {
    let message = match (state.exists(), resume) {
        (true, false) => format!(
            "{} holds interrupted work: continue it with --resume, or remove it",
            state.display()
        ),
        (false, true) => format!("--resume: there is no {}", state.display()),
        _ => return Ok(()),
    };
    Err(UsageError(message).into())
}

/// Parses the arguments and runs the command.
pub fn run() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| {
                tracing_subscriber::EnvFilter::new(
                    "warn,rapier3d_mjcf=error,bevy_egui=error,bevy_render=error,winit=error,rustdds=error,ros2_client=error",
                )
            }),
        )
        .with_writer(std::io::stderr)
        .log_internal_errors(false) // it would complain of a closed standard error on standard error, and end
        .init();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let outcome = match arguments.command {
        Command::Tasks(arguments) => tasks::run(&arguments),
        Command::Collect(arguments) => collect::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Sight(arguments) => sight::run(&arguments),
        Command::Distill(arguments) => distill::run(&arguments),
        Command::Improve(arguments) => improve::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Baselines(arguments) => baselines::run(&arguments),
        Command::Play(arguments) => play::run(&arguments),
        Command::Robot(arguments) => robot::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::from(u8::from(say::lost())),
        Err(error) => {
            complain!("error: {}", format!("{error:#}").replace('\n', " "));
            ExitCode::from(if is_usage(&error) { 2 } else { 1 })
        }
    }
}

/// Prints the help that was asked for, or in one line what is wrong with the arguments.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let code = u8::from(error.use_stderr()) * 2;
        // Nothing is left to say where not even help can be printed.
        let _ = error.print();
        return ExitCode::from(code);
    }
    let text = error.to_string();
    let message: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .filter(|line| !line.is_empty())
        .collect();
    complain!("{}", message.join(" "));
    ExitCode::from(2)
}

/// Whether the caller asked for what does not exist, rather than something having gone wrong.
fn is_usage(error: &anyhow::Error) -> bool {
    use sim::SimError::{FactorRange, UnknownName, UnknownTask, UnknownVariant};
    let asked = matches!(
        error.downcast_ref::<sim::SimError>(),
        Some(
            UnknownTask { .. }
                | UnknownVariant { .. }
                | FactorRange { .. }
                | UnknownName { kind: "factor", .. }
        )
    );
    asked || error.is::<UsageError>()
}
