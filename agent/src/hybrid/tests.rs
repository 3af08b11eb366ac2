//! With the shipped models of push and drive.

use super::*;
use crate::arbiter::{ArbiterConfig, Rule};
use crate::assets;
use crate::benchmark::{Tier, pairs};
use crate::controller::{Controller, ControllerKind};
use crate::distillation::calibration::unlimited;
use crate::objective::{CostKind, ObjectiveConfig};
use crate::planning_config::PlanningConfig;
use crate::rollouts::Outlook;
use planners::{CandidateShape, RolloutModel};
use sim::Task;
use sim::variation::Variant;
use std::path::Path;
use world_model::policy::{Calibration, Policy};

/// Towards each of some goals in the middle tier of push: the world, and a hybrid agent in it.
fn started(arbiter: &ArbiterConfig, goals: usize) -> Result<Vec<(Env, Controller)>> {
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
        arbiter: arbiter.clone(),
        ..PlanningConfig::of_task(&assets, "push")?
    };
    let pairs = pairs::draw(&task, &variant, Tier::Mid, goals, 5)?;
    pairs
        .iter()
        .map(|pair| {
            let mut env = Env::new(Arc::clone(&task), variant.clone())?;
            env.reset(pair.start_seed)?;
            let controller = kind.start(&env, &pair.goal, &config, 0)?;
            Ok((env, controller))
        })
        .collect()
}

/// What an agent that never plans does first, towards each of some goals: the cost that it imagines for it.
fn imagined_costs(ways: usize) -> Result<Vec<f32>> {
    let never = ArbiterConfig {
        ways,
        calibration: Some(unlimited(CostKind::Pose)),
        ..ArbiterConfig::default()
    };
    started(&never, 12)?
        .into_iter()
        .map(|(env, mut controller)| {
            let decision = controller.decide(&env, 0, &[])?;
            assert_eq!(decision.actor, Actor::System1);
            let Controller::Hybrid(hybrid) = &mut controller else {
                bail!("another controller than was asked for");
            };
            let Imaginer::Latent(rollouts, _) = hybrid.system2_mut().imaginer_mut() else {
                bail!("another imaginer than the latent");
            };
            let action_dim = env.task().action_dim();
            let shape = CandidateShape {
                candidates: 1,
                horizon: decision.actions.len() / action_dim,
                action_dim,
            };
            let mut cost = [0.0];
            rollouts.evaluate(&decision.actions, shape, &mut cost)?;
            Ok(cost[0])
        })
        .collect()
}

/// Every decision is out of the ordinary.
fn always(worthwhile: f32) -> ArbiterConfig {
    ArbiterConfig {
        worthwhile,
        calibration: Some(Calibration {
            miss: 0.0,
            ..unlimited(CostKind::Pose)
        }),
        ..ArbiterConfig::default()
    }
}

/// Whether the first decisions are searched for on the way to a goal, where every one of them is out of the ordinary, and why.
fn first_decisions(worthwhile: f32) -> Result<Vec<(bool, Reason)>> {
    let (mut env, mut controller) = started(&always(worthwhile), 1)?.remove(0);
    let (mut decided, mut passed) = (Vec::new(), 0);
    for _ in 0..5 {
        let decision = controller.decide(&env, passed, &[])?;
        decided.push((decision.is_searched(), decision.reason));
        passed = controller.block();
        let actions = decision.actions.chunks_exact(env.task().action_dim());
        for action in actions.take(passed) {
            env.step(action)?;
        }
    }
    Ok(decided)
}

#[test]
fn plans_that_save_too_little_are_followed_by_rests() -> Result<()> {
    let (plan, rest) = ((true, Reason::Miss), (false, Reason::Futile));
    assert_eq!(first_decisions(-1.0)?, [plan; 5]);
    assert_eq!(first_decisions(1.0)?, [plan, rest, plan, rest, rest]);
    Ok(())
}

#[test]
fn a_plan_is_followed_while_nothing_better_offers() -> Result<()> {
    let every_other = ArbiterConfig {
        rule: Rule::Periodic,
        rate: 0.5,
        ..ArbiterConfig::default()
    };
    let mut followed = 0;
    for (mut env, mut controller) in started(&every_other, 12)? {
        let (mut decided, mut before) = (Vec::new(), Actor::System1);
        for _ in 0..4 {
            let decision = controller.decide(&env, controller.block(), &[])?;
            if decision.reason == Reason::AsPlanned {
                followed += 1;
                assert_eq!([before, decision.actor], [Actor::System2; 2]);
                assert!(decision.actions.starts_with(&decided), "another plan");
            }
            before = decision.actor;
            let width = controller.block() * env.task().action_dim();
            decided = decision.actions[width..].to_vec();
            for action in decision.actions[..width].chunks_exact(env.task().action_dim()) {
                env.step(action)?;
            }
        }
    }
    assert!(followed > 5, "{followed} of 48 decisions");
    Ok(())
}

