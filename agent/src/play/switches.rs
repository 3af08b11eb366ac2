//! What can be turned on and off.

/// The four switches, and the others.
#[derive(Clone, Copy, Debug)]
pub struct Switches {
    /// The world runs.
    pub simulate: bool,
    /// The planner thinks.
    pub plan: bool,
    /// Its actions are executed.
    pub act: bool,
    /// Futures are shown.
    pub overlays: bool,
    /// The cost's landscape is shown.
    pub landscape: bool,
    /// All modes act on forks of the world, as ghosts.
    pub side_by_side: bool,
    /// A goal that has been held for a second is followed by another one.
    pub new_goals: bool,
    /// As fast as possible: the world waits for plans and for nothing else.
    pub unlimited: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            simulate: true,
            plan: true,
            act: true,
            overlays: true,
            landscape: true,
            side_by_side: false,
            new_goals: true,
            unlimited: false,
        }
    }
}
