//! The settings that are a choice of one among several.

use serde::{Deserialize, Serialize};

/// What the encoder is before training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncoderStart {
    /// Small random weights. Predicts contacts better.
    #[default]
    Random,
    /// A random projection of the observation, which keeps every value of it readable. A normalisation of the hidden layers
    /// bends it.
    Input,
}

/// What keeps the latents from collapsing to a point, on which the prediction loss alone would be content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AntiCollapse {
    /// SIGReg and inverse dynamics.
    #[default]
    #[serde(rename = "sigreg+idm")]
    SigregIdm,
    /// SIGReg alone (LeJEPA, arXiv 2511.08544). The inverse-dynamics head is still trained, on detached latents, for the
    /// diagnostics.
    #[serde(rename = "sigreg")]
    Sigreg,
    /// Inverse dynamics alone.
    #[serde(rename = "idm")]
    Idm,
    /// Variance and covariance of VICReg (arXiv 2105.04906) in the place of SIGReg, and inverse dynamics, as in PLDM
    /// (arXiv 2502.14819). `lambda_idm` 0 leaves VICReg alone.
    #[serde(rename = "vicreg")]
    Vicreg,
    /// Targets from a moving average of the encoder (BYOL, arXiv 2006.07733), each latent normalised over its dimensions to mean 0
    /// and variance 1 (data2vec, arXiv 2202.03555), without gradient.
    #[serde(rename = "ema")]
    Ema,
    /// Nothing. Collapses, unless a decoder holds the latents: see [`Reconstruction`].
    #[serde(rename = "none")]
    None,
}

impl AntiCollapse {
    /// Whether SIGReg shapes the latents.
    pub fn has_sigreg(self) -> bool {
        matches!(self, Self::SigregIdm | Self::Sigreg)
    }

    /// Whether the inverse dynamics shape the latents.
    pub fn has_inverse(self) -> bool {
        matches!(self, Self::SigregIdm | Self::Idm | Self::Vicreg)
    }
}

/// Normalisation after each hidden linear layer of the encoder's perceptron, before its ReLU. There is none on the latent:
/// SIGReg shapes its distribution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncoderNorm {
    /// None.
    #[default]
    None,
    /// Layer norm (arXiv 1607.06450).
    Layer,
    /// Dynamic tanh, `tanh(alpha x) * gain + shift` (arXiv 2503.10622). The tanh is slow in training on this backend.
    Dyt,
}

/// Whether a decoder reconstructs observations from latents, encoded and predicted ones. With `anti_collapse` `none` that is a
/// reconstruction world model; beside anything else it is one more loss term.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reconstruction {
    /// No decoder.
    #[default]
    None,
    /// From latents of whole observations.
    Full,
    /// From latents of observations of which a random share is hidden.
    Masked,
}