#[test]
fn what_is_left_of_a_decision_is_gone_on_with_for_a_whole_horizon() -> Result<()> {
    let never = ArbiterConfig {
        calibration: Some(unlimited(CostKind::Pose)),
        ..ArbiterConfig::default()
    };
    let (env, mut controller) = started(&never, 1)?.remove(0);
    let decided = controller.decide(&env, 0, &[])?.actions;
    let block = controller.block();
    let Controller::Hybrid(hybrid) = &mut controller else {
        bail!("another controller than was asked for");
    };
    let latent = in_latent(hybrid.system2_mut())?.latent().to_vec();
    let width = env.task().action_dim();
    for passed in [0, 1, block, block + 2] {
        let offers = hybrid.offers(&latent, passed)?;
        let left = &decided[passed * width..];
        let whole = left.len() / (block * width) * block * width;
        assert!(offers.goes_on && offers.futures.starts_with(&left[..whole]));
        assert_eq!(offers.futures.len() % decided.len(), 0, "{passed} passed");
    }
    let all = decided.len() / width;
    assert!(!hybrid.offers(&latent, all)?.goes_on, "nothing is left");
    Ok(())
}

#[test]
fn what_is_under_way_stands_in_every_decision() -> Result<()> {
    for worthwhile in [-1.0, 1.0] {
        let (mut env, mut controller) = started(&always(worthwhile), 1)?.remove(0);
        let committed = vec![0.25; 2 * env.task().action_dim()];
        let mut searched = Vec::new();
        for _ in 0..2 {
            let decision = controller.decide(&env, 0, &committed)?;
            assert_eq!(decision.actions[..committed.len()], committed);
            searched.push(decision.is_searched());
            env.step(&committed[..env.task().action_dim()])?;
        }
        assert_eq!(!searched[1], worthwhile > 0.0, "{searched:?}");
    }
    Ok(())
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

/// What to drive straight on is imagined to lead to from some starts between poles, where clearances weigh so much.
fn straight_on(clearance: f32) -> Result<Vec<Outlook>> {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
    let task = Arc::new(Task::load(&assets, "drive")?);
    let variant = Variant::of(&task, Some("fixed"))?;
    let path = assets::model_path(&assets, "drive", false);
    let kind = ControllerKind::Latent {
        model: Arc::new(WorldModel::load(&path)?),
        cost: CostKind::Pose,
        policy: None,
    };
    let config = PlanningConfig {
        objective: ObjectiveConfig {
            clearance,
            ..ObjectiveConfig::default()
        },
        ..PlanningConfig::default()
    };
    let pairs = pairs::draw(&task, &variant, Tier::Near, 36, 5)?;
    let outlook = |pair: &pairs::Pair| {
        let mut env = Env::new(Arc::clone(&task), variant.clone())?;
        env.reset(pair.start_seed)?;
        let mut controller = kind.start(&env, &pair.goal, &config, 0)?;
        let block = controller.block();
        let Some(system2) = controller.system2_mut() else {
            bail!("a planner is a System 2");
        };
        system2.observe(&env)?;
        Ok(in_latent(system2)?.outlook(&[1.0, 0.0].repeat(8 * block))?)
    };
    pairs.iter().map(outlook).collect()
}

#[test]
fn how_far_a_goal_is_has_nothing_to_do_with_what_is_passed() -> Result<()> {
    let (careless, careful) = (straight_on(0.0)?, straight_on(1.0)?);
    let mut dearer = 0;
    for (careless, careful) in careless.iter().zip(&careful) {
        assert_eq!(careless.closeness, 0.0, "it is not heeded");
        assert!((careless.distance - careful.distance).abs() < 1.0e-4);
        assert!((careless.miss - careful.miss).abs() < 1.0e-4);
        if careful.closeness > 0.1 {
            dearer += 1;
            let sum = |outlook: &Outlook| outlook.costs.iter().sum::<f32>();
            assert!(sum(careful) > sum(careless) + 0.1, "{careful:?}");
        }
    }
    assert!(dearer > 2, "{dearer} of 36 ways pass near a pole");
    Ok(())
}
