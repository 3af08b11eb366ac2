//! What a person does, done: one function for each kind of control.

use super::playground::{Playground, REWIND_S};
use super::session::{Replay, Session};
use super::surprise::Surprise;
use super::{bench_now, controls, mind, settings};
use crate::files;
use crate::recording::{Change, Recording};
use anyhow::{Context, Result, bail};
use sim::Task;
use sim::variation::Variant;
use std::path::PathBuf;
use std::sync::Arc;
use viewer::stream::Command;

impl Session {
    /// Does what a person wants; what cannot be done is said in the window.
    pub fn take(&mut self, command: Command) {
        let outcome = self.obey(command);
        self.report(outcome);
    }

    /// Does what a person wants.
    ///
    /// # Errors
    /// What cannot be done.
    pub fn obey(&mut self, command: Command) -> Result<()> {
        match command {
            Command::Select(body) => self.selected = body.filter(|&b| b < self.bodies()),
            Command::Hand(hand) if hand.body >= self.bodies() => {}
            Command::Hand(hand) => {
                if self.ground.hand.is_none() {
                    self.ground.energy_peak = 0.0;
                }
                self.ground.hand = Some(hand);
            }
            Command::Release => self.ground.hand = None,
            Command::MoveGhost { position, turn, .. } => self.ground.move_goal(position, turn)?,
            Command::Number(id, value) => {
                self.stale = true;
                self.number(&id, value)?;
            }
            Command::Choose(id, option) => {
                self.stale = true;
                self.choose(&id, option)?;
            }
            Command::Switch(id, on) => {
                self.stale = true;
                self.switch(&id, on)?;
            }
            Command::Press(id) => {
                self.stale = true;
                self.press(&id)?;
            }
        }
        Ok(())
    }

    /// Bodies of the scene: a command may still be of the last one.
    fn bodies(&self) -> usize {
        self.ground.env.task().appearance().bodies.len()
    }

    /// What a person does to the world ends a replay: it would be another run.
    fn interfere(&mut self) {
        if self.replay.take().is_some() {
            self.jumped();
        }
    }

    fn number(&mut self, id: &str, value: f64) -> Result<()> {
        match id {
            "speed" => {
                let range = controls::SPEED;
                self.speed = value.clamp(range[0], range[1]);
                self.pacer.resume();
            }
            "noise" => self.ground.disturbance.noise_std = value as f32,
            "latency" => self.ground.disturbance.latency = value.round().max(0.0) as usize,
            "shove_ns" => self.shove_ns = value,
            _ => {
                if let Some(factor) = id.strip_prefix("factor/") {
                    self.interfere();
                    let change = Change::Factor(factor.to_owned(), value as f32);
                    self.ground.change(change)?;
                } else {
                    self.mind.config = settings::with(&self.mind.config, id, value.into())?;
                    self.mind.changed();
                }
            }
        }
        Ok(())
    }

    fn choose(&mut self, id: &str, option: usize) -> Result<()> {
        match id {
            "task" => {
                let Some((task, variant)) = self.scenes.get(option).cloned() else {
                    bail!("there is no task {option}");
                };
                let loaded = Arc::new(Task::load(&self.options.assets, &task)?);
                let variant = Variant::of(&loaded, Some(&variant))?;
                let ground = Playground::new(loaded, variant, self.options.seed)?;
                self.message = None;
                let recorded = self.finish_recording();
                self.report(recorded);
                self.ground = ground;
                self.scene = option;
                self.recorded = None;
                self.show();
            }
            "planner" => self.mind.choose(option)?,
            "cost" => self.mind.choose_cost(option)?,
            "model" => {
                let present = std::mem::replace(&mut self.mind.model, option);
                let (task, variant) = self.place();
                let model = self.mind.world_model(&task, &variant);
                match model.and_then(|model| Surprise::new(model, &task)) {
                    Ok(surprise) => self.ground.surprise = Some(surprise),
                    Err(error) => {
                        self.mind.model = present;
                        return Err(error);
                    }
                }
                // The policy of the last model is no policy of this one.
                if self.mind.choose_mode(self.mind.mode).is_err() {
                    self.mind.choose_mode(0)?;
                }
            }
            "mode" => self.mind.choose_mode(option)?,
            _ => bail!("there is no choice '{id}'"),
        }
        Ok(())
    }

    fn switch(&mut self, id: &str, on: bool) -> Result<()> {
        let switches = &mut self.switches;
        match id {
            "simulate" => {
                switches.simulate = on;
                self.pacer.resume();
                self.asked = None;
            }
            "plan" => {
                switches.plan = on;
                self.asked = None;
                if !on {
                    self.mind.renew();
                }
            }
            "act" => switches.act = on,
            "overlays" => switches.overlays = on,
            "landscape" => switches.landscape = on,
            "side_by_side" => switches.side_by_side = on,
            "new_goals" => switches.new_goals = on,
            "unlimited" => {
                switches.unlimited = on;
                self.pacer.resume();
            }
            "record" => match on {
                true => {
                    self.interfere();
                    self.ground.record();
                }
                false => self.finish_recording()?,
            },
            _ => {
                self.mind.config = settings::with(&self.mind.config, id, on.into())?;
                self.mind.changed();
            }
        }
        Ok(())
    }

