//! The simulator's window: a bevy app that shows scenes and a stream of telemetry, and sends back what a person does.
//!
//! It knows nothing of agents: whoever runs a scene holds the other end of the [`stream::Link`], on threads of its own. The
//! frame rate depends on nobody, and nobody waits for a frame.

mod app;
mod camera;
mod capture;
mod keys;
mod matte;
mod overlay;
mod panels;
mod plots;
mod pointer;
pub mod script;
mod stage;
pub mod stream;

pub use app::{OWN_THREADS, Options, ViewerError, run};
pub use capture::Save;
