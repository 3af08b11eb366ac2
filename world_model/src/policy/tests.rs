//! A policy learns both of two ways, says where it does not know, and comes back from its file as it was.
#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;

use rand::RngExt;

use super::demonstrations::Origin;
use super::likelihood::Likelihood;
use super::*;
use crate::WorldModel;
use crate::random::{Purpose, stream};
use crate::train::TrainError;

fn config() -> PolicyConfig {
    PolicyConfig {
        steps: 800,
        batch: 64,
        hidden: vec![32],
        modes: 2,
        learning_rate: 5.0e-3,
        quickest_share: 1.0,
        ..PolicyConfig::default()
    }
}

/// Labels in a latent of one value, in `[-1, 1]`: left of zero act with 0.5, right of it with either -0.8 or 0.8,
/// of which the first is the quicker one.
fn two_ways(model: &WorldModel) -> Demonstrations {
    let rng = &mut stream(1, Purpose::Policy, 7, 7);
    let (latent, width) = (model.card().latent_dim(), model.card().block_action_dim());
    let mut all = Demonstrations::new(latent, model.card().action_dim(), model.card().block());
    for _ in 0..600 {
        let mut place = vec![0.0; latent];
        place[0] = rng.random_range(-1.0..1.0);
        let action = match (place[0] < 0.0, rng.random::<bool>()) {
            (true, _) => 0.5,
            (false, true) => 0.8,
            (false, false) => -0.8,
        };
        let label = Label {
            latent: place,
            goal: vec![0.0; latent],
            steps_left: 3.0,
            steps_taken: if action < 0.0 { 2.0 } else { 4.0 },
            block: vec![action; width],
        };
        all.push_run(vec![label], 1).unwrap();
    }
    all
}

fn at(policy: &Policy, place: f32) -> Reaction {
    let latent = policy.card().latent_dim;
    let towards = policy.towards(&vec![0.0; latent]).unwrap();
    let mut z = vec![0.0; latent];
    z[0] = place;
    towards.react(&z, &[3.0]).unwrap().remove(0)
}

#[test]
fn both_ways_are_learned_and_never_their_average() {
    let model = crate::synthetic::model();
    let demonstrations = two_ways(&model);
    let policy = train_policy(&model, &demonstrations, &config(), &mut |_, _| {
        ControlFlow::Continue(())
    })
    .unwrap();
    let left = at(&policy, -0.5);
    assert!((left.block(left.chosen)[0] - 0.5).abs() < 0.1, "{left:?}");
    let right = at(&policy, 0.5);
    assert!(
        (right.block(right.chosen)[0].abs() - 0.8).abs() < 0.1,
        "{right:?}"
    );
    let offers = |sign: f32| (0..6).any(|o| (right.block(o)[0] - sign * 0.8).abs() < 0.15);
    assert!(offers(1.0) && offers(-1.0), "{right:?}");
    let rng = &mut stream(1, Purpose::Policy, 8, 8);
    let drawn = |rng: &mut ChaCha8Rng| {
        let mut reaction = right.clone();
        reaction.take(reaction.draw(rng));
        assert_eq!(reaction.act.len(), reaction.block(0).len());
        reaction.act[0]
    };
    let ways: Vec<f32> = (0..100).map(|_| drawn(rng)).collect();
    let rightward = ways.iter().filter(|way| **way > 0.5).count();
    assert!(
        (20..=80).contains(&rightward) && ways.iter().all(|way| way.abs() > 0.5),
        "{ways:?}"
    );
    let known = left.disagreement;
    let unknown = at(&policy, -8.0).disagreement;
    assert!(
        known < unknown,
        "{known} where it knows, {unknown} where not"
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.safetensors");
    policy.save(&path).unwrap();
    let read = Policy::load(&path).unwrap();
    assert_eq!(at(&read, 0.3), at(&policy, 0.3));
    assert_eq!(read.card(), policy.card());
    let error = WorldModel::load(&path).unwrap_err().to_string();
    assert!(
        error.contains("policy") && error.contains("world model"),
        "{error}"
    );
}

/// Error of the first action, root mean square, of a policy whose labels are the product of the first two values of a latent.
fn error_of_a_product(config: &PolicyConfig) -> f32 {
    let model = crate::synthetic::model();
    let rng = &mut stream(1, Purpose::Policy, 7, 7);
    let (latent, width) = (model.card().latent_dim(), model.card().block_action_dim());
    let mut all = Demonstrations::new(latent, model.card().action_dim(), model.card().block());
    let mut place = || {
        let mut place = vec![0.0; latent];
        place[..2].fill_with(|| rng.random_range(-1.0..1.0));
        place
    };
    for _ in 0..600 {
        let place = place();
        let label = Label {
            block: vec![place[0] * place[1]; width],
            latent: place,
            goal: vec![0.0; latent],
            steps_left: 3.0,
            steps_taken: 3.0,
        };
        all.push_run(vec![label], 1).unwrap();
    }
    let go_on = &mut |_, _| ControlFlow::Continue(());
    let policy = train_policy(&model, &all, config, go_on).unwrap();
    let towards = policy.towards(&vec![0.0; latent]).unwrap();
    let squares = (0..200).map(|_| {
        let place = place();
        let reaction = towards.react(&place, &[3.0]).unwrap().remove(0);
        (reaction.act[0] - place[0] * place[1]).powi(2)
    });
    (squares.sum::<f32>() / 200.0).sqrt()
}

#[test]
fn bilinear_layers_learn_a_product_and_come_back_from_a_file() {
    let bilinear = PolicyConfig {
        hidden: vec![6],
        bilinear: vec![0],
        modes: 1,
        ..config()
    };
    let relu = PolicyConfig {
        hidden: vec![12],
        bilinear: Vec::new(),
        ..bilinear.clone()
    };
    let (with, without) = (error_of_a_product(&bilinear), error_of_a_product(&relu));
    assert!(
        with < 0.5 * without && with < 0.1,
        "{with} bilinear, {without} with ReLU"
    );

    let model = crate::synthetic::model();
    let go_on = &mut |_, _| ControlFlow::Continue(());
    let policy = train_policy(&model, &two_ways(&model), &bilinear, go_on).unwrap();
    let path = std::path::Path::new("p");
    let read = Policy::from_bytes(path, &policy.to_bytes(path).unwrap()).unwrap();
    assert_eq!(read.card().config.bilinear, [0]);
    assert_eq!(at(&read, 0.3), at(&policy, 0.3));

    // A card that tells of other layers than the file holds.
    let mut other = policy.clone();
    other.card.config.bilinear.clear();
    let error = Policy::from_bytes(path, &other.to_bytes(path).unwrap());
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("policy.0.weight") && error.contains("12"),
        "{error}"
    );

    let beyond = PolicyConfig {
        bilinear: vec![1],
        ..bilinear
    };
    let error = beyond.validate().unwrap_err().to_string();
    assert!(error.contains("bilinear"), "{error}");
}

