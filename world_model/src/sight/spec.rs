//! What a model looks at: the settings of its sight, and the sizes that follow from them.

use super::FRAMES;
use super::front::{self, Stage};
use super::image::{ImageShape, SightError};
use super::localiser;
use serde::{Deserialize, Serialize};

/// Side of a patch of a whole frame, pixels.
pub(super) const PATCH: usize = 8;

/// Pixels of the faintest share that a landmark has at the least, and pixels of its colours.
const LEAST: f32 = 8.0 / 3.0;
const LEAST_COLOURED: f32 = 0.8;

/// Something that a glimpse looks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Landmark {
    /// Name: a body of the scene, or a part of one as `body.part`.
    pub name: String,
    /// Its colours in sRGB, `[0, 1]`; what finds it unless a network does.
    pub colours: Vec<[f32; 3]>,
    /// Of an anchor, which never moves, its coordinates in every view of a camera in its own place; nothing for any other. The
    /// encoder reads the others' coordinates as if the anchors were found there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stands: Vec<[f32; 2]>,
}

impl Landmark {
    /// Whether it tells where the camera is.
    pub fn is_anchor(&self) -> bool {
        !self.stands.is_empty()
    }
}

/// How landmarks are found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finder {
    /// By the colours that the landmarks were given: a mask made by hand.
    Colours,
    /// By a network that marks each landmark's pixels.
    Learned {
        /// Widths of its hidden layers.
        hidden: Vec<usize>,
        /// Whether a landmark is where most of its pixels are close together, so that what looks like it elsewhere does not
        /// count; else where all of them are on average, as for what is larger than 28 pixels.
        #[serde(default = "yes")]
        attended: bool,
        /// Whether a second network corrects where they are found.
        #[serde(default)]
        refined: bool,
        /// Whether that network reads all parts of a body at once, from around its first one: the further parts need not be found.
        #[serde(default)]
        joint: bool,
        /// Shares of a pixel below this count as nothing, in (0, 1).
        #[serde(default = "faint")]
        faint: f32,
    },
}

fn yes() -> bool {
    true
}

fn faint() -> f32 {
    0.3
}

/// What a model looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum SightSpec {
    /// Coordinates of landmarks, and a window around the first, in every view.
    Glimpse {
        /// Size of the images.
        image: ImageShape,
        /// Views side by side in an image, equally wide.
        views: usize,
        /// What is looked for.
        landmarks: Vec<Landmark>,
        /// Side of the window, pixels; none without one.
        window: Option<usize>,
        /// Whether the window shows hues and not only which pixels belong to the landmark.
        coloured: bool,
        /// How landmarks are found.
        finder: Finder,
        /// Whether the further parts of a body are told by how far they are from its first one: how it is turned shows in them, and
        /// is little beside how far it goes.
        #[serde(default)]
        offsets: bool,
    },
    /// The whole frame, in patches.
    Frame {
        /// Size of the images.
        image: ImageShape,
    },
}

impl SightSpec {
    /// Size of the images.
    pub fn image(&self) -> ImageShape {
        match self {
            Self::Glimpse { image, .. } | Self::Frame { image } => *image,
        }
    }

    /// Views side by side in an image.
    pub(super) fn views(&self) -> usize {
        match self {
            Self::Glimpse { views, .. } => *views,
            Self::Frame { .. } => 1,
        }
    }

    /// What is looked for; nothing where the whole frame is seen.
    pub fn landmarks(&self) -> &[Landmark] {
        match self {
            Self::Glimpse { landmarks, .. } => landmarks,
            Self::Frame { .. } => &[],
        }
    }

    /// Whether a landmark is where most of its pixels are close together.
    pub(super) fn attends(&self) -> bool {
        matches!(self.finder(), Some(Finder::Learned { attended: true, .. }))
    }

    /// Whether a second network corrects where landmarks are found.
    pub(super) fn refines(&self) -> bool {
        matches!(self.finder(), Some(Finder::Learned { refined: true, .. }))
    }

    /// Of each landmark that is read together with the first part of its body that part.
    pub(super) fn read_with(&self) -> Vec<Option<usize>> {
        match self.finder() {
            Some(Finder::Learned { joint: true, .. }) => self.told_from(),
            _ => vec![None; self.landmarks().len()],
        }
    }

    /// Shares of a pixel below this count as nothing.
    pub(super) fn faint(&self) -> f32 {
        match self.finder() {
            Some(Finder::Learned { faint, .. }) => *faint,
            _ => 0.0,
        }
    }

    /// Weight, in pixels, below which a landmark is not seen.
    pub(super) fn least(&self) -> f32 {
        match self.finder() {
            Some(Finder::Learned { faint, .. }) => LEAST * faint,
            _ => LEAST_COLOURED,
        }
    }

    fn finder(&self) -> Option<&Finder> {
        match self {
            Self::Glimpse { finder, .. } => Some(finder),
            Self::Frame { .. } => None,
        }
    }

    /// Of each landmark that is told by its offset the one that it is told from: the first part of its body.
    pub(super) fn told_from(&self) -> Vec<Option<usize>> {
        let Self::Glimpse {
            landmarks, offsets, ..
        } = self
        else {
            return Vec::new();
        };
        let body = |index: usize| landmarks[index].name.split('.').next();
        let first = |index: &usize| (0..*index).find(|&i| body(i) == body(*index));
        (0..landmarks.len())
            .map(|index| first(&index).filter(|_| *offsets))
            .collect()
    }

