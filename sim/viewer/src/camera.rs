//! A camera that orbits a point: right drag orbits, middle drag pans, the wheel zooms.

use crate::app::Shown;
use crate::pointer::{Drag, Pointer};
use bevy::input::mouse::{MouseScrollUnit, MouseWheel};
use bevy::prelude::*;
use bevy_egui::EguiContexts;

/// Where the camera is, seen from the point that it looks at.
#[derive(Resource, Clone, Copy, Debug)]
pub struct Orbit {
    /// Metres.
    pub centre: Vec3,
    /// Metres.
    pub distance: f32,
    /// About the vertical, radians.
    pub yaw: f32,
    /// Above the ground, radians.
    pub pitch: f32,
}

impl Default for Orbit {
    fn default() -> Self {
        Self {
            centre: Vec3::ZERO,
            distance: 1.2,
            yaw: -1.2,
            pitch: 0.95,
        }
    }
}

/// Turn by a drag over one pixel, radians.
const TURN_PER_PIXEL: f32 = 0.008;
/// Distance after one notch of the wheel.
const ZOOM_PER_LINE: f32 = 0.88;
/// Vertical field of view of the camera, radians.
const FIELD_OF_VIEW: f32 = std::f32::consts::FRAC_PI_4;

/// Steers the camera.
#[expect(
    clippy::too_many_arguments,
    reason = "a system's parameters are what it reads"
)]
pub fn steer(
    mut orbit: ResMut<Orbit>,
    mut shown: ResMut<Shown>,
    drag: Res<Drag>,
    buttons: Res<ButtonInput<MouseButton>>,
    pointer: Res<Pointer>,
    mut wheel: MessageReader<MouseWheel>,
    mut contexts: EguiContexts,
    mut camera: Single<(&mut Transform, &mut Projection, &Camera)>,
) {
    if (shown.scene_changed || shown.camera_home)
        && let Some(scene) = &shown.scene
    {
        *orbit = Orbit {
            centre: Vec3::from_array(scene.centre),
            distance: scene.radius / (FIELD_OF_VIEW / 2.0).tan(),
            ..Orbit::default()
        };
    }
    shown.camera_home = false;
    let over_panel = contexts
        .ctx_mut()
        .is_ok_and(|context| context.egui_wants_pointer_input());
    let by = pointer.moved;
    let (transform, projection, view) = &mut *camera;
    if over_panel {
        wheel.clear();
    } else {
        let orbiting = buttons.pressed(MouseButton::Right)
            || (buttons.pressed(MouseButton::Left) && drag.on_nothing());
        if orbiting {
            orbit.yaw -= by.x * TURN_PER_PIXEL;
            orbit.pitch = (orbit.pitch + by.y * TURN_PER_PIXEL).clamp(0.05, 1.55);
        } else if buttons.pressed(MouseButton::Middle) {
            let height = view.logical_viewport_size().map_or(600.0, |size| size.y);
            let metres = 2.0 * orbit.distance * (FIELD_OF_VIEW / 2.0).tan() / height.max(1.0);
            let shift = transform.rotation * Vec3::new(-by.x, by.y, 0.0) * metres;
            orbit.centre += shift;
        }
        for MouseWheel { unit, y, .. } in wheel.read() {
            let lines = match unit {
                MouseScrollUnit::Line => *y,
                MouseScrollUnit::Pixel => *y / 40.0,
            };
            orbit.distance = (orbit.distance * ZOOM_PER_LINE.powf(lines)).clamp(0.05, 20.0);
        }
    }
    let (sin, cos) = orbit.pitch.sin_cos();
    let away = Vec3::new(orbit.yaw.cos() * cos, orbit.yaw.sin() * cos, sin) * orbit.distance;
    **transform =
        Transform::from_translation(orbit.centre + away).looking_at(orbit.centre, Vec3::Z);
    // What the panels leave free is the middle of the picture.
    if let Some(size) = view.logical_viewport_size() {
        let [left, right] = shown.covered;
        let aside = (right - left) / 2.0 / size.y.max(1.0);
        let metres = 2.0 * orbit.distance * (FIELD_OF_VIEW / 2.0).tan() * aside;
        let sideways = transform.rotation * Vec3::X * metres;
        transform.translation += sideways;
    }
    if let Projection::Perspective(perspective) = &mut **projection {
        perspective.fov = FIELD_OF_VIEW;
        perspective.near = 0.01;
    }
}
