//! The ROS 2 messages that are spoken, field by field as their definitions have them.

use crate::joint_state::JointState;
use crate::planning::Plan;
use crate::safety::SafeJointCommand;
use serde::{Deserialize, Serialize};

/// `builtin_interfaces/Time`
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Time {
    /// Whole seconds since the Unix epoch.
    pub sec: i32,
    /// The rest, ns.
    pub nanosec: u32,
}

/// `builtin_interfaces/Duration`
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Duration {
    /// Whole seconds, rounded down.
    pub sec: i32,
    /// The rest, ns.
    pub nanosec: u32,
}

/// `std_msgs/Header`
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Header {
    /// When.
    pub stamp: Time,
    /// In which frame; unused for joints.
    pub frame_id: String,
}

/// `std_msgs/Bool`
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Bool {
    /// The value.
    pub data: bool,
}

/// `sensor_msgs/JointState`
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct JointStateMessage {
    /// When it was measured.
    pub header: Header,
    /// Names.
    pub name: Vec<String>,
    /// rad
    pub position: Vec<f64>,
    /// rad/s
    pub velocity: Vec<f64>,
    /// N m
    pub effort: Vec<f64>,
}

/// `std_msgs/MultiArrayDimension`
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct MultiArrayDimension {
    /// Its name.
    pub label: String,
    /// Its length.
    pub size: u32,
    /// Distance between neighbours.
    pub stride: u32,
}

/// `std_msgs/MultiArrayLayout`
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct MultiArrayLayout {
    /// None for a plain list.
    pub dim: Vec<MultiArrayDimension>,
    /// Values before the first.
    pub data_offset: u32,
}

/// `std_msgs/Float64MultiArray`
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Float64MultiArray {
    /// A plain list.
    pub layout: MultiArrayLayout,
    /// The values.
    pub data: Vec<f64>,
}

/// `trajectory_msgs/JointTrajectoryPoint`
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct JointTrajectoryPoint {
    /// rad
    pub positions: Vec<f64>,
    /// rad/s
    pub velocities: Vec<f64>,
    /// rad/s^2
    pub accelerations: Vec<f64>,
    /// N m
    pub effort: Vec<f64>,
    /// After the header's stamp.
    pub time_from_start: Duration,
}

/// `trajectory_msgs/JointTrajectory`
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct JointTrajectory {
    /// When it starts.
    pub header: Header,
    /// Names.
    pub joint_names: Vec<String>,
    /// Where to be when.
    pub points: Vec<JointTrajectoryPoint>,
}

/// `diagnostic_msgs/KeyValue`
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct KeyValue {
    /// What.
    pub key: String,
    /// How much.
    pub value: String,
}

/// `diagnostic_msgs/DiagnosticStatus`
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct DiagnosticStatus {
    /// 0 fine, 1 warning, 2 error, 3 stale.
    pub level: u8,
    /// Of what.
    pub name: String,
    /// In a few words.
    pub message: String,
    /// The robot.
    pub hardware_id: String,
    /// In numbers.
    pub values: Vec<KeyValue>,
}

/// `diagnostic_msgs/DiagnosticArray`
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct DiagnosticArray {
    /// When.
    pub header: Header,
    /// One for each component.
    pub status: Vec<DiagnosticStatus>,
}

impl Time {
    /// From nanoseconds since the Unix epoch.
    pub fn from_nanos(nanos: i64) -> Self {
        let (sec, nanosec) = split(nanos);
        Self { sec, nanosec }
    }

    /// Nanoseconds since the Unix epoch.
    pub fn nanos(self) -> i64 {
        i64::from(self.sec) * 1_000_000_000 + i64::from(self.nanosec)
    }
}

impl Duration {
    /// From seconds.
    pub fn from_secs(seconds: f64) -> Self {
        let (sec, nanosec) = split((seconds * 1e9).round() as i64);
        Self { sec, nanosec }
    }
}

fn split(nanos: i64) -> (i32, u32) {
    let second = 1_000_000_000;
    let sec = nanos
        .div_euclid(second)
        .clamp(i64::from(i32::MIN), i64::from(i32::MAX));
    (sec as i32, nanos.rem_euclid(second) as u32)
}

impl Header {
    /// A header for a time in nanoseconds since the Unix epoch.
    pub fn at(nanos: i64) -> Self {
        Self {
            stamp: Time::from_nanos(nanos),
            frame_id: String::new(),
        }
    }
}

impl JointStateMessage {
    /// What arrived at a steady time, when the wall clock showed `wall_nanos`.
    pub fn into_state(self, received: f64, wall_nanos: i64) -> JointState {
        let stamp = self.header.stamp.nanos();
        let delay = (wall_nanos - stamp) as f64 * 1e-9;
        let Self {
            name,
            position,
            velocity,
            ..
        } = self;
        JointState {
            stamp,
            received,
            delay,
            name,
            position,
            velocity,
        }
    }

    /// The message that a state came from.
    pub fn of(state: &JointState) -> Self {
        Self {
            header: Header::at(state.stamp),
            name: state.name.clone(),
            position: state.position.clone(),
            velocity: state.velocity.clone(),
            effort: Vec::new(),
        }
    }
}

impl JointTrajectory {
    /// A command that starts at a time in nanoseconds since the Unix epoch.
    pub fn of_command(command: &SafeJointCommand, joints: &[String], start: i64) -> Self {
        let points = command.points().map(|point| JointTrajectoryPoint {
            positions: point.position.to_vec(),
            velocities: point.velocity.to_vec(),
            time_from_start: Duration::from_secs(point.after),
            ..JointTrajectoryPoint::default()
        });
        Self {
            header: Header::at(start),
            joint_names: joints.to_vec(),
            points: points.collect(),
        }
    }

    /// A plan whose observation was made at a time in nanoseconds since the Unix epoch.
    pub fn of_plan(plan: &Plan, observed: i64) -> Self {
        let points = plan
            .points
            .iter()
            .zip(1..)
            .map(|(position, count)| JointTrajectoryPoint {
                positions: position.clone(),
                time_from_start: Duration::from_secs(f64::from(count) * plan.interval),
                ..JointTrajectoryPoint::default()
            });
        Self {
            header: Header::at(observed),
            joint_names: plan.joints.clone(),
            points: points.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_and_after_the_epoch_survive() {
        for nanos in [0, 1, 1_764_000_000_123_456_789, -1, -1_500_000_000] {
            assert_eq!(Time::from_nanos(nanos).nanos(), nanos);
        }
        assert_eq!(
            Duration::from_secs(1.25),
            Duration {
                sec: 1,
                nanosec: 250_000_000
            }
        );
        assert_eq!(
            Duration::from_secs(-0.25),
            Duration {
                sec: -1,
                nanosec: 750_000_000
            }
        );
    }

    #[test]
    fn the_delay_of_a_state_is_by_the_wall_clocks() {
        let message = JointStateMessage {
            header: Header::at(5_000_000_000),
            ..JointStateMessage::default()
        };
        let state = message.into_state(1.0, 5_040_000_000);
        assert_eq!(state.stamp, 5_000_000_000);
        assert!((state.delay - 0.04).abs() < 1e-12);
    }
}
