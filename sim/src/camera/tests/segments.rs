//! Which body and which part each pixel belongs to, and how far away it is.

use super::*;
use crate::shapes::{Part, Placement};

#[test]
fn parts_are_seen_where_their_bodies_are() {
    for task in tasks() {
        let mut camera = task.camera(SIDE, SIDE).unwrap();
        let mut env = env(&task, 4);
        explore(&mut env, 4, 10);
        let (mut bodies, mut parts) = (vec![0; SIDE * SIDE], vec![0; SIDE * SIDE]);
        env.segment_into(&mut camera, &mut bodies).unwrap();
        env.segment_parts_into(&mut camera, &mut parts).unwrap();
        let shapes = &task.appearance().parts;
        let mut seen = std::collections::HashSet::new();
        for (&body, &part) in bodies.iter().zip(&parts) {
            let part = usize::from(part).checked_sub(1).map(|index| &shapes[index]);
            let expected = part.and_then(|p| p.body).map_or(0, |b| b as u8 + 1);
            assert_eq!(body, expected, "{}", task.name());
            seen.extend(part.map(|p| p.name.clone()));
        }
        assert!(seen.len() > 2, "{}: only {seen:?}", task.name());
    }
}

#[test]
fn pictures_agree_with_rays_through_the_engine() {
    // The nearest body by an independent way: a ray through the middle of each pixel. Cylinders are boxes there.
    for task in tasks() {
        let mut camera = task.camera(SIDE, SIDE).unwrap();
        let mut env = env(&task, 4);
        explore(&mut env, 4, 10);
        let (mut bodies, mut metres) = (vec![0; SIDE * SIDE], vec![0.0; SIDE * SIDE]);
        let mut parts = vec![0; SIDE * SIDE];
        env.segment_into(&mut camera, &mut bodies).unwrap();
        env.segment_parts_into(&mut camera, &mut parts).unwrap();
        env.depth_into(&mut camera, &mut metres).unwrap();
        let spec = &task.spec().camera[0];
        let Some(angle) = spec.fov_deg else { continue };
        let (eye, target) = (
            Vector::from_array(spec.eye),
            Vector::from_array(spec.target),
        );
        let forward = (target - eye).normalize();
        let right = forward.cross(Vector::Z).normalize();
        let down = forward.cross(right);
        let half = (angle.to_radians() / 2.0).tan();
        let (placements, still) = (env.placements(), Placement::IDENTITY);
        let mut compared = 0;
        for pixel in 0..SIDE * SIDE {
            let slope = |i: usize| ((i as f32 + 0.5) / SIDE as f32 * 2.0 - 1.0) * half;
            let direction = forward + right * slope(pixel % SIDE) + down * slope(pixel / SIDE);
            let hit = task
                .appearance()
                .pick(&placements, eye.to_array(), direction.to_array());
            let Some((body, along)) = hit else {
                assert_eq!(metres[pixel], f32::INFINITY);
                continue;
            };
            let all = &task.appearance().parts;
            let is_round = |p: &Part| matches!(p.geometry, Geometry::Cylinder { .. });
            // Of what stands still and is not all one, the part that is met or drawn there.
            let round = match body {
                Some(_) => all.iter().any(|p| p.body == body && is_round(p)),
                None => {
                    let met = |p: &Part| {
                        let far = p.distance(&still, eye.to_array(), direction.to_array());
                        p.body.is_none() && far == Some(along)
                    };
                    let drawn = parts[pixel].checked_sub(1).map(|p| &all[usize::from(p)]);
                    drawn.is_some_and(is_round) || all.iter().any(|p| is_round(p) && met(p))
                }
            };
            // The engine's planes have no end.
            if metres[pixel] == f32::INFINITY || round {
                continue;
            }
            let expected = body.map_or(0, |b| b as u8 + 1);
            let close = (metres[pixel] - along).abs() < 1.0e-3;
            // Where two bodies share a surface, either will do.
            let shared = bodies[pixel].checked_sub(1).is_some_and(|b| {
                let b = usize::from(b);
                let mut parts = task.appearance().parts_of(b);
                parts.any(|p| {
                    let far = p.distance(&placements[b], eye.to_array(), direction.to_array());
                    far.is_some_and(|far| (far - along).abs() < 1.0e-5)
                })
            });
            assert!(
                close && (bodies[pixel] == expected || shared),
                "{} pixel {pixel}: {} m of {}, expected {along} m of {expected}",
                task.name(),
                metres[pixel],
                bodies[pixel]
            );
            compared += 1;
        }
        assert!(compared > SIDE * SIDE / 2, "{compared}");
    }
}
