//! A proposer that can be replaced while the loop runs, when there is another goal.

use robot::planning::{Observation, Proposal, Proposer, ProposerError};
use std::sync::{Arc, Mutex, PoisonError};

/// Hands over the next proposer.
#[derive(Clone, Default)]
pub struct Switch(Arc<Mutex<Option<Box<dyn Proposer>>>>);

impl Switch {
    /// From its next plan on, the planner is this one.
    pub fn set(&self, proposer: Box<dyn Proposer>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(proposer);
    }
}

/// Whatever was handed over last.
pub struct Switchable {
    now: Box<dyn Proposer>,
    switch: Switch,
}

impl Switchable {
    /// Begins with a proposer; the switch replaces it.
    pub fn new(first: Box<dyn Proposer>) -> (Self, Switch) {
        let switch = Switch::default();
        let switchable = Self {
            now: first,
            switch: switch.clone(),
        };
        (switchable, switch)
    }
}

impl Proposer for Switchable {
    fn propose(&mut self, observation: &Observation) -> Result<Proposal, ProposerError> {
        let next = self
            .switch
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(next) = next {
            self.now = next;
        }
        self.now.propose(observation)
    }
}
