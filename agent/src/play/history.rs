//! The last seconds of the world, to go back to.

use sim::Goal;
use std::collections::VecDeque;
use std::sync::Arc;

/// A moment: everything that the world goes on from.
#[derive(Clone)]
pub struct Moment {
    /// The world's bytes.
    pub snapshot: Arc<Vec<u8>>,
    /// What was to be reached.
    pub goal: Arc<Goal>,
}

/// Moments, one for each control step, and which of them is the present.
pub struct History {
    moments: VecDeque<Moment>,
    capacity: usize,
    /// Index of the present.
    present: usize,
}

impl History {
    /// A history of so many control steps, beginning now.
    pub fn new(capacity: usize, now: Moment) -> Self {
        Self {
            moments: VecDeque::from([now]),
            capacity: capacity.max(1),
            present: 0,
        }
    }

    /// Adds the moment after the present; what was to come after it before is forgotten.
    pub fn push(&mut self, moment: Moment) {
        self.moments.truncate(self.present + 1);
        self.moments.push_back(moment);
        if self.moments.len() > self.capacity + 1 {
            self.moments.pop_front();
        }
        self.present = self.moments.len() - 1;
    }

    /// The present has changed without a step.
    pub fn replace(&mut self, moment: Moment) {
        self.moments[self.present] = moment;
    }

    /// Makes the moment `steps` away from the present the present, or the nearest that is kept.
    pub fn go(&mut self, steps: isize) -> &Moment {
        let last = self.moments.len() as isize - 1;
        self.present = (self.present as isize + steps).clamp(0, last) as usize;
        &self.moments[self.present]
    }

    /// Steps that can be gone back.
    pub fn behind(&self) -> usize {
        self.present
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(byte: u8) -> Moment {
        Moment {
            snapshot: Arc::new(vec![byte]),
            goal: Arc::new(Goal::default()),
        }
    }

    #[test]
    fn the_oldest_moments_are_forgotten_and_the_future_after_a_rewind() {
        let mut history = History::new(3, moment(0));
        (1..=5).for_each(|byte| history.push(moment(byte)));
        assert_eq!(history.go(-10).snapshot[0], 2);
        assert_eq!(history.go(2).snapshot[0], 4);
        history.push(moment(9));
        assert_eq!(history.go(10).snapshot[0], 9);
        assert_eq!(history.go(-1).snapshot[0], 4);
        history.replace(moment(7));
        assert_eq!(history.go(1).snapshot[0], 9);
        assert_eq!(history.go(-1).snapshot[0], 7);
    }
}
