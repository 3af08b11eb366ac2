//! Our own arm in rapier as hardware, in this process: for a first try without ROS 2, and to stand beside a robot that is not
//! ours. Its physics follows the wall clock, its servos execute the points of commands when they are due.

use super::{SimFaults, Twin};
use anyhow::Result;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use robot::{Clock, HardwareInterface, JointState, RobotError, SafeJointCommand};
use std::collections::VecDeque;

/// The arm of a task in rapier.
pub struct SimHardware {
    twin: Twin,
    clock: Clock,
    faults: SimFaults,
    /// Of lost and duplicated reports.
    rng: ChaCha8Rng,
    joints: Vec<String>,
    /// Steady time of the physics, s; none before it runs.
    time: Option<f64>,
    /// When it began to run.
    began: f64,
    /// Length of a physics step, s.
    step: f64,
    /// Where the servos are sent, rad, in the profile's order.
    target: Vec<f64>,
    /// Points that are still to be executed: when, and where.
    ahead: VecDeque<(f64, Vec<f64>)>,
    /// Reports on their way.
    queue: VecDeque<JointState>,
    last: Option<JointState>,
}

impl SimHardware {
    /// The arm of `twin`, standing with every joint, named as in the profile, at zero or as near to it as its range allows.
    ///
    /// # Errors
    /// When the physics does not take the damping.
    pub fn new(
        mut twin: Twin,
        joints: &[String],
        clock: Clock,
        faults: SimFaults,
        seed: u64,
    ) -> Result<Self> {
        let task = twin.env().task();
        let step = 1.0 / f64::from(task.spec().control.physics_hz);
        let mut target = vec![0.0; joints.len()];
        for (&joint, [low, high]) in twin
            .order()
            .iter()
            .zip(task.servo_ranges().unwrap_or_default())
        {
            target[joint] = 0.0_f64.max(f64::from(low)).min(f64::from(high));
        }
        twin.put_at_rest(&target)?;
        twin.env_mut().scale_damping(faults.damping as f32)?;
        Ok(Self {
            twin,
            clock,
            faults,
            rng: ChaCha8Rng::seed_from_u64(seed),
            joints: joints.to_vec(),
            time: None,
            began: 0.0,
            step,
            target,
            ahead: VecDeque::new(),
            queue: VecDeque::new(),
            last: None,
        })
    }

    /// Runs the physics up to a time.
    fn advance(&mut self, now: f64) -> Result<f64> {
        let mut time = *self.time.get_or_insert(now);
        while time + self.step <= now {
            time += self.step;
            while self.ahead.front().is_some_and(|(due, _)| *due <= time) {
                if let Some((_, target)) = self.ahead.pop_front() {
                    self.target = target;
                }
            }
            let targets: Vec<f32> = { self.twin.order().iter() }
                .map(|&joint| self.target[joint] as f32)
                .collect();
            self.twin.env_mut().drive(&targets)?;
        }
        self.time = Some(time);
        Ok(time)
    }

    /// The joints at the time of the physics.
    fn measure(&self, time: f64) -> Result<JointState> {
        let mut state = JointState {
            stamp: self.clock.wall_nanos_at(time),
            received: time,
            delay: 0.0,
            name: self.joints.clone(),
            position: vec![0.0; self.joints.len()],
            velocity: vec![0.0; self.joints.len()],
        };
        for (&joint, servo) in self.twin.order().iter().zip(self.twin.env().servos()?) {
            state.position[joint] = f64::from(servo.position);
            state.velocity[joint] = f64::from(servo.velocity);
        }
        Ok(state)
    }

    fn report(&mut self, now: f64) -> Result<Option<JointState>> {
        let time = self.advance(now)?;
        let mut state = self.measure(time)?;
        if let Some(last) = &self.last {
            if now - self.began > self.faults.freeze {
                (state.position, state.velocity) = (last.position.clone(), last.velocity.clone());
            }
            if self.rng.random::<f64>() < self.faults.duplicate {
                state = last.clone();
            }
        }
        self.last = Some(state.clone());
        if self.rng.random::<f64>() >= self.faults.drop {
            self.queue.push_back(state);
        }
        let mut newest = None;
        while self
            .queue
            .front()
            .is_some_and(|s| s.received + self.faults.delay <= now)
        {
            newest = self.queue.pop_front();
        }
        Ok(newest.map(|state| JointState {
            received: now,
            delay: now - state.received,
            ..state
        }))
    }
}

