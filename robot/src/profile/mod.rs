//! A profile: all that is particular to one robot, in a TOML file.

mod check;
mod file;
mod ros;

pub use file::{JointTable, Profile, Rates, SafetyTable};
pub use ros::{CommandMessage, CommandTopic, Reliability, RosTable, StateTopic};
