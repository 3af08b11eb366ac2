//! What flows between whoever runs a scene and the window that shows it: scenes, frames and telemetry one way, commands the
//! other. Nothing here knows what an agent is.

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use sim::shapes::{Appearance, Placement};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The newest value of its kind: a slow reader skips, and a writer never waits.
pub struct Latest<T> {
    sender: Sender<T>,
    receiver: Receiver<T>,
}

impl<T> Clone for Latest<T> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            receiver: self.receiver.clone(),
        }
    }
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        let (sender, receiver) = bounded(1);
        Self { sender, receiver }
    }
}

impl<T> Latest<T> {
    /// Puts a value in the place of the one that nobody has taken yet.
    pub fn put(&self, mut value: T) {
        while let Err(TrySendError::Full(back)) = self.sender.try_send(value) {
            let _stale = self.receiver.try_recv();
            value = back;
        }
    }

    /// Takes the newest value, if there is one since the last time.
    pub fn take(&self) -> Option<T> {
        self.receiver.try_recv().ok()
    }

    /// Waits for a value.
    pub fn wait(&self, longest: std::time::Duration) -> Option<T> {
        self.receiver.recv_timeout(longest).ok()
    }
}

/// Both ends of the stream hold one of these.
#[derive(Clone)]
pub struct Link {
    /// What there is to see; put anew when it changes.
    pub scenes: Latest<Arc<Scene>>,
    /// Where the bodies are.
    pub frames: Latest<Frame>,
    /// What is known and thought about it.
    pub telemetry: Latest<Arc<Telemetry>>,
    /// What a person can set.
    pub controls: Latest<Arc<Vec<Control>>>,
    /// Whether both ends are to stop.
    over: Arc<AtomicBool>,
    commands: (Sender<Command>, Receiver<Command>),
}

impl Default for Link {
    fn default() -> Self {
        Self {
            scenes: Latest::default(),
            frames: Latest::default(),
            telemetry: Latest::default(),
            controls: Latest::default(),
            over: Arc::default(),
            commands: bounded(1024),
        }
    }
}

impl Link {
    /// Sends what a person did. A command that finds a thousand others waiting is dropped: nobody is listening.
    pub fn command(&self, command: Command) {
        if self.commands.0.try_send(command).is_err() {
            tracing::warn!("a command was dropped: the scene does not take any");
        }
    }

    /// Has both ends stop.
    pub fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Has both ends stop after some time.
    pub fn end_after(&self, time: std::time::Duration) {
        let link = self.clone();
        std::thread::spawn(move || {
            std::thread::sleep(time);
            link.end();
        });
    }

    /// Whether both ends are to stop.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// The commands, in order.
    pub fn commands(&self) -> &Receiver<Command> {
        &self.commands.1
    }
}

/// A scene.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Counts up with every scene; frames and telemetry carry it.
    pub epoch: u64,
    /// Shown in the title.
    pub title: String,
    /// Its shapes.
    pub appearance: Appearance,
    /// Where a camera looks at first, metres.
    pub centre: [f32; 3],
    /// Radius about it that should be seen, metres.
    pub radius: f32,
}

/// The bodies of a scene at a moment.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Of the scene.
    pub epoch: u64,
    /// In the order of the appearance.
    pub placements: Vec<Placement>,
}

/// All that is shown beside the bodies; each replaces the last whole.
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    /// Of the scene.
    pub epoch: u64,
    /// Lines in the world.
    pub paths: Vec<Path>,
    /// Bodies that are not there.
    pub ghosts: Vec<Ghost>,
    /// Curves over time.
    pub plots: Vec<Plot>,
    /// A cost over two axes.
    pub landscape: Option<Landscape>,
    /// States that are on or off.
    pub lamps: Vec<Lamp>,
    /// Lines of text: a name and a value.
    pub status: Vec<(String, String)>,
    /// What must not be overlooked.
    pub banner: Option<String>,
    /// The last thing that happened or went wrong.
    pub message: Option<String>,
    /// Numbers by name, for scripts.
    pub values: BTreeMap<String, f64>,
}

