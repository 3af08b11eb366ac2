//! Contract: for any stream of states, targets, stalls and buttons, the sequence that the robot executes meets every limit at
//! every tick, and every command carries a stop that meets them too and ends at rest.
//!
//! The judge below knows nothing of the filter: it takes backward differences of the positions in the commands. Where ticks
//! were missed, the robot has executed the points of the last command that were due meanwhile.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod judge;

use judge::Judge;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use robot::safety::{Mode, Motion, SafetyConfig, SafetyFilter};
use robot::{JointLimits, JointState};

const TICKS: usize = 140_000;
const SEEDS: u64 = 8;

#[test]
fn every_limit_holds_at_every_tick_whatever_comes_in() {
    let totals: Vec<Totals> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..SEEDS)
            .map(|seed| scope.spawn(move || fuzz(seed)))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let sum = |part: fn(&Totals) -> usize| totals.iter().map(part).sum::<usize>();
    let (ticks, sent, epochs) = (sum(|t| t.ticks), sum(|t| t.sent), sum(|t| t.epochs));
    println!("{ticks} ticks, {sent} commands, {epochs} enablings");
    assert!(ticks >= 1_000_000);
    // The test would prove nothing if the arm mostly stood.
    assert!(sent > ticks / 3 && epochs > 1000 && sum(|t| t.moving) > sent / 4);
    assert!(
        sum(|t| t.capped) > 1000,
        "the braking-distance cap hardly ever worked"
    );
}

#[derive(Default)]
struct Totals {
    ticks: usize,
    sent: usize,
    epochs: usize,
    moving: usize,
    capped: usize,
}

fn fuzz(seed: u64) -> Totals {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut totals = Totals::default();
    while totals.ticks < TICKS {
        run(&mut rng, &mut totals);
    }
    totals
}

fn config(rng: &mut ChaCha8Rng) -> SafetyConfig {
    let joints = rng.random_range(1..=2);
    let limits = (0..joints).map(|_| {
        let low = rng.random_range(-2.0..0.0);
        JointLimits {
            position_min: low,
            position_max: low + rng.random_range(0.05..3.0),
            velocity: rng.random_range(0.2..4.0),
            acceleration: rng.random_range(1.0..30.0),
            jerk: rng.random_range(10.0..2000.0),
            following_error: 0.3,
            measured_velocity: 20.0,
        }
    });
    SafetyConfig {
        limits: Ok(limits.collect()),
        joints: (0..joints).map(|j| format!("joint{j}")).collect(),
        period: rng.random_range(0.004..0.03),
        state_timeout: 0.1,
        command_timeout: 0.1,
        plan_timeout: 0.5,
        clock_tolerance: 0.01,
        ramp: rng.random_range(0.0..1.0),
        rest_velocity: 0.1,
    }
}

/// One arm for a few thousand ticks.
fn run(rng: &mut ChaCha8Rng, totals: &mut Totals) {
    let config = config(rng);
    let joints = config.joints.len();
    let mut judge = Judge::new(&config);
    let mut filter = SafetyFilter::new(config.clone());
    let mut arm: Vec<f64> = (0..joints).map(|_| rng.random_range(-2.5..2.5)).collect();
    let (mut now, mut clock, mut wish) = (100.0, 0_i64, Wish::draw(rng));
    for _ in 0..4000 {
        // Mostly the next tick, sometimes a few late, rarely a stall.
        let steps = match rng.random_range(0..1000) {
            0 => rng.random_range(5..60),
            1..30 => rng.random_range(2..5),
            _ => 1,
        };
        now += f64::from(steps) * config.period;
        clock += (f64::from(steps) * config.period * 1e9) as i64;
        if let Some(sent) = filter.sent() {
            arm.iter_mut()
                .zip(sent)
                .for_each(|(q, m)| *q += 0.5 * (m.position - *q));
        } else if rng.random_range(0..50) == 0 {
            arm.iter_mut()
                .for_each(|q| *q = rng.random_range(-2.5..2.5));
        }
        if let Some(state) = report(rng, &config, &arm, clock, now) {
            // A refusal is an answer too.
            let _ = filter.observe(&state, now);
        }
        press_buttons(rng, &mut filter, now, &mut judge, totals);
        if rng.random_range(0..150) == 0 {
            wish = Wish::draw(rng);
        }
        let target = wish.target(rng, &filter, now);
        judge.elapse(steps);
        let command = filter.tick(now, target.as_deref());
        totals.ticks += 1;
        match command {
            Some(command) => {
                judge.check(command);
                totals.sent += 1;
                totals.moving += usize::from(command.velocity().iter().any(|v| v.abs() > 1e-3));
            }
            None => judge.silence(),
        }
    }
    totals.capped += filter.interventions().count("braking distance") as usize;
}

