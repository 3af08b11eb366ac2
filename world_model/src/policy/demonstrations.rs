//! What a policy learns from: courses of latents and actions, and labels that somebody gave to single latents.

use std::collections::BTreeMap;
use std::ops::Range;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{PolicyConfig, Relabelling};
use crate::random::{Purpose, stream};
use crate::train::TrainError;

/// Courses and labels, in the latent of one world model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Demonstrations {
    /// Values of a latent.
    latent: usize,
    /// Values of an action.
    action: usize,
    /// Control steps of an action block.
    block: usize,
    /// `[frames, latent]`
    latents: Vec<f32>,
    /// `[frames, action]`, the action after each frame.
    actions: Vec<f32>,
    /// Frames of each course that a whole block follows.
    courses: Vec<Range<usize>>,
    /// The end of each course.
    ends: Vec<usize>,
    labels: Vec<Label>,
    /// The run that each label is of.
    runs: Vec<usize>,
    /// Which label each example is: those that count more stand here more often.
    examples: Vec<usize>,
}

/// What somebody would do in a latent on the way to a goal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// `[latent]`
    pub latent: Vec<f32>,
    /// `[latent]`
    pub goal: Vec<f32>,
    /// Control steps until the goal is reached, as the policy is told them.
    pub steps_left: f32,
    /// Control steps until it was reached.
    pub steps_taken: f32,
    /// `[block * action]`
    pub block: Vec<f32>,
}

impl Demonstrations {
    /// None yet.
    pub fn new(latent: usize, action: usize, block: usize) -> Self {
        Self {
            latent,
            action,
            block,
            ..Self::default()
        }
    }

    /// Adds the course of an episode: latents `[frames, latent]`, and the actions after them, `[frames, action]`. Frames beyond
    /// the last action are goals only.
    ///
    /// # Errors
    /// [`TrainError::Demonstration`] for lengths that do not fit.
    pub fn push_course(&mut self, latents: &[f32], actions: &[f32]) -> Result<(), TrainError> {
        let frames = latents.len() / self.latent.max(1);
        let fits = frames * self.latent == latents.len()
            && actions.len() <= frames * self.action
            && actions.len().is_multiple_of(self.action);
        if !fits || latents.iter().chain(actions).any(|v| !v.is_finite()) {
            return Err(TrainError::Demonstration {
                what: format!(
                    "a course of {} latent and {} action values, expected whole finite latents of {} and actions of {}",
                    latents.len(),
                    actions.len(),
                    self.latent,
                    self.action
                ),
            });
        }
        if frames == 0 {
            return Ok(());
        }
        let start = self.latents.len() / self.latent;
        self.latents.extend_from_slice(latents);
        self.actions.extend_from_slice(actions);
        self.actions
            .resize(self.latents.len() / self.latent * self.action, 0.0);
        // The last blocks are not whole.
        let blocks = (actions.len() / self.action + 1).saturating_sub(self.block);
        self.courses
            .push(start..start + blocks.min(frames.saturating_sub(1)));
        self.ends.push(start + frames);
        Ok(())
    }

    /// Adds the labels of one run: all that was taught on the way to one goal, in all attempts, each of which counts as much as so
    /// many. A member of an ensemble learns from all of them or from none, for they say nearly the same.
    ///
    /// # Errors
    /// [`TrainError::Demonstration`] for lengths that do not fit or values that are not finite; then none is added.
    pub fn push_run(&mut self, labels: Vec<Label>, times: usize) -> Result<(), TrainError> {
        let wanted = [self.latent, self.latent, self.block * self.action];
        for label in &labels {
            let found = [label.latent.len(), label.goal.len(), label.block.len()];
            let mut values = label.latent.iter().chain(&label.goal).chain(&label.block);
            if found != wanted || !values.all(|v| v.is_finite()) {
                return Err(TrainError::Demonstration {
                    what: format!("a label of {found:?} values, expected finite ones, {wanted:?}"),
                });
            }
        }
        let run = self.runs.last().map_or(0, |run| run + 1);
        for label in labels {
            self.examples
                .extend(std::iter::repeat_n(self.labels.len(), times));
            self.labels.push(label);
            self.runs.push(run);
        }
        Ok(())
    }

    /// Labels so far.
    pub fn labels(&self) -> usize {
        self.labels.len()
    }

