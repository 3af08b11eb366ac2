//! Plans in the latent for an arm: a robot's joints in, joint positions at the task's control interval out.
//!
//! The model's actions move the targets of servos at a rate. A plan is those rates, integrated from where the joints were sent,
//! and how they were sent to move, when the state was measured. What goes on of the plan before until the new one can be there
//! is committed, and stands in the imagined future too. Rates change no faster than the profile's acceleration and jerk allow, in
//! the imagination as on the robot: so the safety filter has little to change, and the robot does what was imagined.

use super::Twin;
use crate::controller::{Controller, ControllerKind, PlanningConfig};
use crate::model_check::check_model;
use crate::objective::{CostKind, ObjectiveConfig};
use anyhow::{Context, Result, bail};
use planners::{IcemConfig, Method, Ramp};
use robot::planning::{Observation, Proposal, Proposer, ProposerError};
use robot::profile::Profile;
use sim::{Goal, Task};
use std::sync::Arc;
use world_model::WorldModel;

/// What plans: a world model, a cost, settings and a seed.
#[derive(Clone)]
pub struct Mind {
    /// The world model, of states.
    pub model: Arc<WorldModel>,
    /// The cost.
    pub cost: CostKind,
    /// How it plans.
    pub config: PlanningConfig,
    /// Of the search.
    pub seed: u64,
}

/// Share of a joint's acceleration and jerk that plans make use of; with the rest the safety filter catches up.
const HEADROOM: f64 = 0.8;

/// How to plan for an arm, ten times a second. Other than in an episode, which ends when its goal is touched, the arm has to come to
/// rest there: small and smooth changes of the last plan do that, where a wide search finds ever new ways about the goal. Of goals in
/// rapier 2 of 6 were held with the wide search of an episode; figures with these settings are in `agent/README.md`.
pub fn planning() -> PlanningConfig {
    PlanningConfig {
        planner: Method::Icem(IcemConfig {
            population: 64,
            rounds: 6,
            elites: 10,
            noise_beta: 3.5,
            initial_std: 0.15,
            std_floor: 0.01,
            ..IcemConfig::default()
        }),
        objective: ObjectiveConfig {
            reach_pessimism: 0.0,
            keep: true,
            ..ObjectiveConfig::default()
        },
        ..PlanningConfig::default()
    }
}

/// One axis of the action.
struct Axis {
    /// Its joint in the profile.
    joint: usize,
    /// Change of the servo's target in one control step at full action, rad.
    gain: f64,
    /// How far the target may lead the joint, rad, as in the data that the model learned from.
    lead: f64,
    /// Largest rate, largest change of it in one control step, and largest change of that, as actions.
    most: f32,
    change: f32,
    bend: f32,
    /// Where the target may go: the profile's limits, or the task's where they are tighter, rad.
    range: [f64; 2],
}

/// The latent planner as a proposer of joint positions.
pub struct LatentProposer {
    twin: Twin,
    kind: ControllerKind,
    config: PlanningConfig,
    seed: u64,
    goal: Goal,
    joints: Vec<String>,
    axes: Vec<Axis>,
    /// Control interval, s.
    interval: f64,
    /// Decisions run on one core: the control loop has the others.
    pool: rayon::ThreadPool,
    under_way: Option<UnderWay>,
}

/// A search that is warm.
struct UnderWay {
    controller: Controller,
    epoch: u64,
    /// When its first plan began, seconds of the steady clock.
    since: f64,
    /// Control steps from then to the last plan.
    step: usize,
    /// The actions of that plan, `[steps, actions]`.
    actions: Vec<f32>,
}

impl LatentProposer {
    /// Plans towards a goal of `twin`'s task, for the robot of a profile.
    ///
    /// # Errors
    /// A model that sees images, or was trained for another task or robot; limits that are missing.
    pub fn new(twin: Twin, profile: &Profile, mind: &Mind, goal: Goal) -> Result<Self> {
        let task = Arc::clone(twin.env().task());
        if mind.model.sight().is_some() {
            bail!("the model sees images, expected one of states: a robot reports joints");
        }
        check_model(&mind.model, &task)?;
        let axes = axes(&twin, &task, profile)?;
        Ok(Self {
            kind: ControllerKind::Latent {
                model: Arc::clone(&mind.model),
                cost: mind.cost,
                policy: None,
            },
            config: mind.config.clone(),
            seed: mind.seed,
            goal,
            joints: profile.joints(),
            axes,
            interval: 1.0 / f64::from(task.rate_hz()),
            pool: rayon::ThreadPoolBuilder::new()
                .num_threads(1)
                .build()
                .context("a thread for the planner")?,
            under_way: None,
            twin,
        })
    }

    fn plan(&mut self, observation: &Observation) -> Result<Vec<Vec<f64>>> {
        let base = self.base(observation);
        let measured = &observation.measured;
        self.twin
            .put(&measured.position, &measured.velocity, &base)?;
        let (mut under_way, passed) = self.under_way(observation)?;
        let width = self.axes.len();
        let steps = (observation.latency / self.interval).ceil().max(0.0) as usize;
        let going_on = under_way.actions.get(passed * width..).unwrap_or(&[]);
        let mut committed = going_on[..going_on.len().min(steps * width)].to_vec();
        // After the end of a plan the joints stand.
        committed.resize(steps * width, 0.0);
        let ramp = self.ramp(observation);
        let search = under_way.controller.system2_mut();
        let search = search.context("the planner does not search")?;
        search.shift(passed);
        search.observe(self.twin.env())?;
        let plan = self
            .pool
            .install(|| search.plan_within(&committed, Some(&ramp)))?;
        under_way.actions = plan.0;
        let points = self.integrated(base, &under_way.actions);
        self.under_way = Some(under_way);
        Ok(points)
    }

