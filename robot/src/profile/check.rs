//! Whether every value of a profile can be used.

use super::file::{JointTable, Profile};
use super::ros::RosTable;
use std::collections::BTreeSet;

/// Checks all of it.
pub(super) fn profile(profile: &Profile) -> Result<(), Wrong> {
    within(
        "rates.control_hz",
        profile.rates.control_hz,
        1.0,
        1000.0,
        "1 to 1000 Hz",
    )?;
    within(
        "rates.planner_hz",
        profile.rates.planner_hz,
        0.01,
        1000.0,
        "0.01 to 1000 Hz",
    )?;
    within(
        "rates.real_time_priority",
        f64::from(profile.rates.real_time_priority),
        0.0,
        99.0,
        "0 to 99",
    )?;
    let safety = &profile.safety;
    let period = profile.rates.control_hz.recip();
    for (key, value) in [
        ("safety.state_timeout_secs", safety.state_timeout_secs),
        ("safety.command_timeout_secs", safety.command_timeout_secs),
    ] {
        within(key, value, 2.0 * period, 1.0, "two control periods to 1 s")?;
    }
    within(
        "safety.plan_timeout_secs",
        safety.plan_timeout_secs,
        period,
        60.0,
        "one control period to 60 s",
    )?;
    within(
        "safety.clock_tolerance_secs",
        safety.clock_tolerance_secs,
        0.0,
        1.0,
        "0 to 1 s",
    )?;
    within("safety.ramp_secs", safety.ramp_secs, 0.0, 60.0, "0 to 60 s")?;
    within(
        "safety.rest_velocity",
        safety.rest_velocity,
        0.0,
        10.0,
        "0 to 10 rad/s",
    )?;
    let emergency = profile.ros.emergency_timeout_secs;
    within(
        "ros.emergency_timeout_secs",
        emergency,
        2.0 * period,
        60.0,
        "two control periods to 60 s",
    )?;
    within(
        "ros.wait_secs",
        profile.ros.wait_secs,
        0.0,
        3600.0,
        "0 to 3600 s",
    )?;
    topics(&profile.ros)?;
    if profile.joint.is_empty() {
        return wrong("joint", "empty".to_owned(), "at least one [[joint]]");
    }
    let mut names = BTreeSet::new();
    for joint in &profile.joint {
        if joint.name.is_empty() || !names.insert(&joint.name) {
            return wrong(
                "joint.name",
                format!("{:?}", joint.name),
                "a name that no other joint has",
            );
        }
        self::joint(joint)?;
    }
    Ok(())
}

fn topics(ros: &RosTable) -> Result<(), Wrong> {
    if ros.domain.is_some_and(|domain| domain > 232) {
        return wrong(
            "ros.domain",
            format!("{:?}", ros.domain.unwrap_or(0)),
            "0 to 232",
        );
    }
    let optional = |topic: &str| topic.is_empty() || absolute(topic);
    for (key, topic, fine) in [
        (
            "ros.states.topic",
            &ros.states.topic,
            absolute(&ros.states.topic),
        ),
        (
            "ros.commands.topic",
            &ros.commands.topic,
            absolute(&ros.commands.topic),
        ),
        (
            "ros.emergency_topic",
            &ros.emergency_topic,
            optional(&ros.emergency_topic),
        ),
        (
            "ros.diagnostics_topic",
            &ros.diagnostics_topic,
            optional(&ros.diagnostics_topic),
        ),
    ] {
        if !fine {
            return wrong(
                key,
                format!("{topic:?}"),
                "an absolute name such as \"/joint_states\"",
            );
        }
    }
    Ok(())
}

fn joint(joint: &JointTable) -> Result<(), Wrong> {
    let key = |name: &str| format!("{name} of joint {}", joint.name);
    for (name, value) in [
        ("velocity", joint.velocity),
        ("acceleration", joint.acceleration),
        ("jerk", joint.jerk),
        ("following_error", joint.following_error),
        ("measured_velocity", joint.measured_velocity),
    ] {
        if let Some(value) = value {
            within(
                &key(name),
                value,
                f64::MIN_POSITIVE,
                1e6,
                "a number above 0",
            )?;
        }
    }
    for (name, value) in [
        ("position_min", joint.position_min),
        ("position_max", joint.position_max),
    ] {
        if let Some(value) = value {
            within(&key(name), value, -1e3, 1e3, "a position in rad")?;
        }
    }
    if let Some(margin) = joint.margin {
        within(&key("margin"), margin, 0.0, 1e3, "0 or more rad")?;
    }
    if let (Some(min), Some(max), Some(margin)) =
        (joint.position_min, joint.position_max, joint.margin)
        && max - min <= 2.0 * margin
    {
        return wrong(
            &key("position_max"),
            max.to_string(),
            "more than position_min and both margins",
        );
    }
    if let (Some(velocity), Some(measured)) = (joint.velocity, joint.measured_velocity)
        && measured <= velocity
    {
        return wrong(
            &key("measured_velocity"),
            measured.to_string(),
            "more than velocity",
        );
    }
    Ok(())
}

/// A value that cannot be used.
pub(super) struct Wrong {
    pub key: String,
    pub value: String,
    pub expected: &'static str,
}

fn wrong(key: &str, value: String, expected: &'static str) -> Result<(), Wrong> {
    Err(Wrong {
        key: key.to_owned(),
        value,
        expected,
    })
}

fn within(key: &str, value: f64, low: f64, high: f64, expected: &'static str) -> Result<(), Wrong> {
    // Written so that a NaN does not pass.
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        wrong(key, value.to_string(), expected)
    }
}

fn absolute(topic: &str) -> bool {
    let part = |p: &str| {
        p.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && p.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    topic
        .strip_prefix('/')
        .is_some_and(|rest| rest.split('/').all(part))
}
