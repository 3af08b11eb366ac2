//! The eyes of models: those of a trained one, and those of one that is to be trained, whose localiser learns first, from pictures of
//! which it is known what is where in them.

use crate::model_check::check_task;
use crate::sight_config::{SightConfig, SightKind};
use anyhow::{Context, Result};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use sim::variation::Variant;
use sim::{Behaviour, BehaviourKind, Env, Task};
use std::path::Path;
use std::sync::Arc;
use world_model::sight::{LABEL_POINTS, LocaliserSample, Sight, train_localiser};
use world_model::{FitProgress, WorldModel};

/// Share of the visual factors that are varied in a world. Not all at once: little would be left to see.
const VARIED_SHARE: f32 = 0.4;
/// Pictures taken of one world, and the control steps between them.
const PICTURES_OF_A_WORLD: usize = 6;
const STEPS_BETWEEN: usize = 10;

/// The sight that `config` describes. `taken` hears how many more pictures there are for its localiser, and may stop them by returning
/// false; `progress` hears of its training steps and loss.
///
/// # Errors
/// A landmark that the task does not have, pictures that cannot be taken or learned from, an interruption.
pub fn open(
    config: &SightConfig,
    task: &Arc<Task>,
    seed: u64,
    taken: &(dyn Fn(usize) -> bool + Sync),
    progress: &mut FitProgress,
) -> Result<Sight> {
    let spec = config.spec(task)?;
    spec.check()?;
    let localiser = match config.kind {
        SightKind::Localised => {
            let samples = pictures(config, task, seed, taken)?;
            let mut settings = config.localiser.clone();
            settings.seed = seed;
            let localiser = train_localiser(&samples, &spec, &settings, progress);
            Some(localiser.context("the localiser")?)
        }
        _ => None,
    };
    Ok(Sight::try_new(spec, localiser)?)
}

/// The eyes of a trained model of a task.
///
/// # Errors
/// A file that does not read, a model of another task or one of states.
pub fn of_model(path: &Path, task: &Task) -> Result<Sight> {
    let model = WorldModel::load(path)?;
    check_task(&model, task).with_context(|| path.display().to_string())?;
    let sight = model.sight().with_context(|| {
        format!(
            "{}: a model of states, expected one of images",
            path.display()
        )
    })?;
    Ok(sight.clone())
}

/// Pictures of worlds whose looks vary, with what is where in each pixel.
fn pictures(
    config: &SightConfig,
    task: &Arc<Task>,
    seed: u64,
    taken: &(dyn Fn(usize) -> bool + Sync),
) -> Result<Vec<LocaliserSample>> {
    let plain = Variant::of(task, None)?;
    let worlds = config.localiser.pictures.div_ceil(PICTURES_OF_A_WORLD) as u64;
    let varied = |rng: &mut ChaCha8Rng| {
        plain.with_varied_looks(task, |_| rng.random::<f32>() < VARIED_SHARE)
    };
    let samples = pictures_of(config, task, worlds, seed, &varied, taken)?;
    let mut samples =
        samples.context("interrupted while taking pictures for the localiser; nothing was kept")?;
    samples.truncate(config.localiser.pictures);
    Ok(samples)
}

/// Pictures of so many worlds, each of a variant that is drawn for it, with what is where in each pixel. `taken` hears of every world
/// how many pictures there are of it; none are returned where it says no.
///
/// # Errors
/// A landmark that the task does not have, or a world that cannot be drawn.
pub fn pictures_of(
    config: &SightConfig,
    task: &Arc<Task>,
    worlds: u64,
    seed: u64,
    variant: &(dyn Fn(&mut ChaCha8Rng) -> Variant + Sync),
    taken: &(dyn Fn(usize) -> bool + Sync),
) -> Result<Option<Vec<LocaliserSample>>> {
    let landmarks = config.landmark_of_parts(task)?;
    let all = (0..worlds)
        .into_par_iter()
        .map(|world| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            // Far from the streams of episodes.
            rng.set_stream((1 << 62) | world);
            let variant = variant(&mut rng);
            let samples = of_one_world(config, task, &variant, &landmarks, rng.random())?;
            Ok(taken(samples.len()).then_some(samples))
        })
        .collect::<Result<Option<Vec<_>>>>()?;
    Ok(all.map(|all| all.into_iter().flatten().collect()))
}

fn of_one_world(
    config: &SightConfig,
    task: &Arc<Task>,
    variant: &Variant,
    landmarks: &[u8],
    seed: u64,
) -> Result<Vec<LocaliserSample>> {
    let mut env = Env::new(Arc::clone(task), variant.clone())?;
    env.reset(seed)?;
    let mut rig = task.rig(config.size)?;
    let mut fine_rig = task.rig(LABEL_POINTS * config.size)?;
    let shape = config.image(task);
    let mut behaviour = Behaviour::new(BehaviourKind::Seeking, task.action_dim(), seed);
    let mut samples = Vec::with_capacity(PICTURES_OF_A_WORLD);
    let mut parts = vec![0; LABEL_POINTS * LABEL_POINTS * shape.width * shape.height];
    while samples.len() < PICTURES_OF_A_WORLD {
        let mut image = vec![0; shape.bytes()];
        rig.draw(3, &mut image, |camera, rgb| env.render_into(camera, rgb))?;
        fine_rig.draw(1, &mut parts, |camera, parts| {
            env.segment_parts_into(camera, parts)
        })?;
        let landmark = |&part: &u8| match part {
            0 => 0,
            part => landmarks[usize::from(part) - 1],
        };
        samples.push(LocaliserSample {
            image,
            landmarks: parts.iter().map(landmark).collect(),
        });
        for _ in 0..STEPS_BETWEEN {
            let action = behaviour.act(&env)?;
            if env.step(&action).is_err() {
                return Ok(samples); // the world failed; what was seen before is good
            }
        }
    }
    Ok(samples)
}
