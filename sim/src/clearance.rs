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
    /// A clearance from nothing, or between bodies in a world that have no distance: for want of shapes, or because they are one.
    pub fn new(
        spec: &ClearanceSpec,
        body: RigidBodyHandle,
        from: Vec<RigidBodyHandle>,
        world: &World,
    ) -> Result<Self, String> {
        let name = &spec.name;
        if from.is_empty() {
            return Err(format!(
                "clearance '{name}' names no bodies in `from`: expected some"
            ));
        }
        for (other, from) in from.iter().zip(&spec.from) {
            if *other == body || gap(world, body, *other).is_none() {
                return Err(format!(
                    "clearance '{name}' of '{}' from '{from}': expected two bodies with shapes that collide",
                    spec.of
                ));
            }
        }
        Ok(Self {
            margin_m: spec.margin_m,
            body,
            from,
        })
    }

    /// The smallest gap in margins, at most one; zero where bodies touch.
    pub fn value(&self, world: &World) -> f32 {
        let gaps = self.from.iter();
        let gaps = gaps.filter_map(|&other| gap(world, self.body, other));
        gaps.fold(self.margin_m, f32::min) / self.margin_m
    }
}

/// Smallest distance between two bodies, metres; none where one of them has no shape.
fn gap(world: &World, a: RigidBodyHandle, b: RigidBodyHandle) -> Option<f32> {
    let pairs = shapes(world, a).flat_map(|one| shapes(world, b).map(move |other| (one, other)));
    let distances = pairs.filter_map(|((at, one), (other_at, other))| {
        query::distance(&at, one, &other_at, other).ok()
    });
    distances.map(|d| d.distance).min_by(f32::total_cmp)
}

/// The shapes of a body where it is now. It may have been moved since the last step of the physics, which takes them along.
fn shapes(
    world: &World,
    body: RigidBodyHandle,
) -> impl Iterator<Item = (Pose, &dyn Shape)> + Clone {
    let physics = &world.physics;
    let colliders = world.colliders_of(body).iter();
    colliders.filter_map(move |&handle| {
        let (body, collider) = (physics.bodies.get(body)?, physics.colliders.get(handle)?);
        let at = *body.position() * *collider.position_wrt_parent()?;
        Some((at, collider.shape()))
    })
}
