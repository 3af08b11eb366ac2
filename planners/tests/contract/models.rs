//! Models with known answers, and models that misbehave.

use planners::{CandidateShape, DifferentiableModel, RolloutError, RolloutModel};

/// A cost of one action sequence, and its gradient.
pub trait Cost {
    /// Cost of `actions`, `[horizon, action_dim]`; adds its derivative to `gradient`.
    fn cost(&mut self, actions: &[f32], gradient: &mut [f32]) -> f32;
}

/// Makes a model of a cost.
pub struct Model<C>(pub C);

impl<C: Cost> RolloutModel for Model<C> {
    fn evaluate(
        &mut self,
        actions: &[f32],
        shape: CandidateShape,
        costs: &mut [f32],
    ) -> Result<(), RolloutError> {
        let mut gradients = vec![0.0; actions.len()];
        self.evaluate_with_gradient(actions, shape, costs, &mut gradients)
    }

    fn as_differentiable(&mut self) -> Option<&mut dyn DifferentiableModel> {
        Some(self)
    }
}

impl<C: Cost> DifferentiableModel for Model<C> {
    fn evaluate_with_gradient(
        &mut self,
        actions: &[f32],
        shape: CandidateShape,
        costs: &mut [f32],
        gradients: &mut [f32],
    ) -> Result<(), RolloutError> {
        shape.check(actions, costs)?;
        assert!(
            actions.iter().all(|action| action.abs() <= 1.0),
            "a candidate left the bounds"
        );
        let length = shape.sequence_len();
        gradients.fill(0.0);
        for ((actions, gradient), cost) in actions
            .chunks_exact(length)
            .zip(gradients.chunks_exact_mut(length))
            .zip(costs)
        {
            *cost = self.0.cost(actions, gradient);
        }
        Ok(())
    }
}

/// Squared distance to a sine of one period over the sequence.
#[derive(Clone, Copy, Debug)]
pub struct Sine {
    pub amplitude: f32,
    /// Numbers by which the sine is ahead.
    pub offset: usize,
}

impl Sine {
    pub fn new(amplitude: f32) -> Self {
        Self {
            amplitude,
            offset: 0,
        }
    }

    pub fn target(&self, index: usize, length: usize) -> f32 {
        let turns = (index + self.offset) as f32 / length as f32;
        self.amplitude * (std::f32::consts::TAU * turns).sin()
    }
}

impl Cost for Sine {
    fn cost(&mut self, actions: &[f32], gradient: &mut [f32]) -> f32 {
        let mut cost = 0.0;
        for (index, (action, slope)) in actions.iter().zip(gradient).enumerate() {
            let error = action - self.target(index, actions.len());
            cost += error * error;
            *slope += 2.0 * error;
        }
        cost
    }
}

/// A point mass in the plane, steered by its acceleration, that is to rest at the origin.
#[derive(Clone, Copy, Debug)]
pub struct PointMass {
    pub position: [f32; 2],
    pub velocity: [f32; 2],
}

impl PointMass {
    pub const STEP_SECS: f32 = 0.1;
    pub const ACCELERATION: f32 = 2.0;
    const VELOCITY_WEIGHT: f32 = 0.1;

    pub fn step(&mut self, action: &[f32]) {
        for (axis, acceleration) in action.iter().enumerate() {
            self.velocity[axis] += Self::ACCELERATION * acceleration * Self::STEP_SECS;
            self.position[axis] += self.velocity[axis] * Self::STEP_SECS;
        }
    }

    pub fn distance(&self) -> f32 {
        self.position[0].hypot(self.position[1])
    }
}

impl Cost for PointMass {
    fn cost(&mut self, actions: &[f32], gradient: &mut [f32]) -> f32 {
        let mut state = *self;
        let mut states = Vec::new();
        let mut cost = 0.0;
        for action in actions.chunks_exact(2) {
            state.step(action);
            states.push(state);
            for axis in 0..2 {
                cost += state.position[axis].powi(2)
                    + Self::VELOCITY_WEIGHT * state.velocity[axis].powi(2);
            }
        }
        let (mut by_position, mut by_velocity) = ([0.0; 2], [0.0; 2]);
        for (state, slope) in states.iter().zip(gradient.chunks_exact_mut(2)).rev() {
            for axis in 0..2 {
                by_position[axis] += 2.0 * state.position[axis];
                by_velocity[axis] += 2.0 * Self::VELOCITY_WEIGHT * state.velocity[axis]
                    + by_position[axis] * Self::STEP_SECS;
                slope[axis] += by_velocity[axis] * Self::ACCELERATION * Self::STEP_SECS;
            }
        }
        cost
    }
}

