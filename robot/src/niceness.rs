//! Whose turn it is on a busy machine: the loop's before the planner's.

use rustix::process::{getpriority_process, setpriority_process};

/// The niceness of this thread until it is dropped.
pub(crate) struct Niceness {
    before: i32,
}

impl Niceness {
    /// Sets the niceness of the calling thread and of threads that it starts from now on. None when the system refuses, which
    /// is told once, for the loop works without, only less steadily.
    pub fn set(nice: i32) -> Option<Self> {
        let before = getpriority_process(None).ok()?;
        if nice == before {
            return None;
        }
        match setpriority_process(None, nice) {
            Ok(()) => Some(Self { before }),
            Err(error) => {
                tracing::warn!(
                    "niceness {nice} refused: {error}; the control loop shares the processor as others do"
                );
                None
            }
        }
    }
}

impl Drop for Niceness {
    fn drop(&mut self) {
        // Nothing depends on it any more.
        let _ = setpriority_process(None, self.before);
    }
}
