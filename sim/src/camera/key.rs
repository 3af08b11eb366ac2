//! When a background can be used again.

use super::Moment;
use super::look::Scenery;
use super::stage::Stage;
use crate::shapes::Placement;

/// What a background depends on.
#[derive(Clone, PartialEq)]
pub(super) struct Key {
    /// Values of the visual factors.
    values: Vec<f32>,
    /// Nothing while no factor draws a place.
    scenery: Option<Scenery>,
    /// Bodies that physics does not move.
    settled: Vec<Placement>,
}

impl Key {
    pub fn of(stage: &Stage, placements: &[Placement], moment: &Moment) -> Self {
        Self {
            values: values(stage, moment).collect(),
            scenery: scenery(stage, moment),
            settled: settled(stage, placements).copied().collect(),
        }
    }

    /// Whether [`Self::of`] would give this, without making it.
    pub fn holds(&self, stage: &Stage, placements: &[Placement], moment: &Moment) -> bool {
        self.values.iter().copied().eq(values(stage, moment))
            && self.scenery == scenery(stage, moment)
            && self.settled.iter().eq(settled(stage, placements))
    }
}

fn values<'a>(stage: &'a Stage, moment: &'a Moment) -> impl Iterator<Item = f32> + 'a {
    let value = |index: usize| moment.factors.get(index).copied().unwrap_or_default();
    stage.factors.iter().map(move |f| value(f.index))
}

/// What places are drawn from, if a factor draws one.
fn scenery(stage: &Stage, moment: &Moment) -> Option<Scenery> {
    let mut factors = stage.factors.iter().zip(values(stage, moment));
    factors
        .any(|(f, value)| f.kind.has_place() && value != f.kind.neutral())
        .then_some(moment.scenery)
}

fn settled<'a>(
    stage: &'a Stage,
    placements: &'a [Placement],
) -> impl Iterator<Item = &'a Placement> + 'a {
    let bodies = placements.iter().zip(&stage.settled);
    bodies.filter(|(_, settled)| **settled).map(|(p, _)| p)
}
