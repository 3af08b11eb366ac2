//! What the visual factors of variation make of a scene: they change how it is drawn, and nothing else.

use super::overlay::Overlay;
use super::paint::{Checker, Light};
use super::stage::{Shape, Stage};
use super::view::View;
use crate::shapes::Geometry;
use crate::spec::FactorKind;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rapier3d::prelude::*;

/// Light from everywhere and from one side: together white on a face towards the light.
const AMBIENT: f32 = 0.45;
const DIRECTIONAL: f32 = 0.55;
/// Height of the image in which the widths and shifts of the factors count pixels.
pub(super) const REFERENCE_HEIGHT: f32 = 64.0;
/// Share of the height seen at the target that a cell of the pattern takes.
const CELL: f32 = 1.0 / 16.0;
/// Half the thickness of a distractor, metres: it lies flat, so that what moves over the floor hides it.
const THIN: f32 = 0.001;
/// Size of a distractor, times the reach of the object.
const SIZES: [f32; 2] = [0.25, 0.6];
/// Draws of a place for a distractor before it may overlap the object.
const PLACES: usize = 32;
/// Share of the image, from its edges, in which no distractor is placed.
const MARGIN: f32 = 0.06;

/// What decides how the episode of an environment is drawn, beside the values of its factors.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
pub(crate) struct Scenery {
    /// What the places of distractors and the like are drawn from.
    pub seed: u64,
    /// Where the object was at the start, metres.
    pub object: [f32; 3],
}

impl Scenery {
    /// The random stream of a factor. Another one than that of the starts, and one for each kind, so that none disturbs
    /// another.
    fn stream(&self, kind: FactorKind) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(1 + kind as u64);
        rng
    }
}

/// How a scene is drawn.
pub(super) struct Look {
    pub light: Light,
    /// Shift of the picture, pixels.
    pub shift: [f32; 2],
    /// Colour of each shape of the stage, in `[0, 255]`.
    pub colours: Vec<[f32; 3]>,
    /// Size of each shape, times that in the stage.
    pub scales: Vec<f32>,
    /// Pattern of each shape.
    pub checkers: Vec<Option<Checker>>,
    pub distractors: Vec<Shape>,
    pub overlay: Overlay,
}

impl Look {
    pub fn new(stage: &Stage, view: &View, factors: &[f32], scenery: &Scenery) -> Self {
        let mut look = Self {
            light: Light {
                direction: stage.light,
                ambient: AMBIENT,
                directional: DIRECTIONAL,
            },
            shift: [0.0; 2],
            colours: stage.shapes.iter().map(|s| s.colour).collect(),
            scales: vec![1.0; stage.shapes.len()],
            checkers: vec![None; stage.shapes.len()],
            distractors: Vec::new(),
            overlay: Overlay::default(),
        };
        let pixel = view.height as f32 / REFERENCE_HEIGHT;
        let mut count = 0.0;
        for factor in &stage.factors {
            let value = factors.get(factor.index).copied().unwrap_or_default();
            if value == factor.kind.neutral() {
                continue;
            }
            let mut rng = scenery.stream(factor.kind);
            match factor.kind {
                FactorKind::Light => {
                    look.light.ambient *= value;
                    look.light.directional *= value;
                }
                FactorKind::LightTurn => {
                    let turn = Rotation::from_rotation_z(value.to_radians());
                    look.light.direction = turn * look.light.direction;
                }
                FactorKind::Colour => {
                    for (shape, colour) in stage.shapes.iter().zip(&mut look.colours) {
                        if factor.applies_to(shape.body) {
                            *colour = rotate_hue(*colour, value.to_radians());
                        }
                    }
                }
                FactorKind::CameraJitter => {
                    let angle = rng.random::<f32>() * std::f32::consts::TAU;
                    look.shift = [angle.cos(), angle.sin()].map(|x| x * value * pixel);
                }
                FactorKind::Distractor => count = value,
                FactorKind::Texture => {
                    let cell = CELL * view.height_at(Vector::ZERO).abs();
                    let phase = std::array::from_fn(|_| rng.random::<f32>() * cell);
                    let checker = Checker {
                        contrast: value,
                        cell,
                        phase: Vector::from_array(phase),
                    };
                    for (shape, slot) in stage.shapes.iter().zip(&mut look.checkers) {
                        if shape.body.is_none() || factor.applies_to(shape.body) {
                            *slot = Some(checker);
                        }
                    }
                }
                FactorKind::Shadow => look.overlay.shade(view, value, &mut rng),
                FactorKind::Occluder => look.overlay.bar(view, value * pixel, &mut rng),
                FactorKind::Size => {
                    for (shape, scale) in stage.shapes.iter().zip(&mut look.scales) {
                        if factor.applies_to(shape.body) {
                            *scale *= value;
                        }
                    }
                }
                FactorKind::Shift | FactorKind::Friction | FactorKind::Mass => {}
            }
        }
        // Last, for they have the colour that the object has now.
        let rng = scenery.stream(FactorKind::Distractor);
        look.distract(stage, view, count.round() as usize, scenery, rng);
        look
    }

    /// Puts flat shapes of the object's colour on the floor, where the camera sees it.
    fn distract(
        &mut self,
        stage: &Stage,
        view: &View,
        count: usize,
        scenery: &Scenery,
        mut rng: ChaCha8Rng,
    ) {
        let of_object = |s: &Shape| s.body.is_some() && s.body == stage.object;
        let Some(first) = stage.shapes.iter().position(of_object) else {
            return;
        };
        let object = Vector::from_array(scenery.object);
        for i in 0..count {
            let [low, high] = SIZES;
            let radius = stage.object_radius * (low + (high - low) * rng.random::<f32>());
            let turn = Rotation::from_rotation_z(rng.random::<f32>() * std::f32::consts::PI);
            let slender = 0.3 + 0.7 * rng.random::<f32>();
            let mut place = None;
            for _ in 0..PLACES {
                let mut within = |size: usize| {
                    (MARGIN + (1.0 - 2.0 * MARGIN) * rng.random::<f32>()) * size as f32
                };
                let (x, y) = (within(view.width), within(view.height));
                let Some(at) = view.ground(x, y, stage.floor + THIN) else {
                    continue;
                };
                place = Some(at);
                let apart = (at - object).with_z(0.0).length();
                if apart > stage.object_radius + radius {
                    break;
                }
            }
            let Some(place) = place else { continue };
            let geometry = if i % 2 == 0 {
                Geometry::Box([radius * 0.8, radius * 0.6 * slender, THIN])
            } else {
                Geometry::Cylinder {
                    radius: radius * 0.7,
                    half_height: THIN,
                }
            };
            self.distractors.push(Shape {
                body: None,
                geometry,
                pose: Pose::from_parts(place, turn),
                colour: self.colours[first],
            });
        }
    }
}

/// Turns a colour about the axis of the greys: reds become greens, greys stay.
fn rotate_hue([red, green, blue]: [f32; 3], angle: f32) -> [f32; 3] {
    let axis = Vector::splat(1.0).normalize();
    let turned = Rotation::from_axis_angle(axis, angle) * Vector::new(red, green, blue);
    turned.clamp(Vector::ZERO, Vector::splat(255.0)).to_array()
}
