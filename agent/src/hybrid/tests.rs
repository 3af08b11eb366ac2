//! With the shipped model and policy of push.

use super::*;
use crate::arbiter::ArbiterConfig;
use crate::assets;
use crate::benchmark::{Tier, pairs};
use crate::controller::{Controller, ControllerKind};
use crate::distillation::calibration::unlimited;
use crate::objective::CostKind;
use crate::planning_config::PlanningConfig;
use planners::{CandidateShape, RolloutModel};
use sim::Task;
use sim::variation::Variant;
use std::path::Path;
use world_model::policy::Policy;

/// What an agent that never plans does first, towards each of some goals: the cost that it imagines for it.
fn imagined_costs(ways: usize) -> Result<Vec<f32>> {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
    let task = Arc::new(Task::load(&assets, "push")?);
    let variant = Variant::of(&task, None)?;
    let path = assets::model_path(&assets, "push", false);
    let kind = ControllerKind::Hybrid {
        policy: Arc::new(Policy::load(&assets::policy_path(&path))?),
        model: Arc::new(WorldModel::load(&path)?),
        cost: CostKind::Pose,
    };
    let config = PlanningConfig {
        arbiter: ArbiterConfig {
            ways,
            calibration: Some(unlimited(CostKind::Pose)),
            ..ArbiterConfig::default()
        },
        ..PlanningConfig::of_task(&assets, "push")?
    };
    let pairs = pairs::draw(&task, &variant, Tier::Mid, 12, 5)?;
    pairs
        .iter()
        .map(|pair| {
            let mut env = Env::new(Arc::clone(&task), variant.clone())?;
            env.reset(pair.start_seed)?;
            let mut controller = kind.start(&env, &pair.goal, &config, 0)?;
            let decision = controller.decide(&env, 0, &[])?;
            assert_eq!(decision.actor, Actor::System1);
            let Controller::Hybrid(hybrid) = &mut controller else {
                bail!("another controller than was asked for");
            };
            let Imaginer::Latent(rollouts, _) = hybrid.system2_mut().imaginer_mut() else {
                bail!("another imaginer than the latent");
            };
            let shape = CandidateShape {
                candidates: 1,
                horizon: decision.actions.len() / task.action_dim(),
                action_dim: task.action_dim(),
            };
            let mut cost = [0.0];
            rollouts.evaluate(&decision.actions, shape, &mut cost)?;
            Ok(cost[0])
        })
        .collect()
}

#[test]
fn of_the_ways_that_it_imagines_it_goes_the_cheapest() -> Result<()> {
    let (likeliest, best) = (imagined_costs(1)?, imagined_costs(8)?);
    let pairs = || best.iter().zip(&likeliest);
    assert!(
        pairs().all(|(best, likeliest)| best <= likeliest),
        "{best:?} against {likeliest:?}"
    );
    let cheaper = pairs().filter(|(best, likeliest)| *best < likeliest);
    assert!(cheaper.count() > 3, "{best:?} against {likeliest:?}");
    Ok(())
}
