//! System 2: searches action sequences in imagination, or in true physics.

use crate::planning_config::PlanningConfig;
use crate::rollouts::{LatentRollouts, PhysicsRollouts};
use crate::senses::Senses;
use crate::system1::System1;
use anyhow::{Context, Result};
use planners::{
    Budget, Committed, PlanStatistics, Planner, PlannerConfig, Ramp, Ramped, RolloutModel,
    SearchSpace,
};
use sim::Env;

/// What a search imagines with.
pub enum Imaginer {
    /// The world model.
    Latent(Box<LatentRollouts>, Box<Senses>),
    /// True physics.
    Physics(Box<PhysicsRollouts>),
}

/// Receding-horizon planning.
pub struct System2 {
    planner: Box<dyn Planner>,
    imaginer: Imaginer,
    /// What System 1 would do joins the candidates.
    proposer: Option<System1>,
    /// Sequences that it proposes for a decision.
    proposals: usize,
    horizon_blocks: usize,
    block: usize,
}

impl System2 {
    /// A search that imagines with `imaginer` in blocks of so many control steps.
    ///
    /// # Errors
    /// A planner setting that cannot work.
    pub fn new(
        imaginer: Imaginer,
        block: usize,
        proposer: Option<System1>,
        action_dim: usize,
        config: &PlanningConfig,
        seed: u64,
    ) -> Result<Self> {
        let horizon = config.horizon_blocks * block;
        let planner = PlannerConfig {
            space: SearchSpace::new(horizon, action_dim, block),
            method: config.planner.clone(),
            refinement: config.refinement.clone(),
        };
        let planner = planner.build(seed).context("planner settings")?;
        // A planner takes half its population at most.
        let population = 2 * planner.injection_capacity();
        let share = (population as f32 * config.proposals.clamp(0.0, 0.5)) as usize;
        Ok(Self {
            proposals: share.min(planner.injection_capacity()),
            planner,
            imaginer,
            proposer,
            horizon_blocks: config.horizon_blocks,
            block,
        })
    }

    /// Control steps of a block.
    pub fn block(&self) -> usize {
        self.block
    }

    /// Blocks that it looks ahead.
    pub fn horizon_blocks(&self) -> usize {
        self.horizon_blocks
    }

    /// What it imagines with.
    pub fn imaginer(&self) -> &Imaginer {
        &self.imaginer
    }

    /// What it imagines with.
    pub fn imaginer_mut(&mut self) -> &mut Imaginer {
        &mut self.imaginer
    }

    /// Search and imagination at once.
    pub fn parts(&mut self) -> (&dyn Planner, &mut Imaginer) {
        (self.planner.as_ref(), &mut self.imaginer)
    }

    /// Another goal; the plan stays as the start of the next search.
    pub fn retarget(&mut self, imaginer: Imaginer, proposer: Option<System1>) {
        self.imaginer = imaginer;
        self.proposer = proposer;
    }

    /// Takes the present state in; a search in the latent sees only the observation.
    ///
    /// # Errors
    /// When the observation does not fit the model.
    pub fn observe(&mut self, env: &Env) -> Result<()> {
        match &mut self.imaginer {
            Imaginer::Latent(rollouts, senses) => rollouts.observe(&senses.observe(env)?)?,
            Imaginer::Physics(rollouts) => rollouts.observe(env),
        }
        Ok(())
    }

    /// Moves on by so many executed control steps.
    pub fn shift(&mut self, passed: usize) {
        if passed > 0 {
            self.planner.shift(passed);
        }
    }

    /// Plans from what was observed last. The first steps are `committed` already, `[steps, action_dim]`, and stand in the plan.
    ///
    /// # Errors
    /// When the model cannot be evaluated.
    pub fn plan(&mut self, committed: &[f32]) -> Result<(Vec<f32>, f32, PlanStatistics)> {
        self.plan_within(committed, None)
    }

    /// As [`System2::plan`], with actions that change no faster than a ramp allows, imagined ones too.
    ///
    /// # Errors
    /// As [`System2::plan`].
    pub fn plan_within(
        &mut self,
        committed: &[f32],
        ramp: Option<&Ramp>,
    ) -> Result<(Vec<f32>, f32, PlanStatistics)> {
        if let (Some(system1), Imaginer::Latent(rollouts, _)) = (&self.proposer, &self.imaginer)
            && self.proposals > 0
        {
            let futures =
                system1.propose(rollouts.latent(), self.proposals, self.horizon_blocks)?;
            self.planner.inject(&futures)?;
        }
        let model: &mut dyn RolloutModel = match &mut self.imaginer {
            Imaginer::Latent(rollouts, _) => rollouts.as_mut(),
            Imaginer::Physics(rollouts) => rollouts.as_mut(),
        };
        let mut limited;
        let model: &mut dyn RolloutModel = match ramp {
            Some(ramp) => {
                limited = Ramped::new(model, ramp);
                &mut limited
            }
            None => model,
        };
        let plan = match committed {
            [] => self.planner.plan(model, Budget::Configured)?,
            _ => self
                .planner
                .plan(&mut Committed::new(model, committed), Budget::Configured)?,
        };
        let mut actions = plan.actions.clone();
        let under_way = committed.len().min(actions.len());
        actions[..under_way].copy_from_slice(&committed[..under_way]);
        if let Some(ramp) = ramp {
            ramp.limit(&mut actions);
        }
        Ok((actions, plan.cost, plan.statistics))
    }
}

impl Imaginer {
    /// Poses at the end of each block of `[candidates, horizon, action_dim]` actions from the last observation on,
    /// `[candidates, blocks, pose]`: decoded from the latent, or simulated.
    ///
    /// # Errors
    /// When the actions are not whole blocks of the model.
    pub fn poses(&self, actions: &[f32], candidates: usize) -> Result<Vec<f32>> {
        Ok(match self {
            Self::Latent(rollouts, _) => rollouts.poses(actions, candidates)?,
            Self::Physics(rollouts) => rollouts.poses(actions, candidates),
        })
    }
}
