//! Selecting and dragging: bodies by a hand, ghosts by their plane.

use crate::app::{Shown, Stream};
use crate::stream::{Command, DragPlane, Ghost, GhostShape, Scene};
use bevy::prelude::*;
use bevy::window::CursorMoved;
use bevy_egui::EguiContexts;
use sim::Hand;
use sim::shapes::{Geometry, Part, Placement};

/// Where the pointer is.
#[derive(Resource, Default)]
pub struct Pointer {
    /// Pixels; none before it was over the window.
    pub at: Option<Vec2>,
    /// Pixels that it moved since the last frame.
    pub moved: Vec2,
}

/// Follows the pointer.
pub fn track(mut pointer: ResMut<Pointer>, mut moved: MessageReader<CursorMoved>) {
    let before = pointer.at;
    if let Some(last) = moved.read().last() {
        pointer.at = Some(last.position);
    }
    pointer.moved = match (before, pointer.at) {
        (Some(before), Some(now)) => now - before,
        _ => Vec2::ZERO,
    };
}

/// What the left button holds.
#[derive(Resource, Default)]
pub struct Drag {
    grip: Option<Grip>,
}

enum Grip {
    /// Nothing: the camera orbits.
    Nothing,
    /// A body, by a point of it.
    Body {
        body: usize,
        /// In the frame of the body.
        point: [f32; 3],
        plane: InfinitePlane3d,
        through: Vec3,
    },
    Ghost {
        name: String,
        plane: InfinitePlane3d,
        through: Vec3,
        /// From the point that is held to the ghost's origin.
        offset: Vec3,
        position: Vec3,
    },
}

impl Drag {
    /// Whether the button is down on no body and no ghost.
    pub fn on_nothing(&self) -> bool {
        matches!(self.grip, Some(Grip::Nothing))
    }

    /// The point of a body that is held and the one that it is drawn to.
    pub fn line(&self, shown: &Shown, ray: Option<Ray3d>) -> Option<[Vec3; 2]> {
        let Some(Grip::Body {
            body,
            point,
            plane,
            through,
        }) = &self.grip
        else {
            return None;
        };
        let placement = shown.frame.as_ref()?.placements.get(*body)?;
        let target = meet(ray?, *plane, *through)?;
        Some([Vec3::from_array(placement.apply(*point)), target])
    }
}

/// Turn of a ghost by a drag over one pixel, radians.
const TURN_PER_PIXEL: f32 = 0.01;
/// Height above the ground, as the sine of the view's angle, from which on bodies are dragged over the ground.
const OVER_GROUND: f32 = 0.35;

fn meet(ray: Ray3d, plane: InfinitePlane3d, through: Vec3) -> Option<Vec3> {
    ray.plane_intersection_point(through, plane)
}

/// The nearest ghost under a ray that may be dragged.
fn ghost_under<'a>(
    scene: &Scene,
    ghosts: &'a [Ghost],
    origin: [f32; 3],
    direction: [f32; 3],
) -> Option<(&'a Ghost, DragPlane, f32)> {
    let hit = |ghost: &'a Ghost| {
        let plane = ghost.drag?;
        let distance = match ghost.shape {
            GhostShape::Body(body) => scene
                .appearance
                .parts_of(body)
                .filter_map(|part| part.distance(&ghost.placement, origin, direction))
                .min_by(f32::total_cmp)?,
            GhostShape::Ball(radius) => Part {
                name: String::new(),
                body: None,
                geometry: Geometry::Sphere(radius),
                placement: Placement::IDENTITY,
                colour: ghost.colour,
            }
            .distance(&ghost.placement, origin, direction)?,
        };
        Some((ghost, plane, distance))
    };
    let hits = ghosts.iter().filter_map(hit);
    hits.min_by(|a, b| a.2.total_cmp(&b.2))
}

