//! A picture shows the state that it is taken of, whoever takes it and whenever; visual factors change the picture and
//! nothing else.
#![allow(clippy::unwrap_used, reason = "a test stops at the first error")]

mod factors;
mod segments;

use crate::shapes::Geometry;
use crate::variation::Variant;
use crate::{Behaviour, BehaviourKind, Camera, Env, SimError, Task};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rapier3d::prelude::Vector;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SIDE: usize = 64;

fn assets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets")
}

fn task(name: &str) -> Arc<Task> {
    Arc::new(Task::load(&assets(), name).unwrap())
}

/// Every task whose file has a camera.
fn tasks() -> Vec<Arc<Task>> {
    let names = Task::list(&assets()).unwrap();
    let mut tasks: Vec<_> = names.iter().map(|name| task(name)).collect();
    tasks.retain(|task| !task.spec().camera.is_empty());
    assert!(tasks.len() >= 3);
    tasks
}

/// Sets a factor where the task has it.
fn set(env: &mut Env, factor: &str, value: f32) {
    if env.task().spec().factor.iter().any(|f| f.name == factor) {
        env.set_factor(factor, value).unwrap();
    }
}

/// A task whose file was changed on the way.
fn changed(name: &str, change: impl Fn(&str) -> String) -> Result<Arc<Task>, SimError> {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let text = std::fs::read_to_string(assets().join(format!("tasks/{name}.toml"))).unwrap();
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("camera-{}-{number}.toml", std::process::id()));
    std::fs::write(&path, change(&text)).unwrap();
    let task = Task::from_file(&path, &assets().join("scenes"));
    std::fs::remove_file(path).unwrap();
    task.map(Arc::new)
}

fn env(task: &Arc<Task>, seed: u64) -> Env {
    let mut env = Env::new(Arc::clone(task), Variant::of(task, None).unwrap()).unwrap();
    env.reset(seed).unwrap();
    env
}

fn explore(env: &mut Env, seed: u64, steps: usize) {
    let mut behaviour = Behaviour::new(BehaviourKind::Seeking, env.task().action_dim(), seed);
    for _ in 0..steps {
        let action = behaviour.act(env).unwrap();
        env.step(&action).unwrap();
    }
}

fn draw(env: &Env, camera: &mut Camera) -> Vec<u8> {
    let mut rgb = vec![0; camera.width() * camera.height() * 3];
    env.render_into(camera, &mut rgb).unwrap();
    rgb
}

fn picture(env: &Env) -> Vec<u8> {
    draw(env, &mut env.task().camera(SIDE, SIDE).unwrap())
}

fn pixel(rgb: &[u8], [x, y]: [f32; 2]) -> [u8; 3] {
    let at = (y as usize * SIDE + x as usize) * 3;
    [rgb[at], rgb[at + 1], rgb[at + 2]]
}

/// Brings a scene into a configuration, without an environment.
fn placements(task: &Task, qpos: &[f64]) -> Vec<crate::shapes::Placement> {
    let mut world = task.scene.blueprint.fork();
    task.scene.place(&mut world, qpos);
    let bodies = task.scene.bodies().iter();
    bodies
        .map(|&b| crate::shapes::Placement::of(world.physics.bodies.get(b).unwrap().position()))
        .collect()
}

#[test]
fn the_same_states_give_the_same_bytes_in_one_thread_and_in_two() {
    for task in tasks() {
        let mut envs: Vec<Env> = (0..24).map(|seed| env(&task, seed)).collect();
        for (seed, env) in envs.iter_mut().enumerate() {
            explore(env, seed as u64, 5);
            // Some with a background of their own.
            if seed % 3 == 0 {
                set(env, "texture", 0.5);
                set(env, "distractor", 4.0);
            }
        }
        let all = |threads: usize| -> Vec<Vec<u8>> {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let camera = task.camera(SIDE, SIDE).unwrap();
            pool.build().unwrap().install(|| {
                envs.par_iter()
                    .map_init(|| camera.clone(), |camera, env| draw(env, camera))
                    .collect()
            })
        };
        assert!(all(1) == all(2), "{}", task.name());
        // Nor does it matter what a camera drew before.
        assert!(all(1) == envs.iter().map(picture).collect::<Vec<_>>());
    }
}