fn press_buttons(
    rng: &mut ChaCha8Rng,
    filter: &mut SafetyFilter,
    now: f64,
    judge: &mut Judge,
    totals: &mut Totals,
) {
    match rng.random_range(0..3000) {
        0 => filter.emergency(true, now),
        1..400 => filter.emergency(false, now),
        _ => {}
    }
    if rng.random_range(0..5) == 0 && !matches!(filter.mode(), Mode::Idle | Mode::Active) {
        let _ = filter.reset();
    }
    if rng.random_range(0..5) == 0 && filter.enable(now).is_ok() {
        judge.enabled(&filter.measured().unwrap().position);
        totals.epochs += 1;
    }
}

/// The robot's report, or what faults make of it.
fn report(
    rng: &mut ChaCha8Rng,
    config: &SafetyConfig,
    arm: &[f64],
    clock: i64,
    now: f64,
) -> Option<JointState> {
    let mut state = JointState {
        stamp: clock,
        received: now,
        delay: rng.random_range(0.0..0.002),
        name: config.joints.clone(),
        position: arm.to_vec(),
        velocity: vec![0.0; arm.len()],
    };
    match rng.random_range(0..200) {
        0 => return None,
        1 => state.stamp -= 300_000_000,
        2 => state.position[0] = f64::NAN,
        3 => state.delay = rng.random_range(-1.0..1.0),
        4 => state.velocity.clear(),
        5 => state.name.swap_remove(0).clear(),
        6 => state.velocity[0] = f64::INFINITY,
        _ => {}
    }
    Some(state)
}

/// What the planner wants for a while.
enum Wish {
    Nothing,
    Step(f64),
    Wave { size: f64, rate: f64 },
    Noise(f64),
    Nonsense,
}

impl Wish {
    fn draw(rng: &mut ChaCha8Rng) -> Self {
        match rng.random_range(0..12) {
            0 => Self::Nothing,
            1..5 => Self::Step(rng.random_range(-4.0..4.0)),
            5..8 => Self::Wave {
                size: rng.random_range(0.0..3.0),
                rate: rng.random_range(0.1..20.0),
            },
            8..11 => Self::Noise(rng.random_range(0.0..3.0)),
            _ => Self::Nonsense,
        }
    }

    fn target(&self, rng: &mut ChaCha8Rng, filter: &SafetyFilter, now: f64) -> Option<Vec<Motion>> {
        let joints = filter.config().joints.len();
        let all = |motion: Motion| Some(vec![motion; joints]);
        match self {
            Self::Nothing => None,
            Self::Step(position) => all(Motion::at_rest(*position)),
            Self::Wave { size, rate } => {
                let (sin, cos) = (rate * now).sin_cos();
                let (velocity, acceleration) = (size * rate * cos, -size * rate * rate * sin);
                all(Motion {
                    position: size * sin,
                    velocity,
                    acceleration,
                })
            }
            Self::Noise(size) => {
                let mut draw = || rng.random_range(-1.0..1.0) * size;
                all(Motion {
                    position: draw(),
                    velocity: 10.0 * draw(),
                    acceleration: 100.0 * draw(),
                })
            }
            Self::Nonsense => match rng.random_range(0..4) {
                0 => all(Motion::at_rest(f64::NAN)),
                1 => all(Motion {
                    velocity: f64::NEG_INFINITY,
                    ..Motion::at_rest(0.0)
                }),
                2 => Some(vec![Motion::at_rest(0.0); joints + 1]),
                _ => all(Motion {
                    acceleration: 1e300,
                    velocity: -1e300,
                    position: 1e300,
                }),
            },
        }
    }
}