/// Two ways, of which the second is a little better; between them the cost is high.
pub struct TwoWays;

impl TwoWays {
    /// Cost of the better way.
    pub const LEAST: f32 = 0.0;
    /// Cost of the other way.
    pub const OTHER: f32 = 0.5;
}

impl Cost for TwoWays {
    fn cost(&mut self, actions: &[f32], gradient: &mut [f32]) -> f32 {
        let distance = |way: f32| actions.iter().map(|a| (a - way).powi(2)).sum::<f32>();
        let (left, right) = (Self::OTHER + distance(-0.5), Self::LEAST + distance(0.5));
        let way = if left < right { -0.5 } else { 0.5 };
        for (action, slope) in actions.iter().zip(gradient) {
            *slope += 2.0 * (action - way);
        }
        left.min(right)
    }
}

/// What a model does that no model should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vice {
    AllNan,
    AllInfinite,
    MinusInfinity,
    Constant,
    Exploding,
    Random,
    MostlyNan,
    NanGradient,
    ExplodingGradient,
    Silent,
    Failing,
    GoodThenNan,
}

/// A model with a vice. Its randomness is a counter, so that it does not even repeat itself.
pub struct Adversary {
    pub vice: Vice,
    pub calls: u32,
}

impl Adversary {
    fn random(&self, index: usize) -> f32 {
        let mixed =
            (self.calls ^ (index as u32).wrapping_mul(0x9E37_79B9)).wrapping_mul(0x85EB_CA6B);
        ((mixed ^ (mixed >> 13)) % 10_007) as f32 / 10_007.0
    }

    fn value(&self, index: usize, actions: &[f32]) -> f32 {
        let sum: f32 = actions.iter().sum();
        match self.vice {
            Vice::AllNan => f32::NAN,
            Vice::AllInfinite => f32::INFINITY,
            Vice::MinusInfinity => f32::NEG_INFINITY,
            Vice::Constant => 3.0,
            Vice::Exploding => (100.0 * sum).exp() * 1e30 * [-1.0, 1.0][index % 2],
            Vice::Random => self.random(index) * 2.0 - 1.0,
            Vice::MostlyNan if self.random(index) < 0.97 => f32::NAN,
            Vice::GoodThenNan if self.calls > 2 => f32::NAN,
            _ => sum,
        }
    }
}

impl RolloutModel for Adversary {
    fn evaluate(
        &mut self,
        actions: &[f32],
        shape: CandidateShape,
        costs: &mut [f32],
    ) -> Result<(), RolloutError> {
        let mut gradients = vec![0.0; actions.len()];
        self.evaluate_with_gradient(actions, shape, costs, &mut gradients)
    }

    fn as_differentiable(&mut self) -> Option<&mut dyn DifferentiableModel> {
        Some(self)
    }
}

impl DifferentiableModel for Adversary {
    fn evaluate_with_gradient(
        &mut self,
        actions: &[f32],
        shape: CandidateShape,
        costs: &mut [f32],
        gradients: &mut [f32],
    ) -> Result<(), RolloutError> {
        shape.check(actions, costs)?;
        self.calls += 1;
        if self.vice == Vice::Silent {
            return Ok(());
        }
        for (index, cost) in costs.iter_mut().enumerate() {
            let length = shape.sequence_len();
            *cost = self.value(index, &actions[index * length..(index + 1) * length]);
        }
        for (index, slope) in gradients.iter_mut().enumerate() {
            *slope = match self.vice {
                Vice::NanGradient => f32::NAN,
                Vice::ExplodingGradient => 3e38,
                Vice::Constant => 0.0,
                _ => self.random(index) - 0.3,
            };
        }
        if self.vice == Vice::Failing {
            return Err(RolloutError::model("the world blew up"));
        }
        Ok(())
    }
}
