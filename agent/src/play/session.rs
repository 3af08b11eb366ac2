//! The world's thread: it runs the clock, takes commands, asks for plans, and feeds the window. It never waits for any of them.

use super::controls;
use super::mind::Mind;
use super::obey::merge;
use super::pacer::Pacer;
use super::picture;
use super::playground::Playground;
use super::rivals::Rivals;
use super::surprise::Surprise;
use super::switches::Switches;
use super::thinker::{Answer, Request};
use super::{PlayOptions, bench_now};
use crate::assets;
use crate::planning_config::PlanningConfig;
use crate::recording::Recording;
use anyhow::Result;
use sim::shapes::Placement;
use sim::variation::Variant;
use sim::{Goal, Task};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use viewer::stream::{Frame, Latest, Link, Scene};

/// A run that is being shown again.
pub struct Replay {
    /// The run.
    pub recording: Recording,
    /// Steps shown.
    pub next: usize,
}

/// What was asked of the planner last.
pub struct Asked {
    generation: u64,
    tick: usize,
    goal: Arc<Goal>,
    waits: bool,
    pictures: bool,
}

impl PartialEq for Asked {
    fn eq(&self, other: &Self) -> bool {
        self.generation == other.generation
            && self.tick == other.tick
            && Arc::ptr_eq(&self.goal, &other.goal)
            && (self.waits, self.pictures) == (other.waits, other.pictures)
    }
}

/// Everything behind the window.
pub struct Session {
    pub link: Link,
    pub options: PlayOptions,
    /// Tasks with their variants.
    pub scenes: Vec<(String, String)>,
    pub scene: usize,
    pub epoch: u64,
    pub ground: Playground,
    pub mind: Mind,
    pub switches: Switches,
    /// Seconds of the world in a second.
    pub speed: f64,
    /// Strength of a shove, N s.
    pub shove_ns: f64,
    pub selected: Option<usize>,
    pub pacer: Pacer,
    pub replay: Option<Replay>,
    /// The modes side by side.
    pub rivals: Option<Rivals>,
    /// The last run that was recorded.
    pub recorded: Option<PathBuf>,
    /// What happened last, and when.
    pub message: Option<(Instant, String)>,
    /// Messages so far.
    pub messages: usize,
    /// Steps of the last replay after which the world's bytes were not as recorded.
    pub mismatches: usize,
    /// When the world last wanted an action that no plan had.
    pub starved: Option<Instant>,
    /// The benchmark that runs, and its row when it is done.
    pub bench: Option<Latest<Result<bench_now::Finished>>>,
    /// Benchmarks done, and the share of successes in the last one.
    pub benched: (usize, f64),
    /// Control steps to make though the world is paused.
    pub single_steps: usize,
    /// What the planner was asked last, unless it is to be asked again.
    pub asked: Option<Asked>,
    /// Where the bodies were before the last control step.
    pub before: Vec<Placement>,
    published: Instant,
    /// Whether the controls have changed since they were last put.
    pub stale: bool,
}

/// Time between two publications.
const PUBLISH_EVERY: Duration = Duration::from_millis(16);
/// How long a message stays.
const MESSAGE_FOR: Duration = Duration::from_secs(20);
/// Longest time for which nothing is looked at.
const LONGEST_WAIT: Duration = Duration::from_millis(4);

/// Tasks with their variants.
///
/// # Errors
/// A broken task file, which is named.
fn scenes(assets: &std::path::Path) -> Result<Vec<(String, String)>> {
    let mut scenes = Vec::new();
    for name in Task::list(assets)? {
        let task = Task::load(assets, &name)?;
        scenes.extend(task.variants().into_iter().map(|v| (name.clone(), v)));
    }
    Ok(scenes)
}

