//! What the visual factors change, and what they leave alone.

use super::*;

#[test]
fn visual_factors_change_the_picture_and_nothing_else() {
    for task in tasks() {
        let plain = env(&task, 6);
        let normal = picture(&plain);
        let visual = task.spec().factor.iter().filter(|f| f.kind.is_visual());
        for factor in visual {
            let name = &factor.name;
            assert_eq!(factor.nominal, factor.kind.neutral(), "{name}");
            let variant = Variant::of(&task, None).unwrap();
            let variant = variant.shifted(&task, name, factor.range[1]).unwrap();
            let mut shifted = Env::new(Arc::clone(&task), variant).unwrap();
            shifted.reset(6).unwrap();
            let changed = picture(&shifted);
            assert!(changed != normal, "{} {name}", task.name());
            assert!(picture(&shifted) == changed, "{name}");
            // Set and set back while the world runs.
            let mut running = plain.fork();
            running.set_factor(name, factor.range[1]).unwrap();
            assert!(picture(&running) == changed, "{} {name}", task.name());
            running.set_factor(name, factor.nominal).unwrap();
            assert!(picture(&running) == normal, "{} {name}", task.name());
            // Physics does not know of it.
            let mut plain = plain.fork();
            for seed in 0..3 {
                assert_eq!(plain.observation(), shifted.observation(), "{name}");
                explore(&mut plain, seed, 5);
                explore(&mut shifted, seed, 5);
            }
            assert_eq!(plain.pose(), shifted.pose());
        }
    }
    for name in ["push", "reach", "two-room"] {
        let task = task(name);
        let factors = task.spec().factor.iter();
        assert_eq!(factors.filter(|f| f.kind.is_visual()).count(), 8, "{name}");
    }
}

#[test]
fn starts_are_those_of_the_frozen_manifests() {
    // They were frozen before there was a camera: what it draws by chance must not disturb the starts.
    let mut compared = 0;
    for entry in std::fs::read_dir(assets().join("manifests")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
        let task = task(manifest["task"].as_str().unwrap());
        let variant = Variant::of(&task, manifest["variant"].as_str()).unwrap();
        let mut env = Env::new(Arc::clone(&task), variant).unwrap();
        for pair in manifest["tiers"]["near"].as_array().unwrap() {
            env.reset(pair["start_seed"].as_u64().unwrap()).unwrap();
            let expected = pair["start_pose"].as_array().unwrap().iter();
            let expected: Vec<f32> = expected.map(|x| x.as_f64().unwrap() as f32).collect();
            assert_eq!(env.pose(), expected, "{}", task.name());
            compared += 1;
        }
    }
    assert!(compared >= 400, "{compared}");
}

#[test]
fn another_episode_has_other_places() {
    let task = task("push");
    for (factor, value) in [
        ("distractor", 3.0),
        ("shadow", 0.8),
        ("occluder", 3.0),
        ("camera_jitter", 4.0),
        ("texture", 1.0),
    ] {
        let variant = Variant::of(&task, None).unwrap();
        let variant = variant.shifted(&task, factor, value).unwrap();
        let mut env = Env::new(Arc::clone(&task), variant).unwrap();
        let mut corners = |seed: u64| {
            env.reset(seed).unwrap();
            let mut rgb = picture(&env);
            // Without the bodies.
            let (mut bodies, mut camera) = (vec![0; SIDE * SIDE], task.camera(SIDE, SIDE).unwrap());
            env.segment_into(&mut camera, &mut bodies).unwrap();
            for (pixel, _) in bodies.iter().enumerate().filter(|(_, b)| **b > 0) {
                rgb[pixel * 3..pixel * 3 + 3].fill(0);
            }
            rgb
        };
        assert!(corners(1) != corners(2), "{factor}");
    }
}

#[test]
fn distractors_lie_beside_the_object() {
    let task = task("push");
    for seed in 0..20 {
        let mut env = env(&task, seed);
        let before = picture(&env);
        env.set_factor("distractor", 5.0).unwrap();
        let after = picture(&env);
        let mut camera = task.camera(SIDE, SIDE).unwrap();
        let mut bodies = vec![0; SIDE * SIDE];
        env.segment_into(&mut camera, &mut bodies).unwrap();
        let same = |pixel: usize| before[pixel * 3..][..3] == after[pixel * 3..][..3];
        let own = (0..SIDE * SIDE).filter(|&p| bodies[p] == 1);
        assert!(own.clone().count() > 20);
        for pixel in own {
            assert!(
                same(pixel),
                "seed {seed}: pixel {pixel} of the block changed"
            );
        }
        assert!((0..SIDE * SIDE).filter(|&p| !same(p)).count() > 40);
    }
}
