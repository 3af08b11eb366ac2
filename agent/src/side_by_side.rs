//! The modes side by side: each acts on a fork of the same world, towards the same goal, and the world itself goes on without them.

use crate::controller::{Controller, ControllerKind, PlanningConfig};
use anyhow::Result;
use sim::{Env, Goal, SimError};
use std::collections::VecDeque;

/// A mode on a fork of its own.
struct Runner {
    name: &'static str,
    env: Env,
    controller: Controller,
    /// Actions that are still to be executed of the last decision, `[action_dim]` each.
    ahead: VecDeque<Vec<f32>>,
    /// Control steps executed since the last decision.
    passed: usize,
    decisions: usize,
    planned: usize,
    /// Pose at the snapshot and after each control step.
    poses: Vec<Vec<f32>>,
    reached: bool,
    failed: bool,
}

/// How a mode is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The mode.
    pub name: &'static str,
    /// Pose at the snapshot and after each control step, laid out like [`Env::pose`].
    pub poses: Vec<Vec<f32>>,
    /// Whether the goal was reached; it then stays where it is.
    pub reached: bool,
    /// Share of its decisions that System 2 made.
    pub planned_share: f32,
}

/// Several modes from one snapshot.
pub struct SideBySide {
    goal: Goal,
    runners: Vec<Runner>,
    /// Control steps that are left.
    left: usize,
}

impl SideBySide {
    /// The modes in forks of `env`, for so many control steps at most.
    ///
    /// # Errors
    /// A mode that cannot be started towards the goal.
    pub fn start(
        env: &Env,
        goal: &Goal,
        kinds: &[(&'static str, ControllerKind)],
        config: &PlanningConfig,
        seed: u64,
        steps: usize,
    ) -> Result<Self> {
        let runner = |(name, kind): &(&'static str, ControllerKind)| {
            let fork = env.fork();
            Ok(Runner {
                name,
                controller: kind.start(&fork, goal, config, seed)?,
                ahead: VecDeque::new(),
                passed: 0,
                decisions: 0,
                planned: 0,
                poses: vec![fork.pose()],
                reached: fork.achieved(&goal.pose),
                failed: false,
                env: fork,
            })
        };
        Ok(Self {
            goal: goal.clone(),
            runners: kinds.iter().map(runner).collect::<Result<_>>()?,
            left: steps,
        })
    }

    /// One control step of each mode that is still on its way. Returns whether any is.
    ///
    /// # Errors
    /// A mode that cannot decide. One whose world fails stops there.
    pub fn step(&mut self) -> Result<bool> {
        if self.left == 0 {
            return Ok(false);
        }
        self.left -= 1;
        for runner in &mut self.runners {
            runner.step(&self.goal)?;
        }
        Ok(self.left > 0 && self.runners.iter().any(Runner::goes_on))
    }

    /// How the modes are doing, in the order in which they were given.
    pub fn standings(&self) -> Vec<Standing> {
        let standing = |runner: &Runner| Standing {
            name: runner.name,
            poses: runner.poses.clone(),
            reached: runner.reached,
            planned_share: runner.planned as f32 / runner.decisions.max(1) as f32,
        };
        self.runners.iter().map(standing).collect()
    }
}

impl Runner {
    fn goes_on(&self) -> bool {
        !self.reached && !self.failed
    }

    fn step(&mut self, goal: &Goal) -> Result<()> {
        if !self.goes_on() {
            return Ok(());
        }
        if self.ahead.is_empty() {
            let decision = self.controller.decide(&self.env, self.passed, &[])?;
            self.decisions += 1;
            self.planned += usize::from(decision.is_searched());
            let width = self.env.task().action_dim();
            let actions = decision.actions.chunks_exact(width);
            self.ahead
                .extend(actions.take(self.controller.block()).map(<[f32]>::to_vec));
            self.passed = 0;
        }
        let Some(action) = self.ahead.pop_front() else {
            return Ok(());
        };
        match self.env.step(&action) {
            Ok(()) => {}
            Err(SimError::World { .. }) => {
                self.failed = true;
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        self.passed += 1;
        self.poses.push(self.env.pose());
        self.reached = self.env.achieved(&goal.pose);
        Ok(())
    }
}
