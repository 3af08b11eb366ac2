//! A person by script: input events as the window system would send them, and expectations of what they lead to.

mod events;
mod player;
mod view;

pub(crate) use player::{Player, play};

use serde::Deserialize;
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};

/// Steps in order.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Script(pub Vec<Step>);

/// Why there is no script.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// It is not a script.
    #[error("script {path}: {message}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where, what, and what was expected.
        message: String,
    },
}

impl Script {
    /// Reads a RON file.
    ///
    /// # Errors
    /// [`ScriptError`] naming the file, and the place in it.
    pub fn read(path: &Path) -> Result<Self, ScriptError> {
        let text = std::fs::read_to_string(path).map_err(|source| ScriptError::Read {
            path: path.to_owned(),
            source,
        })?;
        let options = ron::Options::default()
            .with_default_extension(ron::extensions::Extensions::UNWRAP_NEWTYPES);
        options.from_str(&text).map_err(|e| ScriptError::Parse {
            path: path.to_owned(),
            message: e.to_string().replace('\n', " "),
        })
    }

    /// The steps, repetitions written out.
    fn unrolled(self) -> VecDeque<Step> {
        let unroll = |step| match step {
            Step::Repeat(times, steps) => {
                let once = Script(steps).unrolled();
                (0..times).flat_map(|_| once.clone()).collect()
            }
            step => VecDeque::from([step]),
        };
        self.0.into_iter().flat_map(unroll).collect()
    }
}

/// One thing that a person does, or expects.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub enum Step {
    /// Watches for this many frames.
    Wait(u32),
    /// Watches until a value is as it should be, for so many seconds at most.
    Until(String, Check, f64),
    /// Fails unless a value is as it should be.
    Expect(String, Check),
    /// Keeps a value under a name.
    Remember(String, String),
    /// Presses and releases a key.
    Key(String),
    /// Clicks on a control; `id/option` for an option.
    Click(String),
    /// Drags a slider to a share of its length.
    Slide(String, f32),
    /// Drags a body by metres in the world, with Shift or without, over so many frames.
    DragBody {
        /// Its name.
        body: String,
        /// Metres.
        by: [f32; 3],
        /// Whether Shift is held.
        #[serde(default)]
        shift: bool,
        /// Frames from pressing the button to releasing it.
        frames: u32,
    },
    /// Drags a ghost likewise.
    DragGhost {
        /// Its name.
        ghost: String,
        /// Metres.
        by: [f32; 3],
        /// Whether Shift is held.
        #[serde(default)]
        shift: bool,
        /// Frames.
        frames: u32,
    },
    /// Drags with a button from the middle of the free part of the window, pixels.
    DragView(Button, [f32; 2]),
    /// Turns the wheel by lines.
    Wheel(f32),
    /// Takes a picture.
    Picture(String),
    /// Does steps again and again.
    Repeat(u32, Vec<Step>),
}

/// A mouse button.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum Button {
    /// Left.
    Left,
    /// Middle.
    Middle,
    /// Right.
    Right,
}

/// What a value should be.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub enum Check {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
    /// Exactly this.
    Is(f64),
    /// As it was when it was remembered.
    Same(String),
    /// Not as it was.
    Differs(String),
    /// More than it was, by at least this.
    Above(String, f64),
    /// Less than it was, by at least this.
    Below(String, f64),
}

impl Check {
    /// What it compares with, where that was remembered.
    fn remembered(&self, memory: &HashMap<String, f64>) -> String {
        match self {
            Self::Same(name)
            | Self::Differs(name)
            | Self::Above(name, _)
            | Self::Below(name, _) => {
                format!(", '{name}' is {:?}", memory.get(name))
            }
            _ => String::new(),
        }
    }

    fn holds(&self, value: f64, memory: &HashMap<String, f64>) -> bool {
        let was = |name: &String| memory.get(name).copied().unwrap_or(f64::NAN);
        match self {
            Self::AtLeast(least) => value >= *least,
            Self::AtMost(most) => value <= *most,
            Self::Is(wanted) => value == *wanted,
            Self::Same(name) => value == was(name),
            Self::Differs(name) => memory.contains_key(name) && value != was(name),
            Self::Above(name, by) => value >= was(name) + by,
            Self::Below(name, by) => value <= was(name) - by,
        }
    }
}

/// How a script went.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Steps done.
    pub steps: usize,
    /// Steps that were not come to.
    pub left: usize,
    /// What was not as expected, and ended the script.
    pub failure: Option<String>,
    /// Pictures taken.
    pub pictures: Vec<PathBuf>,
    /// Frames drawn.
    pub frames: u64,
    /// Seconds since the first.
    pub seconds: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_read_and_repetitions_written_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tour.ron");
        let text = r#"[Wait(3), Repeat(2, [Key("P"), Expect("paused", Is(1))]), Picture("end")]"#;
        std::fs::write(&path, text).expect("written");
        let script = Script::read(&path).expect("a script");
        assert_eq!(script.unrolled().len(), 6);
    }

    #[test]
    fn broken_scripts_are_refused_with_their_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("broken.ron");
        std::fs::write(&path, "[Wait(3), Dance]").expect("written");
        let message = Script::read(&path).expect_err("refused").to_string();
        assert!(
            message.contains("broken.ron") && message.contains("1:11"),
            "{message}"
        );
    }

    #[test]
    fn checks_compare_with_what_was_remembered() {
        let memory = HashMap::from([("a".to_owned(), 2.0)]);
        let same = Check::Same("a".to_owned());
        assert!(same.holds(2.0, &memory) && !same.holds(2.5, &memory));
        let above = Check::Above("a".to_owned(), 1.0);
        assert!(above.holds(3.0, &memory) && !above.holds(2.9, &memory));
        // What was never remembered satisfies nothing.
        assert!(!Check::Differs("b".to_owned()).holds(2.0, &memory));
        assert!(!Check::Below("b".to_owned(), 0.0).holds(2.0, &memory));
    }
}
