//! Worlds as the command line names them: tasks and variants, and factors of variation as NAME=VALUE.

use super::UsageError;
use anyhow::Result;
use sim::Task;
use sim::variation::Variant;
use std::path::Path;
use std::sync::Arc;

/// The tasks asked for, each as NAME, NAME/VARIANT or `all`, with their variants.
///
/// # Errors
/// A task or a variant that there is not.
pub fn tasks(assets: &Path, names: &[String]) -> Result<Vec<(Arc<Task>, Vec<Variant>)>> {
    let mut chosen = Vec::new();
    for name in names {
        if name == "all" {
            chosen.extend(Task::list(assets)?.into_iter().map(|task| (task, None)));
        } else {
            match name.split_once('/') {
                Some((task, variant)) => chosen.push((task.to_owned(), Some(variant.to_owned()))),
                None => chosen.push((name.clone(), None)),
            }
        }
    }
    chosen
        .into_iter()
        .map(|(name, variant)| {
            let task = Arc::new(Task::load(assets, &name)?);
            let names = variant.map_or_else(|| task.variants(), |v| vec![v]);
            let variants = names
                .iter()
                .map(|v| Variant::of(&task, Some(v)))
                .collect::<Result<_, _>>()?;
            Ok((task, variants))
        })
        .collect()
}

/// Fixes factors of variation, each as NAME=VALUE, in every variant.
///
/// # Errors
/// A factor that the task does not have, or a value outside its range.
pub fn shift(task: &Task, variants: Vec<Variant>, shifts: &[String]) -> Result<Vec<Variant>> {
    let mut shifted = variants;
    for text in shifts {
        let (name, value) = factor(text)?;
        shifted = shifted
            .iter()
            .map(|v| v.shifted(task, name, value))
            .collect::<Result<_, _>>()?;
    }
    Ok(shifted)
}

/// Name and value of a factor that is to be fixed.
///
/// # Errors
/// What is not of that form.
pub fn factor(text: &str) -> Result<(&str, f32), UsageError> {
    let read = text.split_once('=');
    let read = read.and_then(|(name, value)| Some((name, value.parse().ok()?)));
    read.ok_or_else(|| UsageError(format!("--shift {text}: expected NAME=VALUE")))
}
