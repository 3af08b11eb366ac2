//! Words of whoever stands beside the robot, one a line.

use super::planner::Steering;
use anyhow::{Context, Result, bail};
use robot::LoopHandle;
use std::io::BufRead;
use std::str::FromStr;

/// What may be said.
const WORDS: &str = "stop, reset, enable, goal X,Y,Z or to Q,..";

/// Listens until the input ends, on a thread of its own.
pub fn listen(handle: LoopHandle, steering: Steering) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let words = line.trim();
            if words.is_empty() {
                continue;
            }
            match obey(words, &handle, &steering) {
                Ok(()) => say!("{words}: done"),
                Err(error) => complain!("error: {words}: {error:#}"),
            }
        }
    });
}

fn obey(words: &str, handle: &LoopHandle, steering: &Steering) -> Result<()> {
    match words.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["stop"] => Ok(handle.stop()?),
        ["reset"] => Ok(handle.reset()?),
        ["enable"] => Ok(handle.enable()?),
        ["goal", pose] => steering.goal(&numbers(pose)?),
        ["to", joints] => steering.joints(&numbers(joints)?),
        _ => bail!("expected {WORDS}"),
    }
}

fn numbers<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    text: &str,
) -> Result<Vec<T>> {
    let each = |text: &str| {
        text.parse()
            .with_context(|| format!("{text:?}: expected a number"))
    };
    text.split(',').map(each).collect()
}
