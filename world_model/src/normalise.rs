//! Standardisation of observations, actions and poses, and folding it into weights.
//!
//! Networks train on zero mean and unit spread; the exported model takes and gives physical units
//! because mean and scale are folded into its first and last layers, so nothing is standardised at
//! run time.

use serde::{Deserialize, Serialize};

use crate::imagination::Linear;
use crate::pose::PoseLayout;

/// Spread below which a column counts as constant and keeps scale one.
const MIN_SCALE: f64 = 1e-6;

/// Mean and scale of each column: `standardised = (value - mean) / scale`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standardiser {
    /// Mean of each column.
    pub mean: Vec<f32>,
    /// Scale of each column, never zero.
    pub scale: Vec<f32>,
}

impl Standardiser {
    /// Fits mean and standard deviation of each of `dim` columns.
    pub fn fit<'a>(rows: impl Iterator<Item = &'a [f32]> + Clone, dim: usize) -> Self {
        let groups: Vec<usize> = (0..dim).collect();
        Self::fit_groups(rows, &groups)
    }

    /// Fits one mean per column and one scale per group, the root mean square of its standard
    /// deviations. Column `i` belongs to group `groups[i]`. Columns of one physical quantity keep
    /// their proportions this way.
    pub fn fit_groups<'a>(rows: impl Iterator<Item = &'a [f32]> + Clone, groups: &[usize]) -> Self {
        let dim = groups.len();
        let mut count = 0.0f64;
        let mut mean = vec![0.0f64; dim];
        for row in rows.clone() {
            count += 1.0;
            for (sum, value) in mean.iter_mut().zip(row) {
                *sum += f64::from(*value);
            }
        }
        mean.iter_mut().for_each(|sum| *sum /= count.max(1.0));
        let mut variance = vec![0.0f64; dim];
        for row in rows {
            for ((sum, value), mean) in variance.iter_mut().zip(row).zip(&mean) {
                *sum += (f64::from(*value) - mean).powi(2) / count.max(1.0);
            }
        }
        let scale = groups.iter().map(|group| {
            let members = || groups.iter().zip(&variance).filter(|(g, _)| *g == group);
            let spread = (members().map(|(_, v)| v).sum::<f64>() / members().count() as f64).sqrt();
            if spread < MIN_SCALE {
                1.0
            } else {
                spread as f32
            }
        });
        Self {
            scale: scale.collect(),
            mean: mean.into_iter().map(|m| m as f32).collect(),
        }
    }

    /// Fits mean and scale of each of the `leading` columns, and one of both for all columns after them.
    pub fn fit_leading<'a>(
        rows: impl Iterator<Item = &'a [f32]> + Clone,
        leading: usize,
        dim: usize,
    ) -> Self {
        let mut fit = Self::fit(rows.clone().map(|row| &row[..leading]), leading);
        if dim > leading {
            let pixels = rows.flat_map(|row| row[leading..].iter());
            let pixels = Self::fit(pixels.map(std::slice::from_ref), 1);
            fit.mean.extend(pixels.mean);
            fit.scale.extend(pixels.scale);
        }
        fit
    }

    /// Standardises a row in place; columns after the last are treated like it.
    pub fn apply(&self, row: &mut [f32]) {
        let columns = self.mean.iter().zip(&self.scale);
        let last = self.mean.last().zip(self.scale.last());
        let columns = columns.chain(last.into_iter().cycle());
        for (value, (mean, scale)) in row.iter_mut().zip(columns) {
            *value = (*value - mean) / scale;
        }
    }

    /// What undoes this one: folding both into a layer leaves it as it was.
    pub fn inverse(&self) -> Self {
        let columns = self.mean.iter().zip(&self.scale);
        Self {
            mean: columns.map(|(mean, scale)| -mean / scale).collect(),
            scale: self.scale.iter().map(|scale| 1.0 / scale).collect(),
        }
    }

    /// The first `count` columns, and those after them.
    pub fn split(&self, count: usize) -> (Self, Self) {
        let part = |range: std::ops::Range<usize>| Self {
            mean: self.mean[range.clone()].to_vec(),
            scale: self.scale[range].to_vec(),
        };
        (part(0..count), part(count..self.mean.len()))
    }

    /// The same columns, and `count` more that are left as they are.
    pub fn with_plain(mut self, count: usize) -> Self {
        self.mean.resize(self.mean.len() + count, 0.0);
        self.scale.resize(self.scale.len() + count, 1.0);
        self
    }

    /// Appends the standardised `row` to `out`.
    pub fn extend(&self, row: &[f32], out: &mut Vec<f32>) {
        let columns = self.mean.iter().zip(&self.scale);
        out.extend(row.iter().zip(columns).map(|(x, (m, s))| (x - m) / s));
    }
}

