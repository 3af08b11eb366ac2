//! What is under way cannot be planned any more.

use planners::{CandidateShape, Committed, DifferentiableModel, RolloutModel};

use crate::models::{Model, Sine};

const SHAPE: CandidateShape = CandidateShape {
    candidates: 2,
    horizon: 3,
    action_dim: 1,
};

#[test]
fn every_candidate_starts_with_what_is_under_way() {
    let actions = [1.0, 0.0, 0.2, -1.0, 1.0, 0.0];
    let replaced = [0.5, 0.0, 0.2, 0.5, 1.0, 0.0];
    let (mut costs, mut gradients) = ([0.0; 2], [9.0; 6]);
    let (mut expected_costs, mut expected) = ([0.0; 2], [0.0; 6]);
    let mut sine = Model(Sine::new(0.5));
    sine.evaluate_with_gradient(&replaced, SHAPE, &mut expected_costs, &mut expected)
        .unwrap();
    (expected[0], expected[3]) = (0.0, 0.0);
    let mut model = Committed::new(&mut sine, &[0.5]);
    model.evaluate(&actions, SHAPE, &mut costs).unwrap();
    assert_eq!(costs, expected_costs);
    model
        .evaluate_with_gradient(&actions, SHAPE, &mut costs, &mut gradients)
        .unwrap();
    assert_eq!((costs, gradients), (expected_costs, expected));
}

#[test]
fn more_than_the_horizon_may_be_under_way() {
    let (mut sine, mut costs) = (Model(Sine::new(0.5)), [0.0; 2]);
    let mut model = Committed::new(&mut sine, &[0.1; 7]);
    model.evaluate(&[1.0; 6], SHAPE, &mut costs).unwrap();
    assert_eq!(costs[0], costs[1]);
}
