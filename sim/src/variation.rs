//! Factors of variation: what a scene may change between episodes, and how a variant draws it.

use crate::error::SimError;
use crate::scene::Scene;
use crate::spec::{FactorKind, FactorRange, FactorSpec, TaskSpec};
use crate::task::Task;
use crate::world::World;
use rand::{Rng, RngExt};
use rapier3d::prelude::*;

/// A factor with its bodies resolved.
pub(crate) struct Factor {
    pub spec: FactorSpec,
    /// The bodies that it applies to.
    pub bodies: Vec<RigidBodyHandle>,
    direction: Vector,
}

impl Factor {
    pub fn resolve_all(spec: &TaskSpec, scene: &Scene) -> Result<Vec<Self>, SimError> {
        let unknown = |kind, name: &str| SimError::UnknownName {
            task: spec.name.clone(),
            kind,
            name: name.to_owned(),
        };
        let resolve = |f: &FactorSpec| {
            let bodies = f
                .bodies
                .iter()
                .map(|b| {
                    scene
                        .entity(b)
                        .map(|e| e.body)
                        .ok_or_else(|| unknown("body", b))
                })
                .collect::<Result<_, _>>()?;
            let direction = match f.axis {
                Some('x') => Vector::X,
                Some('y') => Vector::Y,
                Some('z') => Vector::Z,
                Some(other) => return Err(unknown("axis", &other.to_string())),
                None if f.kind == FactorKind::Shift => return Err(unknown("axis", "(none)")),
                None => Vector::ZERO,
            };
            Ok(Self {
                spec: f.clone(),
                bodies,
                direction,
            })
        };
        spec.factor.iter().map(resolve).collect()
    }

    /// Applies a value to a freshly forked world.
    pub fn apply(&self, world: &mut World, value: f32) {
        let physics = &mut world.physics;
        for &handle in &self.bodies {
            let Some(body) = physics.bodies.get_mut(handle) else {
                continue;
            };
            match self.spec.kind {
                FactorKind::Shift => {
                    let target = body.translation() + self.direction * value;
                    body.set_translation(target, true);
                }
                FactorKind::Mass => {
                    let mut mass = body.mass_properties().local_mprops;
                    mass.set_mass(mass.mass() * value, true);
                    body.set_additional_mass_properties(mass, true);
                    // At once: a fork would not know of a change that is still to be taken in.
                    body.recompute_mass_properties_from_colliders(&physics.colliders);
                }
                FactorKind::Size => {
                    for &handle in body.colliders() {
                        if let Some(collider) = physics.colliders.get_mut(handle) {
                            scale(collider, value);
                        }
                    }
                    let mut mass = body.mass_properties().local_mprops;
                    mass.local_com *= value;
                    mass.inv_principal_inertia /= value * value;
                    body.set_additional_mass_properties(mass, true);
                    body.recompute_mass_properties_from_colliders(&physics.colliders);
                }
                FactorKind::Friction => {
                    for &collider in body.colliders() {
                        if let Some(collider) = physics.colliders.get_mut(collider) {
                            collider.set_friction(collider.friction() * value);
                        }
                    }
                }
                // Only a camera knows of the others.
                _ => {}
            }
        }
    }
}

/// Scales a shape about the origin of its body.
fn scale(collider: &mut Collider, by: f32) {
    // Sixteen sides where a round shape cannot stay round; a uniform scale keeps all of them.
    if let Some(shape) = collider.shape().scale_dyn(Vector::splat(by), 16) {
        collider.set_shape(SharedShape(shape.into()));
    }
    if let Some(mut place) = collider.position_wrt_parent().copied() {
        place.translation *= by;
        collider.set_position_wrt_parent(place);
    }
}

impl Factor {
    /// How much larger a value of this factor makes a body.
    pub fn scale_of(&self, body: RigidBodyHandle, value: f32) -> f32 {
        match self.spec.kind {
            FactorKind::Size if self.bodies.contains(&body) => value,
            _ => 1.0,
        }
    }

