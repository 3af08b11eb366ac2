//! Prediction against observation, in embedding space: one block ahead and several, beside the band of what is usual.

use crate::collection::explore;
use crate::senses::{Senses, observations_of};
use anyhow::Result;
use sim::variation::Variant;
use sim::{Env, SimError, Task};
use std::collections::VecDeque;
use std::sync::Arc;
use world_model::WorldModel;
use world_model::dataset::Episode;
use world_model::imagination::{ImaginationError, ImaginationScratch, Readout};

/// Blocks ahead of the longer prediction.
pub const FAR_BLOCKS: usize = 4;
/// Episodes and steps that the band is calibrated on, and their first seed: none that a model was trained on.
const EPISODES: u64 = 40;
const STEPS: usize = 60;
/// Blocks ahead for which the decoded position is judged.
const POSE_BLOCKS: usize = 8;
const SEED: u64 = 0xBA5E;
/// Share of the calibration's errors inside the band.
const QUANTILE: f64 = 0.99;

/// Root-mean-square errors of the latent, one block ahead and [`FAR_BLOCKS`] ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Errors {
    /// One block ahead.
    pub near: f32,
    /// Several blocks ahead; none as long as there is no past of that length.
    pub far: Option<f32>,
}

/// The errors that are usual: so large were the largest but one in a hundred.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// One block ahead.
    pub near: f32,
    /// Several blocks ahead.
    pub far: f32,
    /// Of the decoded position of the object, one, two, ... blocks ahead, metres.
    pub position_m: Vec<f32>,
}

/// Compares what a model predicted with what came.
pub struct Surprise {
    model: Arc<WorldModel>,
    senses: Senses,
    /// Latents before each of the last control steps, and the actions in them, oldest first.
    past: VecDeque<(Vec<f32>, Vec<f32>)>,
    scratch: ImaginationScratch,
}

impl Surprise {
    /// For a world of `task` that has not moved yet.
    ///
    /// # Errors
    /// When the task's camera cannot give what the model looks at.
    pub fn new(model: Arc<WorldModel>, task: &Task) -> Result<Self> {
        Ok(Self {
            senses: Senses::new(&model, task)?,
            model,
            past: VecDeque::new(),
            scratch: ImaginationScratch::new(),
        })
    }

    /// What the model observes of a world.
    ///
    /// # Errors
    /// When the camera sees nothing.
    pub fn observe(&mut self, env: &Env) -> Result<Vec<f32>> {
        self.senses.observe(env)
    }

    /// Forgets the past, after a jump of the world.
    pub fn reset(&mut self) {
        self.past.clear();
    }

    /// One control step: the observation before it, the action that was executed, and the observation after it. None until a
    /// whole block has passed.
    ///
    /// # Errors
    /// When the model cannot read the observations.
    pub fn step(
        &mut self,
        before: &[f32],
        action: &[f32],
        after: &[f32],
    ) -> Result<Option<Errors>, ImaginationError> {
        let (block, width) = (self.model.card().block(), self.model.card().latent_dim());
        let mut latent = vec![0.0; width];
        self.model.encode(before, &mut latent)?;
        self.past.push_back((latent, action.to_vec()));
        if self.past.len() > FAR_BLOCKS * block {
            self.past.pop_front();
        }
        let mut now = vec![0.0; width];
        self.model.encode(after, &mut now)?;
        let mut error = |blocks: usize| -> Result<Option<f32>, ImaginationError> {
            let Some(first) = self.past.len().checked_sub(blocks * block) else {
                return Ok(None);
            };
            let actions: Vec<f32> = self
                .past
                .range(first..)
                .flat_map(|(_, action)| action.iter().copied())
                .collect();
            let mut squares = vec![0.0; blocks];
            self.model.imagination().rollout(
                &self.past[first].0,
                &actions,
                1,
                blocks,
                Readout::SquaredDistance { goal: &now },
                &mut squares,
                &mut self.scratch,
            )?;
            Ok(Some((squares[blocks - 1] / width as f32).sqrt()))
        };
        let near = error(1)?;
        let far = error(FAR_BLOCKS)?;
        Ok(near.map(|near| Errors { near, far }))
    }
}

impl Band {
    /// Measures it on exploration that the model has not seen; none when that is not `wanted` any more.
    ///
    /// # Errors
    /// When no world can be explored, or the model cannot read it.
    pub fn calibrate(
        model: &Arc<WorldModel>,
        task: &Arc<Task>,
        variant: &Variant,
        wanted: &dyn Fn() -> bool,
    ) -> Result<Option<Self>> {
        let (mut near, mut far) = (Vec::new(), Vec::new());
        let mut position = vec![Vec::new(); POSE_BLOCKS];
        for index in 0..EPISODES {
            if !wanted() {
                return Ok(None);
            }
            let image = model.sight().map(|sight| sight.spec().image());
            let episode = match explore(task, variant, index, SEED + index, STEPS, image) {
                Ok(episode) => episode,
                Err(error) => match error.downcast_ref() {
                    Some(SimError::World { .. }) => continue,
                    _ => return Err(error),
                },
            };
            let mut surprise = Surprise::new(Arc::clone(model), task)?;
            let seen = observations_of(model, &episode)?;
            let observations: Vec<&[f32]> =
                seen.chunks_exact(model.card().observation_dim()).collect();
            let actions = episode.actions.chunks_exact(task.action_dim());
            for (pair, action) in observations.windows(2).zip(actions) {
                if let Some(errors) = surprise.step(pair[0], action, pair[1])? {
                    near.push(errors.near);
                    far.extend(errors.far);
                }
            }
            position_errors(model, task, &episode, &seen, &mut position)?;
        }
        let quantile = |mut errors: Vec<f32>| -> Option<f32> {
            errors.sort_by(f32::total_cmp);
            let index = (errors.len() as f64 * QUANTILE) as usize;
            errors
                .get(index.min(errors.len().saturating_sub(1)))
                .copied()
        };
        let position_m = position.into_iter().map_while(quantile).collect();
        match (quantile(near), quantile(far)) {
            (Some(near), Some(far)) => Ok(Some(Self {
                near,
                far,
                position_m,
            })),
            _ => anyhow::bail!("no world of task '{}' could be explored", task.name()),
        }
    }
}

/// Adds the errors of the decoded position along an episode, by blocks ahead.
fn position_errors(
    model: &WorldModel,
    task: &Task,
    episode: &Episode,
    observations: &[f32],
    errors: &mut [Vec<f32>],
) -> Result<()> {
    let (block, shape) = (model.card().block(), task.pose_shape());
    let (seen, done) = (model.card().observation_dim(), task.action_dim());
    let heads = [model.pose_head()];
    let mut latent = vec![0.0; model.card().latent_dim()];
    for start in (0..STEPS).step_by(block) {
        let blocks = ((STEPS - 1 - start) / block).min(errors.len());
        if blocks == 0 {
            break;
        }
        model.encode(&observations[start * seen..][..seen], &mut latent)?;
        let mut poses = vec![0.0; blocks * shape.dim()];
        model.imagination().rollout(
            &latent,
            &episode.actions[start * done..][..blocks * block * done],
            1,
            blocks,
            Readout::Heads(&heads),
            &mut poses,
            &mut ImaginationScratch::new(),
        )?;
        for (k, imagined) in poses.chunks_exact(shape.dim()).enumerate() {
            let then = (start + (k + 1) * block) * shape.dim();
            let actual = &episode.poses[then..][..shape.dim()];
            errors[k].push(shape.position_error_m(imagined, actual));
        }
    }
    Ok(())
}
