//! Frames a second of the camera, beside pictures of the same scene by ray casts through the physics engine, one for each
//! pixel, in the same run. The two take turns, so that a busy neighbour disturbs both alike, and each is judged by its
//! best round; the ratio is what a slower machine leaves as it is. Criterion keeps the history of each case.
#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first error")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sim::variation::Variant;
use sim::{Behaviour, BehaviourKind, Camera, Env, Task};
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const SIDE: usize = 64;
/// Moments of an episode that are drawn in turn.
const MOMENTS: usize = 64;
const ROUNDS: usize = 20;

fn moments(task: &Arc<Task>) -> Vec<Env> {
    let mut env = Env::new(Arc::clone(task), Variant::of(task, None).unwrap()).unwrap();
    env.reset(1).unwrap();
    let mut behaviour = Behaviour::new(BehaviourKind::Seeking, task.action_dim(), 1);
    (0..MOMENTS)
        .map(|_| {
            let action = behaviour.act(&env).unwrap();
            env.step(&action).unwrap();
            env.fork()
        })
        .collect()
}

fn draw(envs: &[Env], camera: &mut Camera, rgb: &mut [u8]) {
    for env in envs {
        env.render_into(camera, rgb).unwrap();
        black_box(&rgb);
    }
}

/// Rays from above: what they hit does not matter to their cost.
fn cast(env: &Env, eye: [f32; 3]) {
    let placements = env.placements();
    let appearance = env.task().appearance();
    for pixel in 0..SIDE * SIDE {
        let (x, y) = (pixel % SIDE, pixel / SIDE);
        let slope = |i: usize| (i as f32 + 0.5) / SIDE as f32 * 0.8 - 0.4;
        let direction = [slope(x), -slope(y), -1.0];
        black_box(appearance.pick(&placements, eye, direction));
    }
}

fn frames(criterion: &mut Criterion) {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
    let mut group = criterion.benchmark_group("frame");
    group.throughput(Throughput::Elements(MOMENTS as u64));
    let mut table = Vec::new();
    for name in Task::list(&assets).unwrap() {
        let task = Arc::new(Task::load(&assets, &name).unwrap());
        let eye = task
            .spec()
            .camera
            .first()
            .map_or([0.0, 0.0, 1.0], |c| c.eye);
        let envs = moments(&task);
        let mut camera = task.camera(SIDE, SIDE).unwrap();
        let mut rgb = vec![0; SIDE * SIDE * 3];
        let (mut drawn, mut casted) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..ROUNDS {
            let start = Instant::now();
            draw(&envs, &mut camera, &mut rgb);
            drawn = drawn.min(start.elapsed().as_secs_f64() / MOMENTS as f64);
            let start = Instant::now();
            cast(&envs[0], eye);
            casted = casted.min(start.elapsed().as_secs_f64());
        }
        table.push((name.clone(), 1.0 / drawn, 1.0 / casted, casted / drawn));
        group.bench_function(BenchmarkId::from_parameter(&name), |b| {
            b.iter(|| draw(&envs, &mut camera, &mut rgb));
        });
    }
    group.finish();
    println!("\n64 x 64 frames/s on one core    camera  ray casts   ratio");
    for (name, camera, rays, ratio) in table {
        println!("{name:<30} {camera:>8.0} {rays:>10.0} {ratio:>7.1}");
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(std::time::Duration::from_millis(500)).measurement_time(std::time::Duration::from_secs(2));
    targets = frames
}
criterion_main!(benches);
