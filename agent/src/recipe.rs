//! How a task is learned from nothing: one TOML file for each task in `assets/recipes`.

use crate::assets;
use crate::distillation::DistillConfig;
use crate::files;
use crate::sight_config::SightConfig;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::path::Path;
use world_model::TrainConfig;

/// Data to collect and settings to train with.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recipe {
    /// The data.
    pub collect: CollectConfig,
    /// The training.
    pub train: TrainConfig,
    /// The policy.
    pub distill: DistillConfig,
    /// How a model of images looks; none for a model of states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sight: Option<SightConfig>,
}

/// Data to collect.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CollectConfig {
    /// Episodes. Default 3000.
    pub episodes: u64,
    /// Control steps in each. Default 100.
    pub steps: usize,
    /// Seed of the first start; episode `i` has the seed `seed * 1_000_003 + i`. Default 0.
    pub seed: u64,
    /// Side of square images to record beside the states, pixels; none records no images. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_size: Option<usize>,
    /// Factors that change only how the scene is drawn, of which every episode draws a value in their range. Default none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub varied_looks: Vec<String>,
}

impl Default for CollectConfig {
    fn default() -> Self {
        Self {
            episodes: 3000,
            steps: 100,
            seed: 0,
            image_size: None,
            varied_looks: Vec::new(),
        }
    }
}

impl Recipe {
    /// The recipe of a task for states or for images, or the defaults where the task ships none.
    ///
    /// # Errors
    /// Names the file when it cannot be read or has an unknown key.
    pub fn of_task(assets: &Path, task: &str, pixels: bool) -> Result<Self> {
        let name = assets::model_name(task, pixels);
        let path = assets.join("recipes").join(format!("{name}.toml"));
        let mut recipe = match path.exists() {
            true => Self::from_file(&path)?,
            false => Self::default(),
        };
        if pixels {
            recipe.sight.get_or_insert_default();
        }
        Ok(recipe)
    }

    /// The same recipe with other values, each given as `section.key=value` with a TOML value; a text needs no quotes.
    ///
    /// # Errors
    /// Names the first one that does not have this form, has an unknown key or a value of another kind.
    pub fn with(self, settings: &[String]) -> Result<Self> {
        let mut table = toml::Table::try_from(&self)?;
        for setting in settings {
            let wrong = |what: &str| anyhow::anyhow!("'{setting}': {what}");
            let (path, text) = setting
                .split_once('=')
                .ok_or_else(|| wrong("expected section.key=value"))?;
            let parsed: Result<toml::Table, _> = format!("value = {text}").parse();
            let value = match parsed.ok().and_then(|mut t| t.remove("value")) {
                Some(value) => value,
                None => toml::Value::String(text.to_owned()),
            };
            let mut keys: Vec<&str> = path.split('.').collect();
            let last = keys.pop().unwrap_or_default();
            let mut place = &mut table;
            for key in keys {
                place = place
                    .entry(key)
                    .or_insert_with(|| toml::Value::Table(toml::Table::new()))
                    .as_table_mut()
                    .ok_or_else(|| wrong("expected section.key=value"))?;
            }
            place.insert(last.to_owned(), value);
            let result: Result<Self, _> = table.clone().try_into();
            result.map_err(|e| wrong(&e.to_string().trim().replace('\n', " ")))?;
        }
        Ok(table.try_into()?)
    }

    /// A recipe from a file.
    ///
    /// # Errors
    /// Names the file when it cannot be read or has an unknown key.
    pub fn from_file(path: &Path) -> Result<Self> {
        files::read_toml("recipe", path)
    }
}
