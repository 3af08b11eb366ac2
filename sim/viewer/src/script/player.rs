//! Plays a script: an event in each frame, a step when its events are over.

use super::events::{Event, emit};
use super::view::View;
use super::{Button, Report, Script, Step};
use crate::app::Shown;
use crate::camera::Orbit;
use crate::capture::{self, Captures};
use crate::keys;
use bevy::app::AppExit;
use bevy::camera::RenderTarget;
use bevy::input::ButtonState;
use bevy::prelude::*;
use bevy::window::PrimaryWindow;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Plays a script.
#[derive(Resource)]
pub struct Player {
    script: Option<VecDeque<Step>>,
    done: usize,
    events: VecDeque<Event>,
    memory: HashMap<String, f64>,
    waiting: Option<Instant>,
    /// Pictures asked for.
    asked: usize,
    /// Frames in which a revealed control has stayed in its place, and that place.
    still: u32,
    place: Option<[Vec2; 2]>,
    started: Option<Instant>,
    report: Arc<Mutex<Report>>,
}

/// Frames before the first step: the first ones are black.
const WARM_UP: u64 = 20;
/// Frames that a panel takes to show a control, and in which it must not move, as it does while the controls of a task change.
const STILL: u32 = 4;
/// Steps of the pointer in a drag of a slider or the view.
const DRAG_STEPS: u32 = 8;
/// Seconds that a picture may take.
const PICTURE_S: u64 = 20;

impl Player {
    /// A player of a script, or of nothing.
    pub fn new(script: Option<Script>, report: Arc<Mutex<Report>>) -> Self {
        Self {
            script: script.map(Script::unrolled),
            done: 0,
            events: VecDeque::new(),
            memory: HashMap::new(),
            waiting: None,
            asked: 0,
            still: 0,
            place: None,
            started: None,
            report,
        }
    }
}

/// What became of a step in this frame.
enum Outcome {
    Done,
    Again,
    Failed(String),
}

/// Plays the next event or step.
#[expect(
    clippy::too_many_arguments,
    reason = "a system's parameters are what it reads"
)]
pub fn play(
    mut player: ResMut<Player>,
    mut shown: ResMut<Shown>,
    mut captures: ResMut<Captures>,
    orbit: Res<Orbit>,
    camera: Single<(&Camera, &Transform, &RenderTarget)>,
    window: Single<Entity, With<PrimaryWindow>>,
    mut commands: Commands,
    mut exit: MessageWriter<AppExit>,
) {
    let started = *player.started.get_or_insert_with(Instant::now);
    let frames = {
        let Ok(mut report) = player.report.lock() else {
            return;
        };
        report.frames += 1;
        report.left = player.script.as_ref().map_or(0, VecDeque::len);
        report.seconds = started.elapsed().as_secs_f64();
        report.frames
    };
    if player.script.is_none() || frames < WARM_UP || shown.frame.is_none() {
        return;
    }
    if let Some(event) = player.events.pop_front() {
        emit(&mut commands, *window, event);
        return;
    }
    let (camera, place, target) = *camera;
    let mut view = View {
        shown: &mut shown,
        orbit: &orbit,
        camera,
        place: GlobalTransform::from(*place),
    };
    let Some(step) = player.script.as_ref().and_then(|s| s.front()).cloned() else {
        exit.write(AppExit::Success);
        return;
    };
    let outcome = player.attempt(&step, &mut view, &mut captures, &mut commands, target);
    match outcome {
        Outcome::Again => return,
        Outcome::Done => {}
        Outcome::Failed(why) => {
            if let Ok(mut report) = player.report.lock() {
                report.failure = Some(format!("step {}, {step:?}: {why}", player.done + 1));
            }
            exit.write(AppExit::error());
            player.script = None;
            return;
        }
    }
    player.waiting = None;
    player.still = 0;
    player.done += 1;
    if let Some(script) = &mut player.script {
        script.pop_front();
    }
    if let Ok(mut report) = player.report.lock() {
        report.steps = player.done;
    }
}

