//! What may be wrong with the simulated arm and the way to it.

use anyhow::{Result, bail};

/// Faults of [`super::SimHardware`]; all of them off by default.
#[derive(Clone, Debug, PartialEq)]
pub struct SimFaults {
    /// Reports arrive so late, s.
    pub delay: f64,
    /// Commands are executed so late, s.
    pub command_delay: f64,
    /// Share of the reports that are lost.
    pub drop: f64,
    /// Share of the reports that come a second time instead of a new one.
    pub duplicate: f64,
    /// From so many seconds on, the reported joints stay what they are while their stamps go on.
    pub freeze: f64,
    /// Damping of the joints, times the nominal.
    pub damping: f64,
}

impl Default for SimFaults {
    fn default() -> Self {
        Self {
            delay: 0.0,
            command_delay: 0.0,
            drop: 0.0,
            duplicate: 0.0,
            freeze: f64::INFINITY,
            damping: 1.0,
        }
    }
}

impl SimFaults {
    /// Reads faults written as `KIND=VALUE`.
    ///
    /// # Errors
    /// Names the first that is none.
    pub fn parse(texts: &[String]) -> Result<Self> {
        let mut faults = Self::default();
        for text in texts {
            let Some((slot, most)) = text.split_once('=').and_then(|(kind, _)| faults.slot(kind))
            else {
                bail!(
                    "{text}: expected delay, command-delay, drop, duplicate, freeze or damping, as KIND=VALUE"
                );
            };
            let value = text
                .split_once('=')
                .and_then(|(_, value)| value.parse::<f64>().ok());
            match value.filter(|value| (0.0..=most).contains(value)) {
                Some(value) => *slot = value,
                None => bail!("{text}: expected a value from 0 to {most}"),
            }
        }
        Ok(faults)
    }

    /// A fault by its name, and the most that it may be.
    fn slot(&mut self, kind: &str) -> Option<(&mut f64, f64)> {
        Some(match kind {
            "delay" => (&mut self.delay, 10.0),
            "command-delay" => (&mut self.command_delay, 10.0),
            "drop" => (&mut self.drop, 1.0),
            "duplicate" => (&mut self.duplicate, 1.0),
            "freeze" => (&mut self.freeze, 1e6),
            "damping" => (&mut self.damping, 100.0),
            _ => return None,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_by_name_and_refused_with_what_was_written() {
        let texts = ["delay=0.04", "damping=2"].map(str::to_owned);
        let faults = SimFaults::parse(&texts).unwrap();
        assert_eq!(
            (faults.delay, faults.damping, faults.drop),
            (0.04, 2.0, 0.0)
        );
        for text in [
            "wobble=1",
            "delay",
            "delay=soon",
            "drop=1.5",
            "delay=nan",
            "damping=-1",
        ] {
            let error = SimFaults::parse(&[text.to_owned()])
                .unwrap_err()
                .to_string();
            assert!(error.starts_with(text), "{error}");
        }
    }
}
