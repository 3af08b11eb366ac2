//! Intervals, quantiles and tests.

/// Half width of a 95 % interval, in standard deviations of a normal distribution.
pub const Z95: f64 = 1.959_963_984_540_054;

/// Wilson score interval of a proportion at 95 % confidence.
///
/// E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927).
pub fn wilson95(successes: usize, trials: usize) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    let (n, p) = (trials as f64, successes as f64 / trials as f64);
    let denominator = 1.0 + Z95 * Z95 / n;
    let centre = (p + Z95 * Z95 / (2.0 * n)) / denominator;
    let half = Z95 / denominator * (p * (1.0 - p) / n + Z95 * Z95 / (4.0 * n * n)).sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

/// The value below which a share `q` of the values lies (nearest rank); zero when there are none.
pub fn quantile(values: &mut [f64], q: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.sort_by(f64::total_cmp);
    let rank = (q * values.len() as f64).ceil() as usize;
    values[rank.clamp(1, values.len()) - 1]
}

/// Two-sided p value of McNemar's exact test on the counts of discordant pairs.
///
/// Q. McNemar, Note on the sampling error of the difference between correlated proportions, Psychometrika 12 (1947); exact by the
/// binomial distribution.
pub fn mcnemar_exact(only_first: usize, only_second: usize) -> f64 {
    let n = only_first + only_second;
    // ln of C(n, k) / 2^n, from k = 0 on.
    let mut term = -(n as f64) * std::f64::consts::LN_2;
    let mut tail = 0.0;
    for k in 0..=only_first.min(only_second) {
        tail += term.exp();
        term += ((n - k) as f64).ln() - ((k + 1) as f64).ln();
    }
    (2.0 * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mcnemar_agrees_with_the_binomial_distribution() {
        // 2 (1 + 10 + 45) / 1024, and the symmetric cases.
        assert!((mcnemar_exact(2, 8) - 112.0 / 1024.0).abs() < 1e-12);
        assert_eq!(mcnemar_exact(2, 8), mcnemar_exact(8, 2));
        assert_eq!(mcnemar_exact(0, 0), 1.0);
        assert_eq!(mcnemar_exact(5, 5), 1.0);
        assert!((mcnemar_exact(0, 20) - 2.0_f64.powi(-19)).abs() < 1e-15);
        assert!(
            mcnemar_exact(900, 1200) < 1e-9,
            "large counts do not overflow"
        );
    }

    #[test]
    fn wilson_agrees_with_published_values() {
        // Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, method 3.
        let (low, high) = wilson95(81, 263);
        assert!(
            (low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5,
            "{low} {high}"
        );
        // The same table: 0 of 20 gives 0 to 0.1611.
        let (low, high) = wilson95(0, 20);
        assert!(low == 0.0 && (high - 0.1611).abs() < 5e-5, "{low} {high}");
    }

    #[test]
    fn quantiles_are_values_of_the_sample() {
        let mut values = vec![5.0, 1.0, 3.0, 2.0, 4.0];
        assert_eq!(quantile(&mut values, 0.5), 3.0);
        assert_eq!(quantile(&mut values, 0.99), 5.0);
        assert_eq!(quantile(&mut values, 0.0), 1.0);
    }
}
