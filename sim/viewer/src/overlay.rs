//! What is not there but is shown: ghosts, paths, rings.

use crate::app::Shown;
use crate::matte::Matte;
use crate::pointer::{Drag, Pointer};
use crate::stage::{mesh, transform};
use crate::stream::{Ghost, GhostShape, Path};
use bevy::prelude::*;
use sim::shapes::Geometry;
use std::collections::HashMap;

/// The entities of the ghosts, by name.
#[derive(Resource, Default)]
pub struct Ghosts {
    shown: HashMap<String, (Entity, GhostShape, [f32; 4])>,
    epoch: u64,
}

/// Builds, moves and removes ghosts.
pub fn draw_ghosts(
    mut commands: Commands,
    mut ghosts: ResMut<Ghosts>,
    shown: Res<Shown>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<Matte>>,
    mut transforms: Query<&mut Transform>,
) {
    let Some(scene) = &shown.scene else { return };
    let wanted = &shown.telemetry.ghosts;
    let same_scene = ghosts.epoch == scene.epoch;
    ghosts.epoch = scene.epoch;
    ghosts.shown.retain(|name, (entity, shape, shade)| {
        let stays = same_scene
            && wanted
                .iter()
                .any(|g| g.name == *name && g.shape == *shape && g.colour == *shade);
        if !stays {
            commands.entity(*entity).despawn();
        }
        stays
    });
    for ghost in wanted {
        if let Some((entity, ..)) = ghosts.shown.get(&ghost.name) {
            if let Ok(mut present) = transforms.get_mut(*entity) {
                *present = transform(&ghost.placement);
            }
            continue;
        }
        let material = materials.add(Matte::new(ghost.colour));
        let root = commands
            .spawn((transform(&ghost.placement), Visibility::default()))
            .id();
        let parts: Vec<_> = match ghost.shape {
            GhostShape::Body(body) => {
                let parts = scene.appearance.parts_of(body);
                parts
                    .map(|p| (p.geometry, transform(&p.placement)))
                    .collect()
            }
            GhostShape::Ball(radius) => vec![(Geometry::Sphere(radius), Transform::default())],
        };
        for (geometry, place) in parts {
            commands.spawn((
                Mesh3d(meshes.add(mesh(geometry))),
                MeshMaterial3d(material.clone()),
                place,
                ChildOf(root),
            ));
        }
        let Ghost {
            name,
            shape,
            colour: shade,
            ..
        } = ghost.clone();
        ghosts.shown.insert(name, (root, shape, shade));
    }
}

/// Has lines drawn in front of bodies.
pub fn set_up(mut config: ResMut<GizmoConfigStore>) {
    let (config, _) = config.config_mut::<DefaultGizmoConfigGroup>();
    config.depth_bias = -0.9;
    config.line.width = 1.6;
}

/// Draws the lines.
pub fn draw_lines(
    mut gizmos: Gizmos,
    shown: Res<Shown>,
    drag: Res<Drag>,
    pointer: Res<Pointer>,
    camera: Single<(&Camera, &Transform), With<Camera3d>>,
) {
    for path in &shown.telemetry.paths {
        draw_path(&mut gizmos, path);
    }
    for ghost in &shown.telemetry.ghosts {
        if ghost.uncertainty_m > 0.0 {
            let middle = Vec3::from_array(ghost.placement.position);
            let [r, g, b, _] = ghost.colour;
            gizmos.circle(middle, ghost.uncertainty_m, Color::srgba(r, g, b, 0.8));
        }
    }
    let Some((scene, frame)) = shown.scene.as_ref().zip(shown.frame.as_ref()) else {
        return;
    };
    if let Some(body) = shown.selected
        && let Some(placement) = frame.placements.get(body)
    {
        let reach = scene
            .appearance
            .parts_of(body)
            .map(|p| Vec3::from_array(p.placement.position).length() + p.geometry.radius())
            .fold(0.01, f32::max);
        let middle = Vec3::from_array(placement.position);
        gizmos.circle(middle, reach, Color::srgba(0.1, 0.1, 0.1, 0.7));
    }
    let (view, place) = *camera;
    let here = GlobalTransform::from(*place);
    let ray = pointer
        .at
        .and_then(|at| view.viewport_to_world(&here, at).ok());
    if let Some([held, target]) = drag.line(&shown, ray) {
        gizmos.line(held, target, Color::srgb(0.1, 0.1, 0.1));
        gizmos.circle(target, 0.008, Color::srgb(0.1, 0.1, 0.1));
    }
}

fn draw_path(gizmos: &mut Gizmos, path: &Path) {
    let last = path.points.len().saturating_sub(1).max(1) as f32;
    let [r, g, b, a] = path.colour;
    let points = path.points.iter().enumerate().map(|(i, point)| {
        let opacity = a * (1.0 + (path.fade - 1.0) * i as f32 / last);
        (Vec3::from_array(*point), Color::srgba(r, g, b, opacity))
    });
    gizmos.linestrip_gradient(points);
}
