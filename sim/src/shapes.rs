//! What a scene looks like: the primitive shapes of its bodies and where the bodies are, for viewers and cameras.

use rapier3d::parry::query::Ray;
use rapier3d::parry::shape::SharedShape;
use rapier3d::prelude::*;
use rapier3d_mjcf::mjcf_rs::Model;
use rapier3d_mjcf::mjcf_rs::body::{Geom, GeomType};
use serde::{Deserialize, Serialize};

/// A position and an orientation in the world, or in the frame of a body.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Placement {
    /// Metres.
    pub position: [f32; 3],
    /// Unit quaternion, x y z w.
    pub rotation: [f32; 4],
}

impl Placement {
    /// The origin of the world.
    pub const IDENTITY: Self = Self {
        position: [0.0; 3],
        rotation: [0.0, 0.0, 0.0, 1.0],
    };

    pub(crate) fn of(pose: &Pose) -> Self {
        Self {
            position: pose.translation.to_array(),
            rotation: pose.rotation.to_array(),
        }
    }

    pub(crate) fn pose(&self) -> Pose {
        Pose::from_parts(
            Vector::from_array(self.position),
            Rotation::from_array(self.rotation),
        )
    }

    /// A point of this frame in the world.
    pub fn apply(&self, point: [f32; 3]) -> [f32; 3] {
        (self.pose() * Vector::from_array(point)).to_array()
    }

    /// A point of the world in this frame.
    pub fn invert(&self, point: [f32; 3]) -> [f32; 3] {
        (self.pose().inverse() * Vector::from_array(point)).to_array()
    }
}

/// A primitive about its own origin, metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Geometry {
    /// Half extents.
    Box([f32; 3]),
    /// Radius.
    Sphere(f32),
    /// Along z; the half height is that of the straight part.
    Capsule {
        /// Radius.
        radius: f32,
        /// Half of the height.
        half_height: f32,
    },
    /// Along z.
    Cylinder {
        /// Radius.
        radius: f32,
        /// Half of the height.
        half_height: f32,
    },
    /// The plane z = 0, shown with these half extents.
    Plane([f32; 2]),
}

impl Geometry {
    /// Radius of a ball about its origin that holds it, metres; of a plane as it is shown.
    pub fn radius(self) -> f32 {
        match self {
            Self::Box(half) => Vector::from_array(half).length(),
            Self::Sphere(radius) => radius,
            Self::Capsule {
                radius,
                half_height,
            } => radius + half_height,
            Self::Cylinder {
                radius,
                half_height,
            } => radius.hypot(half_height),
            Self::Plane([x, y]) => x.hypot(y),
        }
    }

    /// The same shape, larger.
    pub fn scaled(self, by: f32) -> Self {
        match self {
            Self::Box(half) => Self::Box(half.map(|h| h * by)),
            Self::Sphere(radius) => Self::Sphere(radius * by),
            Self::Capsule {
                radius,
                half_height,
            } => Self::Capsule {
                radius: radius * by,
                half_height: half_height * by,
            },
            Self::Cylinder {
                radius,
                half_height,
            } => Self::Cylinder {
                radius: radius * by,
                half_height: half_height * by,
            },
            Self::Plane(half) => Self::Plane(half.map(|h| h * by)),
        }
    }

    fn shape(self) -> SharedShape {
        match self {
            Self::Box([x, y, z]) => SharedShape::cuboid(x, y, z),
            Self::Sphere(radius) => SharedShape::ball(radius),
            Self::Capsule {
                radius,
                half_height,
            } => SharedShape::capsule_z(half_height, radius),
            // Rapier's cylinders lie along y; a box about it is close enough to click on.
            Self::Cylinder {
                radius,
                half_height,
            } => SharedShape::cuboid(radius, radius, half_height),
            Self::Plane(_) => SharedShape::halfspace(Vector::Z),
        }
    }
}

/// One shape of a body.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its name in the scene's file; empty where it has none.
    pub name: String,
    /// Index of the body in [`Appearance::bodies`]; none for what belongs to the world.
    pub body: Option<usize>,
    /// The shape.
    pub geometry: Geometry,
    /// Where it is in the body's frame.
    pub placement: Placement,
    /// Red, green, blue, opacity in sRGB, `[0, 1]`.
    pub colour: [f32; 4],
}

