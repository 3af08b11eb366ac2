//! Where what stands still is in the pictures of a camera in its own place.

use crate::sight_config::SightConfig;
use anyhow::{Context, Result};
use sim::variation::Variant;
use sim::{Env, Task};
use std::sync::Arc;

/// Starts of the task that are looked at: in one of them an anchor may be hidden.
const STARTS: u64 = 9;
/// Points across a pixel, and down, at which is looked.
const POINTS: usize = 4;

/// Coordinates, `[views]`, of each of the `anchors`, which are told as [`SightConfig::landmark_of_parts`] numbers them: x right
/// and y down, a view from -1 to 1.
///
/// # Errors
/// An anchor that a camera does not see, with its name and the view.
pub fn places(
    config: &SightConfig,
    task: &Arc<Task>,
    anchors: &[(u8, &str)],
) -> Result<Vec<Vec<[f32; 2]>>> {
    if anchors.is_empty() {
        return Ok(Vec::new());
    }
    let landmarks = config.landmark_of_parts(task)?;
    let side = POINTS * config.size;
    let (mut rig, views) = (task.rig(side)?, task.views());
    let mut parts = vec![0; views * side * side];
    let mut found: Vec<Vec<Vec<[f32; 2]>>> = vec![vec![Vec::new(); views]; anchors.len()];
    let mut env = Env::new(Arc::clone(task), Variant::of(task, None)?)?;
    for start in 0..STARTS {
        env.reset(start)?;
        rig.draw(1, &mut parts, |camera, parts| {
            env.segment_parts_into(camera, parts)
        })?;
        for ((number, _), found) in anchors.iter().zip(&mut found) {
            let is = |part: u8| part > 0 && landmarks[usize::from(part) - 1] == *number;
            for (view, found) in found.iter_mut().enumerate() {
                found.extend(middle(&parts, views, view, side, is));
            }
        }
    }
    let coordinates = |places: &[[f32; 2]]| {
        let axis = |axis: usize| {
            let mut values: Vec<f32> = places.iter().map(|place| place[axis]).collect();
            values.sort_by(f32::total_cmp);
            values.get(values.len() / 2).copied()
        };
        Some([axis(0)?, axis(1)?])
    };
    let of_anchor = |(found, (_, name)): (&Vec<Vec<[f32; 2]>>, &(u8, &str))| {
        let of_view = |(view, places): (usize, &Vec<[f32; 2]>)| {
            coordinates(places).with_context(|| {
                format!("anchor '{name}' is not seen by camera {view}: expected one that all see")
            })
        };
        found.iter().enumerate().map(of_view).collect()
    };
    found.iter().zip(anchors).map(of_anchor).collect()
}

/// Mean coordinates of the points of a view that show a part for which `is` holds; none where none does.
fn middle(
    parts: &[u8],
    views: usize,
    view: usize,
    side: usize,
    is: impl Fn(u8) -> bool,
) -> Option<[f32; 2]> {
    let (mut points, mut sum) = (0u32, [0.0f32; 2]);
    for (y, line) in parts.chunks_exact(views * side).enumerate() {
        let line = &line[view * side..(view + 1) * side];
        for (x, _) in line.iter().enumerate().filter(|(_, part)| is(**part)) {
            points += 1;
            sum[0] += x as f32 + 0.5;
            sum[1] += y as f32 + 0.5;
        }
    }
    (points > 0).then(|| sum.map(|sum| 2.0 * sum / (points as f32 * side as f32) - 1.0))
}
