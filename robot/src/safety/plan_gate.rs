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
