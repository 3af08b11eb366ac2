//! Courses of exploration data, in the latent.

use crate::recording::{Change, Recording};
use crate::senses::{Senses, observations_of};
use anyhow::{Context, Result, bail};
use rayon::prelude::*;
use std::path::Path;
use world_model::WorldModel;
use world_model::dataset::Dataset;
use world_model::model::EncoderScratch;
use world_model::policy::Demonstrations;

/// Adds the episodes of a data set.
///
/// # Errors
/// Episodes that the model cannot observe.
pub fn push_data(
    model: &WorldModel,
    dataset: &Dataset,
    demonstrations: &mut Demonstrations,
) -> Result<()> {
    let courses = dataset
        .episodes
        .par_iter()
        .enumerate()
        .map(|(index, episode)| {
            let observations =
                observations_of(model, episode).with_context(|| format!("episode {index}"))?;
            encode(model, &observations)
        })
        .collect::<Result<Vec<_>>>()?;
    for (latents, episode) in courses.iter().zip(&dataset.episodes) {
        demonstrations.push_course(latents, &episode.actions)?;
    }
    Ok(())
}

/// Adds what a person recorded in the simulator, replayed: each stretch in which nothing was put elsewhere is a course.
///
/// # Errors
/// A recording of another task, or one that does not replay.
pub fn push_recording(
    model: &WorldModel,
    recording: &Recording,
    assets: &Path,
    demonstrations: &mut Demonstrations,
) -> Result<()> {
    if recording.task != model.card().task {
        bail!(
            "recorded in task '{}', expected '{}'",
            recording.task,
            model.card().task
        );
    }
    let mut env = recording.world(assets)?;
    let mut senses = Senses::new(model, env.task())?;
    let (mut observations, mut actions) = (Vec::new(), Vec::new());
    for (index, step) in recording.steps.iter().enumerate() {
        if step.changes.iter().any(|c| matches!(c, Change::Restore(_))) {
            demonstrations.push_course(&encode(model, &observations)?, &actions)?;
            observations.clear();
            actions.clear();
        }
        observations.extend(senses.observe(&env)?);
        actions.extend_from_slice(&step.action);
        if !step.replay(&mut env)? {
            bail!("step {} leads to other bytes than were recorded", index + 1);
        }
    }
    demonstrations.push_course(&encode(model, &observations)?, &actions)?;
    Ok(())
}

/// Latents of observations `[rows, observation]`.
pub(super) fn encode(model: &WorldModel, observations: &[f32]) -> Result<Vec<f32>> {
    let rows = observations.len() / model.card().observation_dim().max(1);
    let mut latents = vec![0.0; rows * model.card().latent_dim()];
    let mut scratch = EncoderScratch::default();
    model
        .encoder()
        .forward(observations, rows, &mut latents, &mut scratch)?;
    Ok(latents)
}