/// The shapes of a scene.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Appearance {
    /// Names of the bodies, in the order in which [`crate::Env::placements`] gives them.
    pub bodies: Vec<String>,
    /// Their shapes.
    pub parts: Vec<Part>,
}

impl Part {
    /// How far a ray goes until it meets this part of a body at `body`, in lengths of its direction.
    pub fn distance(&self, body: &Placement, origin: [f32; 3], direction: [f32; 3]) -> Option<f32> {
        let ray = Ray::new(Vector::from_array(origin), Vector::from_array(direction));
        let pose = body.pose() * self.placement.pose();
        let shape = self.geometry.shape();
        shape.cast_ray(&pose, &ray, f32::MAX, true)
    }
}

impl Appearance {
    /// Reads the shapes of a model whose `bodies` were inserted. Meshes and height fields are not shown.
    pub(crate) fn of(model: &Model, bodies: Vec<String>) -> Self {
        let mut parts = Vec::new();
        for (index, entry) in model.bodies.iter().enumerate() {
            let name = entry.body.name.as_deref();
            let body = bodies.iter().position(|b| Some(b.as_str()) == name);
            if index > 0 && body.is_none() {
                continue;
            }
            parts.extend(entry.body.geoms.iter().filter_map(|g| part(g, body)));
        }
        Self { bodies, parts }
    }

    /// Shapes of a body.
    pub fn parts_of(&self, body: usize) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(move |p| p.body == Some(body))
    }

    /// The nearest body that a ray meets, none for what belongs to the world, and how far away, in lengths of the ray's
    /// direction, given where the bodies are.
    pub fn pick(
        &self,
        placements: &[Placement],
        origin: [f32; 3],
        direction: [f32; 3],
    ) -> Option<(Option<usize>, f32)> {
        let hit = |part: &Part| {
            let body = match part.body {
                Some(body) => placements.get(body)?,
                None => &Placement::IDENTITY,
            };
            Some((part.body, part.distance(body, origin, direction)?))
        };
        let hits = self.parts.iter().filter_map(hit);
        hits.min_by(|a, b| a.1.total_cmp(&b.1))
    }
}

fn part(geom: &Geom, body: Option<usize>) -> Option<Part> {
    let to = |v: f64| v as f32;
    let [mut x, mut y, z] = geom.size.map(to);
    let mut placement = Placement {
        position: [
            to(geom.pose.translation.x),
            to(geom.pose.translation.y),
            to(geom.pose.translation.z),
        ],
        rotation: [
            to(geom.pose.rotation.x),
            to(geom.pose.rotation.y),
            to(geom.pose.rotation.z),
            to(geom.pose.rotation.w),
        ],
    };
    if let Some([x1, y1, z1, x2, y2, z2]) = geom.fromto.map(|v| v.map(to)) {
        let (a, b) = (Vector::new(x1, y1, z1), Vector::new(x2, y2, z2));
        let along = (b - a).normalize_or_zero();
        placement = Placement {
            position: ((a + b) * 0.5).to_array(),
            rotation: Rotation::from_rotation_arc(Vector::Z, along).to_array(),
        };
        y = (b - a).length() / 2.0;
    }
    let geometry = match geom.type_ {
        GeomType::Box => Geometry::Box([x, y, z]),
        GeomType::Sphere => Geometry::Sphere(x),
        GeomType::Capsule => Geometry::Capsule {
            radius: x,
            half_height: y,
        },
        GeomType::Cylinder => Geometry::Cylinder {
            radius: x,
            half_height: y,
        },
        GeomType::Plane => {
            // MJCF: zero stands for unbounded.
            for half in [&mut x, &mut y] {
                if *half <= 0.0 {
                    *half = 5.0;
                }
            }
            Geometry::Plane([x, y])
        }
        _ => return None,
    };
    Some(Part {
        name: geom.name.clone().unwrap_or_default(),
        body,
        geometry,
        placement,
        colour: geom.rgba.map_or([0.6, 0.6, 0.6, 1.0], |c| c.map(to)),
    })
}
