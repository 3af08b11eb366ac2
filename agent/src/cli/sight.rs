//! `foresight sight`: where a model of images finds its landmarks, against true pixels.

use super::UsageError;
use super::interrupt::Interrupt;
use super::worlds::{shift, tasks};
use crate::sight_config::SightConfig;
use crate::{assets, eyes, files};
use anyhow::{Context, Result, bail};
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use rand::RngExt;
use serde::Serialize;
use std::path::PathBuf;
use std::slice;
use world_model::sight::{LandmarkAccuracy, accuracy};

#[derive(Args)]
pub struct SightArguments {
    /// Task, as NAME or NAME/VARIANT; each world is of one of its variants, drawn
    #[arg(long)]
    task: String,
    /// Model of images [default: the shipped one]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Worlds to look at, six times each
    #[arg(long, default_value_t = 60)]
    worlds: u64,
    /// Seed of the worlds, and of what is done in them
    #[arg(long, default_value_t = 901)]
    seed: u64,
    /// Factors of variation to fix, as NAME=VALUE
    #[arg(long, value_delimiter = ',', value_name = "F=V")]
    shift: Vec<String>,
    /// Also write the figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// A landmark in one view, as the JSON report has it.
#[derive(Serialize)]
struct Figures {
    landmark: String,
    view: usize,
    /// Pictures that show it, and in how many of these it was found.
    shown: usize,
    found: usize,
    /// How far off, pixels, in half of these and in nine of ten; none where it was not found.
    off_p50: Option<f32>,
    off_p90: Option<f32>,
    /// Pictures that show nothing of it, and in how many of these it was found.
    hidden: usize,
    claimed: usize,
}

impl From<LandmarkAccuracy> for Figures {
    fn from(of: LandmarkAccuracy) -> Self {
        let rank = |share: f64| (share * of.off.len() as f64).ceil() as usize;
        let quantile = |share: f64| of.off.get(rank(share).saturating_sub(1)).copied();
        Self {
            off_p50: quantile(0.5),
            off_p90: quantile(0.9),
            landmark: of.name,
            view: of.view,
            shown: of.shown,
            found: of.off.len(),
            hidden: of.hidden,
            claimed: of.claimed,
        }
    }
}

pub fn run(arguments: &SightArguments) -> Result<()> {
    if arguments.worlds == 0 {
        bail!(UsageError("--worlds 0: expected at least 1".to_owned()));
    }
    if let Some(path) = &arguments.json {
        files::check_writable(path)?;
    }
    let assets = assets::find()?;
    let chosen = tasks(&assets, slice::from_ref(&arguments.task))?;
    let [(task, variants)] = chosen.as_slice() else {
        bail!(UsageError("--task all: expected one task".to_owned()));
    };
    let variants = shift(task, variants.clone(), &arguments.shift)?;
    let path = match &arguments.model {
        Some(path) => path.clone(),
        None => assets::model_path(&assets, task.name(), true),
    };
    let sight = eyes::of_model(&path, task)?;
    if sight.spec().landmarks().is_empty() {
        bail!(
            "{}: it sees whole frames, expected a model that looks for landmarks",
            path.display()
        );
    }
    let interrupt = Interrupt::install()?;
    let samples = eyes::pictures_of(
        &SightConfig::looking_for(sight.spec(), task),
        task,
        arguments.worlds,
        arguments.seed,
        &|rng| variants[rng.random_range(0..variants.len())].clone(),
        &|_| !interrupt.requested(),
    )?;
    let samples = samples.context("interrupted while taking pictures")?;
    let found = accuracy(&sight, &samples).with_context(|| path.display().to_string())?;
    let figures: Vec<Figures> = found.into_iter().map(Figures::from).collect();
    say!("{}", render(&figures));
    if let Some(path) = &arguments.json {
        files::write_atomically(path, serde_json::to_string_pretty(&figures)?.as_bytes())?;
    }
    Ok(())
}

/// One line for each landmark in each view.
fn render(figures: &[Figures]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([
        "landmark",
        "view",
        "shown",
        "found",
        "px off p50",
        "px off p90",
        "hidden",
        "claimed",
    ]);
    let pixels = |off: Option<f32>| off.map_or(String::new(), |off| format!("{off:.2}"));
    for of in figures {
        table.add_row([
            of.landmark.clone(),
            of.view.to_string(),
            of.shown.to_string(),
            of.found.to_string(),
            pixels(of.off_p50),
            pixels(of.off_p90),
            of.hidden.to_string(),
            of.claimed.to_string(),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}