impl Session {
    /// Opens the first scene.
    ///
    /// # Errors
    /// A task, planner or model that cannot be used.
    pub fn open(link: Link, options: PlayOptions) -> Result<Self> {
        let scenes = scenes(&options.assets)?;
        let (task, variant) = match options.task.split_once('/') {
            Some((task, variant)) => (task, Some(variant)),
            None => (options.task.as_str(), None),
        };
        let task = Arc::new(Task::load(&options.assets, task)?);
        let variant = Variant::of(&task, variant)?;
        let here = |(t, v): &(String, String)| t == task.name() && *v == variant.name;
        let scene = scenes.iter().position(here).unwrap_or(0);
        let rate = task.rate_hz();
        let mut session = Self {
            mind: Mind::new(&options.planner, options.cost)?,
            ground: Playground::new(task, variant, options.seed)?,
            pacer: Pacer::new(rate),
            scenes,
            scene,
            epoch: 0,
            switches: Switches::default(),
            speed: 1.0,
            shove_ns: 0.1,
            selected: None,
            replay: None,
            rivals: None,
            recorded: None,
            message: None,
            messages: 0,
            mismatches: 0,
            starved: None,
            bench: None,
            benched: (0, 0.0),
            single_steps: 0,
            asked: None,
            before: Vec::new(),
            published: Instant::now(),
            stale: true,
            link,
            options,
        };
        // Settings that cannot be used end the program here; later they are only a message.
        session.planning()?;
        session.show();
        // A model that was asked for and cannot be used ends the program here; later it is only a message.
        if session.mind.model > 0 || session.ground.surprise.is_none() {
            let (task, variant) = session.place();
            session.mind.model = 0;
            session.mind.world_model(&task, &variant)?;
        }
        Ok(session)
    }

    /// The task and its variant.
    pub fn place(&self) -> (Arc<Task>, Variant) {
        let env = &self.ground.env;
        (Arc::clone(env.task()), env.variant().clone())
    }

    /// Models for a task: the shipped one, and those that were named.
    fn models(&self) -> Vec<PathBuf> {
        let shipped =
            assets::model_path(&self.options.assets, self.ground.env.task().name(), false);
        let mut models = self.options.models.clone();
        if !models.contains(&shipped) {
            models.push(shipped);
        }
        models
    }

    /// How the task is planned for where nobody changes it.
    fn planning(&self) -> Result<PlanningConfig> {
        match &self.options.config {
            Some(config) => Ok(config.clone()),
            None => PlanningConfig::of_task(&self.options.assets, self.ground.env.task().name()),
        }
    }

    /// Puts the scene on show.
    pub fn show(&mut self) {
        self.epoch += 1;
        let models = self.models();
        self.mind.open(models);
        let (task, variant) = self.place();
        if let Err(error) = self.planning().and_then(|own| self.mind.adopt(own)) {
            self.say(format!("{error:#}"));
        }
        self.pacer = Pacer::new(task.rate_hz());
        self.before.clear();
        self.selected = None;
        self.asked = None;
        self.replay = None;
        self.starved = None;
        // The first of them that is for this task.
        let mut refused = None;
        self.ground.surprise = (0..self.mind.models.len()).find_map(|index| {
            self.mind.model = index;
            let model = self.mind.world_model(&task, &variant);
            match model.and_then(|model| Surprise::new(model, &task)) {
                Ok(surprise) => Some(surprise),
                Err(error) => {
                    refused.get_or_insert(error);
                    None
                }
            }
        });
        if self.ground.surprise.is_none() {
            self.mind.model = 0;
            if let Some(error) = refused {
                self.say(format!("{error:#}"));
            }
        }
        let (centre, radius) = picture::view(&self.ground.env);
        self.link.scenes.put(Arc::new(Scene {
            epoch: self.epoch,
            title: task.spec().description.clone(),
            appearance: task.appearance().clone(),
            centre,
            radius,
        }));
        self.stale = true;
    }

