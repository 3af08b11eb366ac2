//! The bevy app: in a window, or offscreen under a script.

use crate::script::{Player, Report, Script};
use crate::stream::{Control, Frame, Link, Scene, Telemetry};
use crate::{camera, capture, keys, matte, overlay, panels, pointer, script, stage};
use bevy::app::ScheduleRunnerPlugin;
use bevy::camera::RenderTarget;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::render::render_resource::{TextureFormat, TextureUsages};
use bevy::window::{ExitCondition, PrimaryWindow, WindowResolution};
use bevy::winit::{WinitPlugin, WinitSettings};
use bevy_egui::input::WindowToEguiContextMap;
use bevy_egui::{EguiPlugin, EguiPrimaryContextPass, PrimaryEguiContext};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use thread_priority::{ThreadPriority, set_current_thread_priority};

/// How the window is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Draw into memory: no display is needed, and a script plays the person.
    pub headless: bool,
    /// Width and height, pixels.
    pub size: [u32; 2],
    /// Input events to play, after which the app ends.
    pub script: Option<Script>,
    /// Folder for the script's pictures.
    pub out: PathBuf,
    /// How they are written.
    pub save: capture::Save,
    /// Frames a second that are not exceeded.
    pub max_fps: f64,
}

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum ViewerError {
    /// Neither X11 nor Wayland answers.
    #[error(
        "no display: DISPLAY and WAYLAND_DISPLAY are not set; log in to a desktop, or use --headless with --script"
    )]
    NoDisplay,
    /// No driver to draw with.
    #[error(
        "no Vulkan driver: {0}; install one (without a graphics card: `apt install mesa-vulkan-drivers libvulkan1`)"
    )]
    NoVulkan(String),
    /// Anything else that ended the app.
    #[error("the window ended: {0}")]
    Ended(String),
}

/// The end of the stream that the window holds.
#[derive(Resource, Clone)]
pub struct Stream(pub Link);

/// What is on screen.
#[derive(Resource, Default)]
pub struct Shown {
    pub scene: Option<Arc<Scene>>,
    /// Whether the scene was exchanged in this frame.
    pub scene_changed: bool,
    pub frame: Option<Frame>,
    pub telemetry: Arc<Telemetry>,
    pub controls: Vec<Control>,
    pub help: bool,
    pub panels: bool,
    pub camera_home: bool,
    pub selected: Option<usize>,
    /// Frames a second, over the last half second.
    pub fps: f64,
    /// Pixels that the panels take on the left and on the right.
    pub covered: [f32; 2],
    /// A control that a script wants to see.
    pub reveal: Option<String>,
    /// Where the controls are on screen: the point to click on, or the ends of a slider.
    pub places: HashMap<String, [Vec2; 2]>,
    frames: u32,
    since: Option<Instant>,
}

/// The moment at which the next frame is due.
#[derive(Resource)]
struct Pace {
    period: Duration,
    due: Instant,
}

/// Names of threads behind the window whose panics are caught and told by those who run them.
pub const OWN_THREADS: [&str; 4] = ["world", "planner", "calibration", "benchmark"];

/// Runs the window until it is closed or its script has ended. Call it on the main thread.
///
/// # Errors
/// [`ViewerError`] when there is nothing to draw on or with. Failed expectations of a script are in its report.
pub fn run(link: Link, options: Options) -> Result<Report, ViewerError> {
    let display = ["DISPLAY", "WAYLAND_DISPLAY"];
    if cfg!(target_os = "linux")
        && !options.headless
        && !display.iter().any(|name| std::env::var_os(name).is_some())
    {
        return Err(ViewerError::NoDisplay);
    }
    let report = Arc::new(Mutex::new(Report::default()));
    let last_words = Arc::new(Mutex::new(String::new()));
    // The engine panics where it finds nothing to draw with; one line is to tell.
    let hook = std::panic::take_hook();
    let words = Arc::clone(&last_words);
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload_as_str().unwrap_or("no message").to_owned();
        tracing::debug!("{panic}");
        let thread = std::thread::current();
        if thread
            .name()
            .is_some_and(|name| OWN_THREADS.contains(&name))
        {
            return; // whoever runs it tells
        }
        if let Ok(mut words) = words.lock()
            && words.is_empty()
        {
            *words = text;
        }
    }));
    give_way();
    let shared = Arc::clone(&report);
    let outcome = catch_unwind(AssertUnwindSafe(|| build(link, options, shared).run()));
    std::panic::set_hook(hook);
    let words = last_words.lock().map(|w| w.clone()).unwrap_or_default();
    if outcome.is_err() {
        let words = words.replace('\n', " ");
        return Err(match words.contains("GPU") || words.contains("adapter") {
            true => ViewerError::NoVulkan(words),
            false => ViewerError::Ended(words),
        });
    }
    let report = report.lock().map(|r| r.clone());
    report.map_err(|_| ViewerError::Ended("a thread of the window panicked".to_owned()))
}

/// Lets whoever thinks go first: the window's threads, all of which the calling one starts from now on, draw with the time that is
/// left. Where there is no graphics card, drawing would take every core.
fn give_way() {
    // A niceness of 10 on Linux, where a tenth as much time is due to it as to others.
    if let Err(error) = ThreadPriority::try_from(25)
        .map_err(|error| format!("{error:?}"))
        .and_then(|p| set_current_thread_priority(p).map_err(|error| format!("{error:?}")))
    {
        tracing::warn!("the window draws at the priority of the planner: {error}");
    }
}

