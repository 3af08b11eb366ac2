//! Which rows a benchmark has: every task, variant, planner, cost, budget and tier that was asked for.

use super::super::UsageError;
use super::super::worlds::{shift, tasks};
use super::BenchArguments;
use super::models::{Loaded, Models, models};
use super::sweep::{self, Point};
use crate::benchmark::{RowSpec, Tier};
use crate::controller::{ControllerKind, PlanningConfig};
use crate::objective::CostKind;
use anyhow::{Result, bail};
use planners::Method;
use sim::Task;
use std::path::Path;
use std::sync::Arc;

/// Rows of the ladder that are not search algorithms.
const RUNGS: [&str; 5] = ["random", "system1", "hybrid", "latent-cost", "oracle"];

/// The rows asked for, in the order of the report.
pub fn rows(assets: &Path, arguments: &BenchArguments) -> Result<Vec<RowSpec>> {
    let mut rows = Vec::new();
    for (task, variants) in tasks(assets, &arguments.task)? {
        let config = PlanningConfig::asked(arguments.config.as_deref(), assets, task.name())?;
        let planners = arguments
            .planner
            .iter()
            .map(|p| Choice::parse(p, &config))
            .collect::<Result<Vec<_>>>()?;
        let variants = shift(&task, variants, &arguments.shift)?;
        let models = match planners.iter().any(Choice::needs_model) {
            true => models(assets, &task, arguments)?,
            false => Models::default(),
        };
        for variant in variants {
            for choice in &planners {
                for (controller, config, budget) in choice.points(&models, arguments)? {
                    for tier in tiers(&task, &arguments.tier) {
                        let slow = matches!(
                            controller,
                            ControllerKind::Oracle | ControllerKind::LatentCost { .. }
                        );
                        rows.push(RowSpec {
                            task: Arc::clone(&task),
                            variant: variant.clone(),
                            tier,
                            controller: controller.clone(),
                            config: config.clone(),
                            budget,
                            episodes: if slow {
                                arguments.physics_episodes()
                            } else {
                                arguments.episodes()
                            },
                        });
                    }
                }
            }
        }
    }
    if rows.is_empty() {
        bail!(UsageError(
            "nothing to run: none of the tasks has a tier that --tier names, a policy for system1 and hybrid, or a planner that --sweep scales".to_owned()
        ));
    }
    Ok(rows)
}

/// The budgets that a row runs at, each with its settings.
fn budgets(
    controller: &ControllerKind,
    config: &PlanningConfig,
    asked: &[u64],
) -> Result<Vec<(Option<u64>, PlanningConfig)>> {
    let ControllerKind::Latent { model, .. } = controller else {
        return Ok(vec![(None, config.clone())]);
    };
    if asked.is_empty() {
        return Ok(vec![(None, config.clone())]);
    }
    let horizon = config.horizon_blocks.saturating_mul(model.card().block());
    let scaled = |&steps: &u64| {
        let planner = config
            .planner
            .scaled_to(steps, horizon)
            .map_err(|e| UsageError(format!("--budget {steps}: {e}")))?;
        let config = PlanningConfig {
            planner,
            ..config.clone()
        };
        Ok((Some(steps), config))
    };
    asked.iter().map(scaled).collect()
}

/// The tiers of a task among those asked for, all without any.
fn tiers(task: &Task, asked: &[Tier]) -> Vec<Tier> {
    let mut tiers = Tier::of(task);
    tiers.retain(|tier| asked.is_empty() || asked.contains(tier));
    tiers
}

/// A planner asked for on the command line.
enum Choice {
    Random,
    LatentCost(PlanningConfig),
    Oracle(PlanningConfig),
    Latent(PlanningConfig),
    System1(PlanningConfig),
    Hybrid(PlanningConfig),
}

impl Choice {
    fn parse(name: &str, config: &PlanningConfig) -> Result<Self> {
        match name {
            "random" => Ok(Self::Random),
            "system1" => Ok(Self::System1(config.clone())),
            "hybrid" => Ok(Self::Hybrid(config.clone())),
            "latent-cost" => Ok(Self::LatentCost(config.in_physics())),
            "oracle" => Ok(Self::Oracle(config.in_physics())),
            _ => {
                let default: Method = name.parse().map_err(|_| {
                    UsageError(format!(
                        "unknown planner '{name}': expected {}, {}",
                        RUNGS.join(", "),
                        Method::NAMES
                    ))
                })?;
                // A configured method keeps its settings; another one runs with its defaults.
                let same =
                    std::mem::discriminant(&default) == std::mem::discriminant(&config.planner);
                let planner = if same {
                    config.planner.clone()
                } else {
                    default
                };
                Ok(Self::Latent(PlanningConfig {
                    planner,
                    ..config.clone()
                }))
            }
        }
    }