fn failed(error: &anyhow::Error) -> RobotError {
    RobotError::Hardware(format!("{error:#}"))
}

impl HardwareInterface for SimHardware {
    fn configure(&mut self) -> std::result::Result<(), RobotError> {
        Ok(())
    }

    fn activate(&mut self) -> std::result::Result<(), RobotError> {
        self.began = self.clock.now();
        self.time = Some(self.began);
        Ok(())
    }

    fn read(&mut self) -> std::result::Result<Option<JointState>, RobotError> {
        self.report(self.clock.now())
            .map_err(|error| failed(&error))
    }

    fn write(&mut self, command: &SafeJointCommand) -> std::result::Result<(), RobotError> {
        let at = command.at() + self.faults.command_delay;
        // What was due before the new command still is.
        let starts = at + 0.5 * command.points().next().map_or(0.0, |point| point.after);
        self.ahead.retain(|(due, _)| *due < starts);
        let points = command.points();
        self.ahead
            .extend(points.map(|point| (at + point.after, point.position.to_vec())));
        Ok(())
    }

    fn deactivate(&mut self) -> std::result::Result<(), RobotError> {
        Ok(())
    }

    fn emergency_pressed(&mut self) -> Option<bool> {
        Some(false)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;
    use crate::assets;
    use robot::profile::Profile;
    use sim::Task;
    use std::sync::Arc;

    /// An arm that stands with its joints at zero, and sags.
    fn hardware(faults: &[&str]) -> SimHardware {
        let assets = assets::find().unwrap();
        let profile = Profile::read(&assets.join("profiles/so101.toml")).unwrap();
        let task = Arc::new(Task::load(&assets, "reach").unwrap());
        let twin = Twin::new(&task, &profile).unwrap();
        let faults: Vec<String> = faults.iter().map(|f| (*f).to_owned()).collect();
        let faults = SimFaults::parse(&faults).unwrap();
        let joints = profile.joints();
        let mut hardware = SimHardware::new(twin, &joints, Clock::start(), faults, 0).unwrap();
        hardware.activate().unwrap();
        hardware
    }

    fn read_after(hardware: &mut SimHardware, seconds: f64) -> Option<JointState> {
        hardware.clock.sleep_until(hardware.clock.now() + seconds);
        hardware.read().unwrap()
    }

    #[test]
    fn it_reports_what_it_measures_and_when() {
        let mut hardware = hardware(&[]);
        let first = read_after(&mut hardware, 0.02).unwrap();
        let second = read_after(&mut hardware, 0.1).unwrap();
        assert_eq!(first.name.len(), 5);
        assert!(
            (0.0..hardware.step + 1e-9).contains(&first.delay),
            "{first:?}"
        );
        // By the stamps as much time has passed as by the physics.
        assert!((second.stamp - first.stamp) as f64 * 1e-9 > 0.09);
        assert!(
            (second.position[1] - first.position[1]).abs() > 1e-3,
            "it does not sag"
        );
    }

    #[test]
    fn frozen_joints_stay_while_their_stamps_go_on() {
        let mut hardware = hardware(&["freeze=0"]);
        let first = read_after(&mut hardware, 0.02).unwrap();
        let second = read_after(&mut hardware, 0.1).unwrap();
        assert_eq!(first.position, second.position);
        assert!(second.stamp > first.stamp);
    }

    #[test]
    fn duplicated_reports_are_the_same_and_lost_ones_do_not_come() {
        let mut twice = hardware(&["duplicate=1"]);
        let first = read_after(&mut twice, 0.02).unwrap();
        let second = read_after(&mut twice, 0.02).unwrap();
        assert_eq!(
            (first.stamp, first.position),
            (second.stamp, second.position)
        );
        assert!(read_after(&mut hardware(&["drop=1"]), 0.02).is_none());
    }

    #[test]
    fn delayed_reports_say_how_old_they_are() {
        let mut hardware = hardware(&["delay=0.1"]);
        assert!(read_after(&mut hardware, 0.01).is_none());
        let state = read_after(&mut hardware, 0.12).unwrap();
        assert!(state.delay >= 0.1, "{}", state.delay);
    }
}