    fn press(&mut self, id: &str) -> Result<()> {
        let rate = self.ground.env.task().rate_hz() as isize;
        match id {
            "step" => self.single_steps += 1,
            "reset" => self.restart(self.ground.seed.wrapping_add(1))?,
            "again" => self.restart(self.ground.seed)?,
            "next_goal" => self.ground.next_goal()?,
            "back" => self.rewind(-rate / 2)?,
            "forward" => self.rewind(rate / 2)?,
            "back_30" => self.rewind(-rate * REWIND_S as isize)?,
            "slower" => self.speed = (self.speed / 1.5).max(controls::SPEED[0]),
            "faster" => self.speed = (self.speed * 1.5).min(controls::SPEED[1]),
            "shove" => self.shove()?,
            "save" => {
                let path = self.snapshot_path();
                self.ground.save(&path)?;
                self.say(format!("wrote {}", path.display()));
            }
            "load" => {
                let path = self.snapshot_path();
                self.ground.load(&path)?;
                self.replay = None;
                self.jumped();
            }
            "replay" => self.start_replay()?,
            "defaults" => {
                self.mind.config = self.mind.defaults();
                self.mind.changed();
            }
            "save_settings" => {
                let path = self.write_settings()?;
                self.say(format!(
                    "wrote {}; `bench --config` takes it",
                    path.display()
                ));
            }
            "bench" => self.benchmark()?,
            _ => bail!("there is no button '{id}'"),
        }
        Ok(())
    }

    /// The world has jumped: the plan is of another one.
    fn jumped(&mut self) {
        self.mind.renew();
        self.before.clear();
        self.pacer.resume();
        self.asked = None;
        self.single_steps = 0;
    }

    fn restart(&mut self, seed: u64) -> Result<()> {
        self.ground.reset(seed)?;
        self.message = None;
        self.replay = None;
        self.jumped();
        Ok(())
    }

    /// Goes back or forth, and stops there.
    fn rewind(&mut self, steps: isize) -> Result<()> {
        self.switches.simulate = false;
        self.replay = None;
        self.ground.rewind(steps)?;
        self.jumped();
        Ok(())
    }

    fn shove(&mut self) -> Result<()> {
        self.interfere();
        let task = self.ground.env.task();
        let body = self.selected.or_else(|| task.carrier()).unwrap_or(0);
        let bodies = &task.appearance().bodies;
        let name = bodies.get(body).context("nothing to shove")?.clone();
        let strength = self.shove_ns as f32;
        let [x, y] = self.ground.direction();
        self.ground
            .change(Change::Shove(name, [strength * x, strength * y, 0.0]))
    }

    fn snapshot_path(&self) -> PathBuf {
        self.path("snapshot")
    }

    /// A file of this scene.
    fn path(&self, extension: &str) -> PathBuf {
        let env = &self.ground.env;
        let name = format!("{}-{}.{extension}", env.task().name(), env.variant().name);
        self.options.out.join(name)
    }

    /// Writes what was recorded, if anything was.
    ///
    /// # Errors
    /// Names the file.
    pub fn finish_recording(&mut self) -> Result<()> {
        if let Some(recording) = self.ground.stop_recording() {
            let path = self.path("recording");
            recording.write(&path)?;
            self.say(format!(
                "wrote {} steps to {}",
                recording.steps.len(),
                path.display()
            ));
            self.recorded = Some(path);
        }
        Ok(())
    }

    fn start_replay(&mut self) -> Result<()> {
        self.finish_recording()?;
        let path = self.recorded.clone().unwrap_or(self.path("recording"));
        if !path.is_file() {
            bail!("nothing was recorded yet: turn `record` on first");
        }
        let recording = Recording::read(&path)?;
        let here = (
            self.ground.env.task().name(),
            &self.ground.env.variant().name,
        );
        if (recording.task.as_str(), &recording.variant) != here {
            bail!(
                "{} is of task '{}', variant '{}': choose that first",
                path.display(),
                recording.task,
                recording.variant
            );
        }
        self.ground.begin_replay(&recording)?;
        self.mismatches = 0;
        self.jumped();
        self.switches.simulate = true;
        self.say(format!("replaying {}", path.display()));
        self.replay = Some(Replay { recording, next: 0 });
        Ok(())
    }

    fn write_settings(&self) -> Result<PathBuf> {
        let path = self.options.out.join("settings.toml");
        let text = settings::to_file(&self.mind.config)?;
        files::write_atomically(&path, text.as_bytes())?;
        Ok(path)
    }

    fn benchmark(&mut self) -> Result<()> {
        if self.bench.is_some() {
            bail!("a benchmark is running already");
        }
        let settings = self.write_settings()?;
        let (task, variant) = self.place();
        let kind = self.mind.kind(&task, &variant)?;
        let config = self.mind.settings();
        let planner = mind::PLANNERS[self.mind.planner];
        let model = self.mind.models.get(self.mind.model).cloned();
        let slot = bench_now::start(task, variant, kind, config, planner, model, settings)?;
        self.bench = Some(slot);
        self.say("benchmark running with these settings".to_owned());
        Ok(())
    }
}

/// Leaves out what the next command of the same drag makes needless.
pub fn merge(commands: Vec<Command>) -> Vec<Command> {
    let mut merged: Vec<Command> = Vec::new();
    for mut command in commands {
        match (merged.last(), &mut command) {
            (Some(Command::Hand(_)), Command::Hand(_)) => {
                merged.pop();
            }
            (Some(Command::MoveGhost { turn: before, .. }), Command::MoveGhost { turn, .. }) => {
                *turn += before;
                merged.pop();
            }
            _ => {}
        }
        merged.push(command);
    }
    merged
}
