//! From a finished model back to the parameters of a run: the other way round of `export`.

use super::TrainError;
use super::parameters::ParameterMap;
use crate::model::WorldModel;

impl WorldModel {
    /// Writes the weights into the flat vector of parameters, with the standardisation taken out again.
    ///
    /// # Errors
    /// [`TrainError::Start`] names the first network that is of another size.
    pub(super) fn write_into(
        &self,
        map: &ParameterMap,
        values: &mut [f32],
    ) -> Result<(), TrainError> {
        let layers = self.unfolded();
        let networks = [
            ("encoder front", "encoder.front.", &layers.front),
            ("encoder", "encoder.network.", &layers.encoder),
            ("predictor", "predictor.", &layers.predictor),
            ("pose probe", "pose.", &layers.pose),
        ];
        for (network, prefix, layers) in networks {
            if !map.set_layers(values, prefix, layers) {
                return Err(TrainError::Start { network });
            }
        }
        for (head, layers) in layers.reach.iter().enumerate() {
            if !map.set_layers(values, &format!("reach.{head}."), layers) {
                let network = "first-passage head";
                return Err(TrainError::Start { network });
            }
        }
        match map.set_norms(values, "encoder.network.", &layers.encoder_norms) {
            true => Ok(()),
            false => Err(TrainError::Start {
                network: "normalisation of the encoder",
            }),
        }
    }
}
