//! What commands say on standard output.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

/// A line on standard output, as `println!` has it, but a reader that is gone (`foresight bench | head`) ends no command: its work goes
/// on, and its files are written.
macro_rules! say {
    ($($words:tt)*) => {
        $crate::cli::say::line(format_args!($($words)*))
    };
}

/// What [`say!`] does.
pub fn line(words: Arguments) {
    if let Err(error) = writeln!(std::io::stdout().lock(), "{words}")
        && error.kind() != ErrorKind::BrokenPipe
    {
        tracing::warn!("standard output: {error}");
    }
}
