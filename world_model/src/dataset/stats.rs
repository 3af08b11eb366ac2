//! Statistics of a feature, as LeRobot defines them: minimum, maximum, mean, population standard
//! deviation, count and five quantiles, each per component.
//!
//! Statistics of a dataset are merged from those of its episodes: exact for all but the quantiles,
//! which are, as in LeRobot, the average of the episodes' quantiles weighted by length.

use serde_json::{Map, Value, json};

/// The quantiles that LeRobot keeps, and their names there.
const QUANTILES: [(f64, &str); 5] = [
    (0.01, "q01"),
    (0.10, "q10"),
    (0.50, "q50"),
    (0.90, "q90"),
    (0.99, "q99"),
];

/// Statistics of the components of one feature over `count` frames.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FeatureStats {
    /// Frames that went in.
    pub(super) count: u64,
    components: Vec<ComponentStats>,
}

#[derive(Clone, Debug, PartialEq)]
struct ComponentStats {
    min: f64,
    max: f64,
    mean: f64,
    variance: f64,
    quantiles: [f64; 5],
}

impl FeatureStats {
    /// Statistics of `rows`, row-major `[frames, dimension]` with at least one frame.
    pub(super) fn of(rows: &[f32], dimension: usize) -> Self {
        let count = rows.len() / dimension;
        let mut column = Vec::with_capacity(count);
        let components = (0..dimension)
            .map(|component| {
                column.clear();
                column.extend(
                    rows[component..]
                        .iter()
                        .step_by(dimension)
                        .map(|&value| f64::from(value)),
                );
                ComponentStats::of(&mut column)
            })
            .collect();
        Self {
            count: count as u64,
            components,
        }
    }

    /// Statistics of one scalar column with at least one frame.
    pub(super) fn of_scalars(values: impl Iterator<Item = f64>) -> Self {
        let mut column: Vec<f64> = values.collect();
        Self {
            count: column.len() as u64,
            components: vec![ComponentStats::of(&mut column)],
        }
    }

    /// Takes in the statistics of further frames of the same feature.
    pub(super) fn merge(&mut self, other: &Self) {
        let (left, right) = (self.count as f64, other.count as f64);
        let share = right / (left + right);
        for (mine, theirs) in self.components.iter_mut().zip(&other.components) {
            let difference = theirs.mean - mine.mean;
            mine.variance += share * (theirs.variance - mine.variance)
                + share * (1.0 - share) * difference * difference;
            mine.mean += share * difference;
            mine.min = mine.min.min(theirs.min);
            mine.max = mine.max.max(theirs.max);
            for (quantile, value) in mine.quantiles.iter_mut().zip(theirs.quantiles) {
                *quantile += share * (value - *quantile);
            }
        }
        self.count += other.count;
    }

    /// Every statistic but the count: its LeRobot name and one value for each component.
    pub(super) fn named(&self) -> Vec<(&'static str, Vec<f64>)> {
        let each = |value: &dyn Fn(&ComponentStats) -> f64| -> Vec<f64> {
            self.components.iter().map(value).collect()
        };
        let mut named = vec![
            ("min", each(&|c| c.min)),
            ("max", each(&|c| c.max)),
            ("mean", each(&|c| c.mean)),
            ("std", each(&|c| c.variance.sqrt())),
        ];
        for (index, (_, name)) in QUANTILES.iter().enumerate() {
            named.push((name, each(&|c| c.quantiles[index])));
        }
        named
    }

    /// The entry of this feature in `stats.json`.
    pub(super) fn to_json(&self) -> Value {
        let mut entry: Map<String, Value> = self
            .named()
            .into_iter()
            .map(|(name, values)| (name.to_owned(), json!(values)))
            .collect();
        entry.insert("count".to_owned(), json!([self.count]));
        Value::Object(entry)
    }
}

impl ComponentStats {
    /// Sorts `values`, which is not empty.
    fn of(values: &mut [f64]) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count;
        Self {
            min: values[0],
            max: values[values.len() - 1],
            mean,
            variance,
            quantiles: QUANTILES.map(|(quantile, _)| interpolated(values, quantile)),
        }
    }
}

/// The quantile of sorted values, linear between the two nearest of them.
fn interpolated(sorted: &[f64], quantile: f64) -> f64 {
    let position = quantile * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_statistics_equal_those_of_all_frames() {
        let rows: Vec<f32> = (0..60).map(|i| ((i * i) % 17) as f32 - 3.0).collect();
        let whole = FeatureStats::of(&rows, 2);
        let mut merged = FeatureStats::of(&rows[..14], 2);
        merged.merge(&FeatureStats::of(&rows[14..], 2));
        assert_eq!(merged.count, 30);
        for ((name, left), (_, right)) in merged.named().into_iter().zip(whole.named()).take(4) {
            for (a, b) in left.iter().zip(&right) {
                assert!((a - b).abs() < 1e-9, "{name}: {a} against {b}");
            }
        }
    }

    #[test]
    fn quantiles_interpolate_between_neighbours() {
        let stats = FeatureStats::of_scalars([4.0, 0.0, 1.0, 3.0, 2.0].into_iter());
        let named = stats.named();
        assert_eq!(named[4], ("q01", vec![0.04]));
        assert_eq!(named[6], ("q50", vec![2.0]));
    }
}
