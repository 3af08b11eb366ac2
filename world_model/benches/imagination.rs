//! Rollouts against the best matrix product of the same run on the same cores.
//!
//! Criterion keeps the history of each case; the table before it is what the engine is held to. Its
//! contenders take turns, round after round, so that a busy neighbour disturbs all of them alike,
//! and each is judged by its best round. The ceiling is the best rate of the `gemm` crate over
//! several shapes, with each thread on a product of its own; beside it stands the rate of a loop
//! of multiply-adds that stays in the registers.
#![allow(
    unsafe_code,
    reason = "the matrix-product crate and the register loop of the ceiling"
)]
#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first error")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use world_model::imagination::{
    Imagination, ImaginationScratch, Isa, Linear, Mlp, PackedMlp, Readout, RolloutTape, Scratch,
};

const LATENT: usize = 64;
const ACTION: usize = 16;
const HORIZON: usize = 8;
const WIDTHS: [usize; 4] = [LATENT + ACTION, 256, 256, LATENT];
const CANDIDATES: [usize; 5] = [20, 50, 64, 256, 512];
/// `[m, n, k]`: those of the network's layers, and larger ones.
const PRODUCTS: [[usize; 3]; 4] = [
    [512, 256, 256],
    [64, 256, 256],
    [384, 384, 384],
    [768, 768, 768],
];
const ROUNDS: usize = 100;

fn uniform(rng: &mut ChaCha8Rng, count: usize, bound: f32) -> Vec<f32> {
    (0..count)
        .map(|_| rng.random_range(-bound..=bound))
        .collect()
}

fn network(seed: u64) -> PackedMlp {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let layers = WIDTHS.windows(2).map(|pair| Linear {
        inputs: pair[0],
        outputs: pair[1],
        weight: uniform(&mut rng, pair[0] * pair[1], 1.0 / (pair[0] as f32).sqrt()),
        bias: uniform(&mut rng, pair[1], 0.1),
    });
    PackedMlp::new(&Mlp::try_new(layers.collect()).unwrap())
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap()
}

/// Multiply-adds of a rollout, two operations each.
fn rollout_flops(candidates: usize) -> f64 {
    let layer_products: usize = WIDTHS.windows(2).map(|pair| pair[0] * pair[1]).sum();
    2.0 * (candidates * HORIZON * layer_products) as f64
}

/// A batch of candidates with everything that a rollout and its gradient need.
struct Case {
    imagination: Imagination,
    start: Vec<f32>,
    actions: Vec<f32>,
    goal: Vec<f32>,
    candidates: usize,
    latents: Vec<f32>,
    costs: Vec<f32>,
    ones: Vec<f32>,
    d_actions: Vec<f32>,
    scratch: ImaginationScratch,
    tape: RolloutTape,
}

impl Case {
    fn new(candidates: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let blocks = candidates * HORIZON;
        Self {
            imagination: Imagination::try_new(network(0), LATENT, ACTION).unwrap(),
            start: uniform(&mut rng, LATENT, 1.0),
            actions: uniform(&mut rng, blocks * ACTION, 1.0),
            goal: uniform(&mut rng, LATENT, 1.0),
            candidates,
            latents: vec![0.0; blocks * LATENT],
            costs: vec![0.0; blocks],
            ones: vec![1.0; blocks],
            d_actions: vec![0.0; blocks * ACTION],
            scratch: ImaginationScratch::new(),
            tape: RolloutTape::new(),
        }
    }

    fn latents(&mut self) {
        self.imagination
            .rollout(
                &self.start,
                &self.actions,
                self.candidates,
                HORIZON,
                Readout::Latent,
                &mut self.latents,
                &mut self.scratch,
            )
            .unwrap();
        black_box(&self.latents);
    }

    fn cost(&mut self) {
        self.imagination
            .rollout(
                &self.start,
                &self.actions,
                self.candidates,
                HORIZON,
                Readout::SquaredDistance { goal: &self.goal },
                &mut self.costs,
                &mut self.scratch,
            )
            .unwrap();
        black_box(&self.costs);
    }