#[test]
fn forks_and_restored_snapshots_give_the_same_pictures() {
    for task in tasks() {
        let mut original = env(&task, 5);
        for factor in ["distractor", "camera_jitter"] {
            set(&mut original, factor, 3.0);
        }
        explore(&mut original, 5, 12);
        let mut restored = env(&task, 0);
        restored.restore(&original.snapshot().unwrap()).unwrap();
        let mut camera = task.camera(SIDE, SIDE).unwrap();
        let mut previous = |env: &Env| {
            let mut rgb = vec![0; SIDE * SIDE * 3];
            env.render_previous_into(&mut camera, &mut rgb).unwrap();
            rgb
        };
        let expected = (previous(&original), picture(&original));
        assert!(expected.0 != expected.1, "{}", task.name());
        for copy in [original.fork(), restored] {
            assert!((previous(&copy), picture(&copy)) == expected);
        }
    }
}

#[test]
fn the_previous_picture_is_the_one_before_the_step() {
    for task in tasks() {
        let mut env = env(&task, 2);
        let mut camera = task.camera(SIDE, SIDE).unwrap();
        let mut previous = vec![0; SIDE * SIDE * 3];
        let mut before = draw(&env, &mut camera);
        env.render_previous_into(&mut camera, &mut previous)
            .unwrap();
        assert!(previous == before, "{} after a reset", task.name());
        for _ in 0..5 {
            explore(&mut env, 2, 1);
            env.render_previous_into(&mut camera, &mut previous)
                .unwrap();
            assert!(previous == before, "{}", task.name());
            before = draw(&env, &mut camera);
        }
    }
}

#[test]
fn a_body_has_its_colour_in_the_light() {
    let task = task("push");
    let env = env(&task, 1);
    let rgb = picture(&env);
    let camera = task.camera(SIDE, SIDE).unwrap();
    let block = env.placements()[0];
    // On the stem, and on the table beside.
    let stem = camera.project(block.apply([0.0, -0.02, 0.015])).unwrap();
    // The light of the task, on a face that looks up.
    let light = 0.45 + 0.55 * 0.85 / (0.3_f32.powi(2) + 0.4_f32.powi(2) + 0.85_f32.powi(2)).sqrt();
    let expected = |colour: [f32; 3]| colour.map(|c| (c * 255.0 * light).round() as u8);
    assert_eq!(pixel(&rgb, stem), expected([0.2, 0.45, 0.85]));
    assert_eq!(pixel(&rgb, [1.5, 1.5]), expected([0.85, 0.8, 0.72]));
}

#[test]
fn a_body_is_drawn_where_its_position_projects() {
    for name in ["push", "two-room"] {
        let task = task(name);
        let body = match name {
            "push" => "pusher",
            _ => "robot",
        };
        let index = task.appearance().bodies.iter().position(|b| b == body);
        let value = index.unwrap() as u8 + 1;
        let mut compared = 0;
        for seed in 0..20 {
            let env = env(&task, seed);
            // Finely, for the middle of a few pixels to mean something; in units of the small picture.
            let (mut fine, fineness) = (task.camera(512, 512).unwrap(), 8.0);
            let mut bodies = vec![0; 512 * 512];
            env.segment_into(&mut fine, &mut bodies).unwrap();
            let own: Vec<usize> = (0..bodies.len()).filter(|&i| bodies[i] == value).collect();
            let mean = |of: &dyn Fn(usize) -> usize| {
                own.iter().map(|&i| of(i) as f32 + 0.5).sum::<f32>() / own.len() as f32
            };
            let middle = [mean(&|i| i % 512), mean(&|i| i / 512)];
            let at = fine
                .project(env.placements()[index.unwrap()].position)
                .unwrap();
            let error = (middle[0] - at[0]).hypot(middle[1] - at[1]) / fineness;
            assert!(error < 0.5, "{name} {seed}: {middle:?} {at:?}");
            compared += 1;
        }
        assert_eq!(compared, 20);
    }
}

