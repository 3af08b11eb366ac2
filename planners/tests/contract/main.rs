//! What users of any planner rely on: it solves problems with a known answer, the same seed gives
//! the same plan, a warm start helps, and no model can make it panic or leave the bounds.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod analytic;
mod anytime;
mod committed;
mod determinism;
mod models;
mod safety;

use planners::{Method, Planner, PlannerConfig, RefinementConfig, SearchSpace};

/// Every planner that there is, refined ones included.
fn all_configs(space: &SearchSpace) -> Vec<(String, PlannerConfig)> {
    let mut configs = Vec::new();
    for name in Method::NAMES.split(", ") {
        let config = PlannerConfig {
            space: space.clone(),
            method: name.parse().unwrap(),
            refinement: None,
        };
        if name != "gradient" {
            let refined = PlannerConfig {
                refinement: Some(RefinementConfig::default()),
                ..config.clone()
            };
            configs.push((format!("{name}+refinement"), refined));
        }
        configs.push((name.to_owned(), config));
    }
    configs
}

fn all_planners(space: &SearchSpace, seed: u64) -> Vec<(String, Box<dyn Planner>)> {
    all_configs(space)
        .into_iter()
        .map(|(name, config)| (name, config.build(seed).unwrap()))
        .collect()
}
