//! How a model of images is to look: the part of a recipe that names what is looked for.

use crate::anchors;
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use sim::Task;
use sim::shapes::{Appearance, Part};
use std::sync::Arc;
use world_model::DistilConfig;
use world_model::sight::{Finder, ImageShape, Landmark, LocaliserConfig, SightSpec};

/// Spread of a colour's channels, of their sum, below which it is a shade of grey, as floors and walls are.
const GREY: f32 = 0.2;

/// Whether a colour can be told from grey.
fn stands_out(colour: [f32; 3]) -> bool {
    let (low, high) = (
        colour.iter().copied().fold(1.0, f32::min),
        colour.iter().copied().fold(0.0, f32::max),
    );
    high - low > GREY * colour.iter().sum::<f32>()
}

/// Encoders of images.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum SightKind {
    /// Landmarks found by their colours, and a window around the first.
    #[default]
    Glimpse,
    /// The same, with landmarks found by a network.
    Localised,
    /// The whole frame.
    Frame,
    /// The whole frame, taught the latents of a model of states.
    Distilled,
}

/// How a model looks.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SightConfig {
    /// The encoder.
    pub kind: SightKind,
    /// Side of the square picture of each view, pixels. Default 64.
    pub size: usize,
    /// Bodies that a glimpse looks for, parts of them, as `body.part`, or what stands still and belongs to none, by its own name;
    /// the window is around the first. Default: object and effector of the task.
    pub landmarks: Vec<String>,
    /// Whether a localised landmark is where most of its pixels are close together: no for those larger than 28 pixels. Default
    /// yes.
    pub attended: bool,
    /// Whether a second network corrects where localised landmarks are found. Default no.
    pub refined: bool,
    /// Whether that network reads all parts of a body at once, from around the first one that is named. Default no.
    pub joint: bool,
    /// Shares of a pixel below this count as nothing where landmarks are localised: less finds more of what is mostly hidden. Default
    /// 0.3.
    pub faint: f32,
    /// Whether the further parts of a body are told by how far they are from its first one, in which its turning shows. Default no.
    pub offsets: bool,
    /// Landmarks besides, which stand still and whose being found elsewhere means that the camera has moved: the others are told as a
    /// camera in its own place would see them. Default none.
    pub anchors: Vec<String>,
    /// Side of the window, pixels; zero for none. Default 24.
    pub window: usize,
    /// Whether the window shows hues. Default no.
    pub coloured: bool,
    /// How the network that finds landmarks is trained.
    pub localiser: LocaliserConfig,
    /// How an encoder is taught the latents of a model of states.
    pub distil: DistilConfig,
}

impl Default for SightConfig {
    fn default() -> Self {
        Self {
            kind: SightKind::default(),
            size: 64,
            landmarks: Vec::new(),
            attended: true,
            refined: false,
            joint: false,
            faint: 0.3,
            offsets: false,
            anchors: Vec::new(),
            window: 24,
            coloured: false,
            localiser: LocaliserConfig::default(),
            distil: DistilConfig::default(),
        }
    }
}

impl SightConfig {
    /// Steps of the network that corrects where landmarks are found: as many as of the one that finds them.
    pub fn refining_steps(&self) -> usize {
        if self.refined {
            self.localiser.steps
        } else {
            0
        }
    }

    /// What a sight of one of the `task`'s models looks for, in images of its size.
    pub fn looking_for(spec: &SightSpec, task: &Task) -> Self {
        let names = |anchors: bool| {
            let found = spec.landmarks().iter();
            let found = found.filter(|landmark| landmark.is_anchor() == anchors);
            found.map(|landmark| landmark.name.clone()).collect()
        };
        Self {
            size: spec.image().width / task.views(),
            landmarks: names(false),
            anchors: names(true),
            ..Self::default()
        }
    }

    /// Size of the images of a task: its views beside each other.
    pub fn image(&self, task: &Task) -> ImageShape {
        ImageShape {
            width: task.views() * self.size,
            height: self.size,
        }
    }

    /// 1 + index of the landmark that each part of the task's appearance belongs to, 0 for none. A part that is looked for
    /// itself does not belong to its body.
    ///
    /// # Errors
    /// A body that the task does not have, or a part of one.
    pub fn landmark_of_parts(&self, task: &Task) -> Result<Vec<u8>> {
        let looked_for = self.looked_for(task)?;
        let landmark = |part: &Part| {
            let is = |named: &dyn Fn(Option<&str>) -> bool| {
                let mut all = looked_for.iter();
                all.position(|&(body, name)| part.body == body && named(name))
            };
            let own = is(&|name| name == Some(part.name.as_str()));
            let index = own.or_else(|| is(&|name| name.is_none()));
            index.map_or(0, |index| index as u8 + 1)
        };
        Ok(task.appearance().parts.iter().map(landmark).collect())
    }

