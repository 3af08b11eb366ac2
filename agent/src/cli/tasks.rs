//! `foresight tasks`: what there is, and what its numbers mean.

use crate::{assets, files};
use anyhow::Result;
use clap::Args;
use serde::Serialize;
use sim::Task;
use std::path::PathBuf;

#[derive(Args)]
pub struct TasksArguments {
    /// Also write the list as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// A task as the JSON list has it.
#[derive(Serialize)]
struct TaskSummary {
    task: String,
    description: String,
    variants: Vec<String>,
    control_hz: u32,
    action: Vec<ActionSummary>,
    observation: Vec<String>,
    pose: Vec<String>,
    position_tolerance_m: f32,
    yaw_tolerance_deg: Option<f32>,
}

/// One axis of the action, in [-1, 1].
#[derive(Serialize)]
struct ActionSummary {
    name: String,
    mode: String,
    /// Physical value at full action: m/s for slides, rad/s for hinges.
    scale: f32,
}

fn summary(task: &Task) -> TaskSummary {
    let spec = task.spec();
    TaskSummary {
        task: spec.name.clone(),
        description: spec.description.clone(),
        variants: task.variants(),
        control_hz: spec.control.rate_hz,
        action: spec
            .action
            .iter()
            .map(|a| ActionSummary {
                name: a.name.clone(),
                mode: format!("{:?}", a.mode),
                scale: a.scale,
            })
            .collect(),
        observation: task.observation_names().to_vec(),
        pose: task.pose_names(),
        position_tolerance_m: spec.goal.position_tolerance_m,
        yaw_tolerance_deg: spec.goal.yaw_tolerance_deg,
    }
}

pub fn run(arguments: &TasksArguments) -> Result<()> {
    let assets = assets::find()?;
    let mut summaries = Vec::new();
    for name in Task::list(&assets)? {
        summaries.push(summary(&Task::load(&assets, &name)?));
    }
    for s in &summaries {
        say!(
            "{:<10} {} (variants: {})",
            s.task,
            s.description,
            s.variants.join(", ")
        );
        let actions: Vec<String> = s
            .action
            .iter()
            .map(|a| format!("{} ({}, {} at 1)", a.name, a.mode, a.scale))
            .collect();
        say!("           action       {}", actions.join(", "));
        say!("           observation  {}", s.observation.join(", "));
        say!("           pose         {}", s.pose.join(", "));
        let yaw = s
            .yaw_tolerance_deg
            .map_or(String::new(), |d| format!(" and {d} deg"));
        say!(
            "           success      within {} m{yaw}, at {} Hz",
            s.position_tolerance_m,
            s.control_hz
        );
    }
    if let Some(path) = &arguments.json {
        files::write_atomically(path, serde_json::to_string_pretty(&summaries)?.as_bytes())?;
    }
    Ok(())
}
