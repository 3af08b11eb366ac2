//! What viewers see of an environment, and what people do to it.

use super::{Env, goal};
use crate::error::SimError;
use crate::hand::Hand;
use crate::pose::Goal;
use crate::shapes::Placement;
use rapier3d::prelude::*;

impl Env {
    /// Has a hand drag a body from the next step on, or lets go.
    ///
    /// # Errors
    /// [`SimError::UnknownName`] when the scene has no body of this index, or for a point that is not finite.
    pub fn set_hand(&mut self, hand: Option<Hand>) -> Result<(), SimError> {
        if let Some(hand) = &hand {
            let finite = hand.point.iter().chain(&hand.target).all(|x| x.is_finite());
            if !finite || hand.body >= self.task.scene.bodies().len() {
                return Err(self.unknown("body in the grip", &format!("{hand:?}")));
            }
        }
        self.hand = hand;
        Ok(())
    }

    /// Where the bodies are, in the order of [`Task::appearance`].
    pub fn placements(&self) -> Vec<Placement> {
        self.present().collect()
    }

    pub(super) fn present(&self) -> impl Iterator<Item = Placement> + '_ {
        let place = |&handle: &RigidBodyHandle| match self.world.physics.bodies.get(handle) {
            Some(body) => Placement::of(body.position()),
            None => Placement::IDENTITY,
        };
        self.task.scene.bodies().iter().map(place)
    }

    /// How much larger the bodies are than [`Task::appearance`] says, about their origins, in its order: one but for factors of
    /// variation.
    pub fn scales(&self) -> Vec<f32> {
        let bodies = self.task.scene.bodies().iter();
        bodies.map(|&body| self.scale(body)).collect()
    }

    /// Kinetic energy of a body, joules; zero for one that does not exist or does not move.
    pub fn kinetic_energy(&self, body: usize) -> f32 {
        let handle = self.task.scene.bodies().get(body);
        handle
            .and_then(|&handle| self.world.physics.bodies.get(handle))
            .map_or(0.0, RigidBody::kinetic_energy)
    }

    /// Values of the factors of variation, in the order of the task file.
    pub fn factors(&self) -> &[f32] {
        &self.factors
    }

    /// Changes a factor of variation while the world runs.
    ///
    /// # Errors
    /// As [`Variant::shifted`], and when the factor cannot be changed from its present value.
    pub fn set_factor(&mut self, factor: &str, value: f32) -> Result<(), SimError> {
        // Checks name and range.
        self.variant.shifted(&self.task, factor, value)?;
        let found = self.task.factors.iter().zip(&mut self.factors);
        for (factor, present) in found.filter(|(f, _)| f.spec.name == factor) {
            factor.change(&mut self.world, *present, value);
            *present = value;
        }
        Ok(())
    }

    /// The goal in which the object has the position and yaw of a pose vector, everything else being as it is now and at rest: the
    /// object is put there, or what moves it along is turned until it is there.
    ///
    /// # Errors
    /// [`SimError::Unreachable`] when it cannot be brought there.
    pub fn goal_at(&self, pose: &[f32]) -> Result<Goal, SimError> {
        goal::at(self, pose)
    }

    /// Where the object is when its pose vector is `pose`; what the vector does not say is as now.
    pub fn placement_of(&self, pose: &[f32]) -> Placement {
        let object = &self.task.object;
        let mut placement = self
            .body(object)
            .map_or(Placement::IDENTITY, |b| Placement::of(b.position()));
        placement.position = self.position(*object).to_array();
        for (&axis, &x) in self.task.object_axes.iter().zip(pose) {
            placement.position[axis] = x;
        }
        if self.task.pose_shape().has_yaw
            && let [cos, sin, ..] = pose[self.task.object_axes.len()..]
        {
            let now = self.yaw(object);
            let turn = sin.atan2(cos) - now.1.atan2(now.0);
            let rotation = Rotation::from_array(placement.rotation);
            placement.rotation = (Rotation::from_rotation_z(turn) * rotation).to_array();
        }
        placement
    }

    /// Where the effector is when the pose vector is `pose`; none where the object is the robot itself.
    pub fn effector_of(&self, pose: &[f32]) -> Option<[f32; 3]> {
        let shape = self.task.pose_shape();
        let mut position = self.position(self.task.effector?).to_array();
        let given = &pose[shape.dim() - shape.effector_dims..];
        for (&axis, &x) in self.task.object_axes.iter().zip(given) {
            position[axis] = x;
        }
        Some(position)
    }

    /// A pose vector after its object was moved to a position, metres, and turned about the vertical, radians.
    pub fn moved_pose(&self, pose: &[f32], position: [f32; 3], turn: f32) -> Vec<f32> {
        let mut moved = pose.to_vec();
        for (slot, &axis) in moved.iter_mut().zip(&self.task.object_axes) {
            *slot = position[axis];
        }
        let n = self.task.object_axes.len();
        if self.task.pose_shape().has_yaw {
            let yaw = pose[n + 1].atan2(pose[n]) + turn;
            moved[n] = yaw.cos();
            moved[n + 1] = yaw.sin();
        }
        moved
    }
}