    /// What is looked for: bodies, as indices into the task's appearance, and which part of each; none for all of it. What belongs to no
    /// body is a part of none: it stands still, and tells where the camera is.
    fn looked_for<'a>(&'a self, task: &'a Task) -> Result<Vec<(Option<usize>, Option<&'a str>)>> {
        let goal = &task.spec().goal;
        let moving: Vec<&str> = match self.landmarks.as_slice() {
            [] => std::iter::once(goal.of.as_str())
                .chain(goal.effector.as_deref())
                .collect(),
            named => named.iter().map(String::as_str).collect(),
        };
        let anchors = self.anchors.iter().map(String::as_str);
        let named: Vec<&str> = moving.into_iter().chain(anchors).collect();
        let appearance = task.appearance();
        named
            .into_iter()
            .map(|name| {
                let (body, part) = match name.split_once('.') {
                    Some((body, part)) => (body, Some(part)),
                    None => (name, None),
                };
                let still = parts_of(appearance, None);
                if self.anchors.iter().any(|anchor| anchor == name) && !still.contains(&name) {
                    bail!(
                        "anchor '{name}': expected what stands still in task '{}' ({})",
                        task.name(),
                        still.join(", ")
                    );
                }
                let Some(body) = appearance.bodies.iter().position(|b| b == body) else {
                    if still.contains(&name) {
                        return Ok((None, Some(name)));
                    }
                    bail!(
                        "landmark '{name}': expected a body of task '{}' ({}) or what stands still in it ({})",
                        task.name(),
                        appearance.bodies.join(", "),
                        still.join(", ")
                    );
                };
                let parts = parts_of(appearance, Some(body));
                if let Some(part) = part
                    && !parts.contains(&part)
                {
                    bail!(
                        "landmark '{name}': expected one of the parts {}",
                        parts.join(", ")
                    );
                }
                Ok((Some(body), part))
            })
            .collect()
    }

    /// What a model with this sight looks at in a task.
    ///
    /// # Errors
    /// A body that the task does not have, an anchor that moves or that a camera does not see.
    pub fn spec(&self, task: &Arc<Task>) -> Result<SightSpec> {
        let image = self.image(task);
        let finder = match self.kind {
            SightKind::Frame | SightKind::Distilled => return Ok(SightSpec::Frame { image }),
            SightKind::Glimpse => Finder::Colours,
            SightKind::Localised => Finder::Learned {
                hidden: self.localiser.hidden.clone(),
                attended: self.attended,
                refined: self.refined,
                joint: self.joint,
                faint: self.faint,
            },
        };
        let appearance = task.appearance();
        let landmark = |(body, named): (Option<usize>, Option<&str>)| {
            let mut colours: Vec<[f32; 3]> = Vec::new();
            for part in appearance.parts.iter().filter(|p| p.body == body) {
                let [r, g, b, _] = part.colour;
                if named.is_none_or(|name| part.name == name)
                    && stands_out([r, g, b])
                    && !colours.contains(&[r, g, b])
                {
                    colours.push([r, g, b]);
                }
            }
            let body = body.map(|body| appearance.bodies[body].as_str());
            let named: Vec<&str> = body.into_iter().chain(named).collect();
            let name = named.join(".");
            Landmark {
                name,
                colours,
                stands: Vec::new(),
            }
        };
        let looked_for = self.looked_for(task)?;
        let moving = looked_for.len() - self.anchors.len();
        let mut landmarks: Vec<Landmark> = looked_for.into_iter().map(landmark).collect();
        let numbered = landmarks.iter().enumerate().skip(moving);
        let anchors: Vec<(u8, &str)> = numbered
            .map(|(index, anchor)| (index as u8 + 1, anchor.name.as_str()))
            .collect();
        let stand = anchors::places(self, task, &anchors)?;
        for (anchor, stands) in landmarks[moving..].iter_mut().zip(stand) {
            anchor.stands = stands;
        }
        Ok(SightSpec::Glimpse {
            image,
            views: task.views(),
            landmarks,
            window: (self.window > 0).then_some(self.window),
            coloured: self.coloured,
            finder,
            offsets: self.offsets,
        })
    }
}

