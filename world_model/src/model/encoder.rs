//! The encoder at inference: the front over rows of the picture, then the perceptron.

use crate::encoder::Inputs;
use crate::imagination::{ImaginationError, Linear, Mlp, PackedMlp, Scratch};
use crate::model::Layers;
use crate::norm::NormWeights;

/// An encoder packed for the kernels.
#[derive(Clone, Debug)]
pub struct PackedEncoder {
    inputs: Inputs,
    front: Vec<PackedMlp>,
    /// Hidden layers that are normalised, each with its norm.
    hidden: Vec<(PackedMlp, NormWeights)>,
    /// What comes after them: the last layer, or without norms all.
    network: PackedMlp,
}

/// Working memory of [`PackedEncoder::forward`].
#[derive(Debug, Default)]
pub struct EncoderScratch {
    scratch: Scratch,
    rows: Vec<f32>,
    next: Vec<f32>,
    hidden: [Vec<f32>; 2],
}

impl PackedEncoder {
    pub(crate) fn try_new(inputs: Inputs, layers: &Layers) -> Result<Self, ImaginationError> {
        let pack = |layers: &[Linear]| Ok(PackedMlp::new(&Mlp::try_new(layers.to_vec())?));
        let each = |layers: &[Linear]| {
            let single = layers.iter().map(std::slice::from_ref);
            single.map(pack).collect::<Result<Vec<_>, _>>()
        };
        let whole = pack(&layers.encoder)?;
        let norms = layers.encoder_norms.clone();
        let (hidden, network) = match layers.encoder.split_last() {
            Some((last, hidden)) if !norms.is_empty() => {
                for (layer, norm) in hidden.iter().zip(&norms) {
                    check_length("encoder norm", layer.outputs, norm.gain.len())?;
                    check_length("encoder norm", layer.outputs, norm.shift.len())?;
                }
                check_length("encoder norms", hidden.len(), norms.len())?;
                let last = std::slice::from_ref(last);
                let hidden = each(hidden)?.into_iter().zip(norms).collect();
                (hidden, pack(last)?)
            }
            _ => (Vec::new(), whole),
        };
        Ok(Self {
            inputs,
            front: each(&layers.front)?,
            hidden,
            network,
        })
    }

    /// Encodes `rows` observations `[rows, observation]` to `[rows, latent]`.
    ///
    /// # Errors
    /// [`ImaginationError::BufferLength`], or a value that is not finite.
    pub fn forward(
        &self,
        observations: &[f32],
        rows: usize,
        latents: &mut [f32],
        memory: &mut EncoderScratch,
    ) -> Result<(), ImaginationError> {
        let EncoderScratch {
            scratch,
            rows: joined,
            next,
            hidden,
        } = memory;
        if self.front.is_empty() {
            return self.perceptron(observations, rows, latents, (scratch, hidden));
        }
        let dim = self.inputs.dim();
        check_length("observations", rows * dim, observations.len())?;
        let leading = self.inputs.leading;
        for (observation, latent) in observations
            .chunks_exact(dim)
            .zip(latents.chunks_exact_mut(self.network.outputs()))
        {
            joined.clear();
            joined.extend(&observation[leading..]);
            for (layer, stage) in self.front.iter().zip(&self.inputs.front) {
                next.resize(stage.rows * stage.width, 0.0);
                layer.forward(joined, stage.rows, next, scratch)?;
                next.iter_mut().for_each(|v| *v = v.max(0.0));
                std::mem::swap(joined, next);
            }
            // The leading values come first, as in training.
            next.clear();
            next.extend(&observation[..leading]);
            next.extend(joined.iter());
            self.perceptron(next, 1, latent, (scratch, hidden))?;
        }
        Ok(())
    }

    /// What comes after the front, over `rows` rows.
    fn perceptron(
        &self,
        input: &[f32],
        rows: usize,
        latents: &mut [f32],
        (scratch, [now, next]): (&mut Scratch, &mut [Vec<f32>; 2]),
    ) -> Result<(), ImaginationError> {
        if self.hidden.is_empty() {
            return self.network.forward(input, rows, latents, scratch);
        }
        for (index, (layer, norm)) in self.hidden.iter().enumerate() {
            next.resize(rows * layer.outputs(), 0.0);
            let input = if index == 0 { input } else { &now[..] };
            layer.forward(input, rows, next, scratch)?;
            for row in next.chunks_exact_mut(layer.outputs()) {
                norm.apply(row);
                row.iter_mut().for_each(|v| *v = v.max(0.0));
            }
            std::mem::swap(now, next);
        }
        self.network.forward(now, rows, latents, scratch)
    }
}

fn check_length(name: &'static str, expected: usize, found: usize) -> Result<(), ImaginationError> {
    match expected == found {
        true => Ok(()),
        false => Err(ImaginationError::BufferLength {
            name,
            expected,
            found,
        }),
    }
}
