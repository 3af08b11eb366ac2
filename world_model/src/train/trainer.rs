//! One training run: what it holds between steps, and what a step does.

use std::path::Path;
use std::time::Instant;

use burn::tensor::Device;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::batch::{Batch, SHARDS};
use super::optimiser::{Moments, adamw, clip_global_norms, learning_rate};
use super::parameters::ParameterMap;
use super::shard::{ShardResult, Worker};
use super::state::{Run, TrainState};
use super::{LossTerms, TrainError, TrainProgress, TrainingData};
use crate::config::{AntiCollapse, TrainConfig};
use crate::dataset::Dataset;
use crate::diagnostics::{Diagnostics, check_collapse, evaluate};
use crate::model::WorldModel;
use crate::networks::{Dimensions, Networks, representation};
use crate::sight::Sight;

/// A training run.
pub(super) struct Trainer<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) data: &'a TrainingData<'a>,
    pub(super) config: &'a TrainConfig,
    pub(super) dimensions: Dimensions,
    pub(super) sight: Option<Sight>,
    state_file: Option<&'a Path>,
    /// Tells the sight from others.
    fingerprint: Option<String>,
    /// Hash of the model that it started from.
    start: Option<&'a str>,
    pub(super) map: ParameterMap,
    pub(super) state: TrainState,
    worker: Worker,
    pools: [ThreadPool; SHARDS],
    pub(super) diagnostics: Option<Diagnostics>,
    clock: Clock,
}

/// Wall-clock time, across interruptions.
struct Clock {
    started: Instant,
    /// Steps and seconds done before this process took over.
    earlier_steps: usize,
    earlier_seconds: f32,
}