/// A line in the world.
#[derive(Clone, Debug)]
pub struct Path {
    /// Metres.
    pub points: Vec<[f32; 3]>,
    /// sRGB and opacity.
    pub colour: [f32; 4],
    /// Opacity at its end as a share of that at its start.
    pub fade: f32,
}

/// What a ghost looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GhostShape {
    /// The parts of a body, by index.
    Body(usize),
    /// A ball of this radius, metres.
    Ball(f32),
}

/// A body that is not there: a goal, an imagined future.
#[derive(Clone, Debug)]
pub struct Ghost {
    /// A name, which a command about it carries.
    pub name: String,
    /// Its shape.
    pub shape: GhostShape,
    /// Where it is.
    pub placement: Placement,
    /// sRGB and opacity.
    pub colour: [f32; 4],
    /// Radius of the ring about it that says how uncertain its position is, metres; zero for none.
    pub uncertainty_m: f32,
    /// Whether a person may drag it, and whether it stays in its horizontal plane then.
    pub drag: Option<DragPlane>,
}

/// How a ghost may be dragged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DragPlane {
    /// Over the ground; with Shift it turns about the vertical.
    Horizontal,
    /// In the plane that faces the camera.
    Facing,
}

/// Curves over time.
#[derive(Clone, Debug)]
pub struct Plot {
    /// What it shows.
    pub title: String,
    /// The curves.
    pub lines: Vec<Line>,
    /// Now, on the time axis.
    pub now: f64,
    /// A level that the curves should stay under.
    pub limit: Option<f64>,
}

/// A curve: solid up to now, thin from there on.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Time in seconds, value.
    pub past: Vec<[f64; 2]>,
    /// Predicted.
    pub future: Vec<[f64; 2]>,
}

/// A cost over two axes, each from -1 to 1.
#[derive(Clone, Debug)]
pub struct Landscape {
    /// Names of the axes.
    pub axes: [String; 2],
    /// Points along each axis.
    pub size: usize,
    /// Costs, the first axis running fastest.
    pub costs: Vec<f32>,
    /// Candidates of a search, on the axes.
    pub candidates: Vec<[f32; 2]>,
    /// The choice.
    pub best: [f32; 2],
}

/// A state that is on or off.
#[derive(Clone, Debug)]
pub struct Lamp {
    /// Its name.
    pub name: String,
    /// Whether it is lit.
    pub on: bool,
    /// Whether being lit is bad news.
    pub warning: bool,
}

/// Something that a person can set or press.
#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    /// Carried by commands about it.
    pub id: String,
    /// Shown beside it.
    pub label: String,
    /// Heading under which it stands.
    pub group: String,
    /// Key that sets it, as on the keyboard: `P`, `Space`, `F5`.
    pub key: Option<&'static str>,
    /// One line about it.
    pub hint: String,
    /// What it is.
    pub kind: ControlKind,
}

/// The kinds of controls.
#[derive(Clone, Debug, PartialEq)]
pub enum ControlKind {
    /// A number within bounds.
    Slider {
        /// Present value.
        value: f64,
        /// Bounds.
        range: [f64; 2],
        /// Value that a reset gives.
        default: f64,
        /// Whether it is a whole number.
        whole: bool,
        /// Whether the bounds are far enough apart for a logarithmic scale.
        logarithmic: bool,
    },
    /// One of several.
    Choice {
        /// The options.
        options: Vec<String>,
        /// The one that is chosen.
        chosen: usize,
    },
    /// On or off.
    Switch(bool),
    /// Does something at once.
    Button,
}

/// What a person did.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Moved a slider.
    Number(String, f64),
    /// Chose an option.
    Choose(String, usize),
    /// Turned a switch.
    Switch(String, bool),
    /// Pressed a button.
    Press(String),
    /// Selected a body, or nothing.
    Select(Option<usize>),
    /// Drags a body.
    Hand(sim::Hand),
    /// Lets it go.
    Release,
    /// Moves a ghost by metres in the world, and turns it about the vertical by radians.
    MoveGhost {
        /// Its name.
        name: String,
        /// Where its origin is to be, metres.
        position: [f32; 3],
        /// Turn since it was last moved, radians.
        turn: f32,
    },
}
