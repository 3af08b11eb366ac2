//! `robot check`: is everything there, in range and fresh? Nothing is sent.

use crate::clock::Clock;
use crate::error::RobotError;
use crate::hardware_interface::HardwareInterface;
use crate::profile::Profile;
use crate::safety::SafetyFilter;
use serde::Serialize;
use std::fmt;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckItem {
    /// What.
    pub what: String,
    /// Whether it is as it should be.
    pub fine: bool,
    /// In numbers.
    pub detail: String,
}

/// Everything that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CheckReport {
    /// One item for each thing.
    pub items: Vec<CheckItem>,
}

impl CheckReport {
    /// Whether all is as it should be.
    pub fn passed(&self) -> bool {
        self.items.iter().all(|item| item.fine)
    }

    fn add(&mut self, what: &str, fine: bool, detail: String) {
        self.items.push(CheckItem {
            what: what.to_owned(),
            fine,
            detail,
        });
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for item in &self.items {
            writeln!(
                f,
                "{} {}: {}",
                if item.fine { "ok  " } else { "FAIL" },
                item.what,
                item.detail
            )?;
        }
        Ok(())
    }
}

/// What a second of listening to a robot told.
struct Heard {
    states: u64,
    accepted: u64,
    seconds: f64,
    last_refusal: Option<String>,
    oldest: f64,
    emergency: Option<bool>,
    problems: Vec<String>,
}

/// Listens to the robot for `seconds` after its first report, and waits as long as the profile allows for that.
///
/// # Errors
/// When the robot cannot be opened. What is wrong with one that can is in the report.
pub fn check(
    profile: &Profile,
    hardware: &mut dyn HardwareInterface,
    clock: Clock,
    seconds: f64,
) -> Result<CheckReport, RobotError> {
    let mut filter = SafetyFilter::new(profile.settings().safety);
    hardware.configure()?;
    let heard = listen(
        &mut filter,
        hardware,
        clock,
        (profile.ros.wait_secs, seconds),
    );
    hardware.deactivate()?;
    Ok(judge(profile, &filter, &heard?))
}

fn listen(
    filter: &mut SafetyFilter,
    hardware: &mut dyn HardwareInterface,
    clock: Clock,
    (patience, seconds): (f64, f64),
) -> Result<Heard, RobotError> {
    let mut heard = Heard {
        states: 0,
        accepted: 0,
        seconds: 0.0,
        last_refusal: None,
        oldest: 0.0,
        emergency: None,
        problems: Vec::new(),
    };
    let started = clock.now();
    let mut first: Option<f64> = None;
    loop {
        let now = clock.now();
        if let Some(state) = hardware.read()? {
            first.get_or_insert(now);
            heard.states += 1;
            match filter.observe(&state, now) {
                Ok(()) => heard.accepted += 1,
                Err(refusal) => heard.last_refusal = Some(refusal.to_string()),
            }
            heard.oldest = heard.oldest.max(state.delay);
        }
        match first {
            None if now - started > patience => break,
            Some(first) if now - first > seconds => {
                heard.seconds = now - first;
                heard.problems = hardware.problems();
                // A counterpart may be discovered a little later than the first report.
                if heard.problems.is_empty() || now - started > patience {
                    break;
                }
            }
            _ => {}
        }
        clock.sleep_until(now + 1e-3);
    }
    heard.problems = hardware.problems();
    heard.emergency = hardware.emergency_pressed();
    Ok(heard)
}

fn judge(profile: &Profile, filter: &SafetyFilter, heard: &Heard) -> CheckReport {
    let mut report = CheckReport::default();
    let config = filter.config();
    let joints = config.joints.len();
    match &config.limits {
        Ok(_) => report.add("limits", true, format!("complete for {joints} joints")),
        Err(missing) => report.add("limits", false, missing.clone()),
    }
    for problem in &heard.problems {
        report.add("link", false, problem.clone());
    }
    if heard.problems.is_empty() {
        report.add("link", true, "nothing to complain of".to_owned());
    }
    let rate = heard.accepted as f64 / heard.seconds.max(1e-3);
    let refused = heard.states - heard.accepted;
    let wanted = 1.0 / config.state_timeout;
    let mut detail = format!("{rate:.0} Hz, {refused} of {} refused", heard.states);
    if let Some(refusal) = &heard.last_refusal {
        detail += &format!(", the last because {refusal}");
    }
    report.add("states", rate >= wanted && heard.accepted > refused, detail);
    let age = format!(
        "at most {:.1} ms old on arrival, limit {:.0}",
        heard.oldest * 1e3,
        config.state_timeout * 1e3
    );
    report.add(
        "freshness",
        heard.accepted > 0 && heard.oldest <= config.state_timeout,
        age,
    );
    match heard.emergency {
        Some(pressed) => {
            report.add(
                "emergency stop",
                !pressed,
                if pressed { "pressed" } else { "released" }.to_owned(),
            );
        }
        None => report.add("emergency stop", true, "the robot does not say".to_owned()),
    }
    if let (Some(measured), Ok(limits)) = (filter.measured(), &config.limits) {
        for (index, limits) in limits.iter().enumerate() {
            let (position, velocity) = (measured.position[index], measured.velocity[index]);
            let inside = (limits.position_min..=limits.position_max).contains(&position);
            let still = velocity.abs() <= config.rest_velocity;
            let detail = format!(
                "{position:.3} rad in {:.3} to {:.3}, {velocity:.3} rad/s",
                limits.position_min, limits.position_max
            );
            report.add(&profile.joint[index].name, inside && still, detail);
        }
    }
    report
}
