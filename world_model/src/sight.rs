//! Seeing: from camera images to the values that the encoder reads.
//!
//! A *glimpse* looks for landmarks, gives their coordinates in the image, and cuts out a small window around the first of
//! them. Landmarks are found by their colours, which somebody must have named, or by a network that has learned what they
//! look like ([`Localiser`]). A *frame* is the whole picture, in patches. Nothing here knows a pose.

mod accuracy;
mod anchors;
mod colours;
mod front;
mod glimpse;
mod image;
mod labels;
mod localiser;
mod refiner;
mod spec;
#[cfg(test)]
mod tests;

pub use accuracy::{LandmarkAccuracy, accuracy};
pub use front::Stage;
pub use image::{ImageShape, SightError};
pub use labels::{LABEL_POINTS, LocaliserSample};
pub use localiser::{Localiser, LocaliserConfig, train_localiser};
pub use spec::{Finder, Landmark, SightSpec};

use crate::checkpoint::{Archive, CheckpointError, NamedTensor};
use crate::dataset::Episode;
use colours::ColourTable;
use glimpse::Mask;
use refiner::Refiner;
use spec::PATCH;

/// Images that an observation consists of: the present one and the one a control step before it, from which velocities are read.
pub const FRAMES: usize = 2;

/// Eyes: a spec, and the network where one finds the landmarks.
#[derive(Clone, Debug)]
pub struct Sight {
    spec: SightSpec,
    colours: Option<ColourTable>,
    localiser: Option<Localiser>,
}

/// What is seen in one image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Coordinates of the landmarks, `[views, landmarks, 2]`: x right and y down, a view from -1 to 1; the middle for one that
    /// is neither seen nor remembered. Those told by their offsets: how far they are from the first part of their body.
    pub coordinates: Vec<f32>,
    /// Which coordinates are known, `[views, landmarks]`: seen or remembered. A glimpse takes the middle for known, but of an
    /// anchor.
    pub known: Vec<bool>,
    /// The windows or the patches, in `[0, 1]`.
    pub picture: Vec<f32>,
    /// How many landmarks that may move are seen, over all views.
    pub seen: usize,
}

impl Sight {
    /// Eyes that look as `spec` says; `localiser` finds the landmarks where they are learned.
    ///
    /// # Errors
    /// [`SightError::Spec`] for a spec that cannot work.
    pub fn try_new(spec: SightSpec, localiser: Option<Localiser>) -> Result<Self, SightError> {
        spec.check()?;
        let mut colours = None;
        if let SightSpec::Glimpse {
            landmarks, finder, ..
        } = &spec
        {
            match (finder, &localiser) {
                (Finder::Colours, _) => colours = Some(ColourTable::new(landmarks)),
                (Finder::Learned { .. }, Some(localiser)) => {
                    localiser.check(&spec)?;
                }
                (Finder::Learned { .. }, None) => {
                    return Err(SightError::Spec {
                        what: "learned landmarks without a localiser".to_owned(),
                    });
                }
            }
        }
        Ok(Self {
            spec,
            colours,
            localiser,
        })
    }

    /// How it looks.
    pub fn spec(&self) -> &SightSpec {
        &self.spec
    }

    /// Looks at an image, RGB `[height, width, 3]`.
    ///
    /// # Errors
    /// [`SightError::Size`] for an image of another size.
    pub fn look(&self, image: &[u8]) -> Result<View, SightError> {
        self.look_within(image, None).map(|(view, _)| view)
    }

    /// The same, and how much each pixel belongs to each landmark; a localiser reads no more than these of its cells.
    fn look_within(
        &self,
        image: &[u8],
        cells: Option<&[bool]>,
    ) -> Result<(View, Vec<Mask>), SightError> {
        let shape = self.spec.image();
        shape.check_buffer(image)?;
        let (landmarks, window, coloured, views) = match &self.spec {
            SightSpec::Frame { .. } => {
                let picture = front::patches(image, shape, PATCH);
                let view = View {
                    picture,
                    ..View::default()
                };
                return Ok((view, Vec::new()));
            }
            SightSpec::Glimpse {
                landmarks,
                window,
                coloured,
                views,
                ..
            } => (landmarks, window, *coloured, *views),
        };
        let masks = self.masks(image, cells)?;
        let mut view = View::default();
        let told_from = self.spec.told_from();
        for part in 0..views {
            let first = view.known.len();
            let places = self.places(image, &masks, part)?;
            for (index, (mask, at)) in masks.iter().zip(&places).enumerate() {
                let part = mask.part(part, views);
                let anchor = landmarks[index].is_anchor();
                view.known
                    .push(at.is_some() || !anchor && !self.remembers());
                let centre = at.unwrap_or(part.centre());
                view.coordinates.extend(part.normalised(centre));
                if index == 0
                    && let Some(side) = window
                {
                    match coloured {
                        true => part.colour_window(image, centre, *side, &mut view.picture),
                        false => part.window(centre, *side, &mut view.picture),
                    }
                }
            }
            let seen = places.iter().zip(landmarks);
            view.seen += seen
                .filter(|(place, landmark)| place.is_some() && !landmark.is_anchor())
                .count();
            for (index, from) in told_from.iter().enumerate() {
                let Some(from) = from else { continue };
                let both = places[index].is_some() && places[*from].is_some();
                view.known[first + index] &= both || !self.remembers();
                for axis in 0..2 {
                    let origin = view.coordinates[2 * (first + from) + axis];
                    let told = &mut view.coordinates[2 * (first + index) + axis];
                    *told = if both { *told - origin } else { 0.0 };
                }
            }
        }
        Ok((view, masks))
    }

