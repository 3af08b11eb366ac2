//! Factors of variation on the command line, as NAME=VALUE.

use super::UsageError;

/// Name and value of a factor that is to be fixed.
///
/// # Errors
/// What is not of that form.
pub fn parse(text: &str) -> Result<(&str, f32), UsageError> {
    let read = text.split_once('=');
    let read = read.and_then(|(name, value)| Some((name, value.parse().ok()?)));
    read.ok_or_else(|| UsageError(format!("--shift {text}: expected NAME=VALUE")))
}
