//! The encoder at inference: the front over rows of the picture, then the perceptron.

use crate::encoder::Inputs;
use crate::imagination::{ImaginationError, Linear, Mlp, PackedMlp, Scratch};

/// An encoder packed for the kernels.
#[derive(Clone, Debug)]
pub struct PackedEncoder {
    inputs: Inputs,
    front: Vec<PackedMlp>,
    network: PackedMlp,
}

/// Working memory of [`PackedEncoder::forward`].
#[derive(Debug, Default)]
pub struct EncoderScratch {
    scratch: Scratch,
    rows: Vec<f32>,
    next: Vec<f32>,
}

impl PackedEncoder {
    pub(crate) fn try_new(
        inputs: Inputs,
        front: &[Linear],
        network: &[Linear],
    ) -> Result<Self, ImaginationError> {
        let pack = |layers: &[Linear]| Ok(PackedMlp::new(&Mlp::try_new(layers.to_vec())?));
        Ok(Self {
            inputs,
            front: front
                .iter()
                .map(|layer| pack(std::slice::from_ref(layer)))
                .collect::<Result<_, _>>()?,
            network: pack(network)?,
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
        } = memory;
        if self.front.is_empty() {
            return self.network.forward(observations, rows, latents, scratch);
        }
        let dim = self.inputs.dim();
        if observations.len() != rows * dim {
            return Err(ImaginationError::BufferLength {
                name: "observations",
                expected: rows * dim,
                found: observations.len(),
            });
        }
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
            self.network.forward(next, 1, latent, scratch)?;
        }
        Ok(())
    }
}