impl Player {
    fn attempt(
        &mut self,
        step: &Step,
        view: &mut View<'_>,
        captures: &mut Captures,
        commands: &mut Commands,
        target: &RenderTarget,
    ) -> Outcome {
        match step {
            Step::Wait(frames) => self.idle(*frames),
            Step::Until(name, check, seconds) => {
                let value = view.value(name);
                if value.is_some_and(|value| check.holds(value, &self.memory)) {
                    return Outcome::Done;
                }
                let since = *self.waiting.get_or_insert_with(Instant::now);
                return match since.elapsed().as_secs_f64() < *seconds {
                    true => Outcome::Again,
                    false => {
                        let before = check.remembered(&self.memory);
                        Outcome::Failed(format!("it is {value:?} after {seconds} s{before}"))
                    }
                };
            }
            Step::Expect(name, check) => match view.value(name) {
                None => return Outcome::Failed(format!("there is no value '{name}'")),
                Some(value) if check.holds(value, &self.memory) => {}
                Some(value) => {
                    let before = check.remembered(&self.memory);
                    return Outcome::Failed(format!("it is {value}{before}"));
                }
            },
            Step::Remember(name, under) => match view.value(name) {
                None => return Outcome::Failed(format!("there is no value '{name}'")),
                Some(value) => {
                    self.memory.insert(under.clone(), value);
                }
            },
            Step::Key(name) => match keys::code(name) {
                None => return Outcome::Failed(format!("there is no key '{name}'")),
                Some(key) => {
                    self.events.extend([
                        Event::Key(key, ButtonState::Pressed),
                        Event::Key(key, ButtonState::Released),
                    ]);
                    self.idle(2);
                }
            },
            Step::Click(id) => match self.find(id, view) {
                Err(outcome) => return outcome,
                Ok([place, _]) => {
                    self.press(place);
                    self.release();
                }
            },
            Step::Slide(id, share) => match self.find(id, view) {
                Err(outcome) => return outcome,
                Ok([start, end]) => {
                    self.press(start.lerp(end, 0.5));
                    self.glide(start.lerp(end, 0.5), start.lerp(end, *share), DRAG_STEPS);
                    self.release();
                }
            },
            Step::DragBody {
                body,
                by,
                shift,
                frames,
            } => return self.drag(view, view.body(body), body, *by, *shift, *frames),
            Step::DragGhost {
                ghost,
                by,
                shift,
                frames,
            } => return self.drag(view, view.ghost(ghost), ghost, *by, *shift, *frames),
            Step::DragView(button, [x, y]) => {
                let from = view.middle();
                let button = match button {
                    Button::Left => MouseButton::Left,
                    Button::Middle => MouseButton::Middle,
                    Button::Right => MouseButton::Right,
                };
                self.events.extend([Event::Move(from), Event::Nothing]);
                self.events
                    .push_back(Event::Button(button, ButtonState::Pressed));
                self.glide(from, from + Vec2::new(*x, *y), DRAG_STEPS);
                self.events
                    .push_back(Event::Button(button, ButtonState::Released));
                self.idle(2);
            }
            Step::Wheel(lines) => {
                self.events
                    .extend([Event::Move(view.middle()), Event::Nothing]);
                self.events.push_back(Event::Wheel(*lines));
                self.idle(2);
            }
            Step::Picture(name) => return self.picture(name, captures, commands, target),
            Step::Repeat(..) => {}
        }
        Outcome::Done
    }

    fn idle(&mut self, frames: u32) {
        self.events.extend((0..frames).map(|_| Event::Nothing));
    }

    fn press(&mut self, at: Vec2) {
        self.events.extend([
            Event::Move(at),
            Event::Nothing,
            Event::Button(MouseButton::Left, ButtonState::Pressed),
            Event::Nothing,
        ]);
    }

    fn release(&mut self) {
        self.events
            .push_back(Event::Button(MouseButton::Left, ButtonState::Released));
        self.idle(3);
    }

    fn glide(&mut self, from: Vec2, to: Vec2, frames: u32) {
        let frames = frames.max(1);
        self.events
            .extend((1..=frames).map(|i| Event::Move(from.lerp(to, i as f32 / frames as f32))));
    }

    /// Where a control is, once the panel shows it.
    fn find(&mut self, id: &str, view: &mut View<'_>) -> Result<[Vec2; 2], Outcome> {
        let place = view.shown.places.get(id).copied();
        self.still = if place == self.place {
            self.still + 1
        } else {
            0
        };
        self.place = place;
        // An option is found beside its control.
        let known = |id: &str| view.shown.controls.iter().any(|c| c.id == id);
        let control = match id.rsplit_once('/') {
            Some((control, _)) if !known(id) => control,
            _ => id,
        };
        view.shown.reveal = Some(control.to_owned());
        if self.still <= STILL {
            return Err(Outcome::Again);
        }
        view.shown.reveal = None;
        place.ok_or_else(|| Outcome::Failed(format!("there is no control '{id}' on screen")))
    }

    fn drag(
        &mut self,
        view: &View<'_>,
        from: Option<Vec3>,
        name: &str,
        by: [f32; 3],
        shift: bool,
        frames: u32,
    ) -> Outcome {
        let Some(from) = from else {
            return Outcome::Failed(format!("'{name}' is not in the scene"));
        };
        let ends = view
            .pixel(from)
            .and_then(|start| Ok((start, view.pixel(from + Vec3::from_array(by))?)));
        let (start, end) = match ends {
            Ok(ends) => ends,
            Err(why) => return Outcome::Failed(why),
        };
        let key = |state| Event::Key(KeyCode::ShiftLeft, state);
        if shift {
            self.events.push_back(key(ButtonState::Pressed));
        }
        self.press(start);
        self.glide(start, end, frames);
        self.release();
        if shift {
            self.events.push_back(key(ButtonState::Released));
        }
        Outcome::Done
    }

    fn picture(
        &mut self,
        name: &str,
        captures: &Captures,
        commands: &mut Commands,
        target: &RenderTarget,
    ) -> Outcome {
        let Some(since) = self.waiting else {
            capture::take(commands, target, name);
            self.asked += 1;
            self.waiting = Some(Instant::now());
            return Outcome::Again;
        };
        match captures.taken.get(self.asked - 1) {
            Some(Ok(path)) => {
                if let Ok(mut report) = self.report.lock() {
                    report.pictures.push(path.clone());
                }
                Outcome::Done
            }
            // On a busy machine the first frames are blank: what draws is still being compiled.
            Some(Err(_)) if since.elapsed() < Duration::from_secs(PICTURE_S) => {
                capture::take(commands, target, name);
                self.asked += 1;
                Outcome::Again
            }
            Some(Err(why)) => Outcome::Failed(why.clone()),
            None if since.elapsed() > Duration::from_secs(PICTURE_S) => {
                Outcome::Failed(format!("no picture after {PICTURE_S} s"))
            }
            None => Outcome::Again,
        }
    }
}
