//! Sliders made from the planner's own configuration, and the configuration made from sliders.

use crate::controller::PlanningConfig;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use viewer::stream::{Control, ControlKind};

/// First part of the names of these controls.
pub const PREFIX: &str = "config";

/// Heading of these controls.
const GROUP: &str = "Planner settings";

/// One slider for each number, one switch for each yes or no. Rows that plan in true physics have a search of their own.
pub fn controls(
    config: &PlanningConfig,
    defaults: &PlanningConfig,
    in_physics: bool,
) -> Vec<Control> {
    let (Ok(values), Ok(defaults)) = (serde_json::to_value(config), serde_json::to_value(defaults))
    else {
        return Vec::new();
    };
    let mut controls = Vec::new();
    walk(&values, &defaults, PREFIX, &mut controls);
    let physics = format!("{PREFIX}/physics/");
    let search = format!("{PREFIX}/planner/");
    controls.retain(|control| match in_physics {
        true => !control.id.starts_with(&search),
        false => !control.id.starts_with(&physics),
    });
    controls
}

fn walk(value: &Value, default: &Value, id: &str, controls: &mut Vec<Control>) {
    if let Value::Object(fields) = value {
        for (name, value) in fields {
            let default = default.get(name).unwrap_or(value);
            walk(value, default, &format!("{id}/{name}"), controls);
        }
        return;
    }
    let name = id.rsplit('/').next().unwrap_or(id);
    let kind = match value {
        Value::Bool(on) => ControlKind::Switch(*on),
        Value::Number(number) => {
            let whole = number.is_u64() || number.is_i64();
            let default = decimal(default);
            let ([low, high], logarithmic) = bounds(name, default, whole);
            let value = decimal(value);
            ControlKind::Slider {
                value,
                // What a file asks for is shown as it is.
                range: [low.min(value), high.max(value)],
                default,
                whole,
                logarithmic,
            }
        }
        _ => return,
    };
    controls.push(Control {
        id: id.to_owned(),
        label: name.replace('_', " "),
        group: GROUP.to_owned(),
        key: None,
        hint: format!(
            "Setting `{}`.",
            id.trim_start_matches(PREFIX).trim_start_matches('/')
        ),
        kind,
    });
}

/// A number as the decimal that was meant by its single precision.
fn decimal(value: &Value) -> f64 {
    let exact = value.as_f64().unwrap_or(0.0);
    format!("{}", exact as f32).parse().unwrap_or(exact)
}

/// Bounds of a setting, and whether they are far apart.
fn bounds(name: &str, default: f64, whole: bool) -> ([f64; 2], bool) {
    match name {
        "population" | "starts" => ([8.0, 1024.0], true),
        "elites" => ([2.0, 256.0], true),
        "rounds" => ([1.0, 12.0], false),
        "iterations" => ([1.0, 64.0], true),
        "horizon_blocks" => ([1.0, 20.0], false),
        "noise_beta" => ([0.0, 5.0], false),
        "decay" => ([1.0, 2.0], false),
        "keep_fraction" => ([0.0, 1.0], false),
        "momentum" => ([0.0, 0.95], false),
        "initial_std" => ([0.05, 2.0], false),
        "std_floor" => ([0.0, 0.5], false),
        _ if whole => ([0.0, (default * 8.0).max(8.0)], false),
        _ => ([0.0, (default * 5.0).max(1.0)], false),
    }
}

/// The configuration with one setting changed.
///
/// # Errors
/// When there is no such setting, or the planner cannot work with it; the message names the value.
pub fn with(config: &PlanningConfig, id: &str, value: Value) -> Result<PlanningConfig> {
    let mut values = serde_json::to_value(config)?;
    let path = id.strip_prefix(PREFIX).unwrap_or(id);
    let Some(slot) = values.pointer_mut(path) else {
        bail!("there is no setting '{path}'");
    };
    *slot = match (&*slot, value.as_f64()) {
        (Value::Number(old), Some(new)) if old.is_u64() => Value::from(new.round() as u64),
        _ => value,
    };
    let changed: PlanningConfig =
        serde_json::from_value(values).with_context(|| format!("setting '{path}'"))?;
    changed.planner.validate()?;
    changed.physics.planner.validate()?;
    if changed.horizon_blocks == 0 || changed.physics.horizon_blocks == 0 {
        bail!("horizon_blocks = 0: expected at least 1");
    }
    Ok(changed)
}

/// The configuration as a file that `bench --config` accepts.
///
/// # Errors
/// When a value cannot be written.
pub fn to_file(config: &PlanningConfig) -> Result<String> {
    let mut values = serde_json::to_value(config)?;
    round(&mut values);
    Ok(toml::to_string(&values)?)
}

fn round(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(round),
        Value::Number(number) if number.is_f64() => *value = Value::from(decimal(value)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slider_is_within_its_bounds_and_changes_what_it_names() {
        let config = PlanningConfig::default();
        for in_physics in [false, true] {
            let controls = controls(&config, &config, in_physics);
            assert!(
                controls
                    .iter()
                    .any(|c| c.id.ends_with("/planner/population"))
            );
            for control in controls {
                let changed = match control.kind {
                    ControlKind::Slider {
                        value,
                        range: [low, high],
                        ..
                    } => {
                        assert!((low..=high).contains(&value), "{}: {value}", control.id);
                        // Not the elites' bounds: they may not outnumber the population.
                        let between = if whole_like(&control.id) {
                            value + 1.0
                        } else {
                            (low + high) / 2.0
                        };
                        with(&config, &control.id, Value::from(between.min(high)))
                    }
                    ControlKind::Switch(on) => with(&config, &control.id, Value::from(!on)),
                    _ => continue,
                };
                let changed = changed.unwrap_or_else(|e| panic!("{}: {e:#}", control.id));
                assert_ne!(changed, config, "{}", control.id);
            }
        }
    }

    fn whole_like(id: &str) -> bool {
        ["elites", "population", "rounds", "horizon_blocks"]
            .iter()
            .any(|n| id.ends_with(n))
    }

    #[test]
    fn settings_survive_the_file() {
        let config = with(
            &PlanningConfig::default(),
            "config/planner/population",
            Value::from(77.0),
        )
        .expect("valid");
        let text = to_file(&config).expect("a file");
        assert_eq!(
            toml::from_str::<PlanningConfig>(&text).expect("read"),
            config
        );
    }

    #[test]
    fn impossible_settings_are_refused_by_name() {
        let config = PlanningConfig::default();
        let error = with(&config, "config/planner/elites", Value::from(5000.0));
        let message = format!("{:#}", error.expect_err("refused"));
        assert!(
            message.contains("elites") && message.contains("5000"),
            "{message}"
        );
        assert!(with(&config, "config/planner/colour", Value::from(1.0)).is_err());
    }
}
