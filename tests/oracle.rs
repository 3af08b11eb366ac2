//! Planning in true physics solves what the tasks ask: if it did not, no planner's failure would mean anything.

use crate::support::tasks;
use agent::benchmark::{BenchPlan, Pairs, RowSpec, Tier, run};
use agent::controller::{ControllerKind, PlanningConfig};
use planners::{IcemConfig, Method};
use sim::variation::Variant;
use std::sync::Arc;

#[test]
fn the_oracle_reaches_near_goals_and_random_does_not() {
    let search = IcemConfig {
        population: 32,
        rounds: 2,
        elites: 6,
        ..IcemConfig::default()
    };
    let config = PlanningConfig {
        planner: Method::Icem(search),
        horizon_blocks: 4,
        ..PlanningConfig::default()
    };
    for task in tasks() {
        let row = |controller| RowSpec {
            task: Arc::clone(&task),
            variant: Variant::of(&task, None).unwrap(),
            tier: Tier::Near,
            controller,
            config: config.clone(),
            budget: None,
            episodes: 8,
        };
        let rows = vec![row(ControllerKind::Oracle), row(ControllerKind::Random)];
        let plan = BenchPlan {
            rows,
            pairs: Pairs::Fresh(5),
            realtime: false,
            event: None,
            done: Vec::new(),
            threads: 2,
        };
        let rows = run(&plan, &|_| true, &mut |_| ()).unwrap();
        assert!(
            rows[0].successes >= 7,
            "{}: oracle {}/8",
            task.name(),
            rows[0].successes
        );
        assert!(
            rows[1].successes <= 4,
            "{}: random {}/8",
            task.name(),
            rows[1].successes
        );
    }
}