    /// Values that go around the encoder's front: coordinates and their changes, of what may move.
    pub fn leading(&self) -> usize {
        4 * self.views() * self.landmarks().iter().filter(|l| !l.is_anchor()).count()
    }

    /// Values of pictures, which the encoder's front reads.
    pub fn picture(&self) -> usize {
        match self {
            Self::Glimpse {
                window,
                coloured,
                views,
                ..
            } => {
                let channels = if *coloured { 3 } else { 1 };
                window.map_or(0, |side| views * side * side * channels)
            }
            Self::Frame { image } => FRAMES * image.bytes(),
        }
    }

    /// Values that the encoder reads: leading ones first.
    pub fn features(&self) -> usize {
        self.leading() + self.picture()
    }

    /// Layers of the encoder's front.
    pub fn front(&self) -> Vec<Stage> {
        match self {
            Self::Glimpse { window: None, .. } => Vec::new(),
            Self::Glimpse { .. } => vec![Stage {
                rows: 1,
                inputs: self.picture(),
                width: 256,
            }],
            Self::Frame { image } => front::patch_stages(*image, PATCH),
        }
    }

    /// Checks that one can look so.
    ///
    /// # Errors
    /// [`SightError::Spec`] for what cannot work.
    pub fn check(&self) -> Result<(), SightError> {
        let image = self.image();
        image.check()?;
        let wrong = |what: String| Err(SightError::Spec { what });
        let sides_of =
            |unit: usize| image.width.is_multiple_of(unit) && image.height.is_multiple_of(unit);
        match self {
            Self::Frame { .. } if !sides_of(2 * PATCH) => wrong(format!(
                "images of {image} for whole frames: expected sides that are multiples of {}",
                2 * PATCH
            )),
            Self::Frame { .. } => Ok(()),
            Self::Glimpse {
                landmarks,
                window,
                finder,
                views,
                offsets,
                ..
            } => {
                if *views == 0 || !image.width.is_multiple_of(*views) {
                    return wrong(format!("{views} views in images of {image}"));
                }
                if landmarks.iter().all(Landmark::is_anchor) {
                    return wrong("no landmark that may move: expected at least one".to_owned());
                }
                if landmarks[0].is_anchor() && window.is_some() {
                    return wrong(format!(
                        "a window around `{}`, an anchor",
                        landmarks[0].name
                    ));
                }
                if let Some(anchor) = landmarks
                    .iter()
                    .find(|l| l.is_anchor() && l.stands.len() != *views)
                {
                    return wrong(format!(
                        "anchor `{}` stands in {} views, expected {views}",
                        anchor.name,
                        anchor.stands.len()
                    ));
                }
                if let Some(side) = window
                    && !(2..=(image.width / views).min(image.height)).contains(side)
                {
                    return wrong(format!("a window of {side} pixels in images of {image}"));
                }
                match finder {
                    Finder::Colours => match landmarks.iter().find(|l| l.colours.is_empty()) {
                        Some(landmark) => {
                            wrong(format!("landmark `{}` has no colours", landmark.name))
                        }
                        None => Ok(()),
                    },
                    Finder::Learned { .. } if !sides_of(localiser::CELL) => wrong(format!(
                        "images of {image} for learned landmarks: expected sides that are multiples of {}",
                        localiser::CELL
                    )),
                    Finder::Learned { faint, .. } if !(*faint > 0.0 && *faint < 1.0) => wrong(
                        format!("a faintest share of {faint}: expected one in (0, 1)"),
                    ),
                    Finder::Learned {
                        joint: true,
                        refined,
                        ..
                    } if !refined || !offsets => wrong(
                        "parts of a body read together: expected refined places and offsets"
                            .to_owned(),
                    ),
                    Finder::Learned { .. } => Ok(()),
                }
            }
        }
    }

    /// What it tells an encoder, in words: values of the same meaning for sights with the same ones, in whatever way they find them.
    /// Anchors tell it nothing.
    pub(crate) fn told(&self) -> String {
        let image = self.image();
        let Self::Glimpse {
            views,
            landmarks,
            window,
            coloured,
            offsets,
            ..
        } = self
        else {
            return format!("whole frames of {image}");
        };
        let moving = landmarks.iter().filter(|l| !l.is_anchor());
        let names: Vec<&str> = moving.map(|l| l.name.as_str()).collect();
        let parts = if *offsets { " by offsets" } else { "" };
        let window = match window {
            None => "no window".to_owned(),
            Some(side) if *coloured => format!("a coloured window of {side} pixels"),
            Some(side) => format!("a window of {side} pixels"),
        };
        format!(
            "{}{parts} in {views} views of images of {image}, and {window}",
            names.join(", ")
        )
    }

    /// How it is called in reports and files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Glimpse {
                finder: Finder::Colours,
                ..
            } => "glimpse",
            Self::Glimpse {
                finder: Finder::Learned { .. },
                ..
            } => "localised",
            Self::Frame { .. } => "frame",
        }
    }
}
