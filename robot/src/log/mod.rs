//! Logs of what went in and out of the loop, as MCAP files with ROS 2 messages, which Foxglove and the tools of ROS 2 open.

mod schemas;
mod writer;

pub use writer::{LogSummary, McapLog};
