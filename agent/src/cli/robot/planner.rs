//! What proposes motion, and where to.

use super::UsageError;
use crate::arm::{Arrival, LatentProposer, Mind, Switch, Switchable, Twin, goal_inside, planning};
use crate::objective::CostKind;
use crate::{assets, files};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use robot::planning::{Proposer, StraightLine};
use robot::profile::Profile;
use sim::Task;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use world_model::WorldModel;

#[derive(Args)]
pub struct PlannerArguments {
    /// What proposes motion
    #[arg(long, value_enum, default_value = "latent")]
    planner: PlannerKind,
    /// With latent: where the tip is to go, m, in the frame of the robot's base: x,y,z
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    goal: Vec<f32>,
    /// With latent: the world model; its task is the robot's [default: the shipped model of reach]
    #[arg(long)]
    model: Option<PathBuf>,
    /// With latent: the cost
    #[arg(long, value_enum, default_value = "reach")]
    cost: CostKind,
    /// With latent: how to plan (TOML, as for bench; replaces the settings for arms)
    #[arg(long)]
    config: Option<PathBuf>,
    /// With latent: seed of the search
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// With line: where the joints are to go, rad, in the profile's order
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    to: Vec<f64>,
    /// With line: speed of the joint with the longest way, rad/s
    #[arg(long, default_value_t = 0.5)]
    speed: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PlannerKind {
    /// Searches in the latent of a world model
    Latent,
    /// Straight lines in joint space: no model, no obstacles
    Line,
}

/// A planner that can be given another goal.
pub struct Planner {
    /// What the loop asks.
    pub proposer: Box<dyn Proposer>,
    /// Another goal while it runs.
    pub steering: Steering,
}

/// Gives the planner of a running loop other goals.
#[derive(Clone)]
pub struct Steering {
    switch: Switch,
    profile: Profile,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Latent {
        mind: Box<Mind>,
        task: Arc<Task>,
        arrival: Arc<Mutex<Arrival>>,
    },
    Line {
        speed: f64,
    },
}

impl PlannerArguments {
    /// The planner that was asked for.
    pub fn prepare(&self, profile: &Profile) -> Result<Planner> {
        let (first, way) = match self.planner {
            PlannerKind::Line => self.line(profile)?,
            PlannerKind::Latent => self.latent(profile)?,
        };
        let (switchable, switch) = Switchable::new(first);
        Ok(Planner {
            proposer: Box::new(switchable),
            steering: Steering {
                switch,
                profile: profile.clone(),
                way,
            },
        })
    }

    fn line(&self, profile: &Profile) -> Result<(Box<dyn Proposer>, Way)> {
        if !self.goal.is_empty() {
            bail!(UsageError(
                "--goal: expected with --planner latent only; a line has --to".to_owned()
            ));
        }
        if !(self.speed.is_finite() && self.speed > 0.0) {
            bail!(UsageError(format!(
                "--speed {}: expected more than 0 rad/s",
                self.speed
            )));
        }
        let speed = self.speed;
        let line = line(profile, &self.to, speed).map_err(|e| UsageError(format!("--to {e}")))?;
        Ok((Box::new(line), Way::Line { speed }))
    }

    fn latent(&self, profile: &Profile) -> Result<(Box<dyn Proposer>, Way)> {
        if !self.to.is_empty() {
            bail!(UsageError(
                "--to: expected with --planner line only; the latent planner has --goal".to_owned()
            ));
        }
        if self.goal.is_empty() || self.goal.iter().any(|x| !x.is_finite()) {
            bail!(UsageError(format!(
                "--goal {:?}: expected x,y,z of the tip, m",
                self.goal
            )));
        }
        let assets = assets::find()?;
        let path = match &self.model {
            Some(path) => path.clone(),
            None => assets::model_path(&assets, "reach", false),
        };
        let model = Arc::new(WorldModel::load(&path)?);
        let config = match &self.config {
            Some(path) => files::read_toml("config", path)?,
            None => planning(),
        };
        let task = Arc::new(Task::load(&assets, &model.card().task)?);
        // Whether it is the robot's at all is said before anything about the goal.
        Twin::new(&task, profile).with_context(|| path.display().to_string())?;
        let names = task.pose_names();
        if self.goal.len() != names.len() {
            bail!(UsageError(format!(
                "--goal {:?}: expected {}",
                self.goal,
                names.join(", ")
            )));
        }
        let mind = Mind {
            model,
            cost: self.cost,
            config,
            seed: self.seed,
        };
        let proposer = latent(&task, profile, &mind, &self.goal);
        let (proposer, arrival) = proposer.with_context(|| path.display().to_string())?;
        let arrival = Arc::new(Mutex::new(arrival));
        Ok((
            Box::new(proposer),
            Way::Latent {
                mind: Box::new(mind),
                task,
                arrival,
            },
        ))
    }
}

impl Steering {
    /// Another goal for the tip, m.
    pub fn goal(&self, pose: &[f32]) -> Result<()> {
        let Way::Latent {
            mind,
            task,
            arrival,
        } = &self.way
        else {
            bail!("a line has no goal, expected `to` and joints");
        };
        let (proposer, next) = latent(task, &self.profile, mind, pose)?;
        self.switch.set(Box::new(proposer));
        *arrival
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = next;
        Ok(())
    }

    /// Other positions for the joints, rad.
    pub fn joints(&self, to: &[f64]) -> Result<()> {
        let Way::Line { speed } = self.way else {
            bail!("the latent planner goes to no joints, expected `goal` and x,y,z");
        };
        self.switch.set(Box::new(line(&self.profile, to, speed)?));
        Ok(())
    }

    /// Who watches for the goal; nobody on a line.
    pub fn arrival(&self) -> Option<Arc<Mutex<Arrival>>> {
        match &self.way {
            Way::Latent { arrival, .. } => Some(Arc::clone(arrival)),
            Way::Line { .. } => None,
        }
    }
}

fn line(profile: &Profile, to: &[f64], speed: f64) -> Result<StraightLine> {
    let joints = profile.joints();
    if to.len() != joints.len() || to.iter().any(|q| !q.is_finite()) {
        bail!(
            "{to:?}: expected {} positions, for {}",
            joints.len(),
            joints.join(", ")
        );
    }
    Ok(StraightLine::new(&joints, to, speed))
}

fn latent(
    task: &Arc<Task>,
    profile: &Profile,
    mind: &Mind,
    pose: &[f32],
) -> Result<(LatentProposer, Arrival)> {
    let mut twin = Twin::new(task, profile)?;
    let goal = goal_inside(&mut twin, profile, pose)?;
    let arrival = Arrival::new(Twin::new(task, profile)?, goal.pose.clone());
    Ok((LatentProposer::new(twin, profile, mind, goal)?, arrival))
}
