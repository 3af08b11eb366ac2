//! What the window is told.

mod curves;
mod futures;
mod values;
mod words;

use super::session::Session;
use sim::Env;
use sim::shapes::Placement;
use viewer::stream::Telemetry;

/// Centre and radius of what there is to see.
pub fn view(env: &Env) -> ([f32; 3], f32) {
    let placements = env.placements();
    let (mut aside, mut height): (f32, f32) = (0.3, 0.0);
    for part in &env.task().appearance().parts {
        // The ground goes on for ever.
        let Some(body) = part.body else { continue };
        let [x, y, z] = placements[body].apply(part.placement.position);
        aside = aside.max(x.hypot(y));
        height = height.max(z);
    }
    ([0.0, 0.0, height / 2.0], aside.max(height).min(0.5))
}

/// Bodies on their way from one control step to the next.
pub fn between(before: &[Placement], now: &[Placement], share: f32) -> Vec<Placement> {
    let mix = |(a, b): (&Placement, &Placement)| {
        let dot: f32 = (0..4).map(|i| a.rotation[i] * b.rotation[i]).sum();
        let sign = dot.signum();
        let mut rotation: [f32; 4] =
            std::array::from_fn(|i| a.rotation[i] + (sign * b.rotation[i] - a.rotation[i]) * share);
        let length = rotation.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-9);
        rotation.iter_mut().for_each(|x| *x /= length);
        Placement {
            position: std::array::from_fn(|i| {
                a.position[i] + (b.position[i] - a.position[i]) * share
            }),
            rotation,
        }
    };
    before.iter().zip(now).map(mix).collect()
}

/// All of it.
pub fn telemetry(session: &mut Session) -> Telemetry {
    let speed = session.pacer.factor();
    let session = &*session;
    let thought = session.mind.thought.as_deref();
    let shown = thought.filter(|_| session.switches.overlays && session.switches.plan);
    Telemetry {
        epoch: session.epoch,
        paths: futures::paths(session, shown),
        ghosts: futures::ghosts(session, shown),
        plots: curves::plots(session, shown),
        landscape: shown.and_then(|t| t.landscape.clone()),
        lamps: words::lamps(session),
        status: words::status(session, thought, speed),
        banner: words::banner(session),
        message: session.message().cloned(),
        values: values::values(session, thought, speed),
    }
}
