//! `foresight robot check | dry-run | run`: a robot that is not ours, over ROS 2.

use super::UsageError;
use super::interrupt::Interrupt;
use crate::files;
use anyhow::{Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use robot::planning::{Proposer, StraightLine};
use robot::safety::Mode;
use robot::{Clock, LoopHandle, LoopStatus, Profile, Ros2Hardware, RunOptions, RunReport};
use std::io::BufRead;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct RobotArguments {
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Is everything there, in range and fresh? Sends nothing
    Check(CheckArguments),
    /// All but writing; tells what the safety filter would change
    DryRun(MoveArguments),
    /// Moves the robot. Words on the input: stop, reset, enable
    Run(MoveArguments),
}

#[derive(Args)]
struct CheckArguments {
    /// The robot's profile
    #[arg(long)]
    profile: PathBuf,
    /// How long to listen, s
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Write the report as JSON
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Args)]
struct MoveArguments {
    /// The robot's profile
    #[arg(long)]
    profile: PathBuf,
    /// What proposes motion
    #[arg(long, value_enum)]
    planner: Planner,
    /// Where the joints are to go, rad, in the profile's order
    #[arg(
        long,
        value_delimiter = ',',
        allow_hyphen_values = true,
        required = true
    )]
    to: Vec<f64>,
    /// Speed of the joint with the longest way, rad/s
    #[arg(long, default_value_t = 0.5)]
    speed: f64,
    /// End after so many seconds [default: when interrupted]
    #[arg(long)]
    seconds: Option<f64>,
    /// Log states, proposals and commands as MCAP (run only)
    #[arg(long)]
    log: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Planner {
    /// Straight lines in joint space: no model, no obstacles
    Line,
}

pub fn run(arguments: &RobotArguments) -> Result<()> {
    match &arguments.act {
        Act::Check(arguments) => check(arguments),
        Act::DryRun(arguments) => dry_run(arguments),
        Act::Run(arguments) => move_robot(arguments),
    }
}

fn check(arguments: &CheckArguments) -> Result<()> {
    let profile = Profile::read(&arguments.profile)?;
    let clock = Clock::start();
    let mut hardware = Ros2Hardware::new(&profile, clock);
    let report = robot::check(&profile, &mut hardware, clock, arguments.seconds)?;
    print!("{report}");
    if let Some(path) = &arguments.json {
        write_json(path, &report)?;
    }
    if !report.passed() {
        bail!("{} is not ready", profile.name);
    }
    Ok(())
}

fn dry_run(arguments: &MoveArguments) -> Result<()> {
    if arguments.log.is_some() {
        bail!(UsageError(
            "--log: a dry run sends nothing to log, expected with run only".to_owned()
        ));
    }
    let (profile, proposer) = prepare(arguments)?;
    let clock = Clock::start();
    let hardware = Ros2Hardware::new(&profile, clock);
    let interrupt = Interrupt::install()?;
    let mut finished = until(arguments.seconds, interrupt);
    let report = robot::dry_run(&profile, hardware, clock, proposer, &mut finished)?;
    let commands = report.run.control.commands;
    println!("{commands} commands would have been sent; the filter changed or refused:");
    for (kind, (count, first)) in &report.changes {
        println!("  {count} x {kind}, first: {first}");
    }
    judge(&report.run)
}

fn move_robot(arguments: &MoveArguments) -> Result<()> {
    let (profile, proposer) = prepare(arguments)?;
    let clock = Clock::start();
    let hardware = Ros2Hardware::new(&profile, clock);
    let interrupt = Interrupt::install()?;
    let mut finished = until(arguments.seconds, interrupt);
    let options = RunOptions {
        enable: true,
        log: arguments.log.clone(),
    };
    let report = robot::run(
        &profile,
        hardware,
        clock,
        proposer,
        &options,
        listen,
        &mut finished,
    )?;
    let control = &report.control;
    println!(
        "{} commands, state to command {:.2} ms median and {:.2} ms p99, {} of {} ticks missed",
        control.commands,
        1e3 * control.latency_p50,
        1e3 * control.latency_p99,
        control.status.missed,
        control.status.ticks
    );
    for (kind, count) in &control.status.interventions {
        println!("  {count} x {kind}");
    }
    if let (Some(path), Some(log)) = (&arguments.log, &report.log) {
        println!(
            "{}: {} messages, {} dropped",
            path.display(),
            log.messages.values().sum::<u64>(),
            log.dropped
        );
    }
    judge(&report)
}

/// A run that ended in a stop which nobody asked for has failed.
fn judge(report: &RunReport) -> Result<()> {
    match &report.control.status.mode {
        Mode::ProtectiveStop(robot::safety::StopCause::Requested) => Ok(()),
        other => bail!("the run ended in {other}"),
    }
}

fn prepare(arguments: &MoveArguments) -> Result<(Profile, Box<dyn Proposer>)> {
    let profile = Profile::read(&arguments.profile)?;
    let joints = profile.joints();
    if arguments.to.len() != joints.len() || arguments.to.iter().any(|q| !q.is_finite()) {
        bail!(UsageError(format!(
            "--to {:?}: expected {} positions, for {}",
            arguments.to,
            joints.len(),
            joints.join(", ")
        )));
    }
    if !(arguments.speed.is_finite() && arguments.speed > 0.0) {
        bail!(UsageError(format!(
            "--speed {}: expected more than 0 rad/s",
            arguments.speed
        )));
    }
    let proposer = match arguments.planner {
        Planner::Line => StraightLine::new(&joints, &arguments.to, arguments.speed),
    };
    Ok((profile, Box::new(proposer)))
}

/// Ends when interrupted, or so many seconds after the arm was enabled.
fn until(seconds: Option<f64>, interrupt: Interrupt) -> impl FnMut(&LoopStatus) -> bool + Send {
    let mut enabled = None;
    move |status| {
        if status.epoch > 0 {
            enabled.get_or_insert(status.at);
        }
        let over = enabled
            .zip(seconds)
            .is_some_and(|(since, seconds)| status.at - since > seconds);
        over || interrupt.requested()
    }
}

/// Takes the words of whoever stands beside the robot.
fn listen(handle: LoopHandle) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let outcome = match line.trim() {
                "" => continue,
                "stop" => handle.stop(),
                "reset" => handle.reset(),
                "enable" => handle.enable(),
                other => {
                    eprintln!("{other:?}: expected stop, reset or enable");
                    continue;
                }
            };
            match outcome {
                Ok(()) => println!("{}: done", line.trim()),
                Err(error) => eprintln!("error: {error}"),
            }
        }
    });
}

fn write_json(path: &Path, report: &robot::CheckReport) -> Result<()> {
    let text = serde_json::to_string_pretty(report)?;
    files::write_atomically(path, text.as_bytes())
}
