//! What may be asked of the safety filter by whoever stands beside the robot: enable, reset, stop.

use super::braking::Motion;
use super::filter::SafetyFilter;
use super::mode::{EnableError, Mode, StopCause};

impl SafetyFilter {
    /// Starts to follow targets, from where the arm is measured to be. The second of two acts after a stop.
    ///
    /// # Errors
    /// Says why not: a limit is missing, a stop is latched, there is no fresh state, the arm moves.
    pub fn enable(&mut self, now: f64) -> Result<u64, EnableError> {
        if let Err(missing) = &self.config.limits {
            return Err(EnableError::MissingLimits(missing.clone()));
        }
        match &self.mode {
            Mode::Idle => {}
            Mode::Active => {
                return Err(EnableError::WrongMode {
                    act: "enable",
                    mode: Mode::Active,
                });
            }
            latched => return Err(EnableError::Latched(latched.clone())),
        }
        let age = self.states.age(now);
        let measured = match self.states.newest() {
            // Two, because a velocity may have to come from their difference, and the first may be a stale leftover.
            Some(measured) if self.states.accepted() >= 2 && age <= self.config.state_timeout => {
                measured
            }
            Some(_) => {
                return Err(EnableError::NoState(format!(
                    "the newest state is {age:.3} s old"
                )));
            }
            None => {
                return Err(EnableError::NoState(
                    "no state of the robot has arrived".to_owned(),
                ));
            }
        };
        for (joint, &velocity) in self.config.joints.iter().zip(&measured.velocity) {
            if velocity.abs() > self.config.rest_velocity {
                let (joint, limit) = (joint.clone(), self.config.rest_velocity);
                return Err(EnableError::Moving {
                    joint,
                    velocity,
                    limit,
                });
            }
        }
        self.sent = measured
            .position
            .iter()
            .map(|&q| Motion::at_rest(q))
            .collect();
        self.history.clear();
        self.mode = Mode::Active;
        self.epoch += 1;
        (self.enabled_at, self.last_tick, self.last_target) = (now, now, None);
        Ok(self.epoch)
    }

    /// Leaves a latched stop for `Idle`. The first of two acts; nothing is sent until `enable`.
    ///
    /// # Errors
    /// Says why not: nothing is latched, the emergency stop is still pressed, the arm still decelerates.
    pub fn reset(&mut self) -> Result<(), EnableError> {
        match &self.mode {
            Mode::Idle | Mode::Active => Err(EnableError::WrongMode {
                act: "reset",
                mode: self.mode.clone(),
            }),
            Mode::EmergencyStop if self.emergency_pressed => Err(EnableError::Pressed),
            _ if !self.rests() => Err(EnableError::Decelerating),
            _ => {
                self.mode = Mode::Idle;
                self.sent.clear();
                self.states.reset();
                Ok(())
            }
        }
    }

    /// Decelerates and holds, latched. A stop that is latched already keeps its cause.
    pub fn protective_stop(&mut self, cause: StopCause, now: f64) {
        if self.mode == Mode::Active {
            self.interventions
                .add(now, cause.kind(), || cause.to_string());
            self.mode = Mode::ProtectiveStop(cause);
        }
    }

    /// Tells whether the emergency stop is pressed. Pressing latches; releasing alone changes nothing.
    pub fn emergency(&mut self, pressed: bool, now: f64) {
        self.emergency_pressed = pressed;
        if pressed && self.mode != Mode::EmergencyStop {
            self.interventions.add(now, "emergency stop", || {
                "emergency stop pressed".to_owned()
            });
            self.mode = Mode::EmergencyStop;
        }
    }
}
