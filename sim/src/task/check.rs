//! What is wrong with a task file whatever its scene holds.

use crate::spec::{CameraSpec, FactorKind, FactorSpec, TaskSpec};

/// What the scene does not need to know to be found wrong.
pub(super) fn check(spec: &TaskSpec) -> Result<(), String> {
    let c = &spec.control;
    if c.rate_hz == 0 || c.physics_hz == 0 || !c.physics_hz.is_multiple_of(c.rate_hz) {
        return Err(format!(
            "physics_hz = {} must be a positive multiple of rate_hz = {}",
            c.physics_hz, c.rate_hz
        ));
    }
    let positive = |name: &str, value: f32| {
        if value.is_finite() && value > 0.0 {
            Ok(())
        } else {
            Err(format!("{name} = {value}: expected a positive number"))
        }
    };
    positive("length_unit_m", c.length_unit_m)?;
    positive("position_tolerance_m", spec.goal.position_tolerance_m)?;
    if let Some(yaw) = spec.goal.yaw_tolerance_deg {
        positive("yaw_tolerance_deg", yaw)?;
    }
    spec.camera.iter().try_for_each(check_camera)?;
    for factor in &spec.factor {
        check_factor(factor)?;
    }
    if let Some(turn) = spec.goal.turn_deg {
        positive("turn_deg", turn)?;
    }
    let conditions = spec.goal.condition.iter();
    let conditions = conditions.map(|c| ("condition", &c.name, c.weight));
    let clearances = spec.goal.clearance.iter();
    let clearances = clearances.map(|c| ("clearance", &c.name, c.weight));
    for (kind, name, weight) in conditions.chain(clearances) {
        let weight = weight.unwrap_or(1.0);
        if !(weight.is_finite() && weight >= 0.0) {
            return Err(format!(
                "weight of {kind} '{name}' = {weight}: expected zero or a positive number"
            ));
        }
    }
    for clearance in &spec.goal.clearance {
        let name = format!("margin_m of clearance '{}'", clearance.name);
        positive(&name, clearance.margin_m)?;
    }
    if let Some(bicycle) = &spec.bicycle {
        positive("wheelbase_m", bicycle.wheelbase_m)?;
    }
    if spec.action.is_empty() || spec.observation.is_empty() {
        return Err("expected at least one [[action]] and one [[observation]]".to_owned());
    }
    for action in &spec.action {
        positive(&format!("scale of action '{}'", action.name), action.scale)?;
        if let Some(lead) = action.max_lead {
            positive(&format!("max_lead of action '{}'", action.name), lead)?;
        }
    }
    for (variant, settings) in &spec.variants {
        for name in settings.keys() {
            if !spec.factor.iter().any(|f| &f.name == name) {
                return Err(format!("variant '{variant}' sets unknown factor '{name}'"));
            }
        }
    }
    Ok(())
}

fn check_camera(camera: &CameraSpec) -> Result<(), String> {
    let CameraSpec { eye, target, .. } = camera;
    let finite = eye.iter().chain(target).all(|x| x.is_finite());
    if !finite || eye == target {
        return Err(format!(
            "camera from {eye:?} to {target:?}: expected two different points"
        ));
    }
    let (value, most) = match (camera.fov_deg, camera.height_m) {
        (Some(degrees), None) => (degrees, 179.0),
        (None, Some(metres)) => (metres, f32::MAX),
        _ => return Err("camera: expected one of fov_deg and height_m".to_owned()),
    };
    if !(value > 0.0 && value <= most) {
        return Err(format!(
            "camera of fov_deg or height_m = {value}: expected a number from 0 to {most}"
        ));
    }
    let shines = |light: [f32; 3]| {
        let square: f32 = light.iter().map(|x| x * x).sum();
        square.is_finite() && square > 0.0
    };
    match camera.light {
        Some(light) if !shines(light) => Err(format!("light = {light:?}: expected a direction")),
        _ => Ok(()),
    }
}

fn check_factor(factor: &FactorSpec) -> Result<(), String> {
    let FactorSpec { name, kind, .. } = factor;
    if !kind.is_visual() && factor.bodies.is_empty() {
        return Err(format!("factor '{name}': expected at least one of bodies"));
    }
    let [low, high] = factor.range;
    let least = match kind {
        FactorKind::Shift | FactorKind::Colour | FactorKind::LightTurn => f32::NEG_INFINITY,
        _ => 0.0,
    };
    let most = match kind {
        FactorKind::Texture | FactorKind::Shadow => 1.0,
        _ => f32::INFINITY,
    };
    if kind.is_visual() && !(least <= low && low <= high && high <= most) {
        return Err(format!(
            "range of factor '{name}' = {:?}: expected from {least} to {most}",
            factor.range
        ));
    }
    Ok(())
}
