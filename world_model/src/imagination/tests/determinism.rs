//! Contract: threads, tiles and neighbours do not change a bit of a candidate's readout or gradient.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::ThreadPoolBuilder;

use super::super::{Imagination, ImaginationScratch, Isa, PackedMlp, Readout, RolloutTape};
use super::{Model, paths, uniform};

const HORIZON: usize = 4;

/// The parts of a problem that all runs share.
struct Problem {
    model: Model,
    start: Vec<f32>,
    d_out_row: Vec<f32>,
}

impl Problem {
    fn new() -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        let model = Model::new(60, 33, 10, &[100, 90]);
        Self {
            start: uniform(&mut rng, model.latent, 1.0),
            d_out_row: uniform(&mut rng, HORIZON * 4, 1.0),
            model,
        }
    }

    /// Readouts without a tape, with one, and the gradient.
    fn run(&self, isa: Isa, actions: &[f32]) -> [Vec<u32>; 3] {
        let (latent, action) = (self.model.latent, self.model.action);
        let candidates = actions.len() / (HORIZON * action);
        let predictor = PackedMlp::with_isa(&self.model.predictor, isa).unwrap();
        let imagination = Imagination::try_new(predictor, latent, action).unwrap();
        let heads = self.model.packed_heads(isa);
        let heads: Vec<&PackedMlp> = heads.iter().collect();
        let readout = Readout::Heads(&heads);
        let mut out = vec![0.0; candidates * HORIZON * 4];
        let mut scratch = ImaginationScratch::new();
        imagination
            .rollout(
                &self.start,
                actions,
                candidates,
                HORIZON,
                readout,
                &mut out,
                &mut scratch,
            )
            .unwrap();
        let mut taped = vec![0.0; out.len()];
        let mut tape = RolloutTape::new();
        imagination
            .rollout_with_tape(
                &self.start,
                actions,
                candidates,
                HORIZON,
                readout,
                &mut taped,
                &mut tape,
            )
            .unwrap();
        let mut d_actions = vec![0.0; actions.len()];
        let d_out = self.d_out_row.repeat(candidates);
        imagination
            .backward(readout, &d_out, &mut d_actions, &mut tape)
            .unwrap();
        [out, taped, d_actions].map(|values| values.iter().map(|v| v.to_bits()).collect())
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let problem = Problem::new();
    for isa in paths() {
        for candidates in [1, 3, 64, 200] {
            let mut rng = ChaCha8Rng::seed_from_u64(1);
            let actions = uniform(&mut rng, candidates * HORIZON * problem.model.action, 1.0);
            let runs = [1, 2, 3, 7].map(|threads| {
                let pool = ThreadPoolBuilder::new().num_threads(threads).build();
                pool.unwrap().install(|| problem.run(isa, &actions))
            });
            assert!(runs.iter().all(|run| *run == runs[0]), "{isa} {candidates}");
            assert_eq!(runs[0][0], runs[0][1], "a tape changes no readout");
        }
    }
}

#[test]
fn neighbours_change_no_bit() {
    let problem = Problem::new();
    for isa in paths() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let size = HORIZON * problem.model.action;
        let actions = uniform(&mut rng, 90 * size, 1.0);
        let together = problem.run(isa, &actions);
        for candidate in [0, 1, 44, 71, 72, 89] {
            let alone = problem.run(isa, &actions[candidate * size..][..size]);
            for (alone, together) in alone.iter().zip(&together) {
                let width = alone.len();
                assert_eq!(alone, &together[candidate * width..][..width], "{isa}");
            }
        }
    }
}
