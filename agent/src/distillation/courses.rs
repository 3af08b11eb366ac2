//! Courses of exploration data, in the latent.

use crate::recording::{Change, Recording};
use crate::senses::{Senses, observations_of};
use crate::system1::StepsLeft;
use anyhow::{Context, Result, bail};
use rayon::prelude::*;
use std::path::Path;
use world_model::WorldModel;
use world_model::dataset::Episode;
use world_model::model::EncoderScratch;
use world_model::policy::{Demonstrations, Label};

/// Exploration data as courses in the latent. `progress` hears of each episode and says whether to go on; none where it said no.
///
/// # Errors
/// An episode that the model cannot see or encode.
pub fn of_data(
    model: &WorldModel,
    episodes: &[Episode],
    progress: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Demonstrations>> {
    let looked_at = episodes.par_iter().enumerate();
    let courses = looked_at.map(|(index, episode)| {
        if !progress() {
            return Ok(None);
        }
        let observations =
            observations_of(model, episode).with_context(|| format!("episode {index}"))?;
        encode(model, &observations).map(Some)
    });
    let courses = courses.collect::<Result<Vec<_>>>()?;
    let Some(courses) = courses.into_iter().collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let card = model.card();
    let mut all = Demonstrations::new(card.latent_dim(), card.action_dim(), card.block());
    for (latents, episode) in courses.iter().zip(episodes) {
        all.push_course(latents, &episode.actions)?;
    }
    Ok(Some(all))
}

/// Adds what a person recorded in the simulator, replayed: each stretch in which nothing was put elsewhere is a course, and what
/// was done in each of its frames is a label on the way to its end.
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
    let mut add = |observations: &[f32], actions: &[f32]| -> Result<()> {
        let latents = encode(model, observations)?;
        demonstrations.push_course(&latents, actions)?;
        let Some(start) = latents.len().checked_sub(model.card().latent_dim()) else {
            return Ok(());
        };
        let (before, end) = latents.split_at(start);
        // The last action leads beyond the last frame.
        let actions = &actions[..actions.len() - model.card().action_dim()];
        let steps_left = StepsLeft::new(model, end)?;
        let labels = labels(model, before, actions, end, &steps_left)?;
        Ok(demonstrations.push_run(labels, 1)?)
    };
    let (mut observations, mut actions) = (Vec::new(), Vec::new());
    for (index, step) in recording.steps.iter().enumerate() {
        if step.changes.iter().any(|c| matches!(c, Change::Restore(_))) {
            add(&observations, &actions)?;
            observations.clear();
            actions.clear();
        }
        step.change(&mut env)?;
        observations.extend(senses.observe(&env)?);
        actions.extend_from_slice(&step.action);
        if !step.act(&mut env)? {
            bail!("step {} leads to other bytes than were recorded", index + 1);
        }
    }
    add(&observations, &actions)?;
    Ok(())
}

/// What was done in each of these frames, latents `[frames, latent]` with the actions after them `[frames, action]`, is what should be
/// done there on the way to `goal`, `[latent]`; after the last one it is reached, and nothing is. Steps left are what the model's
/// heads will say there, right or wrong.
pub(super) fn labels(
    model: &WorldModel,
    latents: &[f32],
    actions: &[f32],
    goal: &[f32],
    steps_left: &StepsLeft,
) -> Result<Vec<Label>> {
    let card = model.card();
    let steps_left = steps_left.estimate(latents)?;
    let frames = latents.chunks_exact(card.latent_dim());
    Ok(frames
        .zip(steps_left)
        .enumerate()
        .map(|(frame, (latent, steps_left))| {
            let mut block = actions[frame * card.action_dim()..].to_vec();
            block.resize(card.block_action_dim(), 0.0);
            Label {
                latent: latent.to_vec(),
                goal: goal.to_vec(),
                steps_left,
                steps_taken: (latents.len() / card.latent_dim() - frame) as f32,
                block,
            }
        })
        .collect())
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
