//! Conditions of a goal: what holds or does not, beside where the object is.

use crate::spec::{ConditionKind, ConditionSpec};
use crate::world::World;
use rapier3d::prelude::*;

/// A condition with its bodies resolved.
pub(crate) struct Condition {
    pub spec: ConditionSpec,
    body: RigidBodyHandle,
    with: Vec<RigidBodyHandle>,
    /// Tilt at which the body counts as fallen over, radians.
    half_tilt: f32,
}

impl Condition {
    /// # Errors
    /// What the task file lacks or has too much of.
    pub fn new(
        spec: ConditionSpec,
        body: RigidBodyHandle,
        with: Vec<RigidBodyHandle>,
    ) -> Result<Self, String> {
        let name = &spec.name;
        let half_tilt = match (spec.kind, spec.tilt_deg) {
            (ConditionKind::Upright, Some(tilt)) if 0.0 < tilt && tilt < 90.0 => tilt.to_radians(),
            (ConditionKind::Upright, tilt) => {
                return Err(format!(
                    "tilt_deg = {tilt:?} of condition '{name}': expected degrees between 0 and 90"
                ));
            }
            _ => 0.0,
        };
        if with.is_empty() != (spec.kind == ConditionKind::Upright) {
            return Err(format!(
                "condition '{name}' names {} bodies in `with`: expected some for held and clear, none for upright",
                with.len()
            ));
        }
        Ok(Self {
            spec,
            body,
            with,
            half_tilt,
        })
    }

    /// Whether its value depends on what has happened since the reset.
    pub fn is_sticky(&self) -> bool {
        self.spec.kind == ConditionKind::Clear
    }

    /// Its value in a world, in `[0, 1]`; of a sticky one as if the past did not count.
    pub fn value(&self, world: &World) -> f32 {
        match self.spec.kind {
            ConditionKind::Upright => {
                let Some(body) = world.physics.bodies.get(self.body) else {
                    return 0.0;
                };
                let up = *body.rotation() * Vector::Z;
                let tilt = up.x.hypot(up.y).atan2(up.z);
                (1.0 - 0.5 * tilt / self.half_tilt).clamp(0.0, 1.0)
            }
            ConditionKind::Held => holds(self.with.iter().all(|&b| touch(world, self.body, b))),
            ConditionKind::Clear => holds(!self.with.iter().any(|&b| touch(world, self.body, b))),
        }
    }

    /// For `held`: how far apart the bodies are between which the object is held, metres.
    pub fn opening(&self, world: &World) -> Option<f32> {
        let [first, .., last] = self.with[..] else {
            return None;
        };
        let at = |handle| Some(world.physics.bodies.get(handle)?.translation());
        (self.spec.kind == ConditionKind::Held)
            .then(|| Some((at(first)? - at(last)?).length()))
            .flatten()
    }
}

fn holds(condition: bool) -> f32 {
    f32::from(u8::from(condition))
}

/// Whether two bodies press on each other.
fn touch(world: &World, a: RigidBodyHandle, b: RigidBodyHandle) -> bool {
    world.colliders_of(a).iter().any(|&one| {
        world.colliders_of(b).iter().any(|&other| {
            let pair = world.physics.narrow_phase.contact_pair(one, other);
            pair.is_some_and(|pair| pair.total_impulse_magnitude() > 0.0)
        })
    })
}
