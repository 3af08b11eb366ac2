//! The task file: plain data, checked for unknown keys on reading. See `assets/tasks/*.toml` for worked examples.

use serde::Deserialize;
use std::collections::BTreeMap;

/// A task as written in its TOML file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskSpec {
    /// Name, equal to the file's stem.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// MJCF file in the `scenes` folder.
    pub scene: String,
    /// Rates and solver scale.
    pub control: ControlSpec,
    /// Joints that together move like a car.
    #[serde(default)]
    pub bicycle: Option<BicycleSpec>,
    /// One entry for each axis of the action vector.
    pub action: Vec<ActionSpec>,
    /// Terms concatenated into the state observation.
    pub observation: Vec<ObservationSpec>,
    /// What must hold at the end.
    pub goal: GoalSpec,
    /// How a start is drawn.
    pub reset: Vec<ResetSpec>,
    /// Starts that are drawn again.
    #[serde(default)]
    pub reject: Vec<RejectSpec>,
    /// Factors of variation.
    #[serde(default)]
    pub factor: Vec<FactorSpec>,
    /// Where pictures are taken from, view by view; left out, from an oblique side.
    #[serde(default)]
    pub camera: Vec<CameraSpec>,
    /// Named settings of the factors: a number fixes a factor, a pair draws it uniformly.
    #[serde(default)]
    pub variants: BTreeMap<String, BTreeMap<String, FactorRange>>,
}

/// Rates and solver scale.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlSpec {
    /// Control steps per second.
    pub rate_hz: u32,
    /// Physics steps per second, a whole multiple of `rate_hz`.
    pub physics_hz: u32,
    /// Typical size of an object, metres; scales the contact solver's tolerances.
    pub length_unit_m: f32,
}

/// Where pictures are taken from. The vertical is upright in them; seen from straight above, y points up.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CameraSpec {
    /// Position of the camera, metres.
    pub eye: [f32; 3],
    /// Point in the middle of the picture, metres.
    pub target: [f32; 3],
    /// Vertical field of view; of this and `height_m`, one.
    pub fov_deg: Option<f32>,
    /// Height of what an orthographic camera sees, metres.
    pub height_m: Option<f32>,
    /// Towards the light, of any length.
    pub light: Option<[f32; 3]>,
}

/// A car as a kinematic bicycle: it moves along its heading and never sideways, and turns at `speed / wheelbase * tan(steering
/// angle)`. Its point of reference is the middle of the rear axle.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BicycleSpec {
    /// MJCF velocity actuators of the slides along x and y and of the hinge about z.
    pub actuators: [String; 3],
    /// Distance between the axles, metres.
    pub wheelbase_m: f32,
}

/// What an axis of the action does.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum ActionMode {
    /// The action is the velocity target of a velocity servo.
    Velocity,
    /// The action is the rate at which a position servo's target moves; the target stays within the joint's range.
    PositionRate,
    /// The action is the speed of the bicycle along its heading, backwards below zero; it drives no actuator by itself.
    Speed,
    /// The action is the steering angle of the bicycle, to the left above zero; it drives no actuator by itself.
    Steering,
}

/// One axis of the action vector, normalised to [-1, 1].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionSpec {
    /// Name shown to people.
    pub name: String,
    /// MJCF actuator that it drives; none for `speed` and `steering`.
    #[serde(default)]
    pub actuator: Option<String>,
    /// Further actuators that get the same command, such as the second finger of a gripper.
    #[serde(default)]
    pub also: Vec<String>,
    /// Meaning of the value.
    pub mode: ActionMode,
    /// Physical value at 1: m/s for slides and `speed`, rad/s for hinges, rad for `steering`.
    pub scale: f32,
    /// How far a `position_rate` target may lead the measured coordinate (m or rad). A joint that is held back by a contact
    /// then answers at once when the rate is reversed. Unlimited when left out.
    #[serde(default)]
    pub max_lead: Option<f32>,
}

