//! `foresight robot check | dry-run | run`: a robot that is not ours over ROS 2, or our own arm in its place.

mod hardware;
mod planner;
mod words;

use super::UsageError;
use super::interrupt::Interrupt;
use crate::files;
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use hardware::HardwareArguments;
use planner::{Planner, PlannerArguments, Steering};
use robot::safety::Mode;
use robot::{Clock, LoopStatus, Profile, RunOptions, RunReport};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

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
    /// Moves the robot. Words on the input: stop, reset, enable, goal X,Y,Z, to Q,..
    Run(MoveArguments),
}

#[derive(Args)]
struct CheckArguments {
    /// The robot's profile
    #[arg(long)]
    profile: PathBuf,
    #[command(flatten)]
    hardware: HardwareArguments,
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
    #[command(flatten)]
    hardware: HardwareArguments,
    #[command(flatten)]
    planner: PlannerArguments,
    /// End after so many seconds [default: when interrupted]
    #[arg(long)]
    seconds: Option<f64>,
    /// With the latent planner: end when the goal has held for half a second
    #[arg(long)]
    until_reached: bool,
    /// Log states, proposals and commands as MCAP (run only)
    #[arg(long)]
    log: Option<PathBuf>,
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
    let mut hardware = arguments.hardware.open(&profile, clock)?;
    let report = robot::check(&profile, &mut hardware, clock, arguments.seconds)?;
    say!("{}", report.to_string().trim_end());
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
    let profile = Profile::read(&arguments.profile)?;
    let Planner { proposer, steering } = arguments.planner.prepare(&profile)?;
    let clock = Clock::start();
    let hardware = arguments.hardware.open(&profile, clock)?;
    let interrupt = Interrupt::install()?;
    let mut finished = until(arguments, &steering, interrupt);
    let report = robot::dry_run(&profile, hardware, clock, proposer, &mut finished)?;
    let commands = report.run.control.commands;
    say!("{commands} commands would have been sent; the filter changed or refused:");
    for (kind, (count, first)) in &report.changes {
        say!("  {count} x {kind}, first: {first}");
    }
    judge(&report.run)
}

fn move_robot(arguments: &MoveArguments) -> Result<()> {
    let profile = Profile::read(&arguments.profile)?;
    let Planner { proposer, steering } = arguments.planner.prepare(&profile)?;
    let clock = Clock::start();
    let hardware = arguments.hardware.open(&profile, clock)?;
    let interrupt = Interrupt::install()?;
    let mut finished = until(arguments, &steering, interrupt);
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
        |handle| words::listen(handle, steering.clone()),
        &mut finished,
    )?;
    let control = &report.control;
    say!(
        "{} commands, state to command {:.2} ms median and {:.2} ms p99, {} of {} ticks missed",
        control.commands,
        1e3 * control.latency_p50,
        1e3 * control.latency_p99,
        control.status.missed,
        control.status.ticks
    );
    let planner = &control.status.planner;
    say!(
        "{} plans, {:.0} ms from state to plan at the end, {} failures",
        planner.plans,
        1e3 * control.status.plan_latency,
        planner.failures
    );
    if let Some(failure) = planner.panicked.as_ref().or(planner.last_failure.as_ref()) {
        say!("  the planner's last: {failure}");
    }
    for (kind, count) in &control.status.interventions {
        say!("  {count} x {kind}");
    }
    if let (Some(path), Some(log)) = (&arguments.log, &report.log) {
        say!(
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

/// Looks for the goal so often, s.
const LOOK: f64 = 0.05;

/// Tells of every arrival at a goal. Ends when interrupted, so many seconds after the arm was enabled, or at the goal.
fn until<'a>(
    arguments: &'a MoveArguments,
    steering: &Steering,
    interrupt: Interrupt,
) -> impl FnMut(&LoopStatus) -> bool + Send + use<'a> {
    let arrival = steering.arrival();
    let (mut enabled, mut looked) = (None, f64::NEG_INFINITY);
    move |status| {
        if status.epoch == 0 {
            return interrupt.requested();
        }
        let since = *enabled.get_or_insert(status.at);
        let mut over = arguments
            .seconds
            .is_some_and(|seconds| status.at - since > seconds);
        if let Some(arrival) = arrival.as_ref().filter(|_| status.at - looked >= LOOK) {
            looked = status.at;
            let mut arrival = arrival.lock().unwrap_or_else(PoisonError::into_inner);
            match arrival.look(status.at, &status.position) {
                Ok(Some(seconds)) => {
                    say!("goal reached after {seconds:.2} s");
                    over |= arguments.until_reached;
                }
                Ok(None) => {}
                Err(error) => complain!("error: {error:#}"),
            }
        }
        over || interrupt.requested()
    }
}

fn write_json(path: &Path, report: &robot::CheckReport) -> Result<()> {
    let text = serde_json::to_string_pretty(report)?;
    files::write_atomically(path, text.as_bytes())
}