#[test]
fn of_two_ways_the_quicker_is_learned() {
    let model = crate::synthetic::model();
    let config = PolicyConfig {
        quickest_share: 0.2,
        ..config()
    };
    let go_on = &mut |_, _| ControlFlow::Continue(());
    let policy = train_policy(&model, &two_ways(&model), &config, go_on).unwrap();
    let right = at(&policy, 0.5);
    let likely = (0..6).filter(|&offer| right.likelihoods[offer] > 0.2);
    let ways: Vec<f32> = likely.map(|offer| right.block(offer)[0]).collect();
    assert!(ways.iter().all(|way| (way + 0.8).abs() < 0.1), "{right:?}");
}

#[test]
fn labels_count_as_often_as_they_were_told_to() {
    let mut all = Demonstrations::new(1, 1, 1);
    for (place, steps_taken, times) in [(0.1, 5.0, 1), (0.2, 1.0, 3), (0.3, 9.0, 1)] {
        let label = Label {
            latent: vec![place],
            goal: vec![0.0],
            steps_left: 5.0,
            steps_taken,
            block: vec![place],
        };
        all.push_run(vec![label], times).unwrap();
    }
    assert_eq!(all.labels(), 3);
    assert_eq!(all.quickest(0.6), [1, 1, 1]);
    assert_eq!(all.quickest(1.0), [1, 1, 1, 0, 2]);
}

#[test]
fn members_learn_from_runs_of_their_own_and_disagree_where_runs_do() {
    let model = crate::synthetic::model();
    let (latent, width) = (model.card().latent_dim(), model.card().block_action_dim());
    let rng = &mut stream(1, Purpose::Policy, 9, 9);
    let mut all = Demonstrations::new(latent, model.card().action_dim(), model.card().block());
    for _ in 0..20 {
        // Each run knows one way, in all of its frames.
        let block = vec![if rng.random() { 0.8 } else { -0.8 }; width];
        let label = |_| Label {
            latent: vec![0.0; latent],
            goal: vec![0.0; latent],
            steps_left: 3.0,
            steps_taken: 3.0,
            block: block.clone(),
        };
        all.push_run((0..10).map(label).collect(), 1).unwrap();
    }
    let disagreement = |member_share: f32| {
        let config = PolicyConfig {
            modes: 1,
            member_share,
            ..config()
        };
        let go_on = &mut |_, _| ControlFlow::Continue(());
        at(&train_policy(&model, &all, &config, go_on).unwrap(), 0.0).disagreement
    };
    let (few, everything) = (disagreement(0.3), disagreement(1.0));
    assert!(few > 0.1 && everything < 0.05, "{few}, {everything}");
}