    /// Where the targets are, as the model knows them, when the state was measured: no further ahead of the joints than it has
    /// seen. There a target jumps at the start of a control step; on the robot it passes the same place in the middle of it.
    fn base(&self, observation: &Observation) -> Vec<f64> {
        let half = 0.5 * self.interval;
        let mut base: Vec<f64> = { observation.sent.iter() }
            .map(|m| m.position - half * m.velocity + 0.5 * half * half * m.acceleration)
            .collect();
        for axis in &self.axes {
            let at = observation.measured.position[axis.joint];
            let target = &mut base[axis.joint];
            *target = target.max(at - axis.lead).min(at + axis.lead);
        }
        base
    }

    /// The rates that the joints were sent to move at in the control step before, and how these may change.
    fn ramp(&self, observation: &Observation) -> Ramp {
        let each = |value: &dyn Fn(&Axis) -> f32| self.axes.iter().map(value).collect::<Vec<f32>>();
        // Whatever a robot was sent to do before, plans stay within what plans may do.
        let changing = |axis: &Axis| {
            let acceleration = observation.sent[axis.joint].acceleration;
            let change = (acceleration * self.interval.powi(2) / axis.gain) as f32;
            change.max(-axis.change).min(axis.change)
        };
        let from = |axis: &Axis| {
            let velocity = observation.sent[axis.joint].velocity;
            let now = (velocity * self.interval / axis.gain) as f32;
            (now - changing(axis)).max(-axis.most).min(axis.most)
        };
        Ramp {
            from: each(&from),
            changing: each(&changing),
            most: each(&|axis| axis.most),
            change: each(&|axis| axis.change),
            bend: each(&|axis| axis.bend),
        }
    }

    /// The warm search, and the control steps since it planned last; a new one after every enabling.
    fn under_way(&mut self, observation: &Observation) -> Result<(UnderWay, usize)> {
        let same = |u: &UnderWay| u.epoch == observation.epoch;
        if let Some(mut under_way) = self.under_way.take().filter(same) {
            let steps = (observation.at - under_way.since) / self.interval;
            let step = steps.round().max(under_way.step as f64) as usize;
            let passed = step - under_way.step;
            under_way.step = step;
            return Ok((under_way, passed));
        }
        let controller = self
            .kind
            .start(self.twin.env(), &self.goal, &self.config, self.seed)?;
        let under_way = UnderWay {
            controller,
            epoch: observation.epoch,
            since: observation.at,
            step: 0,
            actions: Vec::new(),
        };
        Ok((under_way, 0))
    }

    /// Positions at the ends of control steps, `[steps][joints]`, rad, of targets that move on from `base` by actions
    /// `[steps, actions]`: half way between the target of a step and that of the next.
    fn integrated(&self, base: Vec<f64>, actions: &[f32]) -> Vec<Vec<f64>> {
        let mut target = base;
        let steps = actions.chunks_exact(self.axes.len().max(1));
        let targets: Vec<Vec<f64>> = steps
            .map(|step| {
                for (axis, &action) in self.axes.iter().zip(step) {
                    let [low, high] = axis.range;
                    let moved = target[axis.joint] + f64::from(action) * axis.gain;
                    target[axis.joint] = moved.max(low).min(high);
                }
                target.clone()
            })
            .collect();
        let after = targets.iter().skip(1).chain(targets.last());
        let between = |(now, next): (&Vec<f64>, &Vec<f64>)| {
            now.iter().zip(next).map(|(a, b)| 0.5 * (a + b)).collect()
        };
        targets.iter().zip(after).map(between).collect()
    }
}

impl Proposer for LatentProposer {
    fn propose(&mut self, observation: &Observation) -> Result<Proposal, ProposerError> {
        let told = |error: anyhow::Error| ProposerError(format!("{error:#}"));
        let count = self.joints.len();
        let sizes = [observation.measured.position.len(), observation.sent.len()];
        if sizes.iter().any(|size| *size != count) {
            return Err(ProposerError(format!(
                "an observation of other than {count} joints"
            )));
        }
        Ok(Proposal {
            joints: self.joints.clone(),
            interval: self.interval,
            points: self.plan(observation).map_err(told)?,
        })
    }
}

fn axes(twin: &Twin, task: &Task, profile: &Profile) -> Result<Vec<Axis>> {
    let limits = profile.settings().safety.limits;
    let limits =
        limits.map_err(|missing| anyhow::anyhow!("profile {}: {missing}", profile.name))?;
    let ranges = task.servo_ranges().unwrap_or_default();
    let actions = task.spec().action.iter().zip(twin.order()).zip(ranges);
    let rate_hz = f64::from(task.rate_hz());
    Ok(actions
        .map(|((action, &joint), [low, high])| {
            let (limits, scale) = (&limits[joint], f64::from(action.scale));
            Axis {
                joint,
                gain: scale / rate_hz,
                lead: action.max_lead.map_or(f64::INFINITY, f64::from),
                most: (limits.velocity / scale).min(1.0) as f32,
                change: (HEADROOM * limits.acceleration / scale / rate_hz) as f32,
                bend: (HEADROOM * limits.jerk / scale / rate_hz.powi(2)) as f32,
                range: [
                    limits.position_min.max(f64::from(low)),
                    limits.position_max.min(f64::from(high)),
                ],
            }
        })
        .collect())
}
