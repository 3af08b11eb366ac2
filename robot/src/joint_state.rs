//! What a robot reports about its joints, in its own order and with its own extra joints.

use crate::safety::Refusal;

/// One report of a robot's joints.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JointState {
    /// When the robot measured, nanoseconds of the robot's clock since the Unix epoch.
    pub stamp: i64,
    /// When the report arrived here, seconds of this program's steady clock.
    pub received: f64,
    /// Age of the report when it arrived, s, by the two wall clocks. Negative where the robot's clock is ahead.
    pub delay: f64,
    /// Names of the joints, in any order; more than the profile's are allowed.
    pub name: Vec<String>,
    /// Positions, rad, one for each name.
    pub position: Vec<f64>,
    /// Velocities, rad/s, one for each name, or none at all.
    pub velocity: Vec<f64>,
}

/// Positions and velocities of the profile's joints, in its order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// When the robot measured, nanoseconds of the robot's clock since the Unix epoch.
    pub stamp: i64,
    /// When the report arrived, seconds of the steady clock.
    pub received: f64,
    /// When the robot measured, seconds of the steady clock.
    pub at: f64,
    /// Positions, rad.
    pub position: Vec<f64>,
    /// Velocities, rad/s; from differences where the robot reports none.
    pub velocity: Vec<f64>,
}

impl JointState {
    /// Positions and velocities (where there are any) of the joints asked for, in their order.
    ///
    /// # Errors
    /// Refuses a report that is mis-sized, lacks a joint, names one twice, or has a value that is not finite.
    pub fn select(&self, joints: &[String]) -> Result<(Vec<f64>, Option<Vec<f64>>), Refusal> {
        let count = self.name.len();
        for (what, length) in [
            ("position", self.position.len()),
            ("velocity", self.velocity.len()),
        ] {
            let may_be_missing = what == "velocity" && length == 0;
            if length != count && !may_be_missing {
                return Err(Refusal::Size {
                    what,
                    found: length,
                    expected: count,
                });
            }
        }
        let indices = joints
            .iter()
            .map(|joint| self.index_of(joint))
            .collect::<Result<Vec<_>, _>>()?;
        let pick = |what: &'static str, values: &[f64]| {
            let picked = indices
                .iter()
                .zip(joints)
                .map(|(&i, joint)| finite(what, joint, values[i]));
            picked.collect::<Result<Vec<_>, _>>()
        };
        let position = pick("position", &self.position)?;
        let velocity = match self.velocity.is_empty() {
            true => None,
            false => Some(pick("velocity", &self.velocity)?),
        };
        Ok((position, velocity))
    }

    fn index_of(&self, joint: &str) -> Result<usize, Refusal> {
        let mut found = (0..self.name.len()).filter(|&i| self.name[i] == joint);
        match (found.next(), found.next()) {
            (Some(index), None) => Ok(index),
            (None, _) => Err(Refusal::MissingJoint(joint.to_owned())),
            (Some(_), Some(_)) => Err(Refusal::DoubleJoint(joint.to_owned())),
        }
    }
}

fn finite(what: &'static str, joint: &str, value: f64) -> Result<f64, Refusal> {
    match value.is_finite() {
        true => Ok(value),
        false => Err(Refusal::NotFinite {
            what,
            joint: joint.to_owned(),
            value,
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    fn report() -> JointState {
        JointState {
            name: ["extra", "b", "a"].map(str::to_owned).to_vec(),
            position: vec![f64::NAN, 2.0, 1.0],
            velocity: vec![f64::NAN, 0.2, 0.1],
            ..JointState::default()
        }
    }

    fn joints() -> Vec<String> {
        ["a", "b"].map(str::to_owned).to_vec()
    }

    #[test]
    fn joints_are_found_by_name_and_extra_ones_do_not_matter() {
        let (position, velocity) = report().select(&joints()).unwrap();
        assert_eq!(position, [1.0, 2.0]);
        assert_eq!(velocity.unwrap(), [0.1, 0.2]);
    }

    #[test]
    fn velocities_may_be_missing_as_a_whole() {
        let state = JointState {
            velocity: vec![],
            ..report()
        };
        assert_eq!(state.select(&joints()).unwrap().1, None);
    }

    #[test]
    fn a_wrong_report_is_refused_with_a_reason() {
        let short = JointState {
            position: vec![1.0],
            ..report()
        };
        let nameless = JointState {
            name: ["x", "y", "a"].map(str::to_owned).to_vec(),
            ..report()
        };
        let twice = JointState {
            name: ["a", "b", "a"].map(str::to_owned).to_vec(),
            ..report()
        };
        let infinite = JointState {
            position: vec![0.0, f64::INFINITY, 0.0],
            ..report()
        };
        for (state, expected) in [
            (short, "1 values of position, expected 3"),
            (nameless, "joint b is missing"),
            (twice, "joint a is named twice"),
            (infinite, "position of b is inf"),
        ] {
            let refusal = state.select(&joints()).unwrap_err().to_string();
            assert!(refusal.contains(expected), "{refusal}");
        }
    }
}