/// The standardisation of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normalisation {
    /// Observations, column by column; the pixels of pictures share one.
    pub observation: Standardiser,
    /// Actions, column by column.
    pub action: Standardiser,
    /// Poses; position, yaw and effector each share one scale, every condition and every clearance has its own.
    pub pose: Standardiser,
}

impl Normalisation {
    /// What undoes this one.
    pub fn inverse(&self) -> Self {
        Self {
            observation: self.observation.inverse(),
            action: self.action.inverse(),
            pose: self.pose.inverse(),
        }
    }
}

/// Group of each pose column: position, yaw, effector, and one for each condition and each clearance.
pub(crate) fn pose_groups(layout: &PoseLayout) -> Vec<usize> {
    let mut groups = vec![0; layout.position_dims];
    groups.resize(layout.conditions_start(), 1);
    let single = layout.conditions + layout.clearances;
    groups.extend((0..single).map(|column| 3 + column));
    groups.resize(layout.dim(), 2);
    groups
}

/// Makes `layer` take raw values where it took standardised ones: its inputs from `offset` on are
/// rows of `standardiser` repeated until the inputs end.
pub(crate) fn fold_input(layer: &mut Linear, offset: usize, standardiser: &Standardiser) {
    let outputs = layer.outputs;
    let columns = standardiser.mean.iter().zip(&standardiser.scale).cycle();
    let mut bias: Vec<f64> = layer.bias.iter().map(|b| f64::from(*b)).collect();
    let rows = layer.weight.chunks_exact_mut(outputs).skip(offset);
    for (row, (mean, scale)) in rows.zip(columns) {
        for (weight, bias) in row.iter_mut().zip(&mut bias) {
            let folded = f64::from(*weight) / f64::from(*scale);
            *bias -= folded * f64::from(*mean);
            *weight = folded as f32;
        }
    }
    layer.bias = bias.into_iter().map(|b| b as f32).collect();
}

/// Makes `layer` give physical values where it gave standardised ones.
pub(crate) fn fold_output(layer: &mut Linear, standardiser: &Standardiser) {
    for row in layer.weight.chunks_exact_mut(layer.outputs) {
        for (weight, scale) in row.iter_mut().zip(&standardiser.scale) {
            *weight *= scale;
        }
    }
    let columns = standardiser.mean.iter().zip(&standardiser.scale);
    for (bias, (mean, scale)) in layer.bias.iter_mut().zip(columns) {
        *bias = *bias * scale + mean;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(layer: &Linear, input: &[f32]) -> Vec<f32> {
        let mut output = layer.bias.clone();
        for (x, row) in input.iter().zip(layer.weight.chunks(layer.outputs)) {
            for (y, w) in output.iter_mut().zip(row) {
                *y += x * w;
            }
        }
        output
    }

    #[test]
    fn a_constant_column_is_centred_and_keeps_its_scale() {
        let rows = [[3.0f32, 1.0], [3.0, 5.0]];
        let fit = Standardiser::fit(rows.iter().map(|r| r.as_slice()), 2);
        assert_eq!(fit.mean, [3.0, 3.0]);
        assert_eq!(fit.scale, [1.0, 2.0]);
    }

    #[test]
    fn columns_of_a_group_share_their_scale() {
        let rows = [[-3.0f32, -4.0, 0.0], [3.0, 4.0, 2.0]];
        let fit = Standardiser::fit_groups(rows.iter().map(|r| r.as_slice()), &[0, 0, 1]);
        let shared = 12.5f32.sqrt();
        assert_eq!(fit.scale, [shared, shared, 1.0]);
    }

    #[test]
    fn folding_replaces_standardising_the_inputs_and_outputs() {
        let layer = Linear {
            inputs: 3,
            outputs: 2,
            weight: vec![0.1, -0.2, 0.3, 0.4, -0.5, 0.6],
            bias: vec![0.7, -0.8],
        };
        let input = Standardiser {
            mean: vec![2.0],
            scale: vec![4.0],
        };
        let output = Standardiser {
            mean: vec![10.0, -1.0],
            scale: vec![2.0, 3.0],
        };
        let raw = [9.0f32, 5.0, -3.0];
        let standardised = [raw[0], (raw[1] - 2.0) / 4.0, (raw[2] - 2.0) / 4.0];
        let expected: Vec<f32> = apply(&layer, &standardised)
            .iter()
            .zip(output.scale.iter().zip(&output.mean))
            .map(|(y, (s, m))| y * s + m)
            .collect();
        let mut folded = layer;
        fold_input(&mut folded, 1, &input);
        fold_output(&mut folded, &output);
        for (a, b) in apply(&folded, &raw).iter().zip(&expected) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
}
