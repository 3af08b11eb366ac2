//! Times physics on request, for comparisons with other simulators that take turns with it.
//!
//! Reads lines `task worlds control_steps` and answers each with the seconds for that many forks of a start, each under
//! random actions of its own, on two threads, and the physics steps that were taken. `tests/peers/mujoco/compare.py` asks.
use anyhow::{Context, Result, bail};
use rayon::prelude::*;
use sim::variation::Variant;
use sim::{Behaviour, BehaviourKind, Env, Task};
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const THREADS: usize = 2;

fn main() -> Result<()> {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../assets");
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(THREADS)
        .build()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let [name, worlds, steps] = words[..] else {
            bail!("{line:?}: expected `task worlds control_steps`");
        };
        let task = Arc::new(Task::load(&assets, name)?);
        let worlds: u64 = worlds
            .parse()
            .with_context(|| format!("worlds {worlds:?}"))?;
        let steps: usize = steps
            .parse()
            .with_context(|| format!("control_steps {steps:?}"))?;
        let variant = Variant::of(&task, None)?;
        let mut start = Env::new(Arc::clone(&task), variant)?;
        start.reset(0)?;
        let actions = (0..worlds)
            .map(|seed| {
                let kind = BehaviourKind::Smooth;
                let mut behaviour = Behaviour::new(kind, task.action_dim(), seed);
                (0..steps).map(|_| behaviour.act(&start)).collect()
            })
            .collect::<Result<Vec<Vec<Vec<f32>>>, _>>()?;
        let started = Instant::now();
        pool.install(|| {
            actions.par_iter().try_for_each(|actions| {
                let mut env = start.fork();
                actions.iter().try_for_each(|action| env.step(action))
            })
        })?;
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "{seconds} {}",
            worlds as usize * steps * task.substeps() as usize
        );
        std::io::stdout().flush()?;
    }
    Ok(())
}
