//! The modes side by side: from one snapshot, each on a fork, and the world on show does not notice.

use crate::support::{assets, env, task};
use agent::controller::{ControllerKind, PlanningConfig};
use agent::objective::CostKind;
use agent::side_by_side::SideBySide;
use std::sync::Arc;
use world_model::WorldModel;

fn after_thirty_steps(world: &sim::Env) -> sim::Env {
    let mut future = world.fork();
    for step in 0..30 {
        let action = crate::support::action(world.task(), 1, step);
        future.step(&action).unwrap();
    }
    future
}

#[test]
fn modes_start_from_one_snapshot_and_leave_the_world_alone() {
    let task = task("two-room");
    let world = env(&task, 4);
    let future = after_thirty_steps(&world);
    let goal = future.as_goal();
    let model = WorldModel::load(&assets().join("models/two-room.safetensors")).unwrap();
    let kinds = [
        (
            "System 2",
            ControllerKind::Latent {
                model: Arc::new(model),
                cost: CostKind::Pose,
                policy: None,
            },
        ),
        ("chance", ControllerKind::Random),
    ];
    let before = world.snapshot().unwrap();
    let run = || {
        let config = PlanningConfig::default();
        let mut modes = SideBySide::start(&world, &goal, &kinds, &config, 7, 100).unwrap();
        let first = modes.standings();
        assert!(first.iter().all(|s| s.poses == [world.pose()]));
        while modes.step().unwrap() {}
        modes.standings()
    };
    let standings = run();
    assert_eq!(world.snapshot().unwrap(), before);
    assert_eq!(standings, run(), "the same snapshot, the same ways");
    assert_eq!(
        [standings[0].name, standings[1].name],
        ["System 2", "chance"]
    );
    assert!(standings[0].reached, "{:?}", standings[0].poses.last());
    let end = standings[0].poses.last().unwrap();
    assert!(
        task.pose_shape().achieved(end, &goal.pose),
        "it stays where it arrived"
    );
    assert!(standings[0].poses.len() < standings[1].poses.len());
    assert_eq!(
        [standings[0].planned_share, standings[1].planned_share],
        [1.0, 0.0]
    );
}

#[test]
fn they_stop_after_the_steps_that_were_asked_for() {
    let task = task("two-room");
    let world = env(&task, 4);
    let future = after_thirty_steps(&world);
    let kinds = [("chance", ControllerKind::Random)];
    let config = PlanningConfig::default();
    let goal = future.as_goal();
    let mut modes = SideBySide::start(&world, &goal, &kinds, &config, 7, 3).unwrap();
    let steps: Vec<bool> = (0..5).map(|_| modes.step().unwrap()).collect();
    assert_eq!(steps, [true, true, false, false, false]);
    assert_eq!(modes.standings()[0].poses.len(), 4);
}
