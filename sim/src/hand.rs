//! A hand that drags a body: a critically damped spring from a point of the body to a target, whose force is limited by the
//! mass that it moves.

use crate::world::World;
use rapier3d::prelude::*;
use serde::{Deserialize, Serialize};

/// Angular frequency of the spring, rad/s: the body follows within a tenth of a second, and dry friction holds it less than a
/// centimetre away.
const FREQUENCY: f32 = 25.0;
/// Greatest acceleration that the hand gives a body by itself, m/s^2: enough to move what a servo holds.
const MAX_ACCELERATION: f32 = 80.0;
/// Greatest angular acceleration that it gives, rad/s^2.
const MAX_ANGULAR_ACCELERATION: f32 = 200.0;

/// A grip on a body.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Hand {
    /// Index of the body, as in [`crate::shapes::Appearance`].
    pub body: usize,
    /// The point that is held, in the frame of the body, metres.
    pub point: [f32; 3],
    /// Where it is to go, world, metres.
    pub target: [f32; 3],
    /// Turns the body towards the target in place of pulling it there.
    pub twist: bool,
}

impl Hand {
    /// Pulls for the next physics step.
    pub(crate) fn pull(&self, world: &mut World, handle: RigidBodyHandle) {
        let Some(body) = world.physics.bodies.get_mut(handle) else {
            return;
        };
        let held = *body.position() * Vector::from_array(self.point);
        let target = Vector::from_array(self.target);
        let mass = body.mass();
        if self.twist {
            let centre = body.center_of_mass();
            let (from, to) = (held - centre, target - centre);
            let axis = from.cross(to);
            let turn = axis.length().atan2(from.dot(to));
            let inertia = body
                .mass_properties()
                .local_mprops
                .principal_inertia()
                .max_element();
            let wanted = axis.normalize_or_zero() * (FREQUENCY * FREQUENCY * turn)
                - body.angvel() * (2.0 * FREQUENCY);
            let torque = wanted.clamp_length_max(MAX_ANGULAR_ACCELERATION) * inertia;
            body.add_torque(torque, true);
        } else {
            let velocity = body.velocity_at_point(held);
            let wanted = (target - held) * (FREQUENCY * FREQUENCY) - velocity * (2.0 * FREQUENCY);
            let force = wanted.clamp_length_max(MAX_ACCELERATION) * mass;
            body.add_force_at_point(force, held, true);
        }
    }

    /// Lets go: nothing of the pull is left in the world.
    pub(crate) fn release(world: &mut World, handle: RigidBodyHandle) {
        if let Some(body) = world.physics.bodies.get_mut(handle) {
            body.reset_forces(false);
            body.reset_torques(false);
        }
    }
}
