//! The bodies of the scene.

use crate::app::Shown;
use crate::matte::Matte;
use bevy::prelude::*;
use sim::shapes::{Geometry, Part, Placement};

/// Where a placement is, as bevy says it.
pub fn transform(placement: &Placement) -> Transform {
    Transform {
        translation: Vec3::from_array(placement.position),
        rotation: Quat::from_array(placement.rotation),
        scale: Vec3::ONE,
    }
}

/// A mesh of a primitive, its axis along z.
pub fn mesh(geometry: Geometry) -> Mesh {
    let upright = Quat::from_rotation_x(std::f32::consts::FRAC_PI_2);
    match geometry {
        Geometry::Box([x, y, z]) => Cuboid::new(2.0 * x, 2.0 * y, 2.0 * z).into(),
        Geometry::Sphere(radius) => Sphere::new(radius).mesh().ico(3).unwrap_or_else(|_| {
            // An icosphere of three subdivisions always fits.
            Sphere::new(radius).mesh().uv(24, 12)
        }),
        Geometry::Capsule {
            radius,
            half_height,
        } => Mesh::from(Capsule3d::new(radius, 2.0 * half_height)).rotated_by(upright),
        Geometry::Cylinder {
            radius,
            half_height,
        } => Mesh::from(Cylinder::new(radius, 2.0 * half_height)).rotated_by(upright),
        Geometry::Plane([x, y]) => Plane3d::new(Vec3::Z, Vec2::new(x, y)).into(),
    }
}

/// The entities of the scene on show.
#[derive(Resource, Default)]
pub struct Stage {
    root: Option<Entity>,
    bodies: Vec<Entity>,
}

/// Builds the scene when it is new, and moves its bodies.
pub fn show(
    mut commands: Commands,
    mut stage: ResMut<Stage>,
    shown: Res<Shown>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<Matte>>,
    mut transforms: Query<&mut Transform>,
) {
    if shown.scene_changed
        && let Some(scene) = &shown.scene
    {
        if let Some(root) = stage.root.take() {
            commands.entity(root).despawn();
        }
        let root = commands
            .spawn((Transform::default(), Visibility::default()))
            .id();
        let body = |_: &String| {
            commands
                .spawn((Transform::default(), Visibility::Hidden, ChildOf(root)))
                .id()
        };
        stage.bodies = scene.appearance.bodies.iter().map(body).collect();
        stage.root = Some(root);
        for Part {
            body,
            geometry,
            placement,
            colour,
            ..
        } in &scene.appearance.parts
        {
            let parent = body.map_or(root, |b| stage.bodies[b]);
            commands.spawn((
                Mesh3d(meshes.add(mesh(*geometry))),
                MeshMaterial3d(materials.add(Matte::new(*colour))),
                transform(placement),
                ChildOf(parent),
            ));
        }
    }
    let Some(frame) = &shown.frame else { return };
    for (&entity, placement) in stage.bodies.iter().zip(&frame.placements) {
        if let Ok(mut present) = transforms.get_mut(entity) {
            *present = transform(placement);
            commands.entity(entity).insert(Visibility::Inherited);
        }
    }
}