    /// Takes a world in which this factor is `from` to where it is `to`.
    pub fn change(&self, world: &mut World, from: f32, to: f32) {
        match self.spec.kind {
            FactorKind::Shift => self.apply(world, to - from),
            FactorKind::Mass | FactorKind::Friction | FactorKind::Size => {
                self.apply(world, to / from)
            }
            // Only a camera knows of the others.
            _ => {}
        }
    }
}

/// How the factors are set in each episode.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// Name shown in reports.
    pub name: String,
    settings: Vec<FactorRange>,
}

impl Variant {
    /// Name of the variant in which every factor has its nominal value.
    pub const NOMINAL: &'static str = "nominal";

    /// Looks a variant up in the task; `None` gives the last one declared, or the nominal one when there is none.
    pub fn of(task: &Task, name: Option<&str>) -> Result<Self, SimError> {
        let known = task.variants();
        let name = match name {
            Some(name) => name.to_owned(),
            None => known
                .last()
                .cloned()
                .unwrap_or_else(|| Self::NOMINAL.to_owned()),
        };
        if !known.contains(&name) && name != Self::NOMINAL {
            return Err(SimError::UnknownVariant {
                task: task.name().to_owned(),
                name,
                known,
            });
        }
        let spec = task.spec();
        let set = spec.variants.get(&name);
        let settings = spec
            .factor
            .iter()
            .map(|f| {
                let given = set.and_then(|s| s.get(&f.name)).copied();
                given.unwrap_or(FactorRange::Fixed(f.nominal))
            })
            .collect();
        Ok(Self { name, settings })
    }

    /// All variants of the task, in the order of their names; the nominal one when none is declared.
    ///
    /// # Errors
    /// None that a task that was read gives.
    pub fn all(task: &Task) -> Result<Vec<Self>, SimError> {
        let names = task.variants();
        names
            .iter()
            .map(|name| Self::of(task, Some(name)))
            .collect()
    }

    /// The same variant with one factor fixed at a value, for tests away from the training conditions.
    ///
    /// # Errors
    /// [`SimError::UnknownName`] for a factor that the task does not have, [`SimError::FactorRange`] for a value that the
    /// scene does not bear.
    pub fn shifted(&self, task: &Task, factor: &str, value: f32) -> Result<Self, SimError> {
        let factors = &task.spec().factor;
        let index = factors
            .iter()
            .position(|f| f.name == factor)
            .ok_or_else(|| SimError::UnknownName {
                task: task.name().to_owned(),
                kind: "factor",
                name: factor.to_owned(),
            })?;
        let range = factors[index].range;
        if !(range[0]..=range[1]).contains(&value) {
            return Err(SimError::FactorRange {
                factor: factor.to_owned(),
                value,
                range,
            });
        }
        let mut shifted = self.clone();
        shifted.settings[index] = FactorRange::Fixed(value);
        shifted.name = format!("{}, {factor}={value}", self.name);
        Ok(shifted)
    }

    /// The same variant with factors that only change how a scene is drawn varied over their whole range: those `chosen` by name.
    pub fn with_varied_looks(&self, task: &Task, mut chosen: impl FnMut(&str) -> bool) -> Self {
        let mut varied = self.clone();
        for (setting, factor) in varied.settings.iter_mut().zip(&task.spec().factor) {
            if factor.kind.is_visual() && chosen(&factor.name) {
                *setting = FactorRange::Uniform(factor.range);
            }
        }
        varied.name = format!("{}, varied looks", self.name);
        varied
    }

    /// One value for each factor.
    pub(crate) fn draw(&self, rng: &mut impl Rng) -> Vec<f32> {
        let value = |range: &FactorRange| match *range {
            FactorRange::Fixed(value) => value,
            FactorRange::Uniform([low, high]) => low + (high - low) * rng.random::<f32>(),
        };
        let mut value = value;
        self.settings.iter().map(&mut value).collect()
    }
}
