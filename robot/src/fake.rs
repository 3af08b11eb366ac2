//! A robot in this process: second-order servos that execute what they are sent, with faults to inject.

use crate::clock::Clock;
use crate::error::RobotError;
use crate::hardware_interface::HardwareInterface;
use crate::joint_state::JointState;
use crate::safety::SafeJointCommand;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What may be wrong with the fake's reports and its link.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// No reports at all.
    pub lost: bool,
    /// The same report again and again.
    pub duplicated: bool,
    /// The joints' values stay, the stamps go on.
    pub frozen: bool,
    /// Reports arrive late by this, s.
    pub delayed: f64,
    /// Stamps are ahead by this, s; below zero, they step back.
    pub clock_offset: f64,
    /// Positions are not numbers.
    pub not_finite: bool,
    /// `read` fails.
    pub read_fails: bool,
    /// `write` fails.
    pub write_fails: bool,
    /// `write` blocks for this once, s.
    pub write_blocks: f64,
}

/// Everything that a test may look at or change while the loop owns the hardware.
#[derive(Debug, Default)]
pub struct FakeRobot {
    /// What is wrong now.
    pub faults: Faults,
    /// Positions, rad.
    pub position: Vec<f64>,
    /// Velocities, rad/s.
    pub velocity: Vec<f64>,
    /// Whether the emergency stop is pressed. The servos are then off, and the arm stays where a hand puts it.
    pub emergency: bool,
    /// First points of the commands received, each with its epoch and its tick in steady seconds.
    pub received: Vec<(u64, f64, Vec<f64>)>,
    /// Points that are still to be executed: when, and where.
    ahead: VecDeque<(f64, Vec<f64>)>,
    goal: Vec<f64>,
    queue: VecDeque<JointState>,
    last: Option<JointState>,
    time: f64,
}

/// Natural frequency of the servos, rad/s, critically damped: they lag a ramp by `2 / FREQUENCY` seconds.
const FREQUENCY: f64 = 60.0;
/// Step of the servos, s.
const STEP: f64 = 0.001;

/// A handle on the fake robot.
#[derive(Clone)]
pub struct FakeHandle(Arc<Mutex<FakeRobot>>);

impl FakeHandle {
    /// The robot, locked while the guard lives.
    pub fn lock(&self) -> MutexGuard<'_, FakeRobot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The fake robot as hardware.
pub struct FakeHardware {
    clock: Clock,
    joints: Vec<String>,
    robot: FakeHandle,
}

impl FakeHardware {
    /// A robot that stands at a pose.
    pub fn new(clock: Clock, joints: &[String], pose: &[f64]) -> (Self, FakeHandle) {
        let robot = FakeRobot {
            position: pose.to_vec(),
            velocity: vec![0.0; pose.len()],
            goal: pose.to_vec(),
            time: clock.now(),
            ..FakeRobot::default()
        };
        let handle = FakeHandle(Arc::new(Mutex::new(robot)));
        (
            Self {
                clock,
                joints: joints.to_vec(),
                robot: handle.clone(),
            },
            handle,
        )
    }
}

impl FakeRobot {
    /// Puts the arm somewhere by hand.
    pub fn place(&mut self, pose: &[f64]) {
        self.position = pose.to_vec();
        self.velocity.fill(0.0);
        if self.emergency {
            self.goal = pose.to_vec();
            self.ahead.clear();
        }
    }

    fn advance(&mut self, now: f64) {
        while self.time + STEP <= now {
            self.time += STEP;
            while self.ahead.front().is_some_and(|(due, _)| *due <= self.time) {
                if let Some((_, goal)) = self.ahead.pop_front() {
                    self.goal = goal;
                }
            }
            if self.emergency {
                self.velocity.fill(0.0);
                continue;
            }
            for ((q, v), goal) in self
                .position
                .iter_mut()
                .zip(&mut self.velocity)
                .zip(&self.goal)
            {
                let acceleration = FREQUENCY * FREQUENCY * (goal - *q) - 2.0 * FREQUENCY * *v;
                *v += acceleration * STEP;
                *q += *v * STEP;
            }
        }
    }

    fn report(&mut self, names: &[String], now: f64) -> Option<JointState> {
        let faults = self.faults.clone();
        if faults.duplicated {
            return self.last.clone();
        }
        let mut state = JointState {
            stamp: Clock::wall_nanos() + (faults.clock_offset * 1e9) as i64,
            received: now,
            delay: -faults.clock_offset,
            name: names.to_vec(),
            position: self.position.clone(),
            velocity: self.velocity.clone(),
        };
        if let Some(last) = self.last.as_ref().filter(|_| faults.frozen) {
            (state.position, state.velocity) = (last.position.clone(), last.velocity.clone());
        }
        if faults.not_finite {
            state.position.fill(f64::NAN);
        }
        self.last = Some(state.clone());
        self.queue.push_back(state);
        let mut newest = None;
        while self
            .queue
            .front()
            .is_some_and(|s| s.received + faults.delayed <= now)
        {
            newest = self.queue.pop_front();
        }
        let mut newest = newest?;
        newest.delay += now - newest.received;
        newest.received = now;
        (!faults.lost).then_some(newest)
    }
}

impl HardwareInterface for FakeHardware {
    fn configure(&mut self) -> Result<(), RobotError> {
        Ok(())
    }

    fn activate(&mut self) -> Result<(), RobotError> {
        Ok(())
    }

    fn read(&mut self) -> Result<Option<JointState>, RobotError> {
        let now = self.clock.now();
        let mut robot = self.robot.lock();
        if robot.faults.read_fails {
            return Err(RobotError::Hardware("the link is cut".to_owned()));
        }
        robot.advance(now);
        Ok(robot.report(&self.joints, now))
    }

    fn write(&mut self, command: &SafeJointCommand) -> Result<(), RobotError> {
        let blocks = std::mem::take(&mut self.robot.lock().faults.write_blocks);
        self.clock.sleep_until(self.clock.now() + blocks);
        let mut robot = self.robot.lock();
        if robot.faults.write_fails {
            return Err(RobotError::Hardware("the link is cut".to_owned()));
        }
        // What was due before the new command still is.
        let starts = command.at() + 0.5 * command.points().next().map_or(0.0, |p| p.after);
        robot.ahead.retain(|(due, _)| *due < starts);
        let points = command.points();
        robot
            .ahead
            .extend(points.map(|p| (command.at() + p.after, p.position.to_vec())));
        robot
            .received
            .push((command.epoch(), command.at(), command.position().to_vec()));
        Ok(())
    }

    fn deactivate(&mut self) -> Result<(), RobotError> {
        Ok(())
    }

    fn emergency_pressed(&mut self) -> Option<bool> {
        Some(self.robot.lock().emergency)
    }
}
