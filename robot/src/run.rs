//! `robot run` and `robot dry-run` as functions.

use crate::clock::Clock;
use crate::control_loop::{ControlLoop, Finished, LoopHandle, LoopReport, Recorder};
use crate::error::RobotError;
use crate::hardware_interface::HardwareInterface;
use crate::joint_state::JointState;
use crate::log::{LogSummary, McapLog};
use crate::planning::{Plan, Proposer};
use crate::profile::Profile;
use crate::rehearsal::Rehearsal;
use crate::safety::{EnableError, Intervention, SafeJointCommand};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How to run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Enable as soon as the robot can be; otherwise somebody enables through the handle.
    pub enable: bool,
    /// Where to log, as MCAP.
    pub log: Option<PathBuf>,
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunReport {
    /// What the loop did.
    pub control: LoopReport,
    /// What was logged, if anything.
    pub log: Option<LogSummary>,
}

/// What the filter would have changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DryRunReport {
    /// What the loop did; its commands were kept.
    pub run: RunReport,
    /// Interventions by kind, and the first of each in words.
    pub changes: BTreeMap<String, (u64, String)>,
}

/// Runs a robot until `finished` says so; `started` gets a handle to steer it by. Ends with the arm stopped.
///
/// # Errors
/// When a limit is missing, when the robot cannot be opened, when the log cannot be written.
pub fn run<H: HardwareInterface>(
    profile: &Profile,
    hardware: H,
    clock: Clock,
    proposer: Box<dyn Proposer>,
    options: &RunOptions,
    started: impl FnOnce(LoopHandle),
    finished: Finished<'_>,
) -> Result<RunReport, RobotError> {
    let (log, recorder) = match &options.log {
        Some(path) => {
            let (log, recorder) = McapLog::create(path, &profile.joints(), clock)?;
            (Some(log), Some(recorder))
        }
        None => (None, None),
    };
    let control = go(
        profile,
        hardware,
        clock,
        proposer,
        (options.enable, recorder),
        started,
        finished,
    );
    // The log is finished whatever came of the run: it is then that it is needed.
    let log = log.map(McapLog::finish).transpose();
    Ok(RunReport {
        control: control?,
        log: log?,
    })
}

/// Does all that `run` does but writing to the robot, and tells what the filter would have changed.
///
/// # Errors
/// As `run`.
pub fn dry_run<H: HardwareInterface>(
    profile: &Profile,
    hardware: H,
    clock: Clock,
    proposer: Box<dyn Proposer>,
    finished: Finished<'_>,
) -> Result<DryRunReport, RobotError> {
    let rehearsal = Rehearsal::new(hardware, &profile.joints());
    let changes = Arc::new(Mutex::new(BTreeMap::new()));
    let recorder: Box<dyn Recorder> = Box::new(Changes(Arc::clone(&changes)));
    let control = go(
        profile,
        rehearsal,
        clock,
        proposer,
        (true, Some(recorder)),
        |_| {},
        finished,
    )?;
    let changes = std::mem::take(&mut *locked(&changes));
    Ok(DryRunReport {
        run: RunReport { control, log: None },
        changes,
    })
}

fn go<H: HardwareInterface>(
    profile: &Profile,
    hardware: H,
    clock: Clock,
    proposer: Box<dyn Proposer>,
    (enable, recorder): (bool, Option<Box<dyn Recorder>>),
    started: impl FnOnce(LoopHandle),
    finished: Finished<'_>,
) -> Result<LoopReport, RobotError> {
    let settings = profile.settings();
    if let Err(missing) = &settings.safety.limits {
        return Err(EnableError::MissingLimits(missing.clone()).into());
    }
    let mut control = ControlLoop::new(hardware, clock, settings, proposer, recorder)?;
    if enable {
        control.enable_when_ready();
    }
    started(control.handle());
    control.run(finished)
}

/// Interventions by kind: how many, and the first in words.
type Counted = BTreeMap<String, (u64, String)>;

struct Changes(Arc<Mutex<Counted>>);

impl Recorder for Changes {
    fn state(&mut self, _: &JointState) {}
    fn plan(&mut self, _: &Plan, _: bool) {}
    fn command(&mut self, _: &SafeJointCommand) {}
    fn intervention(&mut self, intervention: &Intervention) {
        let Intervention { kind, detail, .. } = intervention;
        let mut changes = locked(&self.0);
        match changes.get_mut(kind) {
            Some((count, _)) => *count += 1,
            None => {
                changes.insert(kind.clone(), (1, detail.clone()));
            }
        }
    }
}

fn locked(changes: &Mutex<Counted>) -> MutexGuard<'_, Counted> {
    changes.lock().unwrap_or_else(PoisonError::into_inner)
}