/// One term of the state observation.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ObservationSpec {
    /// Joint coordinates (m or rad).
    JointPosition {
        /// MJCF joints.
        joints: Vec<String>,
    },
    /// Joint velocities (m/s or rad/s).
    JointVelocity {
        /// MJCF joints.
        joints: Vec<String>,
    },
    /// Targets of the servos on these joints (m or rad; m/s or rad/s for velocity servos).
    JointTarget {
        /// MJCF joints.
        joints: Vec<String>,
    },
    /// World position of a body or site (m).
    Position {
        /// Body or site.
        of: String,
        /// Any of x, y, z.
        axes: String,
    },
    /// World velocity of a body (m/s).
    Velocity {
        /// Body.
        of: String,
        /// Any of x, y, z.
        axes: String,
    },
    /// Cosine and sine of a body's yaw.
    Yaw {
        /// Body.
        of: String,
    },
    /// Angular velocity about the vertical (rad/s).
    YawRate {
        /// Body.
        of: String,
    },
    /// The body's own z axis in the world: (0, 0, 1) where it stands upright.
    UpAxis {
        /// Body.
        of: String,
    },
    /// Angular velocity in the world (rad/s).
    AngularVelocity {
        /// Body.
        of: String,
        /// Any of x, y, z.
        axes: String,
    },
    /// Value of a condition of the goal, now.
    Condition {
        /// The condition.
        name: String,
    },
    /// Value of a factor of variation.
    Factor {
        /// The factor.
        name: String,
    },
}

/// What must hold at the end of an episode.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoalSpec {
    /// Body or site whose pose counts.
    pub of: String,
    /// Axes of its position that count.
    pub axes: String,
    /// Greatest distance that counts as reached, metres.
    pub position_tolerance_m: f32,
    /// Greatest yaw error that counts as reached; absent when orientation does not count.
    pub yaw_tolerance_deg: Option<f32>,
    /// What the robot touches the object with; absent when the robot itself is to be moved.
    pub effector: Option<String>,
    /// Axes along which exploration moves the effector about the object. Default: those of `axes`.
    pub effector_axes: Option<String>,
    /// Turn that pairs of the `turn` tier ask for. Default 20.
    pub turn_deg: Option<f32>,
    /// What else must be as in the goal.
    #[serde(default)]
    pub condition: Vec<ConditionSpec>,
    /// What is to be kept away from on the way. Whether a goal is reached does not depend on it.
    #[serde(default)]
    pub clearance: Vec<ClearanceSpec>,
    /// The condition that the goal must have for its position and yaw to count. Default: they always count.
    pub position_counts_when: Option<String>,
}

/// Something that holds or does not, as an entry in `[0, 1]` of pose vectors. It must agree with the goal's to within one half.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionSpec {
    /// Name by which it is shown and observed.
    pub name: String,
    /// What is looked at.
    pub kind: ConditionKind,
    /// Body that it is about.
    pub of: String,
    /// Other bodies.
    #[serde(default)]
    pub with: Vec<String>,
    /// Tilt at which `upright` is one half, degrees.
    pub tilt_deg: Option<f32>,
    /// Which goals a benchmark asks for. Default `any`.
    #[serde(default)]
    pub goals: GoalShare,
    /// What an error of one tolerance costs a planner, in tolerances of the position. Default 1; without weight an imagined episode
    /// still goes on where the condition is not as in the goal.
    pub weight: Option<f32>,
}

/// A distance that planners keep, as an entry in `[0, 1]` of pose vectors: the smallest gap over `margin_m`, at most one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClearanceSpec {
    /// Name by which it is shown.
    pub name: String,
    /// Body that keeps away.
    pub of: String,
    /// Bodies that it keeps away from.
    pub from: Vec<String>,
    /// Gap from which on it no longer matters, metres.
    pub margin_m: f32,
    /// What no gap at all costs a planner on the decoded or true pose, in tolerances of the position; it falls with the square of what
    /// is missing to none at the margin. Default 1.
    pub weight: Option<f32>,
}

