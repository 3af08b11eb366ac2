//! Courses of exploration data, in the latent.

use crate::senses::observations_of;
use anyhow::{Context, Result};
use rayon::prelude::*;
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
