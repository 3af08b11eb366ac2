//! Owner of the rapier world: step with guards, fork, and byte-exact snapshots.

use crate::error::panic_text;
use rapier3d::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Beyond these a body has left every scene: metres, m/s.
const MAX_COORDINATE: f32 = 20.0;
const MAX_SPEED: f32 = 1.0e3;

/// One physics world. Pipelines are workspaces and never shared or stored.
pub(crate) struct World {
    pub physics: PhysicsWorld,
}

impl World {
    pub fn new(physics: PhysicsWorld) -> Self {
        Self { physics }
    }

    /// One physics step. A panic inside rapier becomes an error of this world.
    pub fn step(&mut self) -> Result<(), String> {
        let physics = &mut self.physics;
        catch_unwind(AssertUnwindSafe(|| physics.step())).map_err(|panic| {
            let text = panic_text(panic.as_ref());
            format!("the physics engine panicked: {text}")
        })?;
        if let Some(handle) = physics.quarantine().bodies().first() {
            return Err(format!("body {handle:?} became non-finite"));
        }
        Ok(())
    }

    /// Fails when a body is non-finite or has left the scene.
    pub fn check(&self) -> Result<(), String> {
        for (handle, body) in self.physics.bodies.iter() {
            let (p, v, w) = (body.translation(), body.linvel(), body.angvel());
            let within = |x: f32, limit: f32| x.abs() <= limit; // false for NaN
            let sane = p.to_array().iter().all(|&x| within(x, MAX_COORDINATE))
                && v.to_array().iter().all(|&x| within(x, MAX_SPEED))
                && w.to_array().iter().all(|&x| within(x, MAX_SPEED))
                && body.rotation().to_array().iter().all(|x| x.is_finite());
            if !sane {
                return Err(format!(
                    "body {handle:?} at {p:?} m with {v:?} m/s is outside {MAX_COORDINATE} m and {MAX_SPEED} m/s"
                ));
            }
        }
        Ok(())
    }

    /// The colliders of a body, none of one that is gone.
    pub fn colliders_of(&self, body: RigidBodyHandle) -> &[ColliderHandle] {
        let body = self.physics.bodies.get(body);
        body.map_or(&[], |body| body.colliders())
    }

    /// An independent copy that continues bit for bit like the original.
    pub fn fork(&self) -> Self {
        let p = &self.physics;
        Self::new(PhysicsWorld {
            gravity: p.gravity,
            integration_parameters: p.integration_parameters,
            physics_pipeline: PhysicsPipeline::new(),
            collision_pipeline: CollisionPipeline::new(),
            islands: p.islands.clone(),
            broad_phase: p.broad_phase.clone(),
            narrow_phase: p.narrow_phase.clone(),
            bodies: p.bodies.clone(),
            colliders: p.colliders.clone(),
            impulse_joints: p.impulse_joints.clone(),
            multibody_joints: p.multibody_joints.clone(),
            soft_bodies: p.soft_bodies.clone(),
            ccd_solver: CCDSolver::new(),
        })
    }
}
