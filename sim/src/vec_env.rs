//! Many environments of one task, stepped in parallel; a world that fails does not disturb the others.

use crate::env::Env;
use crate::error::SimError;
use crate::task::Task;
use crate::variation::Variant;
use rayon::prelude::*;
use std::sync::Arc;

/// Environments of one task. Results do not depend on the number of threads.
pub struct VecEnv {
    envs: Vec<Env>,
}

impl VecEnv {
    /// `count` environments in their first starts, with seeds `seed`, `seed + 1` and so on.
    ///
    /// # Errors
    /// As [`Env::reset`].
    pub fn new(
        task: &Arc<Task>,
        variant: &Variant,
        count: usize,
        seed: u64,
    ) -> Result<Self, SimError> {
        let make = |i: usize| {
            let mut env = Env::new(Arc::clone(task), variant.clone())?;
            env.reset(seed.wrapping_add(i as u64))?;
            Ok(env)
        };
        Ok(Self {
            envs: (0..count)
                .into_par_iter()
                .map(make)
                .collect::<Result<_, SimError>>()?,
        })
    }

    /// The environments.
    pub fn envs(&self) -> &[Env] {
        &self.envs
    }

    /// One of the environments.
    pub fn env_mut(&mut self, index: usize) -> Option<&mut Env> {
        self.envs.get_mut(index)
    }

    /// One control step of every environment; `actions` is `[count, action_dim]`. One outcome for each environment.
    pub fn step(&mut self, actions: &[f32]) -> Vec<Result<(), SimError>> {
        let width = self.envs.first().map_or(1, |e| e.task().action_dim());
        self.envs
            .par_iter_mut()
            .enumerate()
            .map(|(i, env)| env.step(actions.get(i * width..(i + 1) * width).unwrap_or_default()))
            .collect()
    }

    /// State observations, `[count, observation_dim]`.
    pub fn observations(&self) -> Vec<f32> {
        self.envs.iter().flat_map(Env::observation).collect()
    }
}
