//! Definitions of the logged messages, as a reader needs them: each with all that it is made of.

/// A message type: its name, and its definition in the encoding `ros2msg`.
pub(super) struct Schema {
    pub name: &'static str,
    pub text: &'static str,
}

pub(super) const JOINT_STATE: Schema = Schema {
    name: "sensor_msgs/msg/JointState",
    text: "\
std_msgs/Header header
string[] name
float64[] position
float64[] velocity
float64[] effort
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
",
};

pub(super) const JOINT_TRAJECTORY: Schema = Schema {
    name: "trajectory_msgs/msg/JointTrajectory",
    text: "\
std_msgs/Header header
string[] joint_names
trajectory_msgs/JointTrajectoryPoint[] points
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
================================================================================
MSG: trajectory_msgs/JointTrajectoryPoint
float64[] positions
float64[] velocities
float64[] accelerations
float64[] effort
builtin_interfaces/Duration time_from_start
================================================================================
MSG: builtin_interfaces/Duration
int32 sec
uint32 nanosec
",
};

pub(super) const DIAGNOSTIC_ARRAY: Schema = Schema {
    name: "diagnostic_msgs/msg/DiagnosticArray",
    text: "\
std_msgs/Header header
diagnostic_msgs/DiagnosticStatus[] status
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
================================================================================
MSG: diagnostic_msgs/DiagnosticStatus
byte OK=0
byte WARN=1
byte ERROR=2
byte STALE=3
byte level
string name
string message
string hardware_id
diagnostic_msgs/KeyValue[] values
================================================================================
MSG: diagnostic_msgs/KeyValue
string key
string value
",
};
