//! A person by script: input events as the window system would send them, and expectations of what they lead to.

use crate::app::Shown;
use crate::camera::Orbit;
use crate::capture::{self, Captures};
use crate::keys;
use crate::stage::transform;
use bevy::app::AppExit;
use bevy::camera::RenderTarget;
use bevy::input::ButtonState;
use bevy::input::keyboard::{Key, KeyboardInput};
use bevy::input::mouse::{MouseButtonInput, MouseScrollUnit, MouseWheel};
use bevy::input::touch::TouchPhase;
use bevy::prelude::*;
use bevy::window::{CursorMoved, PrimaryWindow, WindowEvent};
use serde::Deserialize;
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Steps in order.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Script(pub Vec<Step>);

/// Why there is no script.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// It is not a script.
    #[error("script {path}: {message}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where, what, and what was expected.
        message: String,
    },
}

impl Script {
    /// Reads a RON file.
    ///
    /// # Errors
    /// [`ScriptError`] naming the file, and the place in it.
    pub fn read(path: &Path) -> Result<Self, ScriptError> {
        let text = std::fs::read_to_string(path).map_err(|source| ScriptError::Read {
            path: path.to_owned(),
            source,
        })?;
        let options = ron::Options::default()
            .with_default_extension(ron::extensions::Extensions::UNWRAP_NEWTYPES);
        options.from_str(&text).map_err(|e| ScriptError::Parse {
            path: path.to_owned(),
            message: e.to_string().replace('\n', " "),
        })
    }

    /// The steps, repetitions written out.
    fn unrolled(self) -> VecDeque<Step> {
        let unroll = |step| match step {
            Step::Repeat(times, steps) => {
                let once = Script(steps).unrolled();
                (0..times).flat_map(|_| once.clone()).collect()
            }
            step => VecDeque::from([step]),
        };
        self.0.into_iter().flat_map(unroll).collect()
    }
}

/// One thing that a person does, or expects.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub enum Step {
    /// Watches for this many frames.
    Wait(u32),
    /// Watches until a value is as it should be, for so many seconds at most.
    Until(String, Check, f64),
    /// Fails unless a value is as it should be.
    Expect(String, Check),
    /// Keeps a value under a name.
    Remember(String, String),
    /// Presses and releases a key.
    Key(String),
    /// Clicks on a control; `id/option` for an option.
    Click(String),
    /// Drags a slider to a share of its length.
    Slide(String, f32),
    /// Drags a body by metres in the world, with Shift or without, over so many frames.
    DragBody {
        /// Its name.
        body: String,
        /// Metres.
        by: [f32; 3],
        /// Whether Shift is held.
        #[serde(default)]
        shift: bool,
        /// Frames from pressing the button to releasing it.
        frames: u32,
    },
    /// Drags a ghost likewise.
    DragGhost {
        /// Its name.
        ghost: String,
        /// Metres.
        by: [f32; 3],
        /// Whether Shift is held.
        #[serde(default)]
        shift: bool,
        /// Frames.
        frames: u32,
    },
    /// Drags with a button from the middle of the free part of the window, pixels.
    DragView(Button, [f32; 2]),
    /// Turns the wheel by lines.
    Wheel(f32),
    /// Takes a picture.
    Picture(String),
    /// Does steps again and again.
    Repeat(u32, Vec<Step>),
}

/// A mouse button.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum Button {
    /// Left.
    Left,
    /// Middle.
    Middle,
    /// Right.
    Right,
}

/// What a value should be.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub enum Check {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
    /// Exactly this.
    Is(f64),
    /// As it was when it was remembered.
    Same(String),
    /// Not as it was.
    Differs(String),
    /// More than it was, by at least this.
    Above(String, f64),
    /// Less than it was, by at least this.
    Below(String, f64),
}

impl Check {
    /// What it compares with, where that was remembered.
    fn remembered(&self, memory: &HashMap<String, f64>) -> String {
        match self {
            Self::Same(name)
            | Self::Differs(name)
            | Self::Above(name, _)
            | Self::Below(name, _) => {
                format!(", '{name}' is {:?}", memory.get(name))
            }
            _ => String::new(),
        }
    }