    /// Who acts, how, and the model steps that its search is scaled to: at each budget asked for, or over the whole sweep.
    fn points(&self, models: &Models, arguments: &BenchArguments) -> Result<Vec<Point>> {
        if arguments.sweep {
            return match (self, &models.main) {
                (Self::Latent(config), Some(main)) => {
                    let own = main.policy.as_deref().and_then(CostKind::of_arbiter);
                    let cost = arguments.cost.first().copied().or(own);
                    let cost = cost.unwrap_or(CostKind::Pose);
                    if main.policy.is_none() {
                        say!(
                            "Task {} has no policy: the sweep is of its planner alone.",
                            main.model.card().task
                        );
                    }
                    sweep::points(main, cost, config)
                }
                _ => Ok(Vec::new()),
            };
        }
        let mut points = Vec::new();
        for (controller, config) in self.controllers(models, &arguments.cost) {
            for (budget, config) in budgets(&controller, &config, &arguments.budget)? {
                points.push((controller.clone(), config, budget));
            }
        }
        Ok(points)
    }

    fn needs_model(&self) -> bool {
        !matches!(self, Self::Random | Self::Oracle(_))
    }

    fn controllers(
        &self,
        models: &Models,
        costs: &[CostKind],
    ) -> Vec<(ControllerKind, PlanningConfig)> {
        let all = [
            CostKind::Pose,
            CostKind::Reach,
            CostKind::Slow,
            CostKind::L2,
        ];
        let each = |costs: &[CostKind],
                    config: &PlanningConfig,
                    controller: &dyn Fn(CostKind) -> ControllerKind| {
            let row = |&cost| (controller(cost), config.clone());
            costs.iter().map(row).collect()
        };
        match (self, &models.main) {
            (Self::Random, _) => vec![(ControllerKind::Random, PlanningConfig::default())],
            (Self::Oracle(config), _) => vec![(ControllerKind::Oracle, config.clone())],
            (Self::Latent(config), Some(main)) => {
                let costs = if costs.is_empty() { &all[..] } else { costs };
                let with = |loaded: &Loaded, costs: &[CostKind]| {
                    each(costs, config, &|cost| ControllerKind::Latent {
                        model: Arc::clone(&loaded.model),
                        policy: loaded.policy.clone(),
                        cost,
                    })
                };
                let mut rows: Vec<_> = with(main, costs);
                if let Some(images) = &models.beside {
                    rows.extend(with(images, &costs[..1]));
                }
                rows
            }
            (Self::System1(config), Some(main)) => {
                let both = [Some(main), models.beside.as_ref()];
                let policies = both.into_iter().flatten().filter_map(|loaded| {
                    Some(ControllerKind::System1 {
                        model: Arc::clone(&loaded.model),
                        policy: Arc::clone(loaded.policy.as_ref()?),
                    })
                });
                policies.map(|kind| (kind, config.clone())).collect()
            }
            (Self::Hybrid(config), Some(main)) => {
                let both = [Some(main), models.beside.as_ref()];
                let rows = both.into_iter().flatten().filter_map(|loaded| {
                    let kind = hybrid(loaded, costs)?;
                    Some((kind, config.clone()))
                });
                rows.collect()
            }
            (Self::LatentCost(config), Some(main)) => {
                let costs = if costs.is_empty() { &all[..1] } else { costs };
                each(costs, config, &|cost| ControllerKind::LatentCost {
                    model: Arc::clone(&main.model),
                    cost,
                })
            }
            (_, None) => Vec::new(),
        }
    }
}

/// A hybrid agent of a model that has a policy. Its cost is the one that the arbiter was calibrated with; where others were asked
/// for and that one was not, it is left out, and that is told.
pub(super) fn hybrid(loaded: &Loaded, costs: &[CostKind]) -> Option<ControllerKind> {
    let policy = loaded.policy.as_ref()?;
    let own = CostKind::of_arbiter(policy);
    let cost = own.or(costs.first().copied()).unwrap_or(CostKind::Pose);
    if !costs.is_empty() && !costs.contains(&cost) {
        say!(
            "Task {}: no hybrid row, for its arbiter was calibrated with cost '{}', which was not asked for.",
            loaded.model.card().task,
            cost.name()
        );
        return None;
    }
    Some(ControllerKind::Hybrid {
        model: Arc::clone(&loaded.model),
        policy: Arc::clone(policy),
        cost,
    })
}
