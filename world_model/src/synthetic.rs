//! A data set for the tests: a pusher shoves a disc about a table; contact off the line of motion
//! turns it.

use std::ops::ControlFlow;

use rand::RngExt;

use crate::config::TrainConfig;
use crate::dataset::{Dataset, DatasetSpec, Episode};
use crate::model::WorldModel;
use crate::pose::PoseLayout;
use crate::random::{Purpose, stream};
use crate::sight::ImageShape;
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
                clearances: 0,
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

/// Size of the images of [`pictured`].
pub(crate) const PICTURE: ImageShape = ImageShape {
    width: 32,
    height: 32,
};
/// Colours of disc and pusher.
pub(crate) const DISC: [f32; 3] = [0.2, 0.4, 0.9];
pub(crate) const PUSHER: [f32; 3] = [0.9, 0.3, 0.2];

/// The same data set with an image of each frame, in which disc and pusher are squares.
pub(crate) fn pictured(mut dataset: Dataset) -> Dataset {
    dataset.spec.image = Some(PICTURE);
    for episode in &mut dataset.episodes {
        let states = episode.observations.chunks_exact(6);
        let images = states.map(|s| {
            let squares = [(DISC, s[0], s[1], 3), (PUSHER, s[4], s[5], 2)];
            PICTURE.to_png(&picture(&squares)).unwrap_or_default()
        });
        episode.images = images.collect();
    }
    dataset
}

/// Squares `(colour, x, y, half a side)` on grey, 0.8 metres wide.
fn picture(squares: &[([f32; 3], f32, f32, i32)]) -> Vec<u8> {
    let mut image = vec![140; PICTURE.bytes()];
    let pixel = |metres: f32| ((metres + 0.4) / 0.8 * 32.0) as i32;
    for &(colour, x, y, half) in squares {
        for row in (pixel(y) - half).max(0)..(pixel(y) + half).min(32) {
            for column in (pixel(x) - half).max(0)..(pixel(x) + half).min(32) {
                let start = 3 * (row * 32 + column) as usize;
                image[start..start + 3].copy_from_slice(&colour.map(|c| (255.0 * c) as u8));
            }
        }
    }
    image
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
