//! What can be chosen: planner, cost and mode, and the settings that come with them.

use super::{COSTS, MODES, Mind, PLANNERS};
use crate::assets;
use crate::controller::PlanningConfig;
use crate::objective::CostKind;
use anyhow::{Context, Result, bail};
use planners::Method;
use world_model::policy::Policy;

impl Mind {
    /// Plans as a task has it. What was changed by hand stays, where the task before had the same settings.
    ///
    /// # Errors
    /// As [`Self::choose`].
    pub fn adopt(&mut self, own: PlanningConfig) -> Result<()> {
        if own != self.own {
            self.own = own;
            self.config = self.own.clone();
        }
        self.choose(self.planner)
    }

    /// Chooses a planner; one of another method than the configured begins with its defaults.
    ///
    /// # Errors
    /// An index that no planner has.
    pub fn choose(&mut self, planner: usize) -> Result<()> {
        let name = PLANNERS
            .get(planner)
            .with_context(|| format!("there is no planner {planner}"))?;
        self.planner = planner;
        let other = self.defaults().planner;
        let known = name.parse::<Method>().is_ok();
        if known && std::mem::discriminant(&other) != std::mem::discriminant(&self.config.planner) {
            self.config.planner = other;
        }
        self.changed();
        Ok(())
    }

    /// Chooses a cost. The arbiter of a hybrid agent has only the one that it was calibrated with.
    ///
    /// # Errors
    /// A cost that the arbiter's thresholds are not for.
    pub fn choose_cost(&mut self, cost: usize) -> Result<()> {
        let cost = cost.min(COSTS.len() - 1);
        if MODES[self.mode] == "hybrid"
            && let Some(own) = self.arbiters_cost()?
            && own != cost
        {
            bail!(
                "cost '{}': the arbiter was calibrated with '{}', expected that one in mode hybrid",
                COSTS[cost].name(),
                COSTS[own].name()
            );
        }
        self.cost = cost;
        self.changed();
        Ok(())
    }

    /// Index of the cost that the arbiter of the chosen model's policy was calibrated with.
    fn arbiters_cost(&self) -> Result<Option<usize>> {
        let policy = Policy::load(&assets::policy_path(&self.models[self.model]))?;
        let own = CostKind::of_arbiter(&policy);
        Ok(own.and_then(|own| COSTS.iter().position(|cost| *cost == own)))
    }

    /// Chooses who acts, and for a hybrid agent the cost of its arbiter. Where the model has no policy the choice stays as it is.
    ///
    /// # Errors
    /// An index that no mode has, or no policy beside the model.
    pub fn choose_mode(&mut self, mode: usize) -> Result<()> {
        if mode >= MODES.len() {
            bail!("there is no mode {mode}");
        }
        if MODES[mode] != "System 2" {
            let model = self
                .models
                .get(self.model)
                .context("the task has no model")?;
            let path = assets::policy_path(model);
            if !path.exists() {
                bail!(
                    "{}: expected a policy, see `foresight distill`",
                    path.display()
                );
            }
        }
        if MODES[mode] == "hybrid"
            && let Some(own) = self.arbiters_cost()?
        {
            self.cost = own;
        }
        self.mode = mode;
        self.changed();
        Ok(())
    }

    /// The settings that a reset gives.
    pub fn defaults(&self) -> PlanningConfig {
        let mut defaults = self.own.clone();
        if let Ok(method) = PLANNERS[self.planner].parse::<Method>()
            && std::mem::discriminant(&method) != std::mem::discriminant(&defaults.planner)
        {
            defaults.planner = method;
        }
        defaults
    }

    /// Whether the chosen planner simulates true physics.
    pub fn in_physics(&self) -> bool {
        self.mode == 0 && matches!(PLANNERS[self.planner], "oracle" | "latent-cost")
    }
}