    /// Runs until the window is closed.
    pub fn run(&mut self) {
        while !self.link.is_over() {
            match self.link.commands().recv_timeout(self.wait()) {
                Ok(command) => {
                    let mut waiting = vec![command];
                    waiting.extend(self.link.commands().try_iter());
                    merge(waiting).into_iter().for_each(|c| self.take(c));
                }
                Err(crossbeam_channel::RecvTimeoutError::Timeout) => {}
                Err(crossbeam_channel::RecvTimeoutError::Disconnected) => break,
            }
            self.turn();
        }
        let recorded = self.finish_recording();
        if let Err(error) = recorded {
            tracing::error!("{error:#}");
        }
    }

    /// One turn of the loop, commands apart.
    pub fn turn(&mut self) {
        self.collect();
        if self.due() {
            self.step();
        }
        self.ask();
        self.compare();
        if self.published.elapsed() >= PUBLISH_EVERY {
            self.published = Instant::now();
            self.publish();
        }
    }

    fn wait(&self) -> Duration {
        let running = self.switches.simulate || self.single_steps > 0;
        match (running, self.waits_for_plan()) {
            (true, false) => self.pacer.left(self.pace()).min(LONGEST_WAIT),
            (true, true) => Duration::from_micros(200),
            (false, _) => LONGEST_WAIT,
        }
    }

    /// The speed asked for; none as fast as possible.
    pub fn pace(&self) -> Option<f64> {
        (!self.switches.unlimited).then_some(self.speed)
    }

    /// Whether nothing is under way while a plan is made.
    fn waits(&self) -> bool {
        !self.switches.simulate || self.switches.unlimited
    }

    /// Whether the world waits for a plan, because it runs as fast as possible.
    pub fn waits_for_plan(&self) -> bool {
        let acts = self.switches.plan && self.switches.act && self.replay.is_none();
        acts && self.waits()
            && self.mind.thought.as_ref().is_none_or(|thought| {
                self.ground.tick >= thought.plan.observed + thought.block
                    || !Arc::ptr_eq(&thought.goal, &self.ground.goal)
            })
    }

    fn due(&self) -> bool {
        let wanted = self.switches.simulate || self.single_steps > 0;
        let time = self.single_steps > 0 || self.pacer.left(self.pace()).is_zero();
        wanted && time && !self.waits_for_plan()
    }

    /// Tells something in the window.
    pub fn say(&mut self, message: String) {
        self.message = Some((Instant::now(), message));
        self.messages += 1;
    }

    /// What there is to tell.
    pub fn message(&self) -> Option<&String> {
        let recent = self.message.as_ref();
        let (_, message) = recent.filter(|(told, _)| told.elapsed() < MESSAGE_FOR)?;
        Some(message)
    }