    fn cost_and_gradient(&mut self) {
        let readout = Readout::SquaredDistance { goal: &self.goal };
        self.imagination
            .rollout_with_tape(
                &self.start,
                &self.actions,
                self.candidates,
                HORIZON,
                readout,
                &mut self.costs,
                &mut self.tape,
            )
            .unwrap();
        self.imagination
            .backward(readout, &self.ones, &mut self.d_actions, &mut self.tape)
            .unwrap();
        black_box(&self.d_actions);
    }
}

/// One product of the ceiling on the calling thread, `[m, k] x [k, n]`.
struct Ceiling {
    m: usize,
    n: usize,
    k: usize,
    a: Vec<f32>,
    b: Vec<f32>,
    c: Vec<f32>,
}

impl Ceiling {
    fn new([m, n, k]: [usize; 3]) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        Self {
            m,
            n,
            k,
            a: uniform(&mut rng, m * k, 1.0),
            b: uniform(&mut rng, k * n, 1.0),
            c: vec![0.0; m * n],
        }
    }

    fn run(&mut self) {
        let (m, n, k) = (self.m, self.n, self.k);
        // SAFETY: the strides describe row-major matrices of exactly the vectors' lengths.
        unsafe {
            gemm::gemm(
                m,
                n,
                k,
                self.c.as_mut_ptr(),
                1,
                n as isize,
                false,
                self.a.as_ptr(),
                1,
                k as isize,
                self.b.as_ptr(),
                1,
                n as isize,
                0.0,
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
        black_box(&self.c);
    }

    fn flops(&self) -> f64 {
        2.0 * (self.m * self.n * self.k) as f64
    }
}

const REGISTER_STEPS: usize = 20_000;
const REGISTER_SUMS: usize = 12;

/// Independent multiply-adds that never leave the registers; returns the operations done.
fn register_loop() -> f64 {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::*;

        #[target_feature(enable = "avx512f")]
        fn avx512() -> f32 {
            let x = _mm512_set1_ps(black_box(0.999));
            // Distinct, or the compiler would compute one sum for all.
            let mut sums: [__m512; REGISTER_SUMS] =
                std::array::from_fn(|i| _mm512_set1_ps(black_box(i as f32)));
            for _ in 0..REGISTER_STEPS {
                for sum in &mut sums {
                    *sum = _mm512_fmadd_ps(x, *sum, x);
                }
            }
            sums.into_iter().map(|sum| _mm512_reduce_add_ps(sum)).sum()
        }

        #[target_feature(enable = "avx2,fma")]
        fn avx2() -> f32 {
            let x = _mm256_set1_ps(black_box(0.999));
            let mut sums: [__m256; REGISTER_SUMS] =
                std::array::from_fn(|i| _mm256_set1_ps(black_box(i as f32)));
            for _ in 0..REGISTER_STEPS {
                for sum in &mut sums {
                    *sum = _mm256_fmadd_ps(x, *sum, x);
                }
            }
            sums.into_iter().map(|sum| _mm256_cvtss_f32(sum)).sum()
        }

        let steps = 2.0 * (REGISTER_STEPS * REGISTER_SUMS) as f64;
        match Isa::detect() {
            // SAFETY: `detect` found the instructions.
            Isa::Avx512 => {
                black_box(unsafe { avx512() });
                return steps * 16.0;
            }
            // SAFETY: `detect` found the instructions.
            Isa::Avx2 => {
                black_box(unsafe { avx2() });
                return steps * 8.0;
            }
            Isa::Portable => {}
        }
    }
    0.0
}