#[test]
fn a_plane_has_its_depth() {
    let orthographic = |text: &str| {
        text.replace("fov_deg = 40.0", "height_m = 0.8")
            .replace("eye = [0.0, -0.18, 1.03]", "eye = [0.0, 0.0, 1.0]")
    };
    let above = |text: &str| text.replace("eye = [0.0, -0.18, 1.03]", "eye = [0.0, 0.0, 1.0]");
    let ways: [&dyn Fn(&str) -> String; 2] = [&orthographic, &above];
    for way in ways {
        let task = changed("push", way).unwrap();
        let mut camera = task.camera(SIDE, SIDE).unwrap();
        let env = env(&task, 1);
        let (mut metres, mut bodies) = (vec![0.0; SIDE * SIDE], vec![0; SIDE * SIDE]);
        env.depth_into(&mut camera, &mut metres).unwrap();
        env.segment_into(&mut camera, &mut bodies).unwrap();
        let table = metres.iter().zip(&bodies).filter(|(_, b)| **b == 0);
        assert!(table.count() > 3000);
        for (metres, body) in metres.iter().zip(&bodies) {
            // Seen from straight above: table, block, pusher, or the side of one of the two.
            let height = [0.0, 0.03, 0.038][usize::from(*body)];
            let depth = 1.0 - height - 1.0e-5..=1.0 + 1.0e-5;
            assert!(depth.contains(metres), "{body}: {metres}");
            if *body == 0 {
                assert!((metres - 1.0).abs() < 1.0e-5, "{metres}");
            }
        }
    }
}

#[test]
fn a_round_solid_looks_alike_through_both_lenses() {
    // From far away, a perspective camera is an orthographic one.
    let far = |lens: &str| {
        let lens = lens.to_owned();
        changed("reach", move |text| {
            text.replace("fov_deg = 45.0", &lens).replace(
                &text[text.find("eye").unwrap()..text.find("\ntarget").unwrap()],
                "eye = [0.06, -100.0, 50.17]",
            )
        })
        .unwrap()
    };
    let angle = 2.0 * (0.5 / 100.0_f32.hypot(50.0)).atan().to_degrees();
    let (narrow, parallel) = (far(&format!("fov_deg = {angle}")), far("height_m = 1.0"));
    let (a, b) = (picture(&env(&narrow, 3)), picture(&env(&parallel, 3)));
    let other = a.iter().zip(&b).filter(|(a, b)| a.abs_diff(**b) > 16);
    let other = other.count();
    assert!(other < SIDE * SIDE * 3 / 200, "{other}");
}

#[test]
fn a_tenth_of_a_pixel_shows() {
    for name in ["push", "two-room"] {
        let task = task(name);
        let mut env = env(&task, 1);
        let mut camera = task.camera(SIDE, SIDE).unwrap();
        let mut rgb = vec![0; SIDE * SIDE * 3];
        let present = env.placements();
        let mut at = |dx: f32| {
            let moved = |p: &crate::shapes::Placement| {
                let mut p = *p;
                p.position[0] += dx;
                p
            };
            env.previous = present.iter().map(moved).collect();
            env.render_previous_into(&mut camera, &mut rgb).unwrap();
            rgb.clone()
        };
        let metres = 0.1 / (SIDE as f32) * if name == "push" { 0.75 } else { 1.1 };
        for i in 0..10 {
            let from = i as f32 * metres;
            assert!(at(from) != at(from + metres), "{name} {i}");
        }
    }
}

#[test]
fn wrong_buffers_sizes_and_tasks_are_errors() {
    let task = task("push");
    let env = env(&task, 0);
    let mut camera = task.camera(SIDE, 32).unwrap();
    let mut rgb = vec![0; SIDE * 32 * 3];
    env.render_into(&mut camera, &mut rgb).unwrap();
    let message = env
        .render_into(&mut camera, &mut rgb[1..])
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("6143") && message.contains("6144"),
        "{message}"
    );
    assert!(
        env.render_previous_into(&mut camera, &mut rgb[1..])
            .is_err()
    );
    assert!(env.segment_into(&mut camera, &mut [0; 3]).is_err());
    assert!(env.segment_parts_into(&mut camera, &mut [0; 3]).is_err());
    assert!(env.depth_into(&mut camera, &mut [0.0; 3]).is_err());
    let mut foreign = super::tests::task("reach").camera(SIDE, 32).unwrap();
    assert!(env.render_into(&mut foreign, &mut rgb).is_err());
    for [width, height] in [[0, 64], [64, 0], [64, 5000]] {
        assert!(task.camera(width, height).is_err());
    }
}