/// Begins, follows and ends a drag.
#[expect(
    clippy::too_many_arguments,
    reason = "a system's parameters are what it reads"
)]
pub fn drag(
    mut drag: ResMut<Drag>,
    mut shown: ResMut<Shown>,
    stream: Res<Stream>,
    buttons: Res<ButtonInput<MouseButton>>,
    keys: Res<ButtonInput<KeyCode>>,
    pointer: Res<Pointer>,
    mut contexts: EguiContexts,
    camera: Single<(&Camera, &Transform)>,
) {
    if buttons.just_released(MouseButton::Left) || shown.scene_changed {
        if let Some(Grip::Body { .. }) = drag.grip {
            stream.0.command(Command::Release);
        }
        drag.grip = None;
    }
    let (view, transform) = *camera;
    let here = GlobalTransform::from(*transform);
    let ray = pointer.at.map(|at| view.viewport_to_world(&here, at));
    let Some(Ok(ray)) = ray else {
        return;
    };
    let shift = keys.pressed(KeyCode::ShiftLeft) || keys.pressed(KeyCode::ShiftRight);
    let over_panel = contexts
        .ctx_mut()
        .is_ok_and(|context| context.egui_wants_pointer_input());
    if buttons.just_pressed(MouseButton::Left) && !over_panel {
        let grip = begin(&shown, ray, *transform.forward());
        shown.selected = match &grip {
            Grip::Body { body, .. } => Some(*body),
            Grip::Ghost { .. } => shown.selected,
            Grip::Nothing => None,
        };
        stream.0.command(Command::Select(shown.selected));
        drag.grip = Some(grip);
    }
    let pixels = pointer.moved;
    match &mut drag.grip {
        Some(Grip::Body {
            body,
            point,
            plane,
            through,
        }) => {
            if let Some(target) = meet(ray, *plane, *through) {
                stream.0.command(Command::Hand(Hand {
                    body: *body,
                    point: *point,
                    target: target.to_array(),
                    twist: shift,
                }));
            }
        }
        Some(Grip::Ghost {
            name,
            plane,
            through,
            offset,
            position,
        }) if pixels != Vec2::ZERO => {
            let turn = if shift {
                pixels.x * TURN_PER_PIXEL
            } else {
                0.0
            };
            if shift {
                // The point that is held turns along; it is taken up again where the pointer is.
                *offset = *position - meet(ray, *plane, *through).unwrap_or(*position);
            } else if let Some(target) = meet(ray, *plane, *through) {
                *position = target + *offset;
            }
            stream.0.command(Command::MoveGhost {
                name: name.clone(),
                position: position.to_array(),
                turn,
            });
        }
        _ => {}
    }
}

/// What is under the pointer.
fn begin(shown: &Shown, ray: Ray3d, forward: Vec3) -> Grip {
    let (Some(scene), Some(frame)) = (&shown.scene, &shown.frame) else {
        return Grip::Nothing;
    };
    let (origin, direction) = (ray.origin.to_array(), ray.direction.to_array());
    let body = scene
        .appearance
        .pick(&frame.placements, origin, direction)
        .filter(|(_, distance)| distance.is_finite());
    let ghost = ghost_under(scene, &shown.telemetry.ghosts, origin, direction);
    let horizontal = InfinitePlane3d::new(Vec3::Z);
    let facing = InfinitePlane3d::new(-forward);
    if let Some((ghost, plane, distance)) = ghost
        && body.is_none_or(|(_, other)| distance <= other)
    {
        let through = ray.get_point(distance);
        let position = Vec3::from_array(ghost.placement.position);
        return Grip::Ghost {
            name: ghost.name.clone(),
            plane: match plane {
                DragPlane::Horizontal => horizontal,
                DragPlane::Facing => facing,
            },
            through,
            offset: position - through,
            position,
        };
    }
    let Some((Some(body), distance)) = body else {
        return Grip::Nothing;
    };
    let through = ray.get_point(distance);
    Grip::Body {
        body,
        point: frame.placements[body].invert(through.to_array()),
        plane: if forward.z.abs() > OVER_GROUND {
            horizontal
        } else {
            facing
        },
        through,
    }
}
