//! The material of everything in a scene.

use bevy::prelude::*;
use bevy::reflect::TypePath;
use bevy::render::render_resource::AsBindGroup;
use bevy::shader::ShaderRef;

/// A matte surface, opaque or not.
#[derive(Asset, AsBindGroup, Clone, Debug, TypePath)]
pub struct Matte {
    #[uniform(0)]
    colour: LinearRgba,
    alpha_mode: AlphaMode,
}

impl Matte {
    /// A surface of a colour given in sRGB and opacity.
    pub fn new([r, g, b, a]: [f32; 4]) -> Self {
        Self {
            colour: Color::srgba(r, g, b, a).into(),
            alpha_mode: match a < 1.0 {
                true => AlphaMode::Blend,
                false => AlphaMode::Opaque,
            },
        }
    }
}

impl Material for Matte {
    fn fragment_shader() -> ShaderRef {
        "embedded://viewer/matte.wgsl".into()
    }

    fn alpha_mode(&self) -> AlphaMode {
        self.alpha_mode
    }

    fn enable_prepass() -> bool {
        false
    }

    fn enable_shadows() -> bool {
        false
    }
}

/// Makes the material known.
pub fn plugin(app: &mut App) {
    bevy::asset::embedded_asset!(app, "matte.wgsl");
    app.add_plugins(MaterialPlugin::<Matte>::default());
}
