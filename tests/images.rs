//! Models of images: what they see, learn to see anew, and are refused.

use crate::support::{assets, failure, succeed};
use serde_json::Value;
use std::path::Path;
use world_model::WorldModel;

/// A sight is taken from a model of images of the same task alone.
#[test]
fn the_sight_of_another_task_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let of = |task: &str| assets().join(format!("models/{task}.safetensors"));
    for (model, expected) in [
        ("push-pixels", "trained for task 'push', expected 'rotate'"),
        ("rotate", "a model of states, expected one of images"),
    ] {
        let look = format!("sight --task rotate --model {}", of(model).display());
        let line = failure(&look, folder.path(), 1);
        assert!(line.contains(expected), "{line}");
    }
}

/// A model that sees never runs on states, nor one of states on images, and both say so.
#[test]
fn images_are_collected_learned_from_and_planned_with() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &str| succeed(arguments, folder.path());
    run("collect --task push --pixels --episodes 6 --steps 60 --out images --seed 3");
    let brief = "--set sight.refined=true --set sight.localiser.steps=400 --set sight.localiser.pictures=240";
    run(&format!(
        "train --task push --pixels --data images --steps 20 {brief} --out l.safetensors"
    ));
    run("train --task push --pixels --sight glimpse --data images --steps 20 --out m.safetensors");
    for (model, sight) in [("l", "localised"), ("m", "glimpse")] {
        run(&format!(
            "bench --task push --pixels --model {model}.safetensors --planner icem,latent-cost --cost pose --episodes 1 --tier near --json b.json --html b.html"
        ));
        let rows: Vec<Value> =
            serde_json::from_slice(&std::fs::read(folder.path().join("b.json")).unwrap()).unwrap();
        assert_eq!(rows[0]["observation"], sight);
    }

    // A sight that was learned once serves other trainings, where the recipe is the one that it was learned by.
    run(&format!(
        "train --task push --pixels --data images --steps 20 {brief} --sight-of l.safetensors --seed 1 --out o.safetensors"
    ));
    let localiser = |model: &str| {
        let model = WorldModel::load(&folder.path().join(model)).unwrap();
        format!("{:?}", model.sight().unwrap())
    };
    assert_eq!(localiser("o.safetensors"), localiser("l.safetensors"));
    let other = "train --task push --pixels --data images --steps 20 --sight-of m.safetensors --out n.safetensors";
    let line = failure(other, folder.path(), 1);
    assert!(
        line.contains("m.safetensors") && line.contains("another than the recipe's"),
        "{line}"
    );
    learns_to_see_anew(folder.path(), brief);

    run("collect --task push --episodes 3 --steps 60 --out states --seed 3");
    let blind = "train --task push --pixels --data states --steps 20 --out n.safetensors";
    let line = failure(blind, folder.path(), 1);
    assert!(
        line.contains("no images") && line.contains("--pixels"),
        "{line}"
    );
    let shipped = assets().join("models/push.safetensors");
    let states = format!("bench --task push --pixels --model {}", shipped.display());
    let line = failure(&states, folder.path(), 1);
    assert!(
        line.contains("a model of states, expected one of images"),
        "{line}"
    );
}

/// With a sight of its own a model keeps its latents, and its policy goes with it when it is asked to; a sight that tells something
/// else is refused before it is learned.
fn learns_to_see_anew(folder: &Path, brief: &str) {
    let train = "train --task push --pixels --latents-of";
    succeed(
        &format!("{train} l.safetensors {brief} --seed 2 --out r.safetensors"),
        folder,
    );
    let [before, after] =
        ["l", "r"].map(|m| WorldModel::load(&folder.join(format!("{m}.safetensors"))).unwrap());
    assert_eq!(after.card().latents_of.as_deref(), Some(before.hash()));
    assert_ne!(
        format!("{:?}", after.sight().unwrap()),
        format!("{:?}", before.sight().unwrap())
    );
    let latent = |model: &WorldModel| {
        let mut latent = vec![0.0; model.card().latent_dim()];
        let observation = vec![0.1; model.card().observation_dim()];
        model.encode(&observation, &mut latent).unwrap();
        latent
    };
    assert_eq!(latent(&before), latent(&after));
    for (other, code, expected) in [
        (
            "--set sight.window=16",
            1,
            "expected what the model learned to read",
        ),
        ("--data images", 2, "--data"),
    ] {
        let line = failure(
            &format!("{train} l.safetensors {other} {brief} --out n.safetensors"),
            folder,
            code,
        );
        assert!(line.contains(expected), "{line}");
    }

    let distill = |rest: &str| {
        let set = "--set distill.calibration_goals=0 --set distill.policy.hidden=[64]";
        succeed(
            &format!("distill --task push --practice 0 {set} {rest}"),
            folder,
        );
    };
    distill("--model l.safetensors --data images --goals 0 --steps 20 --out p.safetensors");
    let bench = |policy: &str| {
        format!(
            "bench --task push --pixels --model r.safetensors --policy {policy} --planner system1 --cost pose --episodes 1 --tier near --json b.json --html b.html"
        )
    };
    let line = failure(&bench("p.safetensors"), folder, 1);
    assert!(line.contains("distilled from another model"), "{line}");
    distill("--model r.safetensors --from p.safetensors --out q.safetensors");
    succeed(&bench("q.safetensors"), folder);
}

#[test]
fn what_a_model_sees_is_held_against_true_pixels() {
    let folder = tempfile::tempdir().unwrap();
    let look = "sight --task push --worlds 4 --json sight.json";
    let output = succeed(look, folder.path());
    let text = String::from_utf8(output.stdout).unwrap();
    let json: Vec<Value> =
        serde_json::from_slice(&std::fs::read(folder.path().join("sight.json")).unwrap()).unwrap();
    assert_eq!(json.len(), 2);
    for (landmark, figures) in ["block", "pusher"].into_iter().zip(&json) {
        assert!(text.contains(landmark), "{text}");
        assert_eq!(figures["landmark"], landmark);
        assert!(figures["shown"].as_u64().unwrap() > 0, "{figures}");
        assert!(figures["off_p50"].as_f64().unwrap() < 1.0, "{figures}");
    }
    let states = assets().join("models/push.safetensors");
    let of_states = format!("sight --task push --model {}", states.display());
    let line = failure(&of_states, folder.path(), 1);
    assert!(line.contains("a model of states"), "{line}");
}
