//! The same networks and rollouts written plainly in double precision.

use super::super::Mlp;
use super::Model;

/// One row through a network.
pub fn forward(mlp: &Mlp, x: &[f64]) -> Vec<f64> {
    let mut x = x.to_vec();
    for (position, layer) in mlp.layers().iter().enumerate() {
        if position > 0 {
            x.iter_mut().for_each(|value| *value = value.max(0.0));
        }
        x = (0..layer.outputs)
            .map(|output| {
                let weights = layer.weight[output..].iter().step_by(layer.outputs);
                let products = x.iter().zip(weights).map(|(x, &w)| x * f64::from(w));
                f64::from(layer.bias[output]) + products.sum::<f64>()
            })
            .collect();
    }
    x
}

/// What to read out of a latent.
#[derive(Clone, Copy)]
pub enum Reading<'a> {
    Latent,
    Heads,
    SquaredDistance(&'a [f64]),
}

/// One candidate's readouts, `[horizon, readout_dim]`.
pub fn rollout(model: &Model, start: &[f64], actions: &[f64], reading: Reading<'_>) -> Vec<f64> {
    let mut latent = start.to_vec();
    let mut out = Vec::new();
    for action in actions.chunks(model.action) {
        let change = forward(&model.predictor, &[&latent, action].concat());
        latent.iter_mut().zip(change).for_each(|(z, dz)| *z += dz);
        match reading {
            Reading::Latent => out.extend(&latent),
            Reading::Heads => {
                for head in &model.heads {
                    out.extend(forward(head, &latent));
                }
            }
            Reading::SquaredDistance(goal) => {
                out.push(latent.iter().zip(goal).map(|(z, g)| (z - g).powi(2)).sum());
            }
        }
    }
    out
}

pub fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}
