//! A model never runs on a task that it was not trained for.

use anyhow::{Result, bail};
use sim::Task;
use world_model::WorldModel;

/// Checks that a model is of a task, which is enough for those who take only its sight.
///
/// # Errors
/// Names the task that it is of.
pub fn check_task(model: &WorldModel, task: &Task) -> Result<()> {
    let found = &model.card().task;
    if found != task.name() {
        bail!(
            "the model was trained for task '{found}', expected '{}'",
            task.name()
        );
    }
    Ok(())
}

/// Checks that a model's inputs and outputs mean what the task's do.
///
/// # Errors
/// Names the first thing that differs.
pub fn check_model(model: &WorldModel, task: &Task) -> Result<()> {
    check_task(model, task)?;
    let card = model.card();
    let actions: Vec<String> = task.spec().action.iter().map(|a| a.name.clone()).collect();
    let pairs = [
        (
            "states",
            &card.observation_names,
            task.observation_names().to_vec(),
        ),
        ("actions", &card.action_names, actions),
        ("poses", &card.pose_names, task.pose_names()),
    ];
    for (what, found, expected) in pairs {
        if *found != expected {
            bail!(
                "the model's {what} are {found:?}, expected {expected:?} for task '{}'",
                task.name()
            );
        }
    }
    if card.fps != task.spec().control.rate_hz {
        bail!(
            "the model steps at {} Hz, expected {} Hz",
            card.fps,
            task.spec().control.rate_hz
        );
    }
    Ok(())
}