    /// How much each pixel belongs to each landmark; a localiser reads no more than these of its cells.
    fn masks(&self, image: &[u8], cells: Option<&[bool]>) -> Result<Vec<Mask>, SightError> {
        match (&self.colours, &self.localiser) {
            (Some(colours), _) => {
                let landmarks = self.spec.landmarks().len();
                Ok(colours.masks(image, self.spec.image(), landmarks))
            }
            (None, Some(localiser)) => localiser.masks(image, cells, self.spec.faint()),
            (None, None) => Ok(Vec::new()),
        }
    }

    /// Where each landmark is in one of the views, in pixels from its corner; none for one that is not seen.
    fn places(
        &self,
        image: &[u8],
        masks: &[Mask],
        view: usize,
    ) -> Result<Vec<Option<[f32; 2]>>, SightError> {
        let mut places = glimpse::places(masks, view, &self.spec);
        if let Some(refiner) = self.localiser.as_ref().and_then(Localiser::refiner) {
            refiner.correct(image, view, &self.spec.read_with(), &mut places)?;
        }
        Ok(places)
    }

    /// Whether a landmark that is not seen is where it was. Where colours find the landmarks the middle stands for it.
    fn remembers(&self) -> bool {
        self.localiser.is_some()
    }

    /// Leaves every landmark that `view` does not show where it was in an `earlier` view, with the window around the first. A part
    /// that is told by its offset is not remembered while another of its body is seen: it is turned away.
    fn remember(&self, view: &mut View, earlier: &View) {
        let SightSpec::Glimpse {
            landmarks, views, ..
        } = &self.spec
        else {
            return;
        };
        let window = view.picture.len() / views;
        let told_from = self.spec.told_from();
        let turned_away: Vec<bool> = (0..view.known.len())
            .map(|index| {
                let (of_view, from) = (
                    index - index % landmarks.len(),
                    told_from[index % landmarks.len()],
                );
                let mut others = told_from.iter().enumerate();
                from.is_some() && others.any(|(other, f)| *f == from && view.known[of_view + other])
            })
            .collect();
        for (index, known) in view.known.iter_mut().enumerate() {
            if *known || !earlier.known[index] || turned_away[index] {
                continue;
            }
            *known = true;
            let at = 2 * index..2 * index + 2;
            view.coordinates[at.clone()].copy_from_slice(&earlier.coordinates[at]);
            if index % landmarks.len() == 0 {
                let from = index / landmarks.len() * window;
                let at = from..from + window;
                view.picture[at.clone()].copy_from_slice(&earlier.picture[at]);
            }
        }
    }

    /// Appends what the encoder reads when `now` is seen after `before`, `[features]`. A landmark that is not known in both has
    /// not moved. Where there are anchors, coordinates are those that a camera in its own place would see.
    pub fn features(&self, now: &View, before: &View, out: &mut Vec<f32>) {
        let landmarks = self.spec.landmarks();
        let told_from = self.spec.told_from();
        let moving: Vec<(usize, usize)> = (0..self.spec.views())
            .flat_map(|view| (0..landmarks.len()).map(move |landmark| (view, landmark)))
            .filter(|(_, landmark)| !landmarks[*landmark].is_anchor())
            .collect();
        let shifts: Vec<[f32; 2]> = (0..self.spec.views())
            .map(|view| anchors::shift(landmarks, view, now))
            .collect();
        for &(view, landmark) in &moving {
            let at = 2 * (view * landmarks.len() + landmark);
            for (axis, shift) in shifts[view].iter().enumerate() {
                let shifted = told_from[landmark].is_none();
                out.push(now.coordinates[at + axis] - if shifted { *shift } else { 0.0 });
            }
        }
        for &(view, landmark) in &moving {
            let index = view * landmarks.len() + landmark;
            let both = now.known[index] && before.known[index];
            for at in [2 * index, 2 * index + 1] {
                let change = CHANGE_GAIN * (now.coordinates[at] - before.coordinates[at]);
                out.push(if both { change } else { 0.0 });
            }
        }
        out.extend(&now.picture);
        if let SightSpec::Frame { .. } = self.spec {
            out.extend(&before.picture);
        }
    }

