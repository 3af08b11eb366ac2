//! The loop closed: the agent goes where it fails, learns from that, and is measured on goals that it never learns from.

mod experience;
mod rounds;

pub use experience::{Attempt, Traveller, failed_first};
pub use rounds::{Against, Round, best, render, success};