/// What a condition looks at.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum ConditionKind {
    /// One where the body's z axis points up, falling with the angle from there to one half at `tilt_deg` and zero at twice
    /// that.
    Upright,
    /// One while the body touches all of the others, such as the fingers of a gripper.
    Held,
    /// One until the body touches any of the others, and zero from then on until the next reset.
    Clear,
}

/// Which values of a condition the goals of a benchmark have.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum GoalShare {
    /// Whatever a reachable future brings.
    #[default]
    Any,
    /// It always holds.
    Always,
    /// It holds in every other goal.
    Half,
}

/// How one part of a start is drawn, uniformly.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ResetSpec {
    /// Joint coordinates.
    Joints {
        /// MJCF joints.
        joints: Vec<String>,
        /// Lower bounds (m or rad).
        low: Vec<f32>,
        /// Upper bounds.
        high: Vec<f32>,
    },
    /// A free body on the ground, upright; its height stays as in the scene.
    PlanarPose {
        /// Body with a free joint.
        body: String,
        /// Metres.
        x: [f32; 2],
        /// Metres.
        y: [f32; 2],
        /// Degrees.
        yaw_deg: [f32; 2],
    },
}

/// A start that is drawn again.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum RejectSpec {
    /// Two bodies or sites closer than this, metres between their origins.
    Closer {
        /// One.
        a: String,
        /// The other.
        b: String,
        /// Metres.
        distance_m: f32,
    },
    /// A body or site whose coordinate lies inside a band.
    Band {
        /// Body or site.
        of: String,
        /// x, y or z.
        axis: char,
        /// Metres.
        low: f32,
        /// Metres.
        high: f32,
    },
}

/// A factor of variation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactorSpec {
    /// Name by which observations, variants and shifts refer to it.
    pub name: String,
    /// What it changes.
    pub kind: FactorKind,
    /// Bodies that it applies to; for a factor that only changes how things are drawn, every body when left out.
    #[serde(default)]
    pub bodies: Vec<String>,
    /// Direction of a shift.
    pub axis: Option<char>,
    /// Value when no variant sets it.
    pub nominal: f32,
    /// Values that the scene bears.
    pub range: [f32; 2],
}

/// What a factor changes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// Moves bodies along an axis, metres from where the scene has them.
    Shift,
    /// Multiplies the bodies' friction coefficients.
    Friction,
    /// Multiplies the bodies' mass and inertia.
    Mass,
    /// Multiplies the bodies' dimensions about their origins; mass stays, inertia follows. A free body on the ground still stands
    /// on it.
    Size,
    /// Multiplies the brightness of the light.
    Light,
    /// Turns the light about the vertical, degrees.
    LightTurn,
    /// Turns the hue of the bodies' colours, degrees.
    Colour,
    /// Moves the picture in a drawn direction, pixels of an image 64 high.
    CameraJitter,
    /// Draws so many flat shapes of the object's colour on the floor.
    Distractor,
    /// Contrast of a pattern on bodies and world, 0 to 1.
    Texture,
    /// Darkness of a soft shadow over the scene, 0 to 1.
    Shadow,
    /// Width of a bar before the scene, pixels of an image 64 high.
    Occluder,
}

impl FactorKind {
    /// Whether it changes only how things are drawn.
    pub fn is_visual(self) -> bool {
        !matches!(self, Self::Shift | Self::Friction | Self::Mass | Self::Size)
    }

    /// Whether something that is drawn from the seed of the episode goes with it.
    pub fn has_place(self) -> bool {
        self.is_visual() && !matches!(self, Self::Light | Self::LightTurn | Self::Colour)
    }

    /// The value at which it changes nothing.
    pub fn neutral(self) -> f32 {
        match self {
            Self::Friction | Self::Mass | Self::Size | Self::Light => 1.0,
            _ => 0.0,
        }
    }
}

/// A fixed value, or a range to draw from.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum FactorRange {
    /// Always this value.
    Fixed(f32),
    /// Uniform between the two.
    Uniform([f32; 2]),
}
