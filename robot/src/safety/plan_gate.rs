//! Which plans are followed: whole, fresh, for these joints and of this epoch.

use super::Refusal;
use super::config::SafetyConfig;
use crate::planning::Plan;

/// Remembers the newest plan and judges the next by it.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlanGate {
    newest: Option<(u64, u64)>,
}

impl PlanGate {
    /// Accepts a plan, or says why not.
    pub fn accept(
        &mut self,
        plan: &Plan,
        config: &SafetyConfig,
        epoch: u64,
        now: f64,
    ) -> Result<(), Refusal> {
        names(&plan.joints, &config.joints)?;
        values(plan, &config.joints)?;
        if plan.epoch != epoch {
            return Err(Refusal::OldEpoch {
                found: plan.epoch,
                expected: epoch,
            });
        }
        let age = now - plan.observed_at;
        // An age that is no number must not pass either.
        if !(0.0..=config.plan_timeout).contains(&age) {
            return Err(Refusal::Stale {
                age,
                min: 0.0,
                max: config.plan_timeout,
            });
        }
        match self.newest {
            Some((last, sequence)) if last == epoch && plan.sequence == sequence => {
                Err(Refusal::Duplicate(plan.sequence as i64))
            }
            Some((last, sequence)) if last == epoch && plan.sequence < sequence => {
                Err(Refusal::Backwards {
                    stamp: plan.sequence as i64,
                    last: sequence as i64,
                })
            }
            _ => {
                self.newest = Some((epoch, plan.sequence));
                Ok(())
            }
        }
    }
}

fn names(found: &[String], expected: &[String]) -> Result<(), Refusal> {
    if found.len() != expected.len() {
        return Err(Refusal::Size {
            what: "joints",
            found: found.len(),
            expected: expected.len(),
        });
    }
    match found
        .iter()
        .zip(expected)
        .find(|(found, expected)| found != expected)
    {
        Some((found, expected)) => Err(Refusal::WrongJoint {
            found: found.clone(),
            expected: expected.clone(),
        }),
        None => Ok(()),
    }
}

fn values(plan: &Plan, joints: &[String]) -> Result<(), Refusal> {
    if plan.points.is_empty() {
        return Err(Refusal::Size {
            what: "points",
            found: 0,
            expected: 1,
        });
    }
    if !(plan.interval.is_finite() && plan.interval > 0.0) {
        let (what, joint) = ("interval", "the plan".to_owned());
        return Err(Refusal::NotFinite {
            what,
            joint,
            value: plan.interval,
        });
    }
    for point in &plan.points {
        if point.len() != joints.len() {
            return Err(Refusal::Size {
                what: "position",
                found: point.len(),
                expected: joints.len(),
            });
        }
        if let Some((joint, &value)) = joints
            .iter()
            .zip(point)
            .find(|(_, value)| !value.is_finite())
        {
            return Err(Refusal::NotFinite {
                what: "position",
                joint: joint.clone(),
                value,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    fn config() -> SafetyConfig {
        SafetyConfig {
            joints: vec!["a".to_owned()],
            limits: Err("none are needed".to_owned()),
            period: 0.01,
            state_timeout: 0.1,
            command_timeout: 0.1,
            plan_timeout: 0.5,
            clock_tolerance: 0.01,
            ramp: 0.0,
            rest_velocity: 0.1,
        }
    }

    fn plan(epoch: u64, sequence: u64) -> Plan {
        let joints = vec!["a".to_owned()];
        Plan {
            epoch,
            sequence,
            observed_at: 5.0,
            joints,
            interval: 0.1,
            points: vec![vec![0.0]],
        }
    }

    #[test]
    fn plans_are_taken_once_in_order_fresh_and_of_this_epoch() {
        let mut gate = PlanGate::default();
        let mut said = |plan: &Plan, now: f64| {
            let refused = gate.accept(plan, &config(), 2, now).err();
            refused.map_or("accepted", |refusal| refusal.kind())
        };
        assert_eq!(said(&plan(1, 7), 5.1), "old epoch");
        assert_eq!(said(&plan(2, 7), 5.6), "stale");
        assert_eq!(said(&plan(2, 7), 4.9), "stale", "from the future");
        assert_eq!(said(&plan(2, 7), f64::NAN), "stale");
        assert_eq!(said(&plan(2, 7), 5.1), "accepted");
        assert_eq!(said(&plan(2, 7), 5.1), "duplicated");
        assert_eq!(said(&plan(2, 6), 5.1), "out of order");
        assert_eq!(said(&plan(2, 8), 5.1), "accepted");
    }
}
