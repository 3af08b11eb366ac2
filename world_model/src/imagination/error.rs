//! What can be wrong with a network, a rollout request or a buffer.

use super::{Isa, TapeShape};

/// Errors of the imagination engine; each names the offending numbers.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ImaginationError {
    /// A network needs at least one layer.
    #[error("the network has no layers")]
    NoLayers,
    /// The slices of a layer disagree with its declared widths.
    #[error(
        "layer {layer} is declared {inputs} -> {outputs}, but has {weights} weights (expected inputs x outputs) and {biases} biases (expected outputs); widths must be at least 1"
    )]
    LayerShape {
        /// Position of the layer.
        layer: usize,
        /// Declared input width.
        inputs: usize,
        /// Declared output width.
        outputs: usize,
        /// Number of weights found.
        weights: usize,
        /// Number of biases found.
        biases: usize,
    },
    /// Two consecutive layers do not fit together.
    #[error("layer {layer} takes {inputs} inputs, but the layer before it gives {previous}")]
    LayerChain {
        /// Position of the second layer.
        layer: usize,
        /// Its input width.
        inputs: usize,
        /// Output width of the layer before.
        previous: usize,
    },
    /// A weight or bias is NaN or infinite.
    #[error("layer {layer}: {parameter}[{index}] is {value}, expected a finite number")]
    NonFiniteParameter {
        /// Position of the layer.
        layer: usize,
        /// `weight` or `bias`.
        parameter: &'static str,
        /// Flat index of the value.
        index: usize,
        /// The value.
        value: f32,
    },
    /// The processor lacks the requested instructions.
    #[error("this processor does not have the {isa} instructions")]
    UnsupportedIsa {
        /// What was asked for.
        isa: Isa,
    },
    /// A predictor must map `[latent, action]` to `latent`.
    #[error(
        "the predictor maps {inputs} -> {outputs}, expected {latent_dim} + {action_dim} -> {latent_dim} (latent and action at least 1)"
    )]
    PredictorShape {
        /// Input width of the network.
        inputs: usize,
        /// Output width of the network.
        outputs: usize,
        /// Declared latent width.
        latent_dim: usize,
        /// Declared width of an action block.
        action_dim: usize,
    },
    /// A head must read the latent and nothing else; constant inputs are folded in with a context.
    #[error("head {head} takes {inputs} inputs, but the latent has {latent_dim}")]
    HeadShape {
        /// Position of the head.
        head: usize,
        /// Its input width.
        inputs: usize,
        /// Latent width.
        latent_dim: usize,
    },
    /// A context must leave at least one input free.
    #[error("a context of {context} values leaves nothing of a network with {inputs} inputs")]
    ContextLength {
        /// Values in the context.
        context: usize,
        /// Inputs of the network before folding.
        inputs: usize,
    },
    /// A rollout needs at least one candidate, one block and one readout value.
    #[error(
        "nothing to imagine: {candidates} candidates x {horizon} blocks x {readout_dim} readout values, each must be at least 1"
    )]
    EmptyRollout {
        /// Candidates requested.
        candidates: usize,
        /// Horizon requested, in action blocks.
        horizon: usize,
        /// Values read out of each latent.
        readout_dim: usize,
    },
    /// A slice has the wrong length.
    #[error("`{name}` has {found} values, expected {expected}")]
    BufferLength {
        /// Name of the argument.
        name: &'static str,
        /// Values needed.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// An input value is NaN or infinite.
    #[error("`{name}`[{index}] is {value}, expected a finite number")]
    NonFiniteInput {
        /// Name of the argument.
        name: &'static str,
        /// Flat index of the value.
        index: usize,
        /// The value.
        value: f32,
    },
    /// A network gave NaN or an infinite value.
    #[error("output {index} of the network is {value}, expected a finite number")]
    NonFiniteOutput {
        /// Flat index of the value.
        index: usize,
        /// The value.
        value: f32,
    },
    /// The tape was recorded with other networks or another readout than the reverse pass was given.
    #[error(
        "the tape holds {recorded:?} per candidate and block, the reverse pass needs {needed:?}"
    )]
    TapeMismatch {
        /// What is on the tape.
        recorded: TapeShape,
        /// What the given networks and readout leave.
        needed: TapeShape,
    },
}

impl ImaginationError {
    /// The same of a network that comes after so many layers of a longer one, by which its layers are counted.
    pub(crate) fn after(mut self, layers: usize) -> Self {
        match &mut self {
            Self::LayerShape { layer, .. }
            | Self::LayerChain { layer, .. }
            | Self::NonFiniteParameter { layer, .. } => *layer += layers,
            _ => {}
        }
        self
    }
}

/// Checks the length of a slice argument.
pub(crate) fn check_length(
    name: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), ImaginationError> {
    if expected == found {
        Ok(())
    } else {
        Err(ImaginationError::BufferLength {
            name,
            expected,
            found,
        })
    }
}

/// Checks that a slice argument is finite.
pub(super) fn check_finite(name: &'static str, values: &[f32]) -> Result<(), ImaginationError> {
    // One pass without branches; the culprit is looked for only when there is one.
    if values
        .iter()
        .fold(true, |finite, value| finite & value.is_finite())
    {
        return Ok(());
    }
    match values
        .iter()
        .enumerate()
        .find(|(_, value)| !value.is_finite())
    {
        Some((index, &value)) => Err(ImaginationError::NonFiniteInput { name, index, value }),
        None => Ok(()),
    }
}
