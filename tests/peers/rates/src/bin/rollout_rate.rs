//! Times imagined rollouts on request, for comparisons with other software that take turns with it.
//!
//! Reads lines `candidates repeats` and answers each with the seconds of one rollout of that many candidates over 8 steps of
//! an 80-256-256-64 network, on two threads. `tests/peers/torch/compare.py` asks.
use anyhow::{Context, Result};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::io::{BufRead, Write};
use std::time::Instant;
use world_model::imagination::{
    Imagination, ImaginationError, ImaginationScratch, Linear, Mlp, PackedMlp, Readout,
};

const LATENT: usize = 64;
const ACTION: usize = 16;
const HORIZON: usize = 8;
const WIDTHS: [usize; 4] = [LATENT + ACTION, 256, 256, LATENT];
const THREADS: usize = 2;

fn main() -> Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut uniform = |count: usize, bound: f32| -> Vec<f32> {
        (0..count)
            .map(|_| rng.random_range(-bound..=bound))
            .collect()
    };
    let layers: Vec<Linear> = WIDTHS
        .windows(2)
        .map(|pair| Linear {
            inputs: pair[0],
            outputs: pair[1],
            weight: uniform(pair[0] * pair[1], 1.0 / (pair[0] as f32).sqrt()),
            bias: uniform(pair[1], 0.1),
        })
        .collect();
    let network = PackedMlp::new(&Mlp::try_new(layers)?);
    let imagination = Imagination::try_new(network, LATENT, ACTION)?;
    let start = uniform(LATENT, 1.0);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(THREADS)
        .build()?;
    let mut scratch = ImaginationScratch::new();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let expected = || format!("{line:?}: expected `candidates repeats`");
        let (candidates, repeats) = line.split_once(' ').with_context(expected)?;
        let candidates: usize = candidates.parse().with_context(expected)?;
        let repeats: u32 = repeats.parse().with_context(expected)?;
        let actions = uniform(candidates * HORIZON * ACTION, 1.0);
        let mut latents = vec![0.0; candidates * HORIZON * LATENT];
        let mut rollout = || {
            imagination.rollout(
                &start,
                &actions,
                candidates,
                HORIZON,
                Readout::Latent,
                &mut latents,
                &mut scratch,
            )
        };
        let seconds = pool.install(|| {
            rollout()?;
            let started = Instant::now();
            (0..repeats).try_for_each(|_| rollout())?;
            Ok::<_, ImaginationError>(started.elapsed().as_secs_f64())
        })?;
        println!("{}", seconds / f64::from(repeats));
        std::io::stdout().flush()?;
    }
    Ok(())
}
