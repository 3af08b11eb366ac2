//! Pictures of the window, written as PNG.

use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Writes a file whole or not at all, or says why not.
pub type Save = fn(&Path, &[u8]) -> Result<(), String>;

/// Colours that a picture of something has at least.
const LEAST_COLOURS: usize = 24;

/// Pictures asked for and taken.
#[derive(Resource)]
pub struct Captures {
    folder: PathBuf,
    save: Save,
    /// Pictures on disk, or why they are not.
    pub taken: Vec<Result<PathBuf, String>>,
}

impl Captures {
    pub fn new(folder: PathBuf, save: Save) -> Self {
        Self {
            folder,
            save,
            taken: Vec::new(),
        }
    }
}

/// Takes a picture of what a camera sees, panels included.
pub fn take(commands: &mut Commands, target: &RenderTarget, name: &str) {
    let name = format!("{name}.png");
    let save = move |captured: On<ScreenshotCaptured>, mut captures: ResMut<Captures>| {
        let path = captures.folder.join(&name);
        let outcome = encode(&captured.image)
            .and_then(|bytes| (captures.save)(&path, &bytes))
            .map_err(|error| format!("picture {}: {error}", path.display()));
        captures.taken.push(outcome.map(|()| path));
    };
    commands.spawn(Screenshot(target.clone())).observe(save);
}

/// A picture as PNG.
fn encode(image: &Image) -> Result<Vec<u8>, String> {
    let swap = match image.texture_descriptor.format {
        TextureFormat::Rgba8UnormSrgb | TextureFormat::Rgba8Unorm => false,
        TextureFormat::Bgra8UnormSrgb | TextureFormat::Bgra8Unorm => true,
        other => {
            return Err(format!("the window draws in {other:?}, expected 8 bits"));
        }
    };
    let data = image.data.as_deref().ok_or("no pixels")?;
    let mut pixels = Vec::with_capacity(data.len() / 4 * 3);
    for pixel in data.chunks_exact(4) {
        match swap {
            false => pixels.extend([pixel[0], pixel[1], pixel[2]]),
            true => pixels.extend([pixel[2], pixel[1], pixel[0]]),
        }
    }
    let colours: HashSet<&[u8]> = pixels.chunks_exact(3).collect();
    if colours.len() < LEAST_COLOURS {
        return Err(format!(
            "{} colours, expected at least {LEAST_COLOURS}: nothing was drawn",
            colours.len()
        ));
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width(), image.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .and_then(|mut writer| {
            writer.write_image_data(&pixels)?;
            writer.finish()
        })
        .map_err(|error| error.to_string())?;
    Ok(bytes)
}
