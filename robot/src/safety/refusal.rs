//! Why a whole message is not acted on.

/// The reason for which a report of states or a plan was refused as a whole.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// A value that is no number to steer by.
    #[error("{what} of {joint} is {value}")]
    NotFinite {
        /// The quantity.
        what: &'static str,
        /// The joint.
        joint: String,
        /// What was found.
        value: f64,
    },
    /// The wrong number of values.
    #[error("{found} values of {what}, expected {expected}")]
    Size {
        /// The quantity.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A joint of the profile that the message lacks.
    #[error("joint {0} is missing")]
    MissingJoint(String),
    /// A joint that the message has twice.
    #[error("joint {0} is named twice")]
    DoubleJoint(String),
    /// A plan for other joints, or in another order.
    #[error("joint {found} where {expected} was expected")]
    WrongJoint {
        /// The name in the plan.
        found: String,
        /// The name in the profile.
        expected: String,
    },
    /// Too old, or from the future.
    #[error("age is {age:.3} s, expected {min:.3} to {max:.3}")]
    Stale {
        /// Age of the message, s.
        age: f64,
        /// Lowest age accepted, s; below zero by the tolerance of the clocks.
        min: f64,
        /// Highest age accepted, s.
        max: f64,
    },
    /// The same message again.
    #[error("the same message again, stamp {0}")]
    Duplicate(i64),
    /// A stamp before that of a message already acted on.
    #[error("stamp {stamp} is before {last}, already seen")]
    Backwards {
        /// Stamp of the message.
        stamp: i64,
        /// Newest stamp seen.
        last: i64,
    },
    /// A plan made before the last enabling.
    #[error("epoch {found}, expected {expected}")]
    OldEpoch {
        /// Epoch of the plan.
        found: u64,
        /// The current epoch.
        expected: u64,
    },
}

impl Refusal {
    /// One word for counting.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFinite { .. } => "non-finite",
            Self::Size { .. } => "mis-sized",
            Self::MissingJoint(_) | Self::DoubleJoint(_) | Self::WrongJoint { .. } => "mis-named",
            Self::Stale { .. } => "stale",
            Self::Duplicate(_) => "duplicated",
            Self::Backwards { .. } => "out of order",
            Self::OldEpoch { .. } => "old epoch",
        }
    }
}
