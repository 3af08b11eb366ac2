//! A robot on ROS 2, through the pure Rust crates ros2-client and RustDDS; no ROS installation is needed.
//!
//! What they do differently from rclcpp, and what is done about it here:
//! - They read no environment. The domain is that of the profile, else of `ROS_DOMAIN_ID`, else 0.
//! - There is no localhost mode: keep machines apart by domain, or by network namespace.
//! - A stream never wakes without data, so the listener also waits for a signal to end.
//! - ros2-client's spinner swallows incompatible QoS. There is none here: the listener reads the participant's own events.
//! - A reliable subscriber first gets what the publisher sent before. States are best effort by default, only the newest is
//!   kept, and the safety filter refuses what is old by its stamp.
//! - RustDDS ends its threads for good when a signal interrupts their waiting, as stopping and continuing the process does. So
//!   the link is opened anew when nothing has been heard for some seconds; the arm has long been stopped by then.
//! - Discovery notices the loss of a peer after 20 to 50 s. It is no watchdog; only the age of messages is.

mod hardware;
mod link;
mod listener;
mod matching;
mod reopening;

pub use hardware::Ros2Hardware;
