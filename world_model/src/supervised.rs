//! Plain supervised training, for networks that are fitted before or after the world model. As in the main training a step is
//! split into two fixed shards on a thread each, so that results do not depend on the number of processors.

use std::ops::ControlFlow;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rayon::ThreadPoolBuilder;

use crate::config::TrainConfig;
use crate::imagination::Linear;
use crate::perceptron::Perceptron;
use crate::random::{Purpose, stream};
use crate::train::TrainError;
use crate::train::optimiser::{Moments, adamw, clip_global_norms, learning_rate};
use crate::train::parameters::{ParameterMap, assign, flat_gradient};

/// Weight decay of a network that has more data than it can learn by heart.
pub(crate) const LITTLE_DECAY: f32 = 1.0e-4;

/// Steps between two reports.
const REPORT_EVERY: usize = 50;

/// What is to be fitted.
pub(crate) struct Supervised<F, D, L> {
    /// Optimiser steps.
    pub steps: usize,
    /// Peak learning rate.
    pub learning_rate: f32,
    /// Decoupled weight decay, on weight matrices.
    pub weight_decay: f32,
    /// Values of a row of inputs.
    pub inputs: usize,
    /// Applies the network to `[rows, inputs]`.
    pub forward: F,
    /// Appends the inputs and targets of a step's shard.
    pub draw: D,
    /// The loss of outputs against targets; writes its slopes.
    pub loss: L,
}

/// A perceptron that is to be fitted from a random start.
pub(crate) struct SupervisedPerceptron<'a, D, L> {
    /// Widths of its layers, inputs first.
    pub sizes: &'a [usize],
    /// Optimiser steps.
    pub steps: usize,
    /// Peak learning rate.
    pub learning_rate: f32,
    /// Decoupled weight decay, on weight matrices.
    pub weight_decay: f32,
    /// Seed of the start and of what is drawn, and what for.
    pub seed: (u64, Purpose),
    /// Appends the inputs and targets of a shard.
    pub draw: D,
    /// The loss of outputs against targets; writes its slopes.
    pub loss: L,
}

/// Fits a perceptron and returns its layers.
///
/// # Errors
/// Those of [`fit`].
pub(crate) fn fit_perceptron<D, L>(
    task: SupervisedPerceptron<D, L>,
    progress: &mut FitProgress,
) -> Result<Vec<Linear>, TrainError>
where
    D: Fn(&mut ChaCha8Rng, &mut Vec<f32>, &mut Vec<f32>) + Sync,
    L: Fn(&[f32], &[f32], &mut [f32]) -> f32 + Sync,
{
    let (seed, purpose) = task.seed;
    let rng = &mut stream(seed, purpose, 0, 0);
    let device = Device::flex().autodiff();
    let network = Perceptron::init(task.sizes, 1.0, rng, &device);
    let draw = task.draw;
    let task = Supervised {
        steps: task.steps,
        learning_rate: task.learning_rate,
        weight_decay: task.weight_decay,
        inputs: task.sizes[0],
        forward: |network: &Perceptron, inputs| network.forward(inputs),
        draw: |step: usize, shard: usize, inputs: &mut Vec<f32>, targets: &mut Vec<f32>| {
            let rng = &mut stream(seed, purpose, 1 + step as u64, shard as u64);
            draw(rng, inputs, targets);
        },
        loss: task.loss,
    };
    Ok(fit(network, &task, progress)?.layers(""))
}

/// A network that was fitted.
pub(crate) struct Fitted {
    map: ParameterMap,
    values: Vec<f32>,
}

impl Fitted {
    /// The layers whose names start with `prefix`.
    pub fn layers(&self, prefix: &str) -> Vec<Linear> {
        self.map.layers(&self.values, prefix)
    }
}

/// Hears of the steps done and the latest loss; breaks to stop.
pub type FitProgress<'a> = dyn FnMut(usize, f32) -> ControlFlow<()> + 'a;

/// Fits a network.
///
/// # Errors
/// What the backend says, a loss that is not finite, or [`TrainError::Interrupted`] when `progress` breaks.
pub(crate) fn fit<M, F, D, L>(
    network: M,
    task: &Supervised<F, D, L>,
    progress: &mut FitProgress,
) -> Result<Fitted, TrainError>
where
    M: Module + Clone + Sync,
    F: Fn(&M, Tensor<2>) -> Tensor<2> + Sync,
    D: Fn(usize, usize, &mut Vec<f32>, &mut Vec<f32>) + Sync,
    L: Fn(&[f32], &[f32], &mut [f32]) -> f32 + Sync,
{
    let (map, mut values) = ParameterMap::of(&network);
    let mut moments = Moments::zeros(values.len());
    let schedule = TrainConfig {
        steps: task.steps,
        learning_rate: task.learning_rate,
        ..TrainConfig::default()
    };
    let device = Device::flex().autodiff();
    let constant = |values: Vec<f32>, columns: usize| {
        let rows = values.len() / columns;
        Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), &device)
    };
    let one_thread = || ThreadPoolBuilder::new().num_threads(1).build();
    let pools = [one_thread()?, one_thread()?];
    for step in 0..task.steps {
        let run = |shard: usize| -> Result<(f32, Vec<f32>), TrainError> {
            let (mut inputs, mut targets) = (Vec::new(), Vec::new());
            (task.draw)(step, shard, &mut inputs, &mut targets);
            let replica = assign(network.clone(), &values, &device);
            let outputs = (task.forward)(&replica, constant(inputs, task.inputs));
            let width = outputs.dims()[1];
            let plain = outputs.clone().inner().try_into_vec_as::<f32>()?;
            let mut slopes = vec![0.0; plain.len()];
            let loss = (task.loss)(&plain, &targets, &mut slopes);
            // The gradient of this sum is that of the loss.
            let total = (outputs * constant(slopes, width)).sum();
            let gradient = flat_gradient(&replica, &mut total.backward(), values.len())?;
            Ok((loss, gradient))
        };
        let mut first = None;
        let second = pools[0].in_place_scope(|scope| {
            scope.spawn(|_| first = Some(run(0)));
            pools[1].install(|| run(1))
        });
        let first = first.ok_or_else(|| TrainError::Backend("a shard did not run".to_owned()))?;
        let ((loss, mut gradient), (other_loss, other)) = (first?, second?);
        let loss = (loss + other_loss) / 2.0;
        if !loss.is_finite() {
            return Err(TrainError::Diverged {
                step,
                losses: format!("loss {loss}"),
            });
        }
        for (sum, other) in gradient.iter_mut().zip(&other) {
            *sum = (*sum + other) / 2.0;
        }
        clip_global_norms(0, &mut gradient, schedule.gradient_clip);
        let rate = learning_rate(&schedule, step, step as f32 / task.steps as f32);
        adamw(
            &map,
            &mut values,
            &gradient,
            &mut moments,
            step,
            rate,
            task.weight_decay,
        );
        if (step + 1).is_multiple_of(REPORT_EVERY) || step + 1 == task.steps {
            let done = step + 1;
            if progress(done, loss).is_break() && done < task.steps {
                return Err(TrainError::Interrupted {
                    step: done,
                    total: task.steps,
                });
            }
        }
    }
    Ok(Fitted { map, values })
}
