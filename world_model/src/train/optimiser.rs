//! AdamW on the flat parameter vector, with global gradient clipping.
//!
//! burn's optimiser clips each tensor by itself and keeps its moments as tensors. Here gradients of
//! both shards are summed, clipped by their global norm and applied on the host, and the whole
//! state is two plain vectors, which makes an exact resume simple.

use std::f32::consts::PI;

use super::parameters::ParameterMap;
use crate::config::TrainConfig;

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// First and second moments, `[parameters]` each.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moments {
    pub first: Vec<f32>,
    pub second: Vec<f32>,
}

impl Moments {
    pub fn zeros(parameters: usize) -> Self {
        Self {
            first: vec![0.0; parameters],
            second: vec![0.0; parameters],
        }
    }
}

/// Learning rate at `step` when `progress` in `[0, 1]` of the training is done: linear warm-up,
/// then a cosine.
pub(crate) fn learning_rate(config: &TrainConfig, step: usize, progress: f32) -> f32 {
    let warmup = ((step + 1) as f32 / config.warmup_steps.max(1) as f32).min(1.0);
    let cosine = 0.5 * (1.0 + (PI * progress).cos());
    let span = config.learning_rate - config.final_learning_rate;
    warmup * (config.final_learning_rate + span * cosine)
}

/// Scales the gradients of the representation and of the heads to at most `limit` each. They are
/// clipped apart because they are separate problems: no gradient passes between them. Those of the first are the leading
/// `representation` ones.
pub(crate) fn clip_global_norms(representation: usize, gradient: &mut [f32], limit: f32) {
    let (representation, heads) = gradient.split_at_mut(representation);
    for group in [representation, heads] {
        let squares: f64 = group.iter().map(|g| f64::from(*g) * f64::from(*g)).sum();
        let norm = squares.sqrt() as f32;
        if norm > limit {
            let scale = limit / norm;
            group.iter_mut().for_each(|g| *g *= scale);
        }
    }
}

/// One AdamW update (Loshchilov and Hutter, arXiv 1711.05101); `step` counts from zero. Biases are
/// not decayed.
pub(crate) fn adamw(
    map: &ParameterMap,
    values: &mut [f32],
    gradient: &[f32],
    moments: &mut Moments,
    step: usize,
    rate: f32,
    weight_decay: f32,
) {
    let exponent = (step + 1) as f64;
    let correction_1 = (1.0 - f64::from(BETA_1).powf(exponent)) as f32;
    let correction_2 = (1.0 - f64::from(BETA_2).powf(exponent)) as f32;
    for entry in map.entries() {
        let keep = if entry.shape.len() > 1 {
            1.0 - rate * weight_decay
        } else {
            1.0
        };
        let range = entry.range.clone();
        let state = moments.first[range.clone()]
            .iter_mut()
            .zip(&mut moments.second[range.clone()]);
        let parameters = values[range.clone()].iter_mut().zip(&gradient[range]);
        for ((value, g), (m, v)) in parameters.zip(state) {
            *m = BETA_1 * *m + (1.0 - BETA_1) * g;
            *v = BETA_2 * *v + (1.0 - BETA_2) * g * g;
            let direction = (*m / correction_1) / ((*v / correction_2).sqrt() + EPSILON);
            *value = *value * keep - rate * direction;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_warms_up_and_ends_at_its_final_value() {
        let config = TrainConfig::default();
        assert!((learning_rate(&config, 0, 0.0) - 1e-3 / 200.0).abs() < 1e-8);
        assert!((learning_rate(&config, 200, 0.0) - 1e-3).abs() < 1e-8);
        assert!((learning_rate(&config, 6000, 1.0) - 1e-5).abs() < 1e-8);
    }
}
