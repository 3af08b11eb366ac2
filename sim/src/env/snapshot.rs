//! Copies of an environment: forks, and snapshots as bytes.

use super::Env;
use crate::camera::Scenery;
use crate::error::SimError;
use crate::shapes::Placement;
use crate::world::World;
use rapier3d::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a snapshot holds beside the physics.
#[derive(Serialize, Deserialize)]
struct SnapshotHeader {
    task: String,
    targets: Vec<f32>,
    factors: Vec<f32>,
    scenery: Scenery,
    previous: Vec<Placement>,
    lost: Vec<bool>,
    step: u64,
}

impl Env {
    /// An independent copy that continues bit for bit like this one.
    pub fn fork(&self) -> Self {
        Self {
            task: Arc::clone(&self.task),
            variant: self.variant.clone(),
            world: self.world.fork(),
            targets: self.targets.clone(),
            factors: self.factors.clone(),
            scenery: self.scenery,
            previous: self.previous.clone(),
            lost: self.lost.clone(),
            step: self.step,
            failure: self.failure.clone(),
            hand: self.hand,
        }
    }

    /// The whole state as bytes. Equal states give equal bytes.
    ///
    /// # Errors
    /// [`SimError::World`] when the world has failed, [`SimError::Snapshot`] when it cannot be encoded.
    pub fn snapshot(&self) -> Result<Vec<u8>, SimError> {
        if let Some(message) = &self.failure {
            return Err(SimError::World {
                step: self.step,
                message: message.clone(),
            });
        }
        let header = SnapshotHeader {
            task: self.task.name().to_owned(),
            targets: self.targets.clone(),
            factors: self.factors.clone(),
            scenery: self.scenery,
            previous: self.previous.clone(),
            lost: self.lost.clone(),
            step: self.step,
        };
        let encode = |e: postcard::Error| SimError::Snapshot {
            bytes: 0,
            message: e.to_string(),
        };
        let bytes = postcard::to_stdvec(&header).map_err(encode)?;
        postcard::to_extend(&self.world.physics, bytes).map_err(encode)
    }

    /// Puts the state of a snapshot of the same task back.
    ///
    /// # Errors
    /// [`SimError::Snapshot`] for foreign or damaged bytes; the environment is unchanged then.
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<(), SimError> {
        let bytes = snapshot.len();
        let fail = |message: String| SimError::Snapshot { bytes, message };
        let (header, rest) = postcard::take_from_bytes::<SnapshotHeader>(snapshot)
            .map_err(|e| fail(format!("not a snapshot: {e}")))?;
        if header.task != self.task.name() {
            return Err(fail(format!(
                "task '{}', expected '{}'",
                header.task,
                self.task.name()
            )));
        }
        if header.targets.len() != self.targets.len()
            || header.factors.len() != self.factors.len()
            || header.lost.len() != self.lost.len()
        {
            return Err(fail(format!(
                "{} servo targets and {} factors, expected {} and {}",
                header.targets.len(),
                header.factors.len(),
                self.targets.len(),
                self.factors.len()
            )));
        }
        if header.previous.len() != self.previous.len() {
            return Err(fail(format!(
                "{} bodies, expected {}",
                header.previous.len(),
                self.previous.len()
            )));
        }
        let physics: PhysicsWorld =
            postcard::from_bytes(rest).map_err(|e| fail(format!("damaged physics state: {e}")))?;
        self.world = World::new(physics);
        self.targets = header.targets;
        self.factors = header.factors;
        self.scenery = header.scenery;
        self.previous = header.previous;
        self.lost = header.lost;
        self.step = header.step;
        self.failure = None;
        Ok(())
    }
}
