//! What a player sees of the window.

use crate::app::Shown;
use crate::camera::Orbit;
use crate::stage::transform;
use crate::stream::GhostShape;
use bevy::prelude::*;

/// What the player sees.
pub struct View<'a> {
    pub shown: &'a mut Shown,
    pub orbit: &'a Orbit,
    pub camera: &'a Camera,
    pub place: GlobalTransform,
}

impl View<'_> {
    /// A number by name: of the telemetry, or of the window itself.
    pub fn value(&self, name: &str) -> Option<f64> {
        let own = match name {
            "fps" => self.shown.fps,
            "help" => f64::from(u8::from(self.shown.help)),
            "panels" => f64::from(u8::from(self.shown.panels)),
            "selected" => self.shown.selected.map_or(-1.0, |body| body as f64),
            "camera_yaw" => f64::from(self.orbit.yaw),
            "camera_pitch" => f64::from(self.orbit.pitch),
            "camera_distance" => f64::from(self.orbit.distance),
            "memory_mb" => process("VmRSS:")? / 1024.0,
            "threads" => process("Threads:")?,
            "camera_x" => f64::from(self.orbit.centre.x),
            _ => return self.shown.telemetry.values.get(name).copied(),
        };
        Some(own)
    }

    /// Where a point of the world is in the window.
    ///
    /// # Errors
    /// When it is not in the picture.
    pub fn pixel(&self, point: Vec3) -> Result<Vec2, String> {
        self.camera
            .world_to_viewport(&self.place, point)
            .map_err(|e| format!("{point:?} is not in the picture: {e:?}"))
    }

    /// A point of a body's first part, in the world.
    pub fn body(&self, name: &str) -> Option<Vec3> {
        let (scene, frame) = (self.shown.scene.as_ref()?, self.shown.frame.as_ref()?);
        let body = scene.appearance.bodies.iter().position(|b| b == name)?;
        let part = scene.appearance.parts_of(body).next()?;
        let at = frame.placements[body].apply(part.placement.position);
        Some(Vec3::from_array(at))
    }

    /// A point of a ghost, in the world.
    pub fn ghost(&self, name: &str) -> Option<Vec3> {
        let scene = self.shown.scene.as_ref()?;
        let ghosts = &self.shown.telemetry.ghosts;
        let ghost = ghosts.iter().find(|g| g.name == name)?;
        let inside = match ghost.shape {
            GhostShape::Body(body) => scene.appearance.parts_of(body).next()?.placement.position,
            GhostShape::Ball(_) => [0.0; 3],
        };
        Some(transform(&ghost.placement).transform_point(Vec3::from_array(inside)))
    }

    /// The middle of what the panels leave free.
    pub fn middle(&self) -> Vec2 {
        let size = self.camera.logical_viewport_size().unwrap_or(Vec2::ONE);
        let [left, right] = self.shown.covered;
        // Above the middle, where there is rather ground than a body.
        Vec2::new(left + (size.x - left - right) / 2.0, size.y * 0.2)
    }
}

/// What the system tells of the program: memory in kB, threads.
fn process(name: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
