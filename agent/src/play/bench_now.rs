//! "Benchmark this": the headless harness with exactly the settings of the window.

use crate::benchmark::{BenchPlan, Pairs, Row, RowSpec, Tier, run, table};
use crate::controller::{ControllerKind, PlanningConfig};
use anyhow::{Context, Result, bail};
use sim::Task;
use sim::variation::Variant;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use viewer::stream::Latest;

/// Seed of the pairs: not those of the manifests, on which nobody tunes.
const SEED: u64 = 1;
/// Episodes, and where they cost a hundred times as much.
const EPISODES: usize = 20;
const PHYSICS_EPISODES: usize = 4;

/// A row, as the window shows it.
pub struct Finished {
    /// The row and the command that gives the same.
    pub text: String,
    /// Successes, in `[0, 1]`.
    pub success_rate: f64,
}

/// Starts it on a thread of its own, on one core. The slot gets the row.
///
/// # Errors
/// When no thread can be started.
pub fn start(
    task: Arc<Task>,
    variant: Variant,
    controller: ControllerKind,
    config: PlanningConfig,
    planner: &'static str,
    model: Option<PathBuf>,
    settings: PathBuf,
) -> Result<Latest<Result<Finished>>> {
    let slot = Latest::default();
    let answer = slot.clone();
    let work = move || {
        let physics = matches!(
            controller,
            ControllerKind::Oracle | ControllerKind::LatentCost { .. }
        );
        let episodes = if physics { PHYSICS_EPISODES } else { EPISODES };
        let plan = BenchPlan {
            rows: vec![RowSpec {
                task: Arc::clone(&task),
                variant: variant.clone(),
                tier: Tier::Near,
                controller,
                config,
                budget: None,
                episodes,
            }],
            pairs: Pairs::Fresh(SEED),
            realtime: false,
            event: None,
            threads: 1,
            done: Vec::new(),
        };
        let rows = run(&plan, &|_| true, &mut |_| {})?;
        let row = rows.first().context("the benchmark has no row")?;
        let mut options = format!("--planner {planner}");
        if let Some(model) = model.filter(|_| row.model_hash.is_some()) {
            options += &format!(" --model {}", model.display());
        }
        options += &format!(" --config {}", settings.display());
        Ok(finished(row, &options))
    };
    let work = move || {
        let caught = catch_unwind(AssertUnwindSafe(work));
        caught.unwrap_or_else(|_| bail!("the benchmark panicked"))
    };
    std::thread::Builder::new()
        .name("benchmark".to_owned())
        .spawn(move || answer.put(work()))?;
    Ok(slot)
}

fn finished(row: &Row, options: &str) -> Finished {
    let cost = match row.cost.as_str() {
        "none" => String::new(),
        cost => format!(" --cost {cost}"),
    };
    let text = format!(
        "{} {} {}: {}, {:.1} ms a decision\nforesight bench --task {}/{}{cost} --tier near --seed {SEED} --episodes {} {options}",
        table::task_name(row),
        row.planner,
        row.tier.name(),
        table::success(row),
        row.decision_ms_p50,
        row.task,
        row.variant,
        row.episodes,
    );
    Finished {
        text,
        success_rate: row.success_rate,
    }
}
