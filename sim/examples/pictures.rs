//! A picture of each task: what a world model is given, 64 pixels high and enlarged four times, beside the same moment at
//! 256 pixels. `cargo run --release -p sim --example pictures -- assets/pictures`; names of factors with values follow, as in
//! `distractor=5`, for a look at what they change.
#![allow(clippy::unwrap_used, reason = "an example stops at the first error")]

use sim::variation::Variant;
use sim::{Behaviour, BehaviourKind, Env, Task};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SMALL: usize = 64;
const LARGE: usize = 256;
/// Between the two, pixels.
const GAP: usize = 8;
/// Control steps before the picture is taken.
const STEPS: usize = 40;

fn picture(env: &Env, size: usize) -> Vec<u8> {
    let mut rig = env.task().rig(size).unwrap();
    let mut rgb = vec![0; rig.width() * size * 3];
    rig.draw(3, &mut rgb, |camera, rgb| env.render_into(camera, rgb))
        .unwrap();
    rgb
}

fn main() {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or("pictures".to_owned()));
    let settings: Vec<(String, f32)> = arguments
        .map(|a| {
            let (name, value) = a.split_once('=').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect();
    std::fs::create_dir_all(&folder).unwrap();
    for name in Task::list(&assets).unwrap() {
        let task = Arc::new(Task::load(&assets, &name).unwrap());
        let mut env = Env::new(Arc::clone(&task), Variant::of(&task, None).unwrap()).unwrap();
        env.reset(3).unwrap();
        let mut behaviour = Behaviour::new(BehaviourKind::Seeking, task.action_dim(), 3);
        for _ in 0..STEPS {
            let action = behaviour.act(&env).unwrap();
            env.step(&action).unwrap();
        }
        for (factor, value) in &settings {
            env.set_factor(factor, *value).unwrap();
        }
        let (small, large) = (picture(&env, SMALL), picture(&env, LARGE));
        let side = task.views() * LARGE;
        let width = 2 * side + GAP;
        let mut both = vec![255; width * LARGE * 3];
        for (y, row) in both.chunks_exact_mut(width * 3).enumerate() {
            for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
                let enlarged = LARGE / SMALL;
                if x < side {
                    let at = (y / enlarged * (side / enlarged) + x / enlarged) * 3;
                    pixel.copy_from_slice(&small[at..at + 3]);
                } else if x >= side + GAP {
                    let at = (y * side + x - side - GAP) * 3;
                    pixel.copy_from_slice(&large[at..at + 3]);
                }
            }
        }
        let path = folder.join(format!("{name}.png"));
        let file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
        let mut encoder = png::Encoder::new(file, width as u32, LARGE as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::High);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&both).unwrap();
        writer.finish().unwrap();
        println!("{}", path.display());
    }
}
