//! The robot's side under a script: `peer_robot check|dry-run|run PROFILE [LOG]`.
//!
//! `check` and `dry-run` print a JSON object. `run` takes a word a line on its input - `enable`, `reset`, `stop`, `press`,
//! `release`, `planner NAME`, `end` - answers each in one line, and prints its status twenty times a second.

mod planners;

use planners::{Choice, Scripted};
use robot::{
    Clock, LoopHandle, LoopStatus, Profile, Ros2Hardware, RunOptions, check, dry_run, run,
};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

fn main() -> ExitCode {
    // The libraries warn of every command that does not fit into one Ethernet frame.
    let quiet = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("rustdds", LevelFilter::ERROR)
        .with_target("ros2_client", LevelFilter::ERROR);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false);
    tracing_subscriber::registry()
        .with(lines.with_filter(quiet))
        .init();
    match act() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn act() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [act, profile, rest @ ..] = arguments.as_slice() else {
        return Err("usage: peer_robot check|dry-run|run PROFILE [LOG]".into());
    };
    let profile = Profile::read(Path::new(profile))?;
    let clock = Clock::start();
    let mut hardware = Ros2Hardware::new(&profile, clock);
    match act.as_str() {
        "check" => {
            let report = check(&profile, &mut hardware, clock, 1.0)?;
            say(&json!({"passed": report.passed(), "items": report.items}));
        }
        "dry-run" => {
            let planner = Scripted::new(&profile, Choice::default());
            let mut until = |status: &LoopStatus| status.planner.plans > 20;
            let report = dry_run(&profile, hardware, clock, Box::new(planner), &mut until)?;
            say(&json!({"commands": report.run.control.commands, "changes": report.changes}));
        }
        "run" => run_scripted(&profile, hardware, clock, rest.first().map(PathBuf::from))?,
        other => return Err(format!("{other}: expected check, dry-run or run").into()),
    }
    Ok(())
}

fn run_scripted(
    profile: &Profile,
    hardware: Ros2Hardware,
    clock: Clock,
    log: Option<PathBuf>,
) -> Result<(), Box<dyn Error>> {
    let choice = Choice::default();
    let end = Arc::new(AtomicBool::new(false));
    let planner = Scripted::new(profile, choice.clone());
    let (ended, asked) = (Arc::clone(&end), Arc::clone(&end));
    let started = move |handle: LoopHandle| {
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                say(&obey(&line, &handle, &choice, &asked));
            }
        });
    };
    let mut told = 0.0;
    let mut finished = |status: &LoopStatus| {
        if status.at - told >= 0.05 {
            told = status.at;
            say(&describe(status));
        }
        ended.load(Ordering::Relaxed)
    };
    let options = RunOptions { enable: false, log };
    let report = run(
        profile,
        hardware,
        clock,
        Box::new(planner),
        &options,
        started,
        &mut finished,
    )?;
    let control = &report.control;
    say(&json!({
        "report": describe(&control.status),
        "commands": control.commands,
        "latency_p50": control.latency_p50,
        "latency_p99": control.latency_p99,
        "latency_max": control.latency_max,
        "logged": report.log.as_ref().map(|log| &log.messages),
        "dropped": report.log.as_ref().map(|log| log.dropped),
    }));
    Ok(())
}

fn obey(line: &str, handle: &LoopHandle, choice: &Choice, end: &AtomicBool) -> Value {
    let outcome = match line.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["enable"] => handle.enable().map_err(|e| e.to_string()),
        ["reset"] => handle.reset().map_err(|e| e.to_string()),
        ["stop"] => handle.stop().map_err(|e| e.to_string()),
        ["press"] => handle.emergency(true).map_err(|e| e.to_string()),
        ["release"] => handle.emergency(false).map_err(|e| e.to_string()),
        ["planner", name] => choice.set(name),
        ["end"] => {
            end.store(true, Ordering::Relaxed);
            Ok(())
        }
        _ => Err(format!("{line:?} is no word")),
    };
    match outcome {
        Ok(()) => json!({"answer": line, "error": null}),
        Err(error) => json!({"answer": line, "error": error}),
    }
}

fn describe(status: &LoopStatus) -> Value {
    json!({
        "mode": status.mode.to_string(),
        "sending": status.sending,
        "resting": status.resting,
        "epoch": status.epoch,
        "ticks": status.ticks,
        "missed": status.missed,
        "position": status.position,
        "sent": status.sent,
        "state_age": status.state_age,
        "plans": status.planner.plans,
        "panicked": status.planner.panicked,
        "plan_latency": status.plan_latency,
        "interventions": status.interventions,
        "memory_kb": memory_kb(),
    })
}

/// Resident memory of this process, kB; zero where the system does not say.
fn memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

fn say(value: &Value) {
    let mut out = std::io::stdout().lock();
    // A script that has gone away ends the program soon enough.
    let _ = writeln!(out, "{value}").and_then(|()| out.flush());
}
