//! A data set for the tests: a pusher shoves a disc about a table; contact off the line of motion
//! turns it.

use std::ops::ControlFlow;

use rand::RngExt;

use crate::config::TrainConfig;
use crate::dataset::{Dataset, DatasetSpec, Episode};
use crate::model::WorldModel;
use crate::pose::PoseLayout;
use crate::random::{Purpose, stream};
use crate::train::train;

const REACH_M: f32 = 0.06;
const STEP_M: f32 = 0.008;

/// A small model of it, trained for a moment.
pub(crate) fn model() -> WorldModel {
    let config = TrainConfig {
        steps: 4,
        batch: 8,
        latent_dim: 6,
        encoder_hidden: vec![8],
        predictor_hidden: vec![8],
        pose_hidden: vec![8],
        reach_hidden: vec![8],
        warmup_steps: 10,
        ..TrainConfig::default()
    };
    let data = pushed_disc(6, 60, 0);
    let model = train(&data, None, &config, None, &mut |_| {
        ControlFlow::Continue(())
    });
    model.expect("the settings are valid and the data hold windows")
}

/// `episodes` of `frames` frames.
pub(crate) fn pushed_disc(episodes: usize, frames: usize, seed: u64) -> Dataset {
    let names = |names: &[&str]| names.iter().map(|n| n.to_string()).collect::<Vec<_>>();
    let columns = names(&["x", "y", "cos", "sin", "pusher_x", "pusher_y"]);
    Dataset {
        spec: DatasetSpec {
            task: "disc".to_owned(),
            fps: 20,
            observation_names: columns.clone(),
            action_names: names(&["vx", "vy"]),
            pose_names: columns,
            pose: PoseLayout {
                position_dims: 2,
                has_yaw: true,
                conditions: 0,
                position_counts_when: None,
                effector_dims: 2,
                position_tolerance_m: 0.02,
                yaw_tolerance_rad: 0.35,
            },
            image: None,
            seed,
        },
        episodes: (0..episodes as u64)
            .map(|index| episode(frames, seed, index))
            .collect(),
        hash: format!("disc-{episodes}-{frames}-{seed}"),
    }
}

fn episode(frames: usize, seed: u64, index: u64) -> Episode {
    let rng = &mut stream(seed, Purpose::Batch, index, 99);
    let mut disc = [0.0f32; 2].map(|_| rng.random_range(-0.15..0.15));
    let mut pusher = [0, 1].map(|axis| disc[axis] + rng.random_range(-0.1..0.1f32));
    let mut yaw: f32 = rng.random_range(-3.0..3.0);
    let mut episode = Episode {
        observations: Vec::new(),
        actions: Vec::new(),
        poses: Vec::new(),
        images: Vec::new(),
        behaviour: "pushing about".to_owned(),
    };
    let mut velocity = [0.0f32; 2];
    for frame in 0..frames {
        let row = [disc[0], disc[1], yaw.cos(), yaw.sin(), pusher[0], pusher[1]];
        episode.observations.extend(row);
        episode.poses.extend(row);
        if frame % 6 == 0 {
            // Towards the disc as often as anywhere, so that there is contact.
            let random: [f32; 2] = [0, 1].map(|_| rng.random_range(-1.0..1.0));
            let seek = rng.random::<f32>() < 0.5;
            velocity = [0, 1].map(|axis: usize| {
                let towards = (disc[axis] - pusher[axis]) * 12.0;
                let wanted = if seek {
                    towards + 0.5 * random[axis]
                } else {
                    random[axis]
                };
                wanted.clamp(-1.0, 1.0)
            });
        }
        episode.actions.extend(velocity);
        for axis in 0..2 {
            pusher[axis] = (pusher[axis] + STEP_M * velocity[axis]).clamp(-0.3, 0.3);
        }
        let away = [disc[0] - pusher[0], disc[1] - pusher[1]];
        let distance = (away[0] * away[0] + away[1] * away[1]).sqrt().max(1e-6);
        if distance < REACH_M {
            let push = (REACH_M - distance) / distance;
            disc = [disc[0] + push * away[0], disc[1] + push * away[1]];
            yaw += 20.0 * STEP_M * (away[0] * velocity[1] - away[1] * velocity[0]) / distance;
        }
    }
    episode
}
