//! Where on ROS 2 the robot is.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The ROS 2 side of a profile.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RosTable {
    /// Domain; where it is absent the environment variable `ROS_DOMAIN_ID` counts, then 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<u16>,
    /// Addresses of the network interfaces to announce; none for all.
    pub networks: Vec<IpAddr>,
    /// Name of the node. Default `foresight`.
    pub node: String,
    /// Where the robot reports.
    pub states: StateTopic,
    /// Where the robot listens.
    pub commands: CommandTopic,
    /// Topic of `std_msgs/Bool`, true while an emergency stop is pressed. Empty for a robot that does not say.
    pub emergency_topic: String,
    /// Silence on that topic for so long counts as pressed, s. Default 1.
    pub emergency_timeout_secs: f64,
    /// How long to wait for the robot at the start, s. Default 10; discovery alone takes up to 1.2.
    pub wait_secs: f64,
    /// Topic of `diagnostic_msgs/DiagnosticArray` that the loop reports on. Empty for none.
    pub diagnostics_topic: String,
}

impl Default for RosTable {
    fn default() -> Self {
        Self {
            domain: None,
            networks: Vec::new(),
            node: "foresight".to_owned(),
            states: StateTopic::default(),
            commands: CommandTopic::default(),
            emergency_topic: String::new(),
            emergency_timeout_secs: 1.0,
            wait_secs: 10.0,
            diagnostics_topic: "/diagnostics".to_owned(),
        }
    }
}

/// Delivery of a topic's messages.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reliability {
    /// Each message at most once. A subscriber meets nothing that was sent before it came.
    BestEffort,
    /// Lost messages are sent again. A subscriber first gets the publisher's last ones.
    Reliable,
}

/// A topic of `sensor_msgs/JointState`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct StateTopic {
    /// Default `/joint_states`.
    pub topic: String,
    /// Default best effort.
    pub reliability: Reliability,
}

impl Default for StateTopic {
    fn default() -> Self {
        Self {
            topic: "/joint_states".to_owned(),
            reliability: Reliability::BestEffort,
        }
    }
}

/// A topic of commands.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CommandTopic {
    /// Default `/joint_trajectory_controller/joint_trajectory`.
    pub topic: String,
    /// Default trajectories.
    pub message: CommandMessage,
    /// Default reliable.
    pub reliability: Reliability,
}

impl Default for CommandTopic {
    fn default() -> Self {
        Self {
            topic: "/joint_trajectory_controller/joint_trajectory".to_owned(),
            message: CommandMessage::Trajectory,
            reliability: Reliability::Reliable,
        }
    }
}

/// The message of the commands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandMessage {
    /// `trajectory_msgs/JointTrajectory`: stamped, and with the braking manoeuvre, so that an arm whose commands cease comes
    /// to rest by itself, and one that was away does not act on what is old. Prefer it.
    Trajectory,
    /// `std_msgs/Float64MultiArray`, for a forward position controller.
    Positions,
}
