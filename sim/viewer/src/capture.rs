//! Pictures of the window, written as PNG.

use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Colours that a picture of something has at least.
const LEAST_COLOURS: usize = 24;

/// Pictures asked for and taken.
#[derive(Resource)]
pub struct Captures {
    folder: PathBuf,
    /// Pictures on disk, or why they are not.
    pub taken: Vec<Result<PathBuf, String>>,
}

impl Captures {
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            taken: Vec::new(),
        }
    }
}

/// Takes a picture of what a camera sees, panels included.
pub fn take(commands: &mut Commands, target: &RenderTarget, name: &str) {
    let name = format!("{name}.png");
    let save = move |captured: On<ScreenshotCaptured>, mut captures: ResMut<Captures>| {
        let path = captures.folder.join(&name);
        let outcome = write(&captured.image, &path);
        captures.taken.push(outcome.map(|()| path));
    };
    commands.spawn(Screenshot(target.clone())).observe(save);
}

/// Writes a picture under a temporary name and renames it.
fn write(image: &Image, path: &Path) -> Result<(), String> {
    let fail = |error: &dyn std::fmt::Display| format!("picture {}: {error}", path.display());
    let swap = match image.texture_descriptor.format {
        TextureFormat::Rgba8UnormSrgb | TextureFormat::Rgba8Unorm => false,
        TextureFormat::Bgra8UnormSrgb | TextureFormat::Bgra8Unorm => true,
        other => {
            return Err(fail(&format!(
                "the window draws in {other:?}, expected 8 bits"
            )));
        }
    };
    let data = image.data.as_deref().ok_or_else(|| fail(&"no pixels"))?;
    let mut pixels = Vec::with_capacity(data.len() / 4 * 3);
    for pixel in data.chunks_exact(4) {
        match swap {
            false => pixels.extend([pixel[0], pixel[1], pixel[2]]),
            true => pixels.extend([pixel[2], pixel[1], pixel[0]]),
        }
    }
    let colours: HashSet<&[u8]> = pixels.chunks_exact(3).collect();
    if colours.len() < LEAST_COLOURS {
        return Err(fail(&format!(
            "{} colours, expected at least {LEAST_COLOURS}: nothing was drawn",
            colours.len()
        )));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let attempt = || -> Result<(), Box<dyn std::error::Error>> {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        let mut encoder = png::Encoder::new(&mut file, image.width(), image.height());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Balanced);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels)?;
        writer.finish()?;
        file.flush()?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    attempt().map_err(|error| fail(&error))
}
