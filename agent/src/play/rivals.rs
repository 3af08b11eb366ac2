//! The modes side by side on a thread of their own, from one snapshot and at the world's pace.

use super::session::Session;
use crate::controller::{ControllerKind, PlanningConfig};
use crate::side_by_side::{SideBySide, Standing};
use anyhow::Result;
use sim::error::panic_text;
use sim::{Env, Goal};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use viewer::stream::Latest;

/// Seconds of the world after which they start anew.
const RUN_S: usize = 5;
/// How long their ends are shown.
const LINGER: Duration = Duration::from_secs(1);

/// Where they start, and who they are.
struct Start {
    env: Env,
    goal: Arc<Goal>,
    kinds: Vec<(&'static str, ControllerKind)>,
    config: PlanningConfig,
    seed: u64,
}

/// One run of them.
pub struct Rivals {
    /// What they go to.
    goal: Arc<Goal>,
    /// Scene and setup that they belong to.
    place: (u64, u64),
    answers: Latest<Result<Vec<Standing>>>,
    /// Set by them when they have arrived or their time is up.
    arrived: Arc<AtomicBool>,
    /// Set to end them.
    over: Arc<AtomicBool>,
    /// How they are doing.
    standings: Vec<Standing>,
    since_arrival: Option<Instant>,
}

impl Rivals {
    fn start(start: Start, place: (u64, u64)) -> Result<Self> {
        let (answers, over, arrived) = (
            Latest::default(),
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicBool::new(false)),
        );
        let inner = (answers.clone(), Arc::clone(&over), Arc::clone(&arrived));
        let goal = Arc::clone(&start.goal);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        std::thread::Builder::new()
            .name("side by side".to_owned())
            .spawn(move || {
                pool.install(|| {
                    let whole = || run(&start, &inner.0, &inner.1);
                    match catch_unwind(AssertUnwindSafe(whole)) {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => inner.0.put(Err(error)),
                        Err(panic) => {
                            let text = panic_text(panic.as_ref());
                            inner.0.put(Err(anyhow::anyhow!("it panicked: {text}")));
                        }
                    }
                    inner.2.store(true, Ordering::Relaxed);
                });
            })?;
        Ok(Self {
            goal,
            place,
            answers,
            arrived,
            over,
            standings: Vec::new(),
            since_arrival: None,
        })
    }

    /// How they are doing.
    pub fn standings(&self) -> &[Standing] {
        &self.standings
    }

    /// Whether their end has been shown long enough.
    fn is_over(&mut self) -> bool {
        if !self.arrived.load(Ordering::Relaxed) {
            return false;
        }
        let since = self.since_arrival.get_or_insert_with(Instant::now);
        since.elapsed() > LINGER
    }
}

impl Drop for Rivals {
    fn drop(&mut self) {
        // They end after the decision that they are making; it keeps nobody waiting.
        self.over.store(true, Ordering::Relaxed);
    }
}

fn run(start: &Start, answers: &Latest<Result<Vec<Standing>>>, over: &AtomicBool) -> Result<()> {
    let rate = start.env.task().rate_hz();
    let period = Duration::from_secs_f64(1.0 / f64::from(rate));
    let steps = RUN_S * rate as usize;
    let (env, goal) = (&start.env, &start.goal);
    let mut rivals = SideBySide::start(env, goal, &start.kinds, &start.config, start.seed, steps)?;
    answers.put(Ok(rivals.standings()));
    let mut goes_on = true;
    while goes_on && !over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        goes_on = rivals.step()?;
        answers.put(Ok(rivals.standings()));
        std::thread::sleep(period.saturating_sub(begun.elapsed()));
    }
    Ok(())
}

impl Session {
    /// Has the modes run side by side while that is switched on: again from the present when they are through, or when the goal,
    /// the scene or who plans has changed.
    pub fn compare(&mut self) {
        if !self.switches.side_by_side {
            self.rivals = None;
            return;
        }
        let place = (self.epoch, self.mind.generation());
        if let Some(rivals) = &mut self.rivals
            && rivals.place == place
            && Arc::ptr_eq(&rivals.goal, &self.ground.goal)
            && !rivals.is_over()
        {
            if let Some(answer) = rivals.answers.take() {
                match answer {
                    Ok(standings) => rivals.standings = standings,
                    Err(error) => self.stop_comparing(&error),
                }
            }
            return;
        }
        let started = self.start_rivals(place);
        match started {
            Ok(rivals) => self.rivals = Some(rivals),
            Err(error) => self.stop_comparing(&error),
        }
    }

    fn start_rivals(&mut self, place: (u64, u64)) -> Result<Rivals> {
        let (task, variant) = self.place();
        let start = Start {
            kinds: self.mind.modes(&task, &variant)?,
            env: self.ground.env.fork(),
            goal: Arc::clone(&self.ground.goal),
            config: self.mind.config.clone(),
            seed: self.ground.seed,
        };
        Rivals::start(start, place)
    }

    fn stop_comparing(&mut self, error: &anyhow::Error) {
        self.rivals = None;
        self.switches.side_by_side = false;
        self.stale = true;
        self.say(format!("side by side: {error:#}"));
    }
}