/// Seconds that work takes once the caches know it.
fn timed(mut work: impl FnMut()) -> f64 {
    work();
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn best(samples: &[f64]) -> f64 {
    samples.iter().copied().fold(f64::INFINITY, f64::min)
}

fn median(samples: &[f64]) -> f64 {
    let mut samples = samples.to_vec();
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// Seconds of every contender in every round, and the operations of the register loops.
struct Measurements {
    register_flops: f64,
    registers: Vec<f64>,
    products: Vec<Vec<f64>>,
    /// Latents, cost, cost and gradient.
    rollouts: Vec<[Vec<f64>; 3]>,
}

/// The contenders on the current pool, round after round.
fn measure(threads: usize) -> Measurements {
    let mut ceilings = PRODUCTS
        .map(|shape| -> Vec<Ceiling> { (0..threads).map(|_| Ceiling::new(shape)).collect() });
    let mut cases = CANDIDATES.map(Case::new);
    let mut found = Measurements {
        register_flops: 0.0,
        registers: Vec::new(),
        products: vec![Vec::new(); PRODUCTS.len()],
        rollouts: vec![Default::default(); CANDIDATES.len()],
    };
    for _ in 0..ROUNDS {
        found.registers.push(timed(|| {
            let loops = (0..threads).into_par_iter().with_max_len(1);
            found.register_flops = loops.map(|_| register_loop()).sum();
        }));
        for (products, times) in ceilings.iter_mut().zip(&mut found.products) {
            let repeats = repeats(products[0].flops());
            let seconds = timed(|| {
                let products = products.par_iter_mut().with_max_len(1);
                products.for_each(|product| (0..repeats).for_each(|_| product.run()));
            });
            times.push(seconds / repeats as f64);
        }
        for (case, [latents, cost, gradient]) in cases.iter_mut().zip(&mut found.rollouts) {
            let repeats = repeats(rollout_flops(case.candidates));
            for (work, times) in [
                (Case::latents as fn(&mut Case), latents),
                (Case::cost, cost),
                (Case::cost_and_gradient, gradient),
            ] {
                let seconds = timed(|| (0..repeats).for_each(|_| work(case)));
                times.push(seconds / repeats as f64);
            }
        }
    }
    found
}

/// Measures with a number of threads and prints the table.
fn compare(threads: usize) {
    let found = pool(threads).install(|| measure(threads));
    let gflops = |flops: f64, seconds: f64| flops / seconds / 1e9;
    println!("\n{threads} thread(s), {}", network(0).isa());
    println!(
        "  register loop        {:7.1} GFLOP/s",
        gflops(found.register_flops, best(&found.registers))
    );
    let mut ceiling: f64 = 0.0;
    for ([m, n, k], times) in PRODUCTS.into_iter().zip(&found.products) {
        let rate = gflops(2.0 * (threads * m * n * k) as f64, best(times));
        println!("  product {m:4}x{n:3}x{k:3}  {rate:7.1} GFLOP/s");
        ceiling = ceiling.max(rate);
    }
    for (candidates, [latents, cost, gradient]) in CANDIDATES.into_iter().zip(&found.rollouts) {
        let flops = rollout_flops(candidates);
        let rate = gflops(flops, best(latents));
        println!(
            "  {candidates:4} candidates: {rate:7.1} GFLOP/s best, {:7.1} median ({:.3} ms best), \
             {:5.1} % of the product; cost and gradient {:.2} x the cost",
            gflops(flops, median(latents)),
            1e3 * best(latents),
            100.0 * rate / ceiling,
            best(gradient) / best(cost),
        );
    }
}

/// Repetitions that bring a piece of work to about a millisecond of one core.
fn repeats(flops: f64) -> usize {
    (1e8 / flops).ceil().max(1.0) as usize
}

fn rollouts(criterion: &mut Criterion) {
    for threads in [1, 2] {
        compare(threads);
    }
    let mut group = criterion.benchmark_group("imagination");
    group.warm_up_time(Duration::from_millis(300));
    group.measurement_time(Duration::from_secs(1));
    group.sample_size(20);
    for threads in [1, 2] {
        let pool = pool(threads);
        for candidates in CANDIDATES {
            let mut case = Case::new(candidates);
            group.throughput(Throughput::Elements((candidates * HORIZON) as u64));
            let id = |name: &str| BenchmarkId::new(format!("{name}-{threads}t"), candidates);
            group.bench_function(id("latents"), |b| {
                pool.install(|| b.iter(|| case.latents()));
            });
            group.bench_function(id("cost-and-gradient"), |b| {
                pool.install(|| b.iter(|| case.cost_and_gradient()));
            });
        }
    }
    group.finish();
}

fn single_row(criterion: &mut Criterion) {
    let network = network(0);
    let x = vec![0.1; network.inputs()];
    let mut out = vec![0.0; network.outputs()];
    let mut scratch = Scratch::new();
    criterion.bench_function("forward-batch-1", |b| {
        b.iter(|| network.forward(black_box(&x), 1, &mut out, &mut scratch));
    });
}

criterion_group!(benches, rollouts, single_row);
criterion_main!(benches);
