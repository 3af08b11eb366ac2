//! Which robot: one that is not ours, over ROS 2, or our own arm in rapier.

use super::UsageError;
use crate::arm::{SimFaults, SimHardware, Twin};
use crate::assets;
use crate::cli::worlds::factor;
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use robot::profile::Profile;
use robot::{Clock, HardwareInterface, Ros2Hardware};
use sim::Task;
use std::sync::Arc;

#[derive(Args)]
pub struct HardwareArguments {
    /// Which robot
    #[arg(long, value_enum, default_value = "ros2")]
    hardware: HardwareKind,
    /// With the simulated arm, what is wrong with it: delay=S, command-delay=S, drop=SHARE, duplicate=SHARE, freeze=AFTER_S,
    /// damping=TIMES (repeatable)
    #[arg(long, value_name = "KIND=VALUE")]
    fault: Vec<String>,
    /// With the simulated arm, a factor of variation of its task, such as mass=1.5 (repeatable)
    #[arg(long, value_name = "FACTOR=VALUE")]
    shift: Vec<String>,
    /// With the simulated arm, the task whose robot it is
    #[arg(long, default_value = "reach")]
    task: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HardwareKind {
    /// The robot of the profile, over ROS 2
    Ros2,
    /// Our own arm in rapier, in this process
    Sim,
}

impl HardwareArguments {
    /// The hardware that was asked for; nothing is opened yet.
    pub fn open(&self, profile: &Profile, clock: Clock) -> Result<Box<dyn HardwareInterface>> {
        if self.hardware == HardwareKind::Ros2 {
            if let Some(given) = self.fault.first().or(self.shift.first()) {
                bail!(UsageError(format!(
                    "{given}: expected with --hardware sim only"
                )));
            }
            return Ok(Box::new(Ros2Hardware::new(profile, clock)));
        }
        let faults =
            SimFaults::parse(&self.fault).map_err(|e| UsageError(format!("--fault {e}")))?;
        let task = Arc::new(Task::load(&assets::find()?, &self.task)?);
        let mut twin = Twin::new(&task, profile)?;
        for text in &self.shift {
            let (name, value) = factor(text)?;
            twin.env_mut().set_factor(name, value)?;
        }
        Ok(Box::new(SimHardware::new(
            twin,
            &profile.joints(),
            clock,
            faults,
            0,
        )?))
    }
}
