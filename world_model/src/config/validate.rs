//! Which settings can be trained with.

use super::TrainConfig;
use thiserror::Error;

/// A setting that cannot be trained with.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("training setting `{name}` is {value}, expected {expected}")]
pub struct ConfigError {
    /// Field of [`TrainConfig`].
    pub name: &'static str,
    /// The value found.
    pub value: String,
    /// What would be accepted.
    pub expected: &'static str,
}

impl TrainConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// The first setting that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_counts()?;
        self.validate_reals()
    }

    fn validate_counts(&self) -> Result<(), ConfigError> {
        let positive = [
            ("steps", self.steps),
            ("block", self.block),
            ("latent_dim", self.latent_dim),
            ("inverse_hidden", self.inverse_hidden),
            ("reach_heads", self.reach_heads),
            ("open_loop_steps", self.open_loop_steps),
            ("sigreg_directions", self.sigreg_directions),
            ("reach_max_steps", self.reach_max_steps),
            ("evaluate_every", self.evaluate_every),
        ];
        for (name, value) in positive {
            check(name, value, "at least 1", value >= 1)?;
        }
        check(
            "batch",
            self.batch,
            "an even number of at least 4 (it is split into two shards)",
            self.batch >= 4 && self.batch.is_multiple_of(2),
        )?;
        check(
            "sigreg_knots",
            self.sigreg_knots,
            "at least 2",
            self.sigreg_knots >= 2,
        )?;
        check(
            "imagined_steps",
            self.imagined_steps,
            "at least `open_loop_steps`",
            self.imagined_steps >= self.open_loop_steps,
        )?;
        let widths = [
            ("encoder_hidden", &self.encoder_hidden),
            ("predictor_hidden", &self.predictor_hidden),
            ("pose_hidden", &self.pose_hidden),
            ("reach_hidden", &self.reach_hidden),
        ];
        for (name, value) in widths {
            let fits = !value.contains(&0) && !value.is_empty();
            check(name, format!("{value:?}"), "one or more widths >= 1", fits)?;
        }
        if let Some(widths) = &self.decoder_hidden {
            let fits = !widths.contains(&0);
            let value = format!("{widths:?}");
            check("decoder_hidden", value, "widths >= 1", fits)?;
        }
        Ok(())
    }

    fn validate_reals(&self) -> Result<(), ConfigError> {
        if let Some(minutes) = self.minutes {
            let fits = minutes.is_finite() && minutes > 0.0;
            check("minutes", minutes, "a positive number", fits)?;
        }
        let positive = [
            ("learning_rate", self.learning_rate),
            ("gradient_clip", self.gradient_clip),
        ];
        for (name, value) in positive {
            let fits = value.is_finite() && value > 0.0;
            check(name, value, "a positive number", fits)?;
        }
        check(
            "prediction_delta",
            self.prediction_delta,
            "at least 1e-6",
            self.prediction_delta.is_finite() && self.prediction_delta >= 1e-6,
        )?;
        let not_negative = [
            ("lambda_idm", self.lambda_idm),
            ("lambda_sigreg", self.lambda_sigreg),
            ("lambda_variance", self.lambda_variance),
            ("lambda_covariance", self.lambda_covariance),
            ("lambda_reconstruction", self.lambda_reconstruction),
            ("final_learning_rate", self.final_learning_rate),
            ("weight_decay", self.weight_decay),
        ];
        for (name, value) in not_negative {
            let fits = value.is_finite() && value >= 0.0;
            check(name, value, "zero or a positive number", fits)?;
        }
        let fractions = [
            ("curriculum_fraction", self.curriculum_fraction),
            ("eventful_fraction", self.eventful_fraction),
            ("reach_cross_fraction", self.reach_cross_fraction),
            ("reach_imagined_fraction", self.reach_imagined_fraction),
        ];
        for (name, value) in fractions {
            check(name, value, "in [0, 1]", (0.0..=1.0).contains(&value))?;
        }
        let open = [
            ("reach_expectile", self.reach_expectile),
            ("held_out_fraction", self.held_out_fraction),
            ("mask_fraction", self.mask_fraction),
        ];
        for (name, value) in open {
            check(name, value, "inside (0, 1)", value > 0.0 && value < 1.0)?;
        }
        let decay = self.ema_decay;
        check("ema_decay", decay, "in [0, 1)", (0.0..1.0).contains(&decay))
    }
}

/// Fails for a setting that does not fit.
pub(crate) fn check(
    name: &'static str,
    value: impl ToString,
    expected: &'static str,
    fits: bool,
) -> Result<(), ConfigError> {
    if fits {
        return Ok(());
    }
    Err(ConfigError {
        name,
        value: value.to_string(),
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(TrainConfig::default().validate(), Ok(()));
    }

    #[test]
    fn an_error_names_the_setting_and_its_value() {
        let config = TrainConfig {
            batch: 33,
            ..TrainConfig::default()
        };
        let message = config.validate().map_err(|e| e.to_string());
        assert_eq!(
            message,
            Err(
                "training setting `batch` is 33, expected an even number of at least 4 \
                 (it is split into two shards)"
                    .to_owned()
            )
        );
    }

    #[test]
    fn choices_have_the_names_that_files_use_and_others_are_refused_with_the_list() {
        let parse = |text: &str| serde_json::from_str::<TrainConfig>(text);
        for name in ["sigreg+idm", "sigreg", "idm", "vicreg", "ema", "none"] {
            let text = format!(r#"{{"anti_collapse": "{name}"}}"#);
            let config = parse(&text).map(|c| serde_json::to_value(c).unwrap_or_default());
            assert_eq!(config.ok().map(|c| c["anti_collapse"] == name), Some(true));
        }
        let refused = |text: &str| parse(text).map_or_else(|e| e.to_string(), |_| String::new());
        for (text, list) in [
            (
                r#"{"anti_collapse": "sigreg-idm"}"#,
                "expected one of `sigreg+idm`, `sigreg`, `idm`, `vicreg`, `ema`, `none`",
            ),
            (
                r#"{"encoder_norm": "batch"}"#,
                "expected one of `none`, `layer`, `dyt`",
            ),
            (
                r#"{"reconstruction": "half"}"#,
                "expected one of `none`, `full`, `masked`",
            ),
        ] {
            let message = refused(text);
            assert!(message.contains(list), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn the_settings_of_a_choice_have_ranges() {
        let refused = |config: TrainConfig| config.validate().map_err(|e| e.to_string());
        let config = TrainConfig {
            ema_decay: 1.0,
            ..TrainConfig::default()
        };
        let message = "training setting `ema_decay` is 1, expected in [0, 1)";
        assert_eq!(refused(config), Err(message.to_owned()));
        let config = TrainConfig {
            mask_fraction: 0.0,
            ..TrainConfig::default()
        };
        let message = "training setting `mask_fraction` is 0, expected inside (0, 1)";
        assert_eq!(refused(config), Err(message.to_owned()));
        let config = TrainConfig {
            decoder_hidden: Some(vec![64, 0]),
            ..TrainConfig::default()
        };
        let message = "training setting `decoder_hidden` is [64, 0], expected widths >= 1";
        assert_eq!(refused(config), Err(message.to_owned()));
    }

    #[test]
    fn not_a_number_is_never_in_range() {
        let config = TrainConfig {
            reach_expectile: f32::NAN,
            ..TrainConfig::default()
        };
        assert!(config.validate().is_err());
    }
}
