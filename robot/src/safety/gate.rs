//! Which reports of the robot are acted on: whole ones, in order, and fresh.

use super::Refusal;
use super::config::SafetyConfig;
use crate::joint_state::{JointState, Measured};

/// Remembers the newest accepted state and judges the next by it.
#[derive(Clone, Debug, Default)]
pub(crate) struct StateGate {
    newest: Option<Measured>,
    accepted: u64,
}

/// Differences over longer times tell nothing about a velocity, s.
const LONGEST_DIFFERENCE: f64 = 0.5;

impl StateGate {
    /// Accepts a state, or says why not.
    pub fn accept(
        &mut self,
        state: &JointState,
        config: &SafetyConfig,
    ) -> Result<&Measured, Refusal> {
        let (position, velocity) = state.select(&config.joints)?;
        if let Some(last) = &self.newest {
            if state.stamp == last.stamp {
                return Err(Refusal::Duplicate(state.stamp));
            }
            if state.stamp < last.stamp {
                return Err(Refusal::Backwards {
                    stamp: state.stamp,
                    last: last.stamp,
                });
            }
        }
        let (min, max) = (-config.clock_tolerance, config.state_timeout);
        // A delay that is no number must not pass either.
        if !(min..=max).contains(&state.delay) {
            return Err(Refusal::Stale {
                age: state.delay,
                min,
                max,
            });
        }
        let velocity = velocity.unwrap_or_else(|| self.differences(state.stamp, &position));
        let at = state.received - state.delay.max(0.0);
        self.accepted += 1;
        Ok(self.newest.insert(Measured {
            stamp: state.stamp,
            received: state.received,
            at,
            position,
            velocity,
        }))
    }

    fn differences(&self, stamp: i64, position: &[f64]) -> Vec<f64> {
        match &self.newest {
            Some(last) if ((stamp - last.stamp) as f64) < LONGEST_DIFFERENCE * 1e9 => {
                let seconds = (stamp - last.stamp) as f64 * 1e-9;
                position
                    .iter()
                    .zip(&last.position)
                    .map(|(new, old)| (new - old) / seconds)
                    .collect()
            }
            _ => vec![0.0; position.len()],
        }
    }

    /// The newest accepted state.
    pub fn newest(&self) -> Option<&Measured> {
        self.newest.as_ref()
    }

    /// Age of the newest accepted state, s; infinite where there is none.
    pub fn age(&self, now: f64) -> f64 {
        self.newest.as_ref().map_or(f64::INFINITY, |m| now - m.at)
    }

    /// States accepted since the last reset.
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Forgets everything, so that a robot that restarted with another clock can be met anew.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}
