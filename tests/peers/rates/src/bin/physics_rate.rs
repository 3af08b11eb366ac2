//! Times physics on request, for comparisons with other simulators that take turns with it.
//!
//! Reads lines `task worlds control_steps` and answers each with the seconds for that many forks of a start, each under
//! random actions of its own, on two threads, and the physics steps that were taken. `tests/peers/mujoco/compare.py` asks.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool for scripts stops at the first error"
)]

use rayon::prelude::*;
use sim::variation::Variant;
use sim::{Behaviour, BehaviourKind, Env, Task};
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const THREADS: usize = 2;

fn main() {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../assets");
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(THREADS)
        .build()
        .unwrap();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let task = Arc::new(Task::load(&assets, words[0]).unwrap());
        let (worlds, steps): (u64, usize) = (words[1].parse().unwrap(), words[2].parse().unwrap());
        let variant = Variant::of(&task, None).unwrap();
        let mut start = Env::new(Arc::clone(&task), variant).unwrap();
        start.reset(0).unwrap();
        let actions: Vec<Vec<Vec<f32>>> = (0..worlds)
            .map(|seed| {
                let kind = BehaviourKind::Smooth;
                let mut behaviour = Behaviour::new(kind, task.action_dim(), seed);
                (0..steps).map(|_| behaviour.act(&start).unwrap()).collect()
            })
            .collect();
        let started = Instant::now();
        pool.install(|| {
            actions.par_iter().for_each(|actions| {
                let mut env = start.fork();
                actions.iter().for_each(|action| env.step(action).unwrap());
            });
        });
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "{seconds} {}",
            worlds as usize * steps * task.substeps() as usize
        );
        std::io::stdout().flush().unwrap();
    }
}