    /// Looks at every image of an episode, the `index`-th of its data set, and remembers. In most of them something must be seen.
    ///
    /// # Errors
    /// [`SightError::Frame`] for the first image that cannot be looked at or in which nothing is seen.
    pub(crate) fn look_through(
        &self,
        index: usize,
        episode: &Episode,
    ) -> Result<Vec<View>, SightError> {
        let shape = self.spec.image();
        let fail = |frame: usize, what: SightError| SightError::Frame {
            episode: index,
            frame,
            what: Box::new(what),
        };
        let mut views: Vec<View> = Vec::with_capacity(episode.images.len());
        let mut blind = Vec::new();
        for (frame, file) in episode.images.iter().enumerate() {
            let view = shape.from_png(file).and_then(|image| self.look(&image));
            let mut view = view.map_err(|what| fail(frame, what))?;
            if view.seen == 0 {
                blind.push(frame);
            }
            if let Some(earlier) = views.last() {
                self.remember(&mut view, earlier);
            }
            views.push(view);
        }
        match (&self.spec, blind.first()) {
            (SightSpec::Glimpse { landmarks, .. }, Some(&first))
                if 2 * blind.len() > views.len() =>
            {
                let names: Vec<&str> = landmarks.iter().map(|l| l.name.as_str()).collect();
                let landmarks = names.join(", ");
                Err(fail(first, SightError::Nothing { landmarks }))
            }
            _ => Ok(views),
        }
    }

    /// The observations of an episode, the `index`-th of its data set, as the encoder reads them: `[frames, features]`.
    ///
    /// # Errors
    /// [`SightError::Frame`] for the first image that cannot be looked at or in which nothing is seen.
    pub fn observations(&self, index: usize, episode: &Episode) -> Result<Vec<f32>, SightError> {
        let views = self.look_through(index, episode)?;
        let mut values = Vec::with_capacity(views.len() * self.spec.features());
        for (frame, now) in views.iter().enumerate() {
            self.features(now, &views[frame.saturating_sub(1)], &mut values);
        }
        Ok(values)
    }

    /// Looks at two images in succession, each RGB `[height, width, 3]`, and appends what the encoder reads, `[features]`. What
    /// they do not show is where it was in a view of the same course that is given as `memory`. A localiser looks at the earlier one
    /// only around what the later one shows, for in one control step nothing goes further than that. Returns the view of `now`, to
    /// be the next memory.
    ///
    /// # Errors
    /// [`SightError::Size`] for images of another size.
    pub fn observe(
        &self,
        now: &[u8],
        before: &[u8],
        memory: Option<&View>,
        out: &mut Vec<f32>,
    ) -> Result<View, SightError> {
        let (mut now, masks) = self.look_within(now, None)?;
        let around = self.localiser.as_ref().map(|l| l.around(&masks));
        let (mut before, _) = self.look_within(before, around.as_deref())?;
        if let Some(memory) = memory {
            self.remember(&mut before, memory);
        }
        self.remember(&mut now, &before);
        self.features(&now, &before, out);
        Ok(now)
    }

    /// The networks that find the landmarks, as tensors of a file.
    pub(crate) fn tensors(&self) -> Vec<NamedTensor> {
        let Some(localiser) = &self.localiser else {
            return Vec::new();
        };
        let refiner = localiser.refiner().map_or(&[][..], Refiner::layers);
        let networks = [("sight", localiser.layers()), ("sight.refiner", refiner)];
        let layers = networks
            .iter()
            .flat_map(|(name, layers)| layers.iter().enumerate().map(move |(i, l)| (name, i, l)));
        layers
            .flat_map(|(name, index, layer)| layer.tensors(&format!("{name}.{index}")))
            .collect()
    }

    /// Name and hash of everything that decides what is seen: the spec, and the weights of the localiser.
    pub(crate) fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("{:?}", self.spec).as_bytes());
        for tensor in self.tensors() {
            hasher.update(tensor.name.as_bytes());
            for value in &tensor.values {
                hasher.update(&value.to_le_bytes());
            }
        }
        let hash = hasher.finalize().to_hex();
        format!("{} {}", self.spec.name(), &hash[..16])
    }

    /// Reads the eyes that a card describes.
    ///
    /// # Errors
    /// A tensor that is missing, misshapen or not finite, or a spec that cannot work.
    pub(crate) fn take_from(
        archive: &mut Archive,
        spec: SightSpec,
    ) -> Result<Self, CheckpointError> {
        let localiser = match &spec {
            SightSpec::Glimpse {
                image,
                views,
                landmarks,
                finder: Finder::Learned {
                    hidden, refined, ..
                },
                ..
            } => {
                let sizes = Localiser::sizes(hidden, landmarks.len());
                let layers = archive.take_network("sight", &sizes)?;
                let mut localiser =
                    Localiser::try_new(*image, layers).map_err(|e| archive.networks(&e))?;
                if *refined {
                    let sizes = Refiner::sizes(hidden, landmarks.len());
                    let layers = archive.take_network("sight.refiner", &sizes)?;
                    let refiner = Refiner::try_new(*image, *views, layers);
                    localiser = localiser.refined_by(refiner.map_err(|e| archive.networks(&e))?);
                }
                Some(localiser)
            }
            _ => None,
        };
        Self::try_new(spec, localiser).map_err(|e| archive.networks(&e))
    }
}

/// Changes of coordinates in one control step are small; this brings them to the size of the coordinates.
const CHANGE_GAIN: f32 = 10.0;
