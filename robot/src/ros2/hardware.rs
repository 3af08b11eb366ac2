//! The hardware interface of a robot on ROS 2.

use super::link::{Commands, Link};
use super::reopening::Reopening;
use crate::clock::Clock;
use crate::control_loop::LoopStatus;
use crate::error::RobotError;
use crate::hardware_interface::HardwareInterface;
use crate::joint_state::JointState;
use crate::messages::{
    DiagnosticArray, DiagnosticStatus, Float64MultiArray, Header, JointTrajectory, KeyValue,
    MultiArrayLayout,
};
use crate::profile::Profile;
use crate::safety::{Mode, SafeJointCommand};
use std::time::Duration;

/// A robot that reports `sensor_msgs/JointState` and takes trajectories or positions.
pub struct Ros2Hardware {
    profile: Profile,
    joints: Vec<String>,
    clock: Clock,
    link: Option<Link>,
    reopening: Option<Reopening>,
    /// When a state was last heard, or the link opened anew, s of the steady clock; none before the first state.
    heard: Option<f64>,
}

/// Silence after which the link is opened anew, s; discovery alone takes up to 1.2.
const SILENCE: f64 = 3.0;
/// Between two looks while waiting for the robot.
const LOOK: Duration = Duration::from_millis(10);

impl Ros2Hardware {
    /// The robot of a profile. Nothing is opened yet.
    pub fn new(profile: &Profile, clock: Clock) -> Self {
        Self {
            profile: profile.clone(),
            joints: profile.joints(),
            clock,
            link: None,
            reopening: None,
            heard: None,
        }
    }

    fn link(&self) -> Result<&Link, RobotError> {
        let why = match &self.reopening {
            Some(_) => "the link is being opened anew",
            None => "not configured",
        };
        self.link
            .as_ref()
            .ok_or_else(|| RobotError::Hardware(why.to_owned()))
    }

    /// What is still missing before the robot can be used, one line each.
    fn missing(&self) -> Result<Vec<String>, RobotError> {
        let link = self.link()?;
        let heard = link.listener.heard();
        let ros = &self.profile.ros;
        let mut missing = heard.matching.clashes();
        if heard.states == 0 {
            missing.push(format!("no state on {}", ros.states.topic));
        }
        if heard.matching.count(&ros.commands.topic) == 0 {
            missing.push(format!("nobody listens on {}", ros.commands.topic));
        }
        if !ros.emergency_topic.is_empty() && heard.emergency.is_none() {
            missing.push(format!("no word on {}", ros.emergency_topic));
        }
        if heard.unreadable > 0 {
            missing.push(format!("{} unreadable messages", heard.unreadable));
        }
        Ok(missing)
    }
}

impl HardwareInterface for Ros2Hardware {
    fn configure(&mut self) -> Result<(), RobotError> {
        self.link = Some(Link::open(&self.profile.ros, self.clock)?);
        self.heard = None;
        Ok(())
    }

    /// Waits until the robot reports and listens.
    fn activate(&mut self) -> Result<(), RobotError> {
        let patience = self.profile.ros.wait_secs;
        let started = self.clock.now();
        loop {
            let missing = self.missing()?;
            if missing.is_empty() {
                return Ok(());
            }
            if self.clock.now() - started > patience {
                return Err(RobotError::Hardware(format!(
                    "after {patience} s: {}",
                    missing.join("; ")
                )));
            }
            std::thread::sleep(LOOK);
        }
    }

    fn read(&mut self) -> Result<Option<JointState>, RobotError> {
        if let Some(opened) = self.reopening.as_ref().and_then(Reopening::poll) {
            self.reopening = None;
            self.heard = Some(self.clock.now());
            self.link = Some(opened?);
        }
        let Some(link) = &self.link else {
            return Ok(None);
        };
        let state = link.listener.heard().state.take();
        let now = self.clock.now();
        if state.is_some() {
            self.heard = Some(now);
        } else if self.heard.is_some_and(|heard| now - heard > SILENCE) {
            tracing::warn!("nothing heard for {SILENCE} s: opening the link to the robot anew");
            let old = self.link.take();
            self.reopening = Some(Reopening::start(old, &self.profile.ros, self.clock)?);
        }
        Ok(state)
    }

    fn wait_for_state(&mut self, seconds: f64) {
        if let Some(link) = &self.link {
            link.listener.wait(seconds);
        }
    }

    fn write(&mut self, command: &SafeJointCommand) -> Result<(), RobotError> {
        let sent = match &self.link()?.commands {
            Commands::Trajectory(publisher) => {
                let start = self.clock.wall_nanos_at(command.at());
                let message = JointTrajectory::of_command(command, &self.joints, start);
                publisher.publish(message).map_err(|e| e.to_string())
            }
            Commands::Positions(publisher) => {
                let data = command.position().to_vec();
                let layout = MultiArrayLayout::default();
                publisher
                    .publish(Float64MultiArray { layout, data })
                    .map_err(|e| e.to_string())
            }
        };
        sent.map_err(|reason| RobotError::Hardware(format!("command not sent: {reason}")))
    }

    fn deactivate(&mut self) -> Result<(), RobotError> {
        self.link = None;
        self.reopening = None;
        Ok(())
    }

    /// Silence counts as pressed: a robot that has the topic must repeat itself.
    fn emergency_pressed(&mut self) -> Option<bool> {
        let ros = &self.profile.ros;
        if ros.emergency_topic.is_empty() {
            return None;
        }
        let told = self
            .link
            .as_ref()
            .and_then(|link| link.listener.heard().emergency);
        let now = self.clock.now();
        Some(told.is_none_or(|(pressed, at)| pressed || now - at > ros.emergency_timeout_secs))
    }

    fn problems(&mut self) -> Vec<String> {
        self.missing()
            .unwrap_or_else(|error| vec![error.to_string()])
    }

    fn tell(&mut self, status: &LoopStatus) {
        let Some(publisher) = self
            .link
            .as_ref()
            .and_then(|link| link.diagnostics.as_ref())
        else {
            return;
        };
        let message = diagnostics(status, &self.profile.name);
        if let Err(error) = publisher.publish(message) {
            tracing::debug!("diagnostics not sent: {error}");
        }
    }
}

fn diagnostics(status: &LoopStatus, robot: &str) -> DiagnosticArray {
    let level = match status.mode {
        Mode::Active => 0,
        Mode::Idle => 1,
        Mode::ProtectiveStop(_) | Mode::EmergencyStop => 2,
    };
    let fixed = [
        ("epoch", status.epoch.to_string()),
        ("ticks", status.ticks.to_string()),
        ("missed ticks", status.missed.to_string()),
        ("plans", status.planner.plans.to_string()),
        ("plan latency, s", format!("{:.4}", status.plan_latency)),
    ];
    let fixed = fixed.map(|(key, value)| KeyValue {
        key: key.to_owned(),
        value,
    });
    let counts = status.interventions.iter();
    let counts = counts.map(|(kind, count)| KeyValue {
        key: kind.clone(),
        value: count.to_string(),
    });
    DiagnosticArray {
        header: Header::at(Clock::wall_nanos()),
        status: vec![DiagnosticStatus {
            level,
            name: "foresight: safety filter".to_owned(),
            message: status.mode.to_string(),
            hardware_id: robot.to_owned(),
            values: fixed.into_iter().chain(counts).collect(),
        }],
    }
}