    fn holds(&self, value: f64, memory: &HashMap<String, f64>) -> bool {
        let was = |name: &String| memory.get(name).copied().unwrap_or(f64::NAN);
        match self {
            Self::AtLeast(least) => value >= *least,
            Self::AtMost(most) => value <= *most,
            Self::Is(wanted) => value == *wanted,
            Self::Same(name) => value == was(name),
            Self::Differs(name) => memory.contains_key(name) && value != was(name),
            Self::Above(name, by) => value >= was(name) + by,
            Self::Below(name, by) => value <= was(name) - by,
        }
    }
}

/// How a script went.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Steps done.
    pub steps: usize,
    /// What was not as expected, and ended the script.
    pub failure: Option<String>,
    /// Pictures taken.
    pub pictures: Vec<PathBuf>,
    /// Frames drawn.
    pub frames: u64,
    /// Seconds since the first.
    pub seconds: f64,
}

/// One event.
#[derive(Clone, Debug)]
enum Event {
    Nothing,
    Move(Vec2),
    Button(MouseButton, ButtonState),
    Key(KeyCode, ButtonState),
    Wheel(f32),
}

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
    /// Frames until a revealed control is laid out.
    revealing: u32,
    started: Option<Instant>,
    report: Arc<Mutex<Report>>,
}

/// Frames before the first step: the first ones are black.
const WARM_UP: u64 = 20;
/// Frames that a panel takes to show a control.
const REVEAL: u32 = 4;
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
            revealing: 0,
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

/// What the player sees.
struct View<'a> {
    shown: &'a mut Shown,
    orbit: &'a Orbit,
    camera: &'a Camera,
    place: GlobalTransform,
}

impl View<'_> {
    /// A number by name: of the telemetry, or of the window itself.
    fn value(&self, name: &str) -> Option<f64> {
        let own = match name {
            "fps" => self.shown.fps,
            "help" => f64::from(u8::from(self.shown.help)),
            "panels" => f64::from(u8::from(self.shown.panels)),
            "selected" => self.shown.selected.map_or(-1.0, |body| body as f64),
            "camera_yaw" => f64::from(self.orbit.yaw),
            "camera_pitch" => f64::from(self.orbit.pitch),
            "camera_distance" => f64::from(self.orbit.distance),
            "memory_mb" => memory_mb()?,
            "camera_x" => f64::from(self.orbit.centre.x),
            _ => return self.shown.telemetry.values.get(name).copied(),
        };
        Some(own)
    }

    fn pixel(&self, point: Vec3) -> Result<Vec2, String> {
        self.camera
            .world_to_viewport(&self.place, point)
            .map_err(|e| format!("{point:?} is not in the picture: {e:?}"))
    }

    /// A point of a body's first part, in the world.
    fn body(&self, name: &str) -> Option<Vec3> {
        let (scene, frame) = (self.shown.scene.as_ref()?, self.shown.frame.as_ref()?);
        let body = scene.appearance.bodies.iter().position(|b| b == name)?;
        let part = scene.appearance.parts_of(body).next()?;
        let at = frame.placements[body].apply(part.placement.position);
        Some(Vec3::from_array(at))
    }

    /// A point of a ghost, in the world.
    fn ghost(&self, name: &str) -> Option<Vec3> {
        let scene = self.shown.scene.as_ref()?;
        let ghosts = &self.shown.telemetry.ghosts;
        let ghost = ghosts.iter().find(|g| g.name == name)?;
        let inside = match ghost.shape {
            crate::stream::GhostShape::Body(body) => {
                scene.appearance.parts_of(body).next()?.placement.position
            }
            crate::stream::GhostShape::Ball(_) => [0.0; 3],
        };
        Some(transform(&ghost.placement).transform_point(Vec3::from_array(inside)))
    }

    /// The middle of what the panels leave free.
    fn middle(&self) -> Vec2 {
        let size = self.camera.logical_viewport_size().unwrap_or(Vec2::ONE);
        let [left, right] = self.shown.covered;
        // Above the middle, where there is rather ground than a body.
        Vec2::new(left + (size.x - left - right) / 2.0, size.y * 0.2)
    }
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
    player.revealing = 0;
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
        self.revealing += 1;
        // An option is found beside its control.
        let known = |id: &str| view.shown.controls.iter().any(|c| c.id == id);
        let control = match id.rsplit_once('/') {
            Some((control, _)) if !known(id) => control,
            _ => id,
        };
        view.shown.reveal = Some(control.to_owned());
        if self.revealing <= REVEAL {
            return Err(Outcome::Again);
        }
        view.shown.reveal = None;
        let found = view.shown.places.get(id).copied();
        found.ok_or_else(|| Outcome::Failed(format!("there is no control '{id}' on screen")))
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
            Some(Err(why)) => Outcome::Failed(why.clone()),
            None if since.elapsed() > Duration::from_secs(PICTURE_S) => {
                Outcome::Failed(format!("no picture after {PICTURE_S} s"))
            }
            None => Outcome::Again,
        }
    }
}