fn build(link: Link, options: Options, report: Arc<Mutex<Report>>) -> App {
    let [width, height] = options.size;
    let window = Window {
        title: "Foresight".to_owned(),
        resolution: WindowResolution::new(width, height),
        ..default()
    };
    let plugins = DefaultPlugins
        .build()
        .disable::<LogPlugin>()
        .set(WindowPlugin {
            primary_window: Some(window),
            exit_condition: match options.headless {
                true => ExitCondition::DontExit,
                false => ExitCondition::OnPrimaryClosed,
            },
            ..default()
        });
    let mut app = App::new();
    if options.headless {
        app.add_plugins(plugins.disable::<WinitPlugin>());
        app.add_plugins(ScheduleRunnerPlugin::run_loop(Duration::ZERO));
    } else {
        app.add_plugins(plugins);
        app.insert_resource(WinitSettings::continuous());
    }
    app.add_plugins((EguiPlugin::default(), matte::plugin))
        .insert_resource(ClearColor(Color::srgb(0.93, 0.94, 0.96)))
        .insert_resource(Stream(link))
        .insert_resource(Shown {
            panels: true,
            ..default()
        })
        .insert_resource(Pace {
            period: Duration::from_secs_f64(1.0 / options.max_fps.max(1.0)),
            due: Instant::now(),
        })
        .insert_resource(capture::Captures::new(options.out.clone(), options.save))
        .insert_resource(Player::new(options.script.clone(), report))
        .init_resource::<camera::Orbit>()
        .init_resource::<pointer::Pointer>()
        .init_resource::<pointer::Drag>()
        .init_resource::<stage::Stage>()
        .init_resource::<overlay::Ghosts>()
        .add_systems(
            Startup,
            move |commands: Commands, images: ResMut<Assets<Image>>| {
                spawn_camera(commands, images, options.headless, options.size);
            },
        )
        .add_systems(Startup, overlay::set_up)
        .add_systems(First, (route_input, script::play).chain())
        .add_systems(PreUpdate, receive)
        .add_systems(
            Update,
            (
                pointer::track,
                keys::read_keys,
                stage::show,
                camera::steer,
                pointer::drag,
                overlay::draw_ghosts,
                overlay::draw_lines,
            )
                .chain(),
        )
        .add_systems(EguiPrimaryContextPass, panels::draw)
        .add_systems(Last, pace);
    app
}

fn spawn_camera(
    mut commands: Commands,
    mut images: ResMut<Assets<Image>>,
    headless: bool,
    [width, height]: [u32; 2],
) {
    let mut camera = commands.spawn((Camera3d::default(), Msaa::Off, Tonemapping::None));
    if headless {
        let format = TextureFormat::Rgba8UnormSrgb;
        let mut image = Image::new_target_texture(width, height, format, None);
        image.texture_descriptor.usage |= TextureUsages::COPY_SRC;
        camera.insert(RenderTarget::Image(images.add(image).into()));
    }
}

/// Offscreen, no window system tells the panels that the pointer is theirs.
fn route_input(
    mut map: ResMut<WindowToEguiContextMap>,
    window: Single<Entity, With<PrimaryWindow>>,
    context: Single<Entity, With<PrimaryEguiContext>>,
) {
    if map.context_to_window.contains_key(&*context) {
        return;
    }
    map.context_to_window.insert(*context, *window);
    map.window_to_contexts
        .entry(*window)
        .or_default()
        .insert(*context);
}

/// Takes what is new.
fn receive(mut shown: ResMut<Shown>, stream: Res<Stream>, mut exit: MessageWriter<AppExit>) {
    let link = &stream.0;
    if link.is_over() {
        exit.write(AppExit::Success);
    }
    shown.scene_changed = false;
    if let Some(scene) = link.scenes.take() {
        shown.scene = Some(scene);
        shown.scene_changed = true;
        shown.selected = None;
        shown.frame = None;
        shown.telemetry = Arc::default();
    }
    let epoch = shown.scene.as_ref().map(|scene| scene.epoch);
    if let Some(frame) = link.frames.take()
        && Some(frame.epoch) == epoch
    {
        shown.frame = Some(frame);
    }
    if let Some(telemetry) = link.telemetry.take()
        && Some(telemetry.epoch) == epoch
    {
        shown.telemetry = telemetry;
    }
    if let Some(controls) = link.controls.take() {
        shown.controls = controls.to_vec();
    }
}

/// Counts frames, and waits until the next one is due.
fn pace(mut pace: ResMut<Pace>, mut shown: ResMut<Shown>) {
    shown.frames += 1;
    let now = Instant::now();
    let since = *shown.since.get_or_insert(now);
    let passed = now.duration_since(since);
    if passed > Duration::from_millis(500) {
        shown.fps = f64::from(shown.frames) / passed.as_secs_f64();
        shown.frames = 0;
        shown.since = Some(now);
    }
    pace.due = (pace.due + pace.period).max(now);
    let due = pace.due;
    if due > now + pace.period {
        pace.due = now + pace.period;
    }
    std::thread::sleep(due.saturating_duration_since(now));
}
