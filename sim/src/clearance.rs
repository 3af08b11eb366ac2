//! Clearances: how far a body is from what it is to keep away from. A planner foresees a gap that closes long before it foresees a
//! touch, which is rare and, once it has happened, says nothing more about where the body is.

use crate::spec::ClearanceSpec;
use crate::world::World;
use rapier3d::parry::query;
use rapier3d::prelude::*;

/// A clearance with its bodies resolved.
pub(crate) struct Clearance {
    margin_m: f32,
    body: RigidBodyHandle,
    from: Vec<RigidBodyHandle>,
}

impl Clearance {
    /// # Errors
    /// What the task file lacks.
    pub fn new(
        spec: &ClearanceSpec,
        body: RigidBodyHandle,
        from: Vec<RigidBodyHandle>,
    ) -> Result<Self, String> {
        if from.is_empty() {
            return Err(format!(
                "clearance '{}' names no bodies in `from`: expected some",
                spec.name
            ));
        }
        Ok(Self {
            margin_m: spec.margin_m,
            body,
            from,
        })
    }

    /// The smallest gap in margins, at most one; zero where bodies touch.
    pub fn value(&self, world: &World) -> f32 {
        let gaps = self.from.iter().map(|&other| gap(world, self.body, other));
        gaps.fold(self.margin_m, f32::min) / self.margin_m
    }
}

/// Smallest distance between two bodies, metres; infinite where one of them has no shape.
fn gap(world: &World, a: RigidBodyHandle, b: RigidBodyHandle) -> f32 {
    let physics = &world.physics;
    let shapes = |body| {
        let handles = physics.bodies.get(body).map_or(&[][..], |b| b.colliders());
        handles.iter().filter_map(|&c| physics.colliders.get(c))
    };
    let pairs = shapes(a).flat_map(|one| shapes(b).map(move |other| (one, other)));
    let distances = pairs.filter_map(|(one, other)| {
        query::distance(one.position(), one.shape(), other.position(), other.shape()).ok()
    });
    distances.map(|d| d.distance).fold(f32::INFINITY, f32::min)
}
