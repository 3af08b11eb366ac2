//! Exploration data: many worlds in parallel, episodes in order, so that the data do not depend on the thread count.

use crate::recipe::CollectConfig;
use anyhow::{Result, bail};
use rayon::prelude::*;
use sim::variation::Variant;
use sim::{Behaviour, BehaviourKind, Env, Rig, SimError, Task};
use std::path::Path;
use std::sync::Arc;
use world_model::PoseLayout;
use world_model::dataset::{DatasetSpec, DatasetWriter, Episode, Summary};
use world_model::sight::ImageShape;

/// Episodes simulated between two writes.
const CHUNK: u64 = 64;

/// What became of a collection.
#[derive(Clone, Copy, Debug)]
pub struct Collected {
    /// What is on disk.
    pub summary: Summary,
    /// Episodes given up because their world failed.
    pub failed: u64,
    /// Whether it was interrupted before all episodes were recorded.
    pub interrupted: bool,
}

/// Seed of an episode of a data set.
fn episode_seed(seed: u64, index: u64) -> u64 {
    seed.wrapping_mul(1_000_003).wrapping_add(index)
}

/// The world model's view of a task's poses.
pub fn pose_layout(task: &Task) -> PoseLayout {
    let shape = task.pose_shape();
    PoseLayout {
        position_dims: shape.position_dims,
        has_yaw: shape.has_yaw,
        conditions: shape.condition_weights.len(),
        position_counts_when: shape.position_counts_when,
        clearances: shape.clearance_weights.len(),
        effector_dims: shape.effector_dims,
        position_tolerance_m: shape.position_tolerance_m,
        // JSON has no infinity; a half turn accepts every yaw as well.
        yaw_tolerance_rad: shape.yaw_tolerance_rad.min(std::f32::consts::PI),
    }
}

/// What a data set of this task says about itself.
pub fn dataset_spec(task: &Task, image: Option<ImageShape>, seed: u64) -> DatasetSpec {
    DatasetSpec {
        task: task.name().to_owned(),
        fps: task.spec().control.rate_hz,
        observation_names: task.observation_names().to_vec(),
        action_names: task.spec().action.iter().map(|a| a.name.clone()).collect(),
        pose_names: task.pose_names(),
        pose: pose_layout(task),
        image,
        seed,
    }
}

/// One episode; frame `t` holds the observation before action `t`, and its image where a size is given.
///
/// # Errors
/// When the world fails, or the camera sees nothing.
pub fn explore(
    task: &Arc<Task>,
    variant: &Variant,
    index: u64,
    seed: u64,
    steps: usize,
    image: Option<ImageShape>,
) -> Result<Episode> {
    let kind = BehaviourKind::of_episode(task, index);
    let mut env = Env::new(Arc::clone(task), variant.clone())?;
    env.reset(seed)?;
    let mut behaviour = Behaviour::new(kind, task.action_dim(), seed);
    let mut recorder = Recorder::new(task, image)?;
    for _ in 0..steps {
        let action = behaviour.act(&env)?;
        recorder.frame(&env, &action)?;
        env.step(&action)?;
    }
    Ok(recorder.finish(kind.name()))
}

/// Writes an episode down while it happens.
pub struct Recorder {
    episode: Episode,
    eyes: Option<(Rig, ImageShape)>,
}

impl Recorder {
    /// An episode without frames yet, with images where a size is given.
    ///
    /// # Errors
    /// When the task's camera cannot give images of this size.
    pub fn new(task: &Task, image: Option<ImageShape>) -> Result<Self, SimError> {
        let eyes = image.map(|image| Ok::<_, SimError>((task.rig(image.height)?, image)));
        Ok(Self {
            episode: Episode {
                observations: Vec::new(),
                actions: Vec::new(),
                poses: Vec::new(),
                images: Vec::new(),
                behaviour: String::new(),
            },
            eyes: eyes.transpose()?,
        })
    }

    /// The present, and the action that follows it.
    ///
    /// # Errors
    /// When the camera sees nothing.
    pub fn frame(&mut self, env: &Env, action: &[f32]) -> Result<()> {
        if let Some((rig, image)) = &mut self.eyes {
            let mut rgb = vec![0; image.bytes()];
            rig.draw(3, &mut rgb, |camera, rgb| env.render_into(camera, rgb))?;
            self.episode.images.push(image.to_png(&rgb)?);
        }
        self.episode.observations.extend(env.observation());
        self.episode.poses.extend(env.pose());
        self.episode.actions.extend_from_slice(action);
        Ok(())
    }

    /// The episode, with what the robot was doing in words.
    pub fn finish(mut self, behaviour: &str) -> Episode {
        self.episode.behaviour = behaviour.to_owned();
        self.episode
    }
}

/// The variant that is explored, these visual factors of it varied.
fn looks(task: &Task, varied: &[String]) -> Result<Variant> {
    let plain = Variant::of(task, None)?;
    let factors = task.spec().factor.iter().filter(|f| f.kind.is_visual());
    let visual: Vec<&str> = factors.map(|f| f.name.as_str()).collect();
    if let Some(name) = varied.iter().find(|name| !visual.contains(&name.as_str())) {
        bail!(
            "collect setting `varied_looks`: '{name}', expected some of {}",
            visual.join(", ")
        );
    }
    Ok(match varied {
        [] => plain,
        varied => plain.with_varied_looks(task, |name| varied.iter().any(|v| v == name)),
    })
}

/// Records exploration data into a new folder. `progress` hears of every recorded episode and may stop the collection, which
/// keeps every complete episode.
///
/// # Errors
/// Zero episodes or steps, a folder that is in use or cannot be written, or a world that failed in every episode.
pub fn collect(
    task: &Arc<Task>,
    config: &CollectConfig,
    folder: &Path,
    progress: &mut dyn FnMut(u64) -> bool,
) -> Result<Collected> {
    if config.episodes == 0 || config.steps == 0 {
        bail!(
            "episodes = {} of {} steps: expected at least 1 of each",
            config.episodes,
            config.steps
        );
    }
    let variant = looks(task, &config.varied_looks)?;
    let image = config.image_size.map(|side| ImageShape {
        width: task.views() * side,
        height: side,
    });
    let mut writer = DatasetWriter::create(folder, dataset_spec(task, image, config.seed))?;
    let (mut failed, mut interrupted, mut next) = (0, false, 0);
    while next < config.episodes && !interrupted {
        let end = (next + CHUNK).min(config.episodes);
        let chunk: Vec<_> = (next..end)
            .into_par_iter()
            .map(|i| {
                explore(
                    task,
                    &variant,
                    i,
                    episode_seed(config.seed, i),
                    config.steps,
                    image,
                )
            })
            .collect();
        for episode in chunk {
            match episode {
                Ok(episode) => writer.write_episode(&episode)?,
                Err(error) => {
                    failed += 1;
                    tracing::warn!("episode left out: {error}");
                }
            }
        }
        interrupted = !progress(end) && end < config.episodes;
        next = end;
    }
    Ok(Collected {
        summary: writer.finish()?,
        failed,
        interrupted,
    })
}
