//! Curves over time, past and imagined.

use super::super::session::Session;
use super::super::surprise::FAR_BLOCKS;
use super::super::thinker::Thought;
use sim::PoseShape;
use viewer::stream::{Line, Plot};

/// Errors of a pose in tolerances: position, yaw; and the distance of the effector from the object, decimetres.
fn terms(shape: &PoseShape, pose: &[f32], goal: &[f32]) -> [f64; 3] {
    let position = shape.position_error_m(pose, goal) / shape.position_tolerance_m;
    let yaw = match shape.has_yaw {
        true => shape.yaw_error_rad(pose, goal) / shape.yaw_tolerance_rad,
        false => 0.0,
    };
    let effector = &pose[shape.dim() - shape.effector_dims..];
    let squared: f32 = effector
        .iter()
        .zip(pose)
        .map(|(e, o)| (e - o).powi(2))
        .sum();
    let apart = if shape.effector_dims > 0 {
        squared.sqrt() * 10.0
    } else {
        0.0
    };
    [f64::from(position), f64::from(yaw), f64::from(apart)]
}

pub fn plots(session: &Session, thought: Option<&Thought>) -> Vec<Plot> {
    let ground = &session.ground;
    let task = ground.env.task();
    let shape = task.pose_shape();
    let goal = &ground.goal.pose;
    let rate = f64::from(task.rate_hz());
    let time = |tick: usize| tick as f64 / rate;
    let now = time(ground.tick);
    let line = |name: &str| Line {
        name: name.to_owned(),
        past: Vec::new(),
        future: Vec::new(),
    };

    let mut cost = vec![line("position / tolerance")];
    if shape.has_yaw {
        cost.push(line("yaw / tolerance"));
    }
    if shape.effector_dims > 0 {
        cost.push(line("effector to object, dm"));
    }
    let used = |terms: [f64; 3]| {
        let [position, yaw, apart] = terms;
        let yaw = shape.has_yaw.then_some(yaw);
        let apart = (shape.effector_dims > 0).then_some(apart);
        [Some(position), yaw, apart].into_iter().flatten()
    };
    for trace in &ground.trail {
        for (line, value) in cost.iter_mut().zip(used(terms(shape, &trace.pose, goal))) {
            line.past.push([time(trace.tick), value]);
        }
    }
    let decoded = thought.is_some_and(|t| !t.stage_costs.is_empty());
    let mut stages = line("cost of a block");
    stages.past = session.mind.costs().map(|(t, c)| [time(t), c]).collect();
    let mut actions: Vec<Line> = task.spec().action.iter().map(|a| line(&a.name)).collect();
    for trace in &ground.trail {
        for (line, &a) in actions.iter_mut().zip(&trace.action) {
            line.past.push([time(trace.tick), f64::from(a)]);
        }
    }
    if let Some(thought) = thought {
        let blocks = thought.poses.chunks_exact(shape.dim());
        for (index, pose) in blocks.enumerate() {
            let then = time(thought.plan.observed + (index + 1) * thought.block);
            for (line, value) in cost.iter_mut().zip(used(terms(shape, pose, goal))) {
                line.future.push([then, value]);
            }
        }
        for (index, &cost) in thought.stage_costs.iter().enumerate() {
            let then = time(thought.plan.observed + index * thought.block);
            stages.future.push([then, f64::from(cost)]);
        }
        let steps = thought
            .plan
            .decision
            .actions
            .chunks_exact(task.action_dim());
        for (index, action) in steps.enumerate() {
            let then = time(thought.plan.observed + index + 1);
            for (line, &a) in actions.iter_mut().zip(action) {
                line.future.push([then, f64::from(a)]);
            }
        }
    }
    let mut plots = vec![
        Plot {
            title: "distance to the goal, past and imagined".to_owned(),
            lines: cost,
            now,
            limit: Some(1.0),
        },
        Plot {
            title: match decoded {
                true => "cost of a block, past and imagined",
                false => "cost of the whole plan",
            }
            .to_owned(),
            lines: vec![stages],
            now,
            limit: None,
        },
        Plot {
            title: "actions, past and planned".to_owned(),
            lines: actions,
            now,
            limit: None,
        },
    ];
    if let Some(band) = &session.mind.band {
        let mut near = line("one block");
        let mut far = line(&format!("{FAR_BLOCKS} blocks"));
        for trace in &ground.trail {
            if let Some(errors) = &trace.errors {
                let at = time(trace.tick);
                near.past.push([at, f64::from(errors.near / band.near)]);
                if let Some(error) = errors.far {
                    far.past.push([at, f64::from(error / band.far)]);
                }
            }
        }
        plots.push(Plot {
            title: "prediction error / its 99 % band".to_owned(),
            lines: vec![near, far],
            now,
            limit: Some(1.0),
        });
    }
    plots
}