impl<'a> Trainer<'a> {
    /// Starts a run from nothing or from a model, or continues it when `state_file` exists.
    pub fn new(
        (dataset, data): (&'a Dataset, &'a TrainingData<'a>),
        dimensions: Dimensions,
        sight: Option<Sight>,
        start: Option<&'a WorldModel>,
        config: &'a TrainConfig,
        state_file: Option<&'a Path>,
    ) -> Result<Self, TrainError> {
        let networks = Networks::init(&dimensions, config, &Device::flex().autodiff());
        let (map, mut values) = ParameterMap::of(&networks);
        if let Some(start) = start {
            start.write_into(&map, &mut values)?;
        }
        let start = start.map(WorldModel::hash);
        let fingerprint = sight.as_ref().map(Sight::fingerprint);
        let encoder = map.len_through(&["encoder."]);
        let state = match state_file {
            Some(path) if path.exists() => {
                let run = Run {
                    config,
                    data_hash: &dataset.hash,
                    sight: fingerprint.as_deref(),
                    start,
                };
                TrainState::load(path, run, values.len(), encoder)?
            }
            _ => TrainState {
                moments: Moments::zeros(values.len()),
                average: match config.anti_collapse {
                    AntiCollapse::Ema => Some(values[..encoder].to_vec()),
                    _ => None,
                },
                values,
                step: 0,
                seconds: 0.0,
            },
        };
        let one_thread = || ThreadPoolBuilder::new().num_threads(1).build();
        Ok(Self {
            worker: Worker::new(networks, dimensions.clone(), config),
            dimensions,
            sight,
            pools: [one_thread()?, one_thread()?],
            clock: Clock {
                started: Instant::now(),
                earlier_steps: state.step,
                earlier_seconds: state.seconds,
            },
            dataset,
            data,
            config,
            state_file,
            fingerprint,
            start,
            map,
            state,
            diagnostics: None,
        })
    }

    /// Share of the training that is done, in `[0, 1]`: by steps, or by time if that is further.
    fn progress(&self) -> f32 {
        let steps = self.state.step as f32 / self.config.steps as f32;
        let time = self
            .config
            .minutes
            .map_or(0.0, |minutes| self.state.seconds / (60.0 * minutes));
        steps.max(time).min(1.0)
    }

    /// Whether the steps or the time are used up.
    pub fn finished(&self) -> bool {
        self.progress() >= 1.0
    }

    /// One step, with evaluation and a write of the state when they are due.
    pub fn advance(&mut self) -> Result<TrainProgress, TrainError> {
        let progress = self.progress();
        let rate = learning_rate(self.config, self.state.step, progress);
        let losses = self.step(open_loop_steps(self.config, progress), rate)?;
        self.state.step += 1;
        self.state.seconds = self.clock.seconds();
        let evaluated =
            self.finished() || self.state.step.is_multiple_of(self.config.evaluate_every);
        if evaluated {
            let diagnostics = self.evaluate()?;
            check_collapse(&diagnostics, self.progress())?;
            self.diagnostics = Some(diagnostics);
            self.save_state()?;
        }
        Ok(self.report(losses, rate, evaluated))
    }

    fn step(&mut self, open_loop: usize, rate: f32) -> Result<LossTerms, TrainError> {
        let shards = self.run_shards(open_loop)?;
        let losses = LossTerms::mean(&shards.each_ref().map(|shard| shard.losses));
        if !losses.is_finite() {
            return Err(TrainError::Diverged {
                step: self.state.step,
                losses: format!("{losses:?}"),
            });
        }
        let [first, second] = shards;
        let mut gradient = first.gradient;
        for (sum, other) in gradient.iter_mut().zip(&second.gradient) {
            *sum = (*sum + other) / SHARDS as f32;
        }
        let representation = self.map.len_through(representation(self.config));
        clip_global_norms(representation, &mut gradient, self.config.gradient_clip);
        adamw(
            &self.map,
            &mut self.state.values,
            &gradient,
            &mut self.state.moments,
            self.state.step,
            rate,
            self.config.weight_decay,
        );
        if let Some(average) = &mut self.state.average {
            let keep = self.config.ema_decay;
            for (average, value) in average.iter_mut().zip(&self.state.values) {
                *average = keep * *average + (1.0 - keep) * value;
            }
        }
        Ok(losses)
    }

    /// Both shards at the same time, each in a pool of one thread: matrix products inside then stay
    /// on that thread.
    fn run_shards(&self, open_loop: usize) -> Result<[ShardResult; SHARDS], TrainError> {
        let run = |shard: usize| {
            let inputs = &self.dimensions.observation;
            let batch = Batch::draw(self.data, inputs, self.config, self.state.step, shard);
            let average = self.state.average.as_deref();
            self.worker
                .run(&self.state.values, average, batch, open_loop)
        };
        let [first_pool, second_pool] = &self.pools;
        let mut first = None;
        let second = first_pool.in_place_scope(|scope| {
            scope.spawn(|_| first = Some(run(0)));
            second_pool.install(|| run(1))
        });
        let first = first.ok_or_else(|| TrainError::Backend("a shard did not run".to_owned()))?;
        Ok([first?, second?])
    }

    pub(super) fn evaluate(&self) -> Result<Diagnostics, TrainError> {
        let networks = self.worker.networks(&self.state.values);
        let step = self.state.step;
        Ok(self.pools[0]
            .install(|| evaluate(&networks, self.data, &self.dimensions, self.config, step))?)
    }

    /// Writes the state, if there is a file for it.
    pub fn save_state(&self) -> Result<(), TrainError> {
        if let Some(path) = self.state_file {
            let run = Run {
                config: self.config,
                data_hash: &self.dataset.hash,
                sight: self.fingerprint.as_deref(),
                start: self.start,
            };
            self.state.save(path, run)?;
        }
        Ok(())
    }

    fn report(&self, losses: LossTerms, learning_rate: f32, evaluated: bool) -> TrainProgress {
        let seconds = self.clock.seconds();
        let here = (seconds - self.clock.earlier_seconds).max(1e-6);
        let done = self.progress().max(1e-6);
        let steps_here = self.state.step - self.clock.earlier_steps;
        TrainProgress {
            step: self.state.step,
            total: self.config.steps,
            losses,
            learning_rate,
            steps_per_second: steps_here as f32 / here,
            elapsed_seconds: seconds,
            eta_seconds: seconds * (1.0 - done) / done,
            evaluated,
            diagnostics: self.diagnostics.clone(),
        }
    }
}

impl Clock {
    fn seconds(&self) -> f32 {
        self.earlier_seconds + self.started.elapsed().as_secs_f32()
    }
}

/// Open-loop steps of the prediction loss: one at first, all of them once the curriculum is through.
fn open_loop_steps(config: &TrainConfig, progress: f32) -> usize {
    let through = if config.curriculum_fraction > 0.0 {
        (progress / config.curriculum_fraction).min(1.0)
    } else {
        1.0
    };
    let extra = (config.open_loop_steps - 1) as f32 * through;
    1 + extra as usize
}