    /// The examples whose labels reached their goal soonest: this share of those that were told about as many steps left, `BINS`
    /// to a factor of e, and all that took as long as the last of them.
    pub(super) fn quickest(&self, share: f32) -> Vec<usize> {
        let mut bins: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
        for &index in &self.examples {
            let bin = (BINS * self.labels[index].steps_left.max(1.0).ln()).round() as i32;
            bins.entry(bin).or_default().push(index);
        }
        let taken = |index: &usize| self.labels[*index].steps_taken;
        bins.into_values()
            .flat_map(|mut bin| {
                bin.sort_by(|a, b| taken(a).total_cmp(&taken(b)));
                let last = (bin.len() as f32 * share).ceil() as usize - 1;
                let limit = taken(&bin[last.min(bin.len() - 1)]);
                bin.retain(|index| taken(index) <= limit);
                bin
            })
            .collect()
    }

    /// Whether there is nothing to learn from.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.courses.iter().all(Range::is_empty)
    }

    /// Values of a latent.
    pub fn latent_dim(&self) -> usize {
        self.latent
    }

    /// Values of an action block.
    pub fn block_width(&self) -> usize {
        self.block * self.action
    }
}

/// Bins to a factor of e of steps left, in which labels are compared.
const BINS: f32 = 4.0;

/// What a member of an ensemble learns from as a whole or not at all; labels and courses each for themselves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Origin {
    /// Labels of one run.
    Run(usize),
    /// A course.
    Course(usize),
}

impl Origin {
    /// Whether a member learns from it: drawn once, so that each learns from `member_share` of all. One member at least learns from
    /// each, and all from the first, so that none stays as it was drawn.
    pub fn teaches(self, member: usize, config: &PolicyConfig) -> bool {
        let (kind, index) = match self {
            Self::Run(index) => (0, index),
            Self::Course(index) => (1, index),
        };
        if index == 0 || index % config.members == member {
            return true;
        }
        let others = (config.members - 1) as f32;
        let share = (config.member_share * config.members as f32 - 1.0) / others;
        let number = 2 * index as u64 + kind;
        let rng = &mut stream(config.seed, Purpose::Members, number, member as u64);
        rng.random::<f32>() < share
    }
}

/// An example that was drawn.
pub(super) struct Example<'a> {
    /// The run or course that it is of.
    pub of: Origin,
    pub latent: &'a [f32],
    pub goal: &'a [f32],
    pub steps_left: f32,
    pub block: &'a [f32],
}

impl Demonstrations {
    /// Draws an example: one of these labels, or a frame of a course with what was reached later for a goal.
    pub(super) fn draw(
        &self,
        labels: &[usize],
        config: &PolicyConfig,
        rng: &mut ChaCha8Rng,
    ) -> Option<Example<'_>> {
        let hindsight = labels.is_empty()
            || !self.courses.is_empty() && rng.random::<f32>() < config.hindsight_share;
        if !hindsight {
            let index = labels[rng.random_range(0..labels.len())];
            let label = &self.labels[index];
            return Some(Example {
                of: Origin::Run(self.runs[index]),
                latent: &label.latent,
                goal: &label.goal,
                steps_left: label.steps_left,
                block: &label.block,
            });
        }
        // Courses are about equally long, so one is drawn and then a frame of it.
        let (index, course, end) = (0..16).find_map(|_| {
            let index = rng.random_range(0..self.courses.len());
            let course = &self.courses[index];
            (!course.is_empty()).then(|| (index, course.clone(), self.ends[index]))
        })?;
        let frame = rng.random_range(course);
        let last = end - 1 - frame;
        let offset = match config.relabelling {
            Relabelling::Last => last,
            Relabelling::Later => {
                let furthest = last.min(config.max_steps);
                // Log-uniform, as near goals need more care than far ones.
                let offset = ((furthest as f32).ln() * rng.random::<f32>()).exp().round() as usize;
                offset.clamp(1, furthest)
            }
        };
        let latent = |frame: usize| &self.latents[frame * self.latent..(frame + 1) * self.latent];
        Some(Example {
            of: Origin::Course(index),
            latent: latent(frame),
            goal: latent(frame + offset),
            steps_left: offset as f32,
            block: &self.actions[frame * self.action..(frame + self.block) * self.action],
        })
    }
}
