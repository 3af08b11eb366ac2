//! What commands say on standard output and standard error.
//!
//! A reader that is gone (`foresight bench 2>&1 | head`) ends no command, as `println!` and `eprintln!` would: its work goes on, and its files
//! are written. What cannot be written for another reason, such as a full disk, is lost, and the command fails in the end.

use std::fmt::Arguments;
use std::io::{Error, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// A line on standard output.
macro_rules! say {
    ($($words:tt)*) => {
        $crate::cli::say::line(format_args!($($words)*))
    };
}

/// A line on standard error.
macro_rules! complain {
    ($($words:tt)*) => {
        $crate::cli::say::complaint(format_args!($($words)*))
    };
}

static LOST: AtomicBool = AtomicBool::new(false);

/// What [`say!`] does.
pub fn line(words: Arguments) {
    match writeln!(std::io::stdout().lock(), "{words}") {
        Err(error) if matters(&error) && !LOST.swap(true, Ordering::Relaxed) => {
            complaint(format_args!("error: standard output: {error}"));
        }
        _ => {}
    }
}

/// What [`complain!`] does.
pub fn complaint(words: Arguments) {
    if let Err(error) = writeln!(std::io::stderr().lock(), "{words}")
        && matters(&error)
    {
        LOST.store(true, Ordering::Relaxed);
    }
}

/// Whether something was said that somebody could have read, and could not be written.
pub fn lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

fn matters(error: &Error) -> bool {
    error.kind() != ErrorKind::BrokenPipe
}
