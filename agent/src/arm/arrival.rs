//! When the tip is at its goal and stays there.

use super::Twin;
use anyhow::Result;

/// For so long the goal must hold, s: passing through it is no arrival.
const HOLD: f64 = 0.5;

/// Watches a robot on its way to a goal.
pub struct Arrival {
    twin: Twin,
    goal: Vec<f32>,
    began: Option<f64>,
    since: Option<f64>,
    told: bool,
}

impl Arrival {
    /// Watches for a goal, `[pose]`; its time starts with the first look.
    pub fn new(twin: Twin, goal: Vec<f32>) -> Self {
        Self {
            twin,
            goal,
            began: None,
            since: None,
            told: false,
        }
    }

    /// Looks at the joints, rad, at a time, s. Once the goal has held for half a second, says how long it took to get there, s;
    /// once only.
    ///
    /// # Errors
    /// As [`Twin::put`].
    pub fn look(&mut self, time: f64, position: &[f64]) -> Result<Option<f64>> {
        let began = *self.began.get_or_insert(time);
        if self.told {
            return Ok(None);
        }
        self.twin.put_at_rest(position)?;
        if !self.twin.env().achieved(&self.goal) {
            self.since = None;
            return Ok(None);
        }
        let since = *self.since.get_or_insert(time);
        self.told = time - since >= HOLD;
        Ok(self.told.then_some(since - began))
    }
}
