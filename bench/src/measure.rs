//! The arithmetic: rounds, medians, spreads, percentiles. Ours and the baseline take turns, so that whatever else the
//! machine does falls on both.

use std::time::{Duration, Instant};

/// What one thing measured as, once a round.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    /// In rising order; at least one.
    values: Vec<f64>,
}

impl Sample {
    /// The sample of these values; none when there are none.
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_unstable_by(f64::total_cmp);
        (!values.is_empty()).then_some(Self { values })
    }

    /// One value.
    pub(crate) fn one(value: f64) -> Self {
        Self { values: vec![value] }
    }

    /// The value in the middle; the mean of the two in the middle when their number is even.
    pub(crate) fn median(&self) -> f64 {
        let middle = self.values.len() / 2;
        if self.values.len() % 2 == 1 {
            self.values[middle]
        } else {
            f64::midpoint(self.values[middle - 1], self.values[middle])
        }
    }

    /// The smallest value.
    pub(crate) fn least(&self) -> f64 {
        self.values[0]
    }

    /// The largest value.
    pub(crate) fn most(&self) -> f64 {
        self.values[self.values.len() - 1]
    }

    /// The value that `of_hundred` percent of the values do not exceed.
    pub(crate) fn percentile(&self, of_hundred: usize) -> f64 {
        let place = (self.values.len() * of_hundred).div_ceil(100).max(1);
        self.values[place.min(self.values.len()) - 1]
    }

    /// How many values there are.
    pub(crate) fn count(&self) -> usize {
        self.values.len()
    }
}

/// How many a second, when it took so long.
pub(crate) fn rate(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// Milliseconds since then.
pub(crate) fn milliseconds_since(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e3
}

/// By how many percent the larger of two exceeds the smaller.
pub(crate) fn difference(a: f64, b: f64) -> f64 {
    (a.max(b) / a.min(b) - 1.0) * 100.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Sample, difference, rate};

    fn sample(values: &[f64]) -> Sample {
        Sample::of(values.to_vec()).unwrap()
    }

    fn same(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn the_median_is_in_the_middle_whatever_the_order() {
        assert!(same(sample(&[9.0, 1.0, 5.0]).median(), 5.0));
        assert!(same(sample(&[4.0, 1.0, 2.0, 9.0]).median(), 3.0));
    }

    #[test]
    fn the_spread_is_from_the_least_to_the_most() {
        let sample = sample(&[9.0, 1.0, 5.0]);
        assert!(same(sample.least(), 1.0) && same(sample.most(), 9.0));
    }

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert!(same(sample(&hundred).percentile(99), 99.0));
        assert!(same(sample(&hundred).percentile(95), 95.0));
        assert!(same(sample(&hundred).percentile(100), 100.0));
        assert!(same(sample(&[3.0, 7.0]).percentile(99), 7.0), "of few, the largest");
        assert!(same(sample(&[3.0, 7.0]).percentile(1), 3.0));
    }

    #[test]
    fn nothing_measured_is_no_sample() {
        assert_eq!(Sample::of(Vec::new()), None);
    }

    #[test]
    fn a_rate_is_by_the_second() {
        assert!(same(rate(500, Duration::from_millis(250)), 2_000.0));
    }

    #[test]
    fn a_difference_is_the_same_both_ways() {
        assert!(same(difference(100.0, 125.0), 25.0));
        assert!(same(difference(125.0, 100.0), 25.0));
    }
}
