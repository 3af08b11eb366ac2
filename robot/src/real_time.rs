//! Whose turn it is on a busy machine: the loop's, before everything that may wait.

/// Asks the system to run the calling thread, and threads that it starts from now on, before all ordinary ones: first in, first
/// out, at a priority of 1 to 99; 0 asks for nothing. A refusal is told, for the loop works without, only less steadily.
#[cfg(unix)]
pub(crate) fn ask(priority: u8) {
    use thread_priority::unix::{
        RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
    };
    use thread_priority::{ThreadPriority, thread_native_id};

    if priority == 0 {
        return;
    }
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    let asked = ThreadPriority::try_from(priority)
        .map_err(str::to_owned)
        .and_then(|priority| {
            set_thread_priority_and_policy(thread_native_id(), priority, policy)
                .map_err(|error| error.to_string())
        });
    if let Err(error) = asked {
        tracing::warn!(
            "real-time priority {priority} refused: {error}; the control loop shares the processor"
        );
    }
}

/// Other systems have no such policy.
#[cfg(not(unix))]
pub(crate) fn ask(priority: u8) {
    if priority > 0 {
        tracing::warn!(
            "real-time priority {priority}: not on this system; the control loop shares the processor"
        );
    }
}
