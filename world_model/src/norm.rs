//! Normalisation of hidden values: layer norm or dynamic tanh, in training and as plain weights.
//!
//! ```text
//! layer  y = (x - mean x) / sqrt(var x + 1e-5) * gain + shift     over the values of a row (arXiv 1607.06450)
//! dyt    y = tanh(alpha x) * gain + shift                         value by value (arXiv 2503.10622)
//! ```

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::checkpoint::{Archive, CheckpointError, NamedTensor};
use crate::config::EncoderNorm;

/// Added to the variance of layer norm.
const EPSILON: f32 = 1e-5;
/// First value of alpha, that of the paper.
const ALPHA: f32 = 0.5;

/// A trainable normalisation of `[rows, width]`.
#[derive(Module, Debug)]
pub struct Norm {
    gain: Param<Tensor<1>>,
    shift: Param<Tensor<1>>,
    /// `[1]`; of a dynamic tanh only.
    alpha: Option<Param<Tensor<1>>>,
}

impl Norm {
    /// One of the given kind, for rows of `width` values; none for [`EncoderNorm::None`].
    pub fn init(kind: EncoderNorm, width: usize, device: &Device) -> Option<Self> {
        let constant = |value: f32, width: usize| {
            let values = vec![value; width];
            Param::from_tensor(Tensor::from_data(values.as_slice(), device))
        };
        let alpha = match kind {
            EncoderNorm::None => return None,
            EncoderNorm::Layer => None,
            EncoderNorm::Dyt => Some(constant(ALPHA, 1)),
        };
        Some(Self {
            gain: constant(1.0, width),
            shift: constant(0.0, width),
            alpha,
        })
    }

    /// # Shapes
    /// - x, output: `[rows, width]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let normal = match &self.alpha {
            Some(alpha) => (x * alpha.val().unsqueeze()).tanh(),
            None => standard_rows(x),
        };
        normal * self.gain.val().unsqueeze() + self.shift.val().unsqueeze()
    }
}

/// Rows of mean 0 and variance 1.
///
/// # Shapes
/// - x, output: `[rows, width]`
pub(crate) fn standard_rows(x: Tensor<2>) -> Tensor<2> {
    let centred = x.clone() - x.mean_dim(1);
    let variance = (centred.clone() * centred.clone()).mean_dim(1);
    centred / (variance + EPSILON).sqrt()
}

/// The weights of a trained normalisation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NormWeights {
    /// `[width]`
    pub gain: Vec<f32>,
    /// `[width]`
    pub shift: Vec<f32>,
    /// Of a dynamic tanh only.
    pub alpha: Option<f32>,
}

impl NormWeights {
    /// Normalises a row of `width` values in place.
    pub fn apply(&self, row: &mut [f32]) {
        match self.alpha {
            Some(alpha) => row.iter_mut().for_each(|x| *x = (alpha * *x).tanh()),
            None => {
                let count = row.len() as f32;
                let mean = row.iter().sum::<f32>() / count;
                row.iter_mut().for_each(|x| *x -= mean);
                let variance = row.iter().map(|x| x * x).sum::<f32>() / count;
                let spread = (variance + EPSILON).sqrt();
                row.iter_mut().for_each(|x| *x /= spread);
            }
        }
        for (x, (gain, shift)) in row.iter_mut().zip(self.gain.iter().zip(&self.shift)) {
            *x = *x * gain + shift;
        }
    }

    /// The weights under their names in a file, `name.gain`, `name.shift` and `name.alpha`.
    pub fn tensors(&self, name: &str) -> Vec<NamedTensor> {
        let alpha = self.alpha.map(|alpha| vec![alpha]);
        let named = [
            ("gain", Some(self.gain.clone())),
            ("shift", Some(self.shift.clone())),
            ("alpha", alpha),
        ];
        let present = named.into_iter().filter_map(|(n, v)| Some((n, v?)));
        present
            .map(|(part, values)| NamedTensor {
                name: format!("{name}.{part}"),
                shape: vec![values.len()],
                values,
            })
            .collect()
    }

    /// Reads those of the given kind for `width` values; none for [`EncoderNorm::None`].
    ///
    /// # Errors
    /// A tensor that is missing, misshapen or not finite.
    pub fn take_from(
        archive: &mut Archive,
        name: &str,
        kind: EncoderNorm,
        width: usize,
    ) -> Result<Option<Self>, CheckpointError> {
        let mut take = |part: &str, width| archive.take(&format!("{name}.{part}"), &[width]);
        let alpha = match kind {
            EncoderNorm::None => return Ok(None),
            EncoderNorm::Layer => None,
            EncoderNorm::Dyt => take("alpha", 1)?.first().copied(),
        };
        Ok(Some(Self {
            gain: take("gain", width)?,
            shift: take("shift", width)?,
            alpha,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layer_norm_gives_mean_zero_and_variance_one_before_gain_and_shift() {
        let norm = NormWeights {
            gain: vec![2.0; 4],
            shift: vec![1.0; 4],
            alpha: None,
        };
        let mut row = [1.0f32, 2.0, 3.0, 6.0];
        norm.apply(&mut row);
        let mean = row.iter().sum::<f32>() / 4.0;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / 4.0;
        assert!((mean - 1.0).abs() < 1e-5, "{row:?}");
        assert!((variance - 4.0).abs() < 1e-3, "{row:?}");
    }

    #[test]
    fn dynamic_tanh_is_its_equation() {
        let norm = NormWeights {
            gain: vec![2.0, 3.0],
            shift: vec![0.5, -0.5],
            alpha: Some(0.7),
        };
        let mut row = [1.0f32, -4.0];
        norm.apply(&mut row);
        let expected = [
            0.7f32.tanh() * 2.0 + 0.5,
            (0.7f32 * -4.0).tanh() * 3.0 - 0.5,
        ];
        for (found, expected) in row.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{row:?}");
        }
    }
}