/// Memory that the program holds, where the system tells.
fn memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

/// Sends an event as the window system would.
fn emit(commands: &mut Commands, window: Entity, event: Event) {
    match event {
        Event::Nothing => {}
        Event::Move(position) => {
            let moved = CursorMoved {
                window,
                position,
                delta: None,
            };
            commands.write_message(moved.clone());
            commands.write_message(WindowEvent::from(moved));
        }
        Event::Button(button, state) => {
            let input = MouseButtonInput {
                button,
                state,
                window,
            };
            commands.write_message(input);
            commands.write_message(WindowEvent::from(input));
        }
        Event::Key(key_code, state) => {
            let input = KeyboardInput {
                key_code,
                logical_key: logical(key_code),
                state,
                text: None,
                repeat: false,
                window,
            };
            commands.write_message(input.clone());
            commands.write_message(WindowEvent::from(input));
        }
        Event::Wheel(lines) => {
            let input = MouseWheel {
                unit: MouseScrollUnit::Line,
                x: 0.0,
                y: lines,
                window,
                phase: TouchPhase::Moved,
            };
            commands.write_message(input);
            commands.write_message(WindowEvent::from(input));
        }
    }
}

/// What a key means on a keyboard of Latin letters.
fn logical(key: KeyCode) -> Key {
    let name = format!("{key:?}");
    if let Some(letter) = name.strip_prefix("Key") {
        return Key::Character(letter.to_lowercase().into());
    }
    if let Some(digit) = name.strip_prefix("Digit") {
        return Key::Character(digit.into());
    }
    match key {
        KeyCode::Space => Key::Space,
        KeyCode::Tab => Key::Tab,
        KeyCode::Home => Key::Home,
        KeyCode::ShiftLeft => Key::Shift,
        KeyCode::ArrowLeft => Key::ArrowLeft,
        KeyCode::ArrowRight => Key::ArrowRight,
        KeyCode::F1 => Key::F1,
        _ => Key::Unidentified(bevy::input::keyboard::NativeKey::Unidentified),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_read_and_repetitions_written_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tour.ron");
        let text = r#"[Wait(3), Repeat(2, [Key("P"), Expect("paused", Is(1))]), Picture("end")]"#;
        std::fs::write(&path, text).expect("written");
        let script = Script::read(&path).expect("a script");
        assert_eq!(script.unrolled().len(), 6);
    }

    #[test]
    fn broken_scripts_are_refused_with_their_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("broken.ron");
        std::fs::write(&path, "[Wait(3), Dance]").expect("written");
        let message = Script::read(&path).expect_err("refused").to_string();
        assert!(
            message.contains("broken.ron") && message.contains("1:11"),
            "{message}"
        );
    }

    #[test]
    fn checks_compare_with_what_was_remembered() {
        let memory = HashMap::from([("a".to_owned(), 2.0)]);
        let same = Check::Same("a".to_owned());
        assert!(same.holds(2.0, &memory) && !same.holds(2.5, &memory));
        let above = Check::Above("a".to_owned(), 1.0);
        assert!(above.holds(3.0, &memory) && !above.holds(2.9, &memory));
        // What was never remembered satisfies nothing.
        assert!(!Check::Differs("b".to_owned()).holds(2.0, &memory));
        assert!(!Check::Below("b".to_owned(), 0.0).holds(2.0, &memory));
    }
}
