//! Times training steps on request, for comparisons with other software that take turns with it.
//!
//! Reads lines `steps` and answers each with the seconds of one step, drawing its batch included: the shipped recipe of `push` on
//! data of the same shape, evaluations left out, all open-loop steps from the start, on two threads.
//! `tests/peers/torch/train.py` asks.
use anyhow::{Context, Result};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::io::{BufRead, Lines, StdinLock, Write};
use std::ops::ControlFlow;
use std::time::Instant;
use world_model::config::TrainConfig;
use world_model::dataset::{Dataset, DatasetSpec, Episode};
use world_model::{PoseLayout, TrainError, train};

const OBSERVATION: usize = 11;
const ACTION: usize = 2;
const EPISODES: usize = 200;
const FRAMES: usize = 100;

fn main() -> Result<()> {
    let config = TrainConfig {
        steps: usize::MAX >> 16,
        latent_dim: 64,
        predictor_hidden: vec![384, 384],
        pose_hidden: vec![256, 256],
        curriculum_fraction: 0.0,
        evaluate_every: usize::MAX,
        ..TrainConfig::default()
    };
    let data = wandering();
    let mut lines = std::io::stdin().lock().lines();
    let mut left = Turn::next(&mut lines)?;
    let mut failure = None;
    let ended = train(
        &data,
        None,
        &config,
        None,
        &mut |_| match Turn::step(&mut left, &mut lines) {
            Ok(flow) => flow,
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        },
    );
    match (failure, ended) {
        (Some(error), _) => Err(error),
        (None, Ok(_) | Err(TrainError::Interrupted { .. })) => Ok(()),
        (None, Err(error)) => Err(error.into()),
    }
}

/// Steps that were asked for together.
struct Turn {
    steps: u32,
    left: u32,
    started: Instant,
}

impl Turn {
    /// The next one that is asked for; none at the end of the input.
    fn next(lines: &mut Lines<StdinLock<'_>>) -> Result<Option<Self>> {
        let Some(line) = lines.next().transpose()? else {
            return Ok(None);
        };
        let steps = line.parse().ok().filter(|&steps| steps > 0);
        let steps = steps.with_context(|| format!("{line:?}: expected a number of steps"))?;
        Ok(Some(Self {
            steps,
            left: steps,
            started: Instant::now(),
        }))
    }

    /// Counts a step; at the last one of the turn answers, and waits for the next turn.
    fn step(turn: &mut Option<Self>, lines: &mut Lines<StdinLock<'_>>) -> Result<ControlFlow<()>> {
        let Some(now) = turn else {
            return Ok(ControlFlow::Break(()));
        };
        now.left -= 1;
        if now.left == 0 {
            println!(
                "{}",
                now.started.elapsed().as_secs_f64() / f64::from(now.steps)
            );
            std::io::stdout().flush()?;
            *turn = Self::next(lines)?;
        }
        Ok(match turn {
            Some(_) => ControlFlow::Continue(()),
            None => ControlFlow::Break(()),
        })
    }
}

/// Data shaped like those of `push`: random walks, moved by the actions.
fn wandering() -> Dataset {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let names = |what: &str, count: usize| (0..count).map(|i| format!("{what}{i}")).collect();
    let pose = PoseLayout {
        position_dims: 2,
        has_yaw: true,
        conditions: 0,
        clearances: 0,
        position_counts_when: None,
        effector_dims: 2,
        position_tolerance_m: 0.02,
        yaw_tolerance_rad: 0.35,
    };
    let pose_dim = pose.dim();
    let episodes = (0..EPISODES).map(|_| {
        let mut state = [0.0_f32; OBSERVATION].map(|_| rng.random_range(-0.2..0.2));
        let mut episode = Episode {
            observations: Vec::new(),
            actions: Vec::new(),
            poses: Vec::new(),
            images: Vec::new(),
            behaviour: "wandering".to_owned(),
        };
        for _ in 0..FRAMES {
            let action = [0.0_f32; ACTION].map(|_| rng.random_range(-1.0..1.0));
            episode.observations.extend(state);
            let yaw = state[4];
            let own = [state[0], state[1], yaw.cos(), yaw.sin(), state[2], state[3]];
            episode.poses.extend(&own[..pose_dim]);
            episode.actions.extend(action);
            for (i, value) in state.iter_mut().enumerate() {
                *value += 0.01 * (action[i % ACTION] + rng.random_range(-0.5..0.5));
            }
        }
        episode
    });
    Dataset {
        episodes: episodes.collect(),
        spec: DatasetSpec {
            task: "wandering".to_owned(),
            fps: 20,
            observation_names: names("o", OBSERVATION),
            action_names: names("a", ACTION),
            pose_names: names("p", pose_dim),
            pose,
            image: None,
            seed: 0,
        },
        hash: "wandering".to_owned(),
    }
}
