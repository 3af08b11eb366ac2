//! What a camera needs to know of a task, found out once.

use super::view::{Lens, View};
use crate::error::SimError;
use crate::shapes::{Geometry, Part};
use crate::spec::{CameraSpec, FactorKind};
use crate::task::Task;
use rapier3d::prelude::*;

/// Where the light comes from when the task file does not say.
const LIGHT: [f32; 3] = [0.3, -0.4, 0.85];
/// Vertical field of view when the task file has no camera, radians.
const FIELD_OF_VIEW: f32 = std::f32::consts::FRAC_PI_4;
/// Towards the eye when the task file has no camera.
const OBLIQUE: Vector = Vector::new(0.35, -0.75, 0.65);
/// Parts less opaque than this are not drawn.
const OPAQUE: f32 = 0.5;

/// A factor of variation that changes how a scene is drawn, or how large its bodies are.
pub(super) struct VisualFactor {
    /// Its index among the factors of the task.
    pub index: usize,
    pub kind: FactorKind,
    /// What it applies to; every body when empty.
    pub bodies: Vec<usize>,
}

impl VisualFactor {
    pub fn applies_to(&self, body: Option<usize>) -> bool {
        body.is_some_and(|b| self.bodies.is_empty() || self.bodies.contains(&b))
    }
}

/// A shape with its pose in its body's frame.
pub(super) struct Shape {
    pub body: Option<usize>,
    pub geometry: Geometry,
    pub pose: Pose,
    /// In `[0, 255]`.
    pub colour: [f32; 3],
}

impl Shape {
    fn new(part: &Part) -> Self {
        let [red, green, blue, _] = part.colour.map(|c| c * 255.0);
        Self {
            body: part.body,
            geometry: part.geometry,
            pose: part.placement.pose(),
            colour: [red, green, blue],
        }
    }
}

/// A scene to be drawn.
pub(super) struct Stage {
    pub task: String,
    pub shapes: Vec<Shape>,
    /// Which part of the appearance each shape is.
    pub parts: Vec<usize>,
    /// Bodies that physics does not move.
    pub settled: Vec<bool>,
    pub factors: Vec<VisualFactor>,
    /// Towards the light, of unit length.
    pub light: Vector,
    /// The body that counts, and how far it reaches from its origin, metres.
    pub object: Option<usize>,
    pub object_radius: f32,
    /// Height of the floor, metres.
    pub floor: f32,
}

impl Stage {
    /// The scene of a task as one of its cameras sees it.
    pub fn new(task: &Task, camera: Option<&CameraSpec>) -> Self {
        let parts = &task.appearance().parts;
        let opaque = || {
            let numbered = parts.iter().enumerate();
            numbered.filter(|(_, p)| p.colour[3] >= OPAQUE)
        };
        let handles = task.scene.bodies();
        let physics = &task.scene.blueprint.physics;
        let settled = handles
            .iter()
            .map(|&h| physics.bodies.get(h).is_none_or(|b| !b.is_dynamic()))
            .collect();
        let visual = |(index, factor): (usize, &crate::variation::Factor)| {
            let kind = factor.spec.kind;
            let place = |body| handles.iter().position(|&h| h == body);
            (kind.is_visual() || kind == FactorKind::Size).then(|| VisualFactor {
                index,
                kind,
                bodies: factor.bodies.iter().filter_map(|&b| place(b)).collect(),
            })
        };
        let light = camera.and_then(|c| c.light);
        let object = task.carrier();
        let of_object = parts
            .iter()
            .filter(|p| p.body.is_some() && p.body == object);
        let floors = parts
            .iter()
            .filter(|p| p.body.is_none() && matches!(p.geometry, Geometry::Plane(_)));
        Self {
            task: task.name().to_owned(),
            shapes: opaque().map(|(_, part)| Shape::new(part)).collect(),
            parts: opaque().map(|(index, _)| index).collect(),
            settled,
            factors: task.factors.iter().enumerate().filter_map(visual).collect(),
            light: Vector::from_array(light.unwrap_or(LIGHT)).normalize_or(Vector::Z),
            object,
            object_radius: of_object.map(reach).fold(0.0, f32::max),
            floor: floors
                .map(|p| p.placement.position[2])
                .next()
                .unwrap_or(0.0),
        }
    }

    /// An error of the camera of this task.
    pub fn error(&self, message: String) -> SimError {
        SimError::Camera {
            task: self.task.clone(),
            message,
        }
    }
}

/// The camera of a task file, or one that sees the whole scene from an oblique side.
pub(super) fn view(task: &Task, camera: Option<&CameraSpec>, size: [usize; 2]) -> View {
    match camera {
        Some(camera) => {
            let CameraSpec { eye, target, .. } = camera;
            let lens = match (camera.height_m, camera.fov_deg) {
                (Some(height), _) => Lens::Orthographic(height),
                (None, Some(degrees)) => Lens::Perspective(degrees.to_radians()),
                (None, None) => Lens::Perspective(FIELD_OF_VIEW),
            };
            let (eye, target) = (Vector::from_array(*eye), Vector::from_array(*target));
            View::new(eye, target, lens, size)
        }
        None => {
            let (middle, radius) = bounds(task);
            let distance = radius / (FIELD_OF_VIEW / 2.0).sin();
            let eye = middle + OBLIQUE.normalize() * distance;
            View::new(eye, middle, Lens::Perspective(FIELD_OF_VIEW), size)
        }
    }
}

/// A ball about the bodies of a task in their first start, metres.
fn bounds(task: &Task) -> (Vector, f32) {
    let physics = &task.scene.blueprint.physics;
    let (mut low, mut high) = (Vector::INFINITY, Vector::NEG_INFINITY);
    for part in &task.appearance().parts {
        let handle = part.body.and_then(|b| task.scene.bodies().get(b));
        let Some(body) = handle.and_then(|&h| physics.bodies.get(h)) else {
            continue;
        };
        let middle = body.translation();
        low = low.min(middle - Vector::splat(reach(part)));
        high = high.max(middle + Vector::splat(reach(part)));
    }
    if low.x > high.x {
        return (Vector::ZERO, 1.0);
    }
    ((low + high) / 2.0, (high - low).length() / 2.0)
}

/// How far a part reaches from the origin of its body, metres.
fn reach(part: &Part) -> f32 {
    Vector::from_array(part.placement.position).length() + part.geometry.radius()
}
