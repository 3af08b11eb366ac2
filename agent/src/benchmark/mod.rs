//! The benchmark: frozen or fresh pairs of start and goal, the ladder of rows, honest intervals, reports.

pub mod baselines;
pub mod compare;
pub mod episode;
pub mod event;
pub mod html;
pub mod manifest;
pub mod pairs;
pub mod realtime;
mod rotation;
pub mod row;
pub mod runner;
pub mod statistics;
pub mod table;
pub mod tier;

pub use event::Event;
pub use row::{PairSource, Row};
pub use runner::{BenchPlan, Pairs, RowSpec, run};
pub use tier::Tier;
