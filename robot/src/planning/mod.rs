//! From observations to plans: the planner's side of the loop, on its own thread and at its own rate.

mod plan;
mod planner_thread;
mod straight_line;
mod trajectory;

pub use plan::{Observation, Plan, Proposal, Proposer, ProposerError};
pub use planner_thread::{PlannerStatus, PlannerThread};
pub use straight_line::StraightLine;
pub use trajectory::Trajectory;
