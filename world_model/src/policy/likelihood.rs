//! How likely an action block is under a mixture of Gaussians: the loss of each member of a policy.
//!
//! A mixture and not a mean: where the data act in two ways, each gets a mode of its own. And not the nearest of several guesses:
//! what is only noise about one way is taken up by the deviation of one mode, and averaged.

/// Least standard deviation of a mode, and the slope of its logarithm's bound.
const LEAST_DEVIATION: f32 = 0.05;

/// Shapes of a policy's outputs: a row holds the logits of all modes of all members, the logarithms of their deviations, and
/// their blocks.
pub(super) struct Likelihood {
    pub members: usize,
    pub modes: usize,
    /// Values of a block.
    pub width: usize,
}

impl Likelihood {
    /// Mean negative logarithm of the likelihood over rows and members, for each value of a block; writes the slopes. A row of
    /// targets holds the block and, for each member, whether it learns from the row.
    pub fn loss(&self, outputs: &[f32], targets: &[f32], slopes: &mut [f32]) -> f32 {
        let offers = self.members * self.modes;
        let row = offers * (2 + self.width);
        let rows = outputs.len() / row;
        let share = 1.0 / (rows * self.members * self.width) as f32;
        slopes.fill(0.0);
        let mut loss = 0.0;
        let targets = targets.chunks_exact(self.width + self.members);
        let rows = outputs.chunks_exact(row).zip(slopes.chunks_exact_mut(row));
        for ((outputs, slopes), targets) in rows.zip(targets) {
            let (wanted, learns) = targets.split_at(self.width);
            for member in (0..self.members).filter(|&member| learns[member] > 0.0) {
                loss += share * self.member(member, outputs, wanted, slopes, share);
            }
        }
        loss
    }

    /// Negative logarithm of the likelihood that a member gives to `wanted`; writes `scale` times its slopes.
    fn member(
        &self,
        member: usize,
        outputs: &[f32],
        wanted: &[f32],
        slopes: &mut [f32],
        scale: f32,
    ) -> f32 {
        let offers = self.members * self.modes;
        let modes = member * self.modes..(member + 1) * self.modes;
        let block = |mode: usize| {
            let start = 2 * offers + mode * self.width;
            start..start + self.width
        };
        let mut weights = outputs[modes.clone()].to_vec();
        super::softmax(&mut weights);
        let fits: Vec<(f32, f32)> = modes
            .clone()
            .map(|mode| {
                let pairs = outputs[block(mode)].iter().zip(wanted);
                let squares: f32 = pairs.map(|(a, w)| (a - w) * (a - w)).sum();
                (squares, deviation(outputs[offers + mode]).0)
            })
            .collect();
        let mut shares: Vec<f32> = fits
            .iter()
            .zip(&weights)
            .map(|((squares, deviation), weight)| {
                let width = self.width as f32;
                weight.max(1.0e-12).ln()
                    - width * deviation.ln()
                    - squares / (2.0 * deviation * deviation)
            })
            .collect();
        let most = shares.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = shares.iter().map(|l| (l - most).exp()).sum();
        super::softmax(&mut shares);
        for (index, mode) in modes.enumerate() {
            let (squares, _) = fits[index];
            let (deviation, by_logarithm) = deviation(outputs[offers + mode]);
            let taken = shares[index];
            slopes[mode] = scale * (weights[index] - taken);
            let by_deviation =
                self.width as f32 / deviation - squares / (deviation * deviation * deviation);
            slopes[offers + mode] = scale * taken * by_deviation * by_logarithm;
            for (at, wanted) in block(mode).zip(wanted) {
                slopes[at] = scale * taken * (outputs[at] - wanted) / (deviation * deviation);
            }
        }
        -(most + sum.ln())
    }
}

/// The standard deviation of an output, `floor + softplus(x)`, and its slope.
fn deviation(x: f32) -> (f32, f32) {
    let softplus = x.max(0.0) + (-x.abs()).exp().ln_1p();
    (LEAST_DEVIATION + softplus, 1.0 / (1.0 + (-x).exp()))
}
