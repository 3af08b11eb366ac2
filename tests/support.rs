//! What several contracts need: tasks of the shipped assets, environments, the binary.

use sim::variation::Variant;
use sim::{Env, Task};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

/// The shipped assets.
pub fn assets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets")
}

/// Every shipped task.
pub fn tasks() -> Vec<Arc<Task>> {
    let names = Task::list(&assets()).unwrap();
    names.iter().map(|name| task(name)).collect()
}

/// One shipped task.
pub fn task(name: &str) -> Arc<Task> {
    Arc::new(Task::load(&assets(), name).unwrap())
}

/// An environment in the start that `seed` gives.
pub fn env(task: &Arc<Task>, seed: u64) -> Env {
    let mut env = Env::new(Arc::clone(task), Variant::of(task, None).unwrap()).unwrap();
    env.reset(seed).unwrap();
    env
}

/// A repeatable action in [-1, 1], different in every step and for every seed.
pub fn action(task: &Task, seed: u64, step: usize) -> Vec<f32> {
    (0..task.action_dim())
        .map(|axis| {
            let phase = seed as f32 * 0.7 + axis as f32 * 1.9;
            ((step as f32) * (0.11 + 0.05 * axis as f32) + phase).sin()
        })
        .collect()
}

/// The command line with arguments that hold no blanks.
pub fn command(arguments: &str, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_foresight-under-test"));
    command
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .env("FORESIGHT_ASSETS", assets());
    command
}

/// Runs the binary.
pub fn foresight(arguments: &str, folder: &Path) -> Output {
    command(arguments, folder).output().unwrap()
}

/// Starts the binary, whose words are not heard.
pub fn started(arguments: &str, folder: &Path) -> Child {
    let mut command = command(arguments, folder);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Runs the binary, which has to succeed.
pub fn succeed(arguments: &str, folder: &Path) -> Output {
    let output = foresight(arguments, folder);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    output
}

/// Standard error of a run that had to fail with this exit code: one line that begins with `error:`.
pub fn failure(arguments: &str, folder: &Path, code: i32) -> String {
    let output = foresight(arguments, folder);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    assert_eq!(
        lines.len(),
        1,
        "{arguments:?}: expected one line, found: {text}"
    );
    assert!(lines[0].starts_with("error: "), "{arguments:?}: {text}");
    lines[0].to_owned()
}