#[test]
fn a_camera_that_sees_no_body_is_an_error() {
    let away = |text: &str| text.replace("target = [0.0, 0.0, 0.0]", "target = [0.0, -0.18, 3.0]");
    let task = changed("push", away).unwrap();
    let env = env(&task, 0);
    let mut camera = task.camera(SIDE, SIDE).unwrap();
    let mut rgb = vec![0; SIDE * SIDE * 3];
    for error in [
        env.render_into(&mut camera, &mut rgb).unwrap_err(),
        env.check_camera(&camera).unwrap_err(),
    ] {
        assert!(error.to_string().contains("none of the bodies"), "{error}");
    }
    for name in ["push", "reach", "two-room"] {
        let task = super::tests::task(name);
        let env = super::tests::env(&task, 0);
        env.check_camera(&task.camera(SIDE, SIDE).unwrap()).unwrap();
    }
}

#[test]
fn task_files_with_a_wrong_camera_are_refused() {
    let wrong: [(&str, &str); 5] = [
        ("fov_deg = 40.0", "fov_deg = 400.0"),
        ("fov_deg = 40.0", ""),
        ("fov_deg = 40.0", "fov_deg = 40.0\nheight_m = 1.0"),
        ("target = [0.0, 0.0, 0.0]", "target = [0.0, -0.18, 1.03]"),
        ("light = [0.3, -0.4, 0.85]", "light = [0.0, 0.0, 0.0]"),
    ];
    for (from, to) in wrong {
        let result = changed("push", |text| {
            assert!(text.contains(from));
            text.replace(from, to)
        });
        assert!(result.is_err(), "{to}");
    }
}

#[test]
fn a_task_without_a_camera_is_seen_from_an_oblique_side() {
    for name in ["push", "reach", "two-room"] {
        let task = changed(name, |text| {
            let (from, to) = (text.find("[[camera]]"), text.find("[[reset]]"));
            format!("{}{}", &text[..from.unwrap()], &text[to.unwrap()..])
        })
        .unwrap();
        let env = env(&task, 0);
        let mut camera = task.camera(SIDE, SIDE).unwrap();
        draw(&env, &mut camera);
        let at = camera.project(env.object_position()).unwrap();
        assert!(at.iter().all(|x| (0.0..SIDE as f32).contains(x)), "{at:?}");
    }
}

#[test]
fn the_arm_is_seen_in_every_pose() {
    let task = task("reach");
    let camera = task.camera(SIDE, SIDE).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
    for _ in 0..3000 {
        let qpos: Vec<f64> = (0..task.scene.qpos.len())
            .map(|slot| {
                let [from, to] = task.scene.joint_at(slot).unwrap().range;
                f64::from(from + (to - from) * rng.random::<f32>())
            })
            .collect();
        let placements = placements(&task, &qpos);
        for part in &task.appearance().parts {
            let Some(body) = part.body else { continue };
            let half = match part.geometry {
                Geometry::Box(half) => half,
                Geometry::Capsule {
                    radius,
                    half_height,
                } => [radius, radius, half_height + radius],
                _ => [0.0; 3],
            };
            for corner in 0..8 {
                let side = |axis: usize| half[axis] * [-1.0, 1.0][corner >> axis & 1];
                let point =
                    placements[body].apply(part.placement.apply([side(0), side(1), side(2)]));
                // The floor stops the arm.
                if point[2] < 0.0 {
                    continue;
                }
                let at = camera.project(point).unwrap();
                for axis in 0..2 {
                    low[axis] = low[axis].min(at[axis]);
                    high[axis] = high[axis].max(at[axis]);
                }
            }
        }
    }
    assert!(low.iter().all(|&x| x >= 0.0), "{low:?} {high:?}");
    assert!(high.iter().all(|&x| x <= SIDE as f32), "{low:?} {high:?}");
    // And no smaller than it must be.
    let widest = (high[0] - low[0]).max(high[1] - low[1]);
    assert!(widest > 0.85 * SIDE as f32, "{low:?} {high:?}");
}