/// Names of the parts of a body, or of what belongs to none.
fn parts_of(appearance: &Appearance, body: Option<usize>) -> Vec<&str> {
    let parts = appearance.parts.iter().filter(|p| p.body == body);
    parts.map(|part| part.name.as_str()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::path::Path;

    fn task(name: &str) -> Arc<Task> {
        let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
        Arc::new(Task::load(&assets, name).unwrap())
    }

    fn looking_for(landmarks: &[&str], anchors: &[&str]) -> SightConfig {
        let names = |of: &[&str]| of.iter().map(|&name| name.to_owned()).collect();
        SightConfig {
            landmarks: names(landmarks),
            anchors: names(anchors),
            ..SightConfig::default()
        }
    }

    fn drive(landmarks: &[&str]) -> (SightConfig, Arc<Task>) {
        (looking_for(landmarks, &[]), task("drive"))
    }

    #[test]
    fn a_part_of_a_body_is_a_landmark_of_its_own_colour() {
        let (config, task) = drive(&["car", "car.bonnet"]);
        let SightSpec::Glimpse { landmarks, .. } = config.spec(&task).unwrap() else {
            panic!("expected a glimpse");
        };
        let names: Vec<&str> = landmarks.iter().map(|l| l.name.as_str()).collect();
        assert_eq!(names, ["car", "car.bonnet"]);
        assert_eq!(landmarks[1].colours.len(), 1);
        assert!(
            landmarks[0].colours.len() > 1
                && landmarks[0].colours.contains(&landmarks[1].colours[0])
        );
    }

    #[test]
    fn what_stands_still_is_a_landmark_by_its_own_name() {
        let (config, task) = drive(&["car", "floor"]);
        let SightSpec::Glimpse { landmarks, .. } = config.spec(&task).unwrap() else {
            panic!("expected a glimpse");
        };
        assert_eq!(landmarks[1].name, "floor");
        let of_parts = config.landmark_of_parts(&task).unwrap();
        let parts = task.appearance().parts.iter().zip(of_parts);
        let found: Vec<&str> = parts
            .filter(|(_, landmark)| *landmark == 2)
            .map(|(part, _)| part.name.as_str())
            .collect();
        assert_eq!(found, ["floor"]);
    }

    #[test]
    fn anchors_stand_where_every_camera_sees_them() {
        let bottle = task("bottle");
        let config = looking_for(&["bottle"], &["stud_nw", "stud_se"]);
        let SightSpec::Glimpse { landmarks, .. } = config.spec(&bottle).unwrap() else {
            panic!("expected a glimpse");
        };
        let [moving, north_west, south_east] = landmarks.as_slice() else {
            panic!("expected three landmarks, got {landmarks:?}");
        };
        assert!(moving.stands.is_empty());
        // From above: x right, y down. From the side, what is farther away is higher and less far out.
        let [above, side] = north_west.stands[..] else {
            panic!("expected two views");
        };
        assert!(above[0] < -0.7 && above[1] < -0.7, "{above:?}");
        let [_, near] = south_east.stands[..] else {
            panic!("expected two views");
        };
        assert!(side[0] > -near[0] && side[1] < near[1], "{side:?} {near:?}");
    }

    #[test]
    fn anchors_that_move_or_are_not_seen_are_refused() {
        let error = |anchor, task| {
            let spec = looking_for(&[], &[anchor]).spec(&task);
            spec.unwrap_err().to_string()
        };
        let moves = error("pusher", task("bottle"));
        assert!(
            moves.contains("'pusher'") && moves.contains("stud_nw"),
            "{moves}"
        );
        let away = tempfile::tempdir().unwrap();
        let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
        for (folder, file) in [("scenes", "bottle.xml"), ("tasks", "bottle.toml")] {
            std::fs::create_dir_all(away.path().join(folder)).unwrap();
            let text = std::fs::read_to_string(assets.join(folder).join(file)).unwrap();
            let text = text.replace("pos=\"0.37 0.39", "pos=\"3.7 0.39");
            std::fs::write(away.path().join(folder).join(file), text).unwrap();
        }
        let task = Arc::new(Task::load(away.path(), "bottle").unwrap());
        let unseen = error("stud_ne", task);
        assert!(
            unseen.contains("'stud_ne'") && unseen.contains("camera 0"),
            "{unseen}"
        );
    }

    #[test]
    fn what_is_not_there_is_named() {
        let error = |landmark| {
            let (config, task) = drive(&[landmark]);
            config.spec(&task).unwrap_err().to_string()
        };
        assert!(error("lorry").contains("'lorry'") && error("lorry").contains("pole_north"));
        assert!(
            error("car.wings").contains("'car.wings'") && error("car.wings").contains("bonnet")
        );
    }

    #[test]
    fn a_part_belongs_to_its_own_landmark_before_its_bodys() {
        let (config, task) = drive(&["car", "car.bonnet", "pole_north"]);
        let landmarks = config.landmark_of_parts(&task).unwrap();
        let appearance = task.appearance();
        let car = appearance.bodies.iter().position(|b| b == "car");
        for (part, landmark) in appearance.parts.iter().zip(landmarks) {
            let of_car = part.body == car;
            match landmark {
                1 => assert!(of_car && part.name != "bonnet", "{}", part.name),
                2 => assert!(of_car && part.name == "bonnet", "{}", part.name),
                3 => assert!(!of_car && part.body.is_some(), "{}", part.name),
                _ => assert!(!of_car && landmark == 0, "{}: {landmark}", part.name),
            }
        }
    }
}
