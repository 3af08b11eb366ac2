//! Reading a profile and checking every value of it.

use super::check::{self, Wrong};
use super::ros::RosTable;
use crate::control_loop::LoopSettings;
use crate::error::RobotError;
use crate::joint_limits::JointLimits;
use crate::safety::SafetyConfig;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// All that is particular to one robot.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The robot's name.
    pub name: String,
    /// Rates.
    #[serde(default)]
    pub rates: Rates,
    /// Times of the safety filter.
    #[serde(default)]
    pub safety: SafetyTable,
    /// Where the robot is.
    #[serde(default)]
    pub ros: RosTable,
    /// The joints to move, in the order of every vector.
    pub joint: Vec<JointTable>,
}

/// Rates, Hz.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rates {
    /// Commands a second. Default 100.
    pub control_hz: f64,
    /// Most plans a second. Default 10.
    pub planner_hz: f64,
    /// Real-time priority of the control loop, 1 to 99, or 0 for none. Default 0.
    pub real_time_priority: u8,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            control_hz: 100.0,
            planner_hz: 10.0,
            real_time_priority: 0,
        }
    }
}

/// Times of the safety filter; see `SafetyConfig`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SafetyTable {
    /// Default 0.1.
    pub state_timeout_secs: f64,
    /// Default 0.1.
    pub command_timeout_secs: f64,
    /// Default 0.5.
    pub plan_timeout_secs: f64,
    /// Default 0.01.
    pub clock_tolerance_secs: f64,
    /// Default 1.
    pub ramp_secs: f64,
    /// rad/s. Default 0.1.
    pub rest_velocity: f64,
}

impl Default for SafetyTable {
    fn default() -> Self {
        Self {
            state_timeout_secs: 0.1,
            command_timeout_secs: 0.1,
            plan_timeout_secs: 0.5,
            clock_tolerance_secs: 0.01,
            ramp_secs: 1.0,
            rest_velocity: 0.1,
        }
    }
}

/// One joint. A limit that is absent is no mistake of the file, but nothing moves without it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct JointTable {
    /// Its name on the wire.
    pub name: String,
    /// Lowest position of the robot's description, rad.
    pub position_min: Option<f64>,
    /// Highest position of the robot's description, rad.
    pub position_max: Option<f64>,
    /// Distance kept from both, rad.
    pub margin: Option<f64>,
    /// rad/s
    pub velocity: Option<f64>,
    /// rad/s^2
    pub acceleration: Option<f64>,
    /// rad/s^3
    pub jerk: Option<f64>,
    /// rad
    pub following_error: Option<f64>,
    /// rad/s
    pub measured_velocity: Option<f64>,
}

impl Profile {
    /// Reads and checks a profile.
    ///
    /// # Errors
    /// One line with the file, the key, the value and what was expected.
    pub fn read(path: &Path) -> Result<Self, RobotError> {
        let file = |source| RobotError::File {
            act: "read",
            path: path.to_owned(),
            source,
        };
        Self::parse(
            &path.display().to_string(),
            &std::fs::read_to_string(path).map_err(file)?,
        )
    }

    /// Checks the text of a profile; `file` is its name in errors.
    ///
    /// # Errors
    /// As `read`.
    pub fn parse(file: &str, text: &str) -> Result<Self, RobotError> {
        let profile: Self = toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .map(|span| text[..span.start].lines().count().max(1));
            let line = line.map_or(String::new(), |line| format!("line {line}: "));
            let reason = format!("{line}{}", error.message().trim().replace('\n', " "));
            RobotError::ProfileForm {
                file: file.to_owned(),
                reason,
            }
        })?;
        check::profile(&profile).map_err(
            |Wrong {
                 key,
                 value,
                 expected,
             }| RobotError::ProfileValue {
                file: file.to_owned(),
                key,
                value,
                expected: expected.to_owned(),
            },
        )?;
        Ok(profile)
    }

    /// Settings of the loop and its safety filter.
    pub fn settings(&self) -> LoopSettings {
        let safety = &self.safety;
        LoopSettings {
            real_time_priority: self.rates.real_time_priority,
            planner_period: self.rates.planner_hz.recip(),
            safety: SafetyConfig {
                joints: self.joints(),
                limits: self.joint.iter().map(JointTable::limits).collect(),
                period: self.rates.control_hz.recip(),
                state_timeout: safety.state_timeout_secs,
                command_timeout: safety.command_timeout_secs,
                plan_timeout: safety.plan_timeout_secs,
                clock_tolerance: safety.clock_tolerance_secs,
                ramp: safety.ramp_secs,
                rest_velocity: safety.rest_velocity,
            },
        }
    }

    /// Names of the joints.
    pub fn joints(&self) -> Vec<String> {
        self.joint.iter().map(|j| j.name.clone()).collect()
    }
}

impl JointTable {
    /// The limits, or in words which one is missing.
    fn limits(&self) -> Result<JointLimits, String> {
        let given = |what: &str, value: Option<f64>| {
            value.ok_or_else(|| format!("joint {} has no {what}", self.name))
        };
        let margin = given("margin", self.margin)?;
        Ok(JointLimits {
            position_min: given("position_min", self.position_min)? + margin,
            position_max: given("position_max", self.position_max)? - margin,
            velocity: given("velocity", self.velocity)?,
            acceleration: given("acceleration", self.acceleration)?,
            jerk: given("jerk", self.jerk)?,
            following_error: given("following_error", self.following_error)?,
            measured_velocity: given("measured_velocity", self.measured_velocity)?,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#[path = "tests.rs"]
mod tests;
