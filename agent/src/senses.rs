//! What a model observes of a world: its state, or what its sight makes of a camera's images.

use anyhow::{Context, Result, bail};
use sim::{Env, Goal, Rig, Task};
use world_model::WorldModel;
use world_model::dataset::Episode;
use world_model::sight::{Sight, View};

/// The senses of a model in a task. One thread uses them at a time; a clone has buffers of its own.
#[derive(Clone)]
pub struct Senses {
    eyes: Option<Eyes>,
}

#[derive(Clone)]
struct Eyes {
    rig: Rig,
    sight: Sight,
    now: Vec<u8>,
    before: Vec<u8>,
    memory: Option<Memory>,
}

/// What was last seen of an episode.
#[derive(Clone)]
struct Memory {
    /// Control steps of the episode until then.
    steps: u64,
    view: View,
}

impl Senses {
    /// What `model` needs in order to observe `task`.
    ///
    /// # Errors
    /// When the task's camera cannot give images of the model's size.
    pub fn new(model: &WorldModel, task: &Task) -> Result<Self> {
        let Some(sight) = model.sight() else {
            return Ok(Self { eyes: None });
        };
        let image = sight.spec().image();
        let rig = task.rig(image.height)?;
        if (rig.width(), rig.height()) != (image.width, image.height) {
            bail!(
                "the model sees images of {image}, and the cameras of task '{}' give {}x{}",
                task.name(),
                rig.width(),
                rig.height()
            );
        }
        Ok(Self {
            eyes: Some(Eyes {
                rig,
                sight: sight.clone(),
                now: vec![0; image.bytes()],
                before: vec![0; image.bytes()],
                memory: None,
            }),
        })
    }

    /// The observation of the present, as the model's encoder reads it. What is hidden is where it was last seen in this
    /// episode; a world whose clock was turned back is another episode.
    ///
    /// # Errors
    /// When the camera sees nothing.
    pub fn observe(&mut self, env: &Env) -> Result<Vec<f32>> {
        let Some(eyes) = &mut self.eyes else {
            return Ok(env.observation());
        };
        let rig = &mut eyes.rig;
        rig.draw(3, &mut eyes.now, |camera, rgb| env.render_into(camera, rgb))?;
        rig.draw(3, &mut eyes.before, |camera, rgb| {
            env.render_previous_into(camera, rgb)
        })?;
        let steps = env.steps();
        let memory = eyes.memory.take();
        let memory = memory.filter(|memory| steps > 0 && memory.steps <= steps);
        let (observation, view) = eyes.look(memory.as_ref().map(|memory| &memory.view))?;
        eyes.memory = Some(Memory { steps, view });
        Ok(observation)
    }

    /// The observation in which a goal holds, in the light of `env`.
    ///
    /// # Errors
    /// When the goal is a pose only and the model needs a picture, or the camera sees nothing.
    pub fn observe_goal(&mut self, env: &Env, goal: &Goal) -> Result<Vec<f32>> {
        let Some(eyes) = &mut self.eyes else {
            return Ok(goal.observation.clone());
        };
        let [now, before] = &goal.placements;
        if now.is_empty() {
            bail!("the goal is a pose without a picture, expected where all bodies are");
        }
        for (placements, image) in [(now, &mut eyes.now), (before, &mut eyes.before)] {
            eyes.rig
                .draw(3, image, |camera, rgb| {
                    env.render_placed_into(camera, placements, rgb)
                })
                .context("the goal's picture")?;
        }
        Ok(eyes.look(None)?.0)
    }
}

/// The observations of an episode as a model's encoder reads them, `[frames, observation]`.
///
/// # Errors
/// Images that the model cannot look at.
pub fn observations_of(model: &WorldModel, episode: &Episode) -> Result<Vec<f32>> {
    match model.sight() {
        Some(sight) => Ok(sight.observations(0, episode)?),
        None => Ok(episode.observations.clone()),
    }
}

impl Eyes {
    /// The observation of both pictures, and the view of the present.
    fn look(&self, memory: Option<&View>) -> Result<(Vec<f32>, View)> {
        let mut observation = Vec::with_capacity(self.sight.spec().features());
        let view = self
            .sight
            .observe(&self.now, &self.before, memory, &mut observation)?;
        Ok((observation, view))
    }
}