#[test]
fn each_run_teaches_some_members_and_each_member_its_share() {
    let config = PolicyConfig::default();
    for origin in [Origin::Run, Origin::Course] {
        let taught = |member: usize| -> Vec<bool> {
            let teaches = |index| origin(index).teaches(member, &config);
            (0..3000).map(teaches).collect()
        };
        let all: Vec<Vec<bool>> = (0..config.members).map(taught).collect();
        assert_eq!(all[1], taught(1));
        assert_ne!(all[0], all[1]);
        assert!((0..3000).all(|index| all.iter().any(|taught| taught[index])));
        for taught in &all {
            let share = taught.iter().filter(|taught| **taught).count() as f32 / 3000.0;
            assert!(taught[0] && (share - 0.7).abs() < 0.03, "{share}");
        }
    }
}

#[test]
fn slopes_are_those_of_the_loss() {
    let likelihood = Likelihood {
        members: 2,
        modes: 2,
        width: 3,
    };
    let rng = &mut stream(2, Purpose::Policy, 3, 3);
    let outputs: Vec<f32> = (0..2 * 20).map(|_| rng.random_range(-1.0..1.0)).collect();
    let mut targets: Vec<f32> = (0..2 * 5).map(|_| rng.random_range(-1.0..1.0)).collect();
    (targets[3], targets[4], targets[8], targets[9]) = (1.0, 0.0, 1.0, 1.0);
    let mut slopes = vec![0.0; outputs.len()];
    likelihood.loss(&outputs, &targets, &mut slopes);
    let mut unused = slopes.clone();
    for (index, slope) in slopes.iter().enumerate() {
        let mut at = |change: f32| {
            let mut outputs = outputs.clone();
            outputs[index] += change;
            likelihood.loss(&outputs, &targets, &mut unused)
        };
        let numeric = (at(1.0e-2) - at(-1.0e-2)) / 2.0e-2;
        assert!(
            (numeric - slope).abs() < 2.0e-3,
            "{index}: {numeric}, {slope}"
        );
    }
}

#[test]
fn courses_are_relabelled_with_what_they_reached() {
    let mut all = Demonstrations::new(1, 1, 2);
    let latents: Vec<f32> = (0..10).map(|i| i as f32).collect();
    let actions: Vec<f32> = (0..9).map(|i| i as f32 / 10.0).collect();
    all.push_course(&latents, &actions).unwrap();
    let rng = &mut stream(3, Purpose::Policy, 4, 4);
    let config = PolicyConfig::default();
    for _ in 0..200 {
        let example = all.draw(&[], &config, rng).unwrap();
        assert_eq!(example.goal[0] - example.latent[0], example.steps_left);
        assert!(example.steps_left >= 1.0);
        assert_eq!(example.block[0], example.latent[0] / 10.0);
        assert_eq!(example.block.len(), 2);
    }
}

#[test]
fn cloning_takes_the_end_of_an_episode_for_its_goal() {
    let mut all = Demonstrations::new(1, 1, 2);
    let latents: Vec<f32> = (0..300).map(|i| i as f32).collect();
    all.push_course(&latents, &[0.5; 299]).unwrap();
    let rng = &mut stream(3, Purpose::Policy, 5, 5);
    let config = PolicyConfig {
        relabelling: Relabelling::Last,
        ..PolicyConfig::default()
    };
    for _ in 0..100 {
        let example = all.draw(&[], &config, rng).unwrap();
        assert_eq!(example.goal[0], 299.0);
        assert_eq!(example.steps_left, 299.0 - example.latent[0]);
    }
}

#[test]
fn bytes_are_the_policy_and_damaged_ones_are_refused() {
    let model = crate::synthetic::model();
    let config = PolicyConfig {
        steps: 2,
        ..config()
    };
    let policy = train_policy(&model, &two_ways(&model), &config, &mut |_, _| {
        ControlFlow::Continue(())
    })
    .unwrap();
    let path = std::path::Path::new("kept");
    let mut bytes = policy.to_bytes(path).unwrap();
    assert_eq!(
        Policy::from_bytes(path, &bytes).unwrap().hash(),
        policy.hash()
    );
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let error = Policy::from_bytes(path, &bytes).unwrap_err().to_string();
    assert!(
        error.contains("kept") && error.contains("checksum"),
        "{error}"
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut all = Demonstrations::new(2, 1, 2);
    let refused = |result: Result<(), TrainError>| {
        let error = result.unwrap_err().to_string();
        assert!(error.starts_with("demonstrations: "), "{error}");
    };
    refused(all.push_course(&[0.0; 3], &[0.0]));
    refused(all.push_course(&[f32::NAN; 4], &[0.0]));
    let label = |width: usize| Label {
        latent: vec![0.0; 2],
        goal: vec![0.0; 2],
        steps_left: 1.0,
        steps_taken: 1.0,
        block: vec![0.0; width],
    };
    refused(all.push_run(vec![label(2), label(3)], 1));
    assert_eq!(all.labels(), 0);
    let model = crate::synthetic::model();
    let train = |all: &Demonstrations| {
        train_policy(
            &model,
            all,
            &config(),
            &mut |_, _| ControlFlow::Continue(()),
        )
    };
    refused(train(&all).map(|_| ()));
    let card = model.card();
    let none = Demonstrations::new(card.latent_dim(), card.action_dim(), card.block());
    refused(train(&none).map(|_| ()));
}