    /// Says what went wrong, and goes on.
    pub fn report<T>(&mut self, outcome: Result<T>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(error) => {
                self.say(format!("{error:#}"));
                None
            }
        }
    }

    /// Takes over what other threads have finished.
    fn collect(&mut self) {
        match self.mind.thinker.answer() {
            Some(Answer::Thought(thought)) => {
                let waits = self.waits();
                self.mind.accept(thought, self.ground.tick, waits);
            }
            Some(Answer::Failed(generation, _)) if !self.mind.is_present(generation) => {}
            Some(Answer::Failed(_, message)) => {
                self.say(format!("the planner stopped: {message}"));
                self.switches.plan = false;
                self.mind.renew();
                self.stale = true;
            }
            None => {}
        }
        let calibrated = self.mind.calibrated();
        self.report(calibrated);
        if let Some(row) = self.bench.as_ref().and_then(Latest::take) {
            self.bench = None;
            self.stale = true;
            if let Some(finished) = self.report(row) {
                self.benched = (self.benched.0 + 1, finished.success_rate);
                self.say(finished.text);
            }
        }
    }

    /// One control step of the world.
    fn step(&mut self) {
        self.single_steps = self.single_steps.saturating_sub(1);
        self.before = self.ground.env.placements();
        let started = Instant::now();
        if let Some(replay) = &mut self.replay {
            let Some(step) = replay.recording.steps.get(replay.next) else {
                let text = format!(
                    "replayed {} steps; {} led to other states than recorded",
                    replay.next, self.mismatches
                );
                self.replay = None;
                self.say(text);
                self.switches.simulate = false;
                self.mind.renew();
                self.stale = true;
                return;
            };
            replay.next += 1;
            let outcome = self.ground.replay(step);
            if let Ok(false) = outcome {
                self.mismatches += 1;
            }
            if self.report(outcome).is_none() {
                self.replay = None;
            }
        } else {
            let width = self.ground.env.task().action_dim();
            let intended = self.intended(width);
            let outcome = self.ground.step(&intended);
            if self.report(outcome).is_none() {
                self.switches.simulate = false;
                self.stale = true;
            }
            let rate = self.ground.env.task().rate_hz() as usize;
            if self.switches.new_goals && self.ground.held >= rate {
                let outcome = self.ground.next_goal();
                if self.report(outcome).is_none() {
                    self.switches.new_goals = false;
                    self.stale = true;
                }
            }
        }
        self.pacer.stepped(self.pace(), started.elapsed());
    }

    /// The action that the plan has for now, or to stand still where it has none.
    fn intended(&mut self, width: usize) -> Vec<f32> {
        let idle = vec![0.0; width];
        if !self.switches.plan || !self.switches.act {
            return idle;
        }
        let tick = self.ground.tick;
        let planned = self.mind.thought.as_ref();
        match planned.and_then(|t| t.plan.from(tick, width).get(..width)) {
            Some(action) => action.to_vec(),
            None => {
                self.starved = Some(Instant::now());
                idle
            }
        }
    }

    /// Asks for a plan when there is something new to plan for.
    fn ask(&mut self) {
        let waits = self.waits();
        let needed = !waits || !self.switches.simulate || self.waits_for_plan();
        if !self.switches.plan || self.replay.is_some() || !needed {
            return;
        }
        let (task, variant) = self.place();
        let seed = self.ground.seed;
        let setup = self.mind.setup(&task, &variant, seed);
        let Some(setup) = self.report(setup) else {
            self.switches.plan = false;
            self.stale = true;
            return;
        };
        let asked = Asked {
            generation: setup.generation,
            tick: self.ground.tick,
            goal: Arc::clone(&self.ground.goal),
            waits,
            pictures: self.switches.overlays,
        };
        if self.asked.as_ref() == Some(&asked) {
            return;
        }
        self.asked = Some(asked);
        let width = task.action_dim();
        // What is not executed does not go on.
        let before = self.mind.thought.clone().filter(|_| self.switches.act);
        let under_way = (!waits).then(|| {
            before
                .as_ref()
                .and_then(|t| t.plan.from(self.ground.tick, width).get(..width))
                .map_or_else(|| vec![0.0; width], <[f32]>::to_vec)
        });
        self.mind.thinker.ask(Request {
            setup,
            goal: Arc::clone(&self.ground.goal),
            env: self.ground.env.fork(),
            step: self.ground.tick,
            under_way,
            before,
            period: self.pacer.period(self.pace()),
            seen: Instant::now(),
            pictures: self.switches.overlays,
            landscape: self.switches.landscape,
        });
    }

    fn publish(&mut self) {
        let now = self.ground.env.placements();
        // Slow motion would jump from control step to control step.
        let slow = self.switches.simulate && !self.switches.unlimited && self.speed < 1.0;
        let placements = match slow && self.before.len() == now.len() {
            true => picture::between(&self.before, &now, self.pacer.phase(self.pace())),
            false => now,
        };
        self.link.frames.put(Frame {
            epoch: self.epoch,
            placements,
        });
        let telemetry = picture::telemetry(self);
        self.link.telemetry.put(Arc::new(telemetry));
        if self.stale {
            self.stale = false;
            self.link.controls.put(Arc::new(controls::list(self)));
        }
    }
}
