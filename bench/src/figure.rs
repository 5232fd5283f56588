//! A figure: what was measured, beside what, and whether that is what it should be.

use serde_json::{Value, json};

use crate::measure::{Sample, difference};

/// A figure.
pub(crate) struct Figure {
    /// Its name, for `--only` and for comparing runs.
    pub(crate) name: &'static str,
    /// What is compared, in one sentence.
    pub(crate) about: String,
    /// What the numbers count.
    pub(crate) unit: &'static str,
    /// What it is compared with, and what that measured as.
    pub(crate) baseline: Option<(&'static str, Sample)>,
    /// What ours measured as.
    pub(crate) ours: Sample,
    /// What must be.
    pub(crate) goal: Option<Goal>,
    /// What is hoped for on a small machine.
    pub(crate) aim: Option<Goal>,
}

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    /// At least so many times the baseline.
    TimesAtLeast(f64),
    /// At most so many times the baseline.
    TimesAtMost(f64),
    /// Off the baseline, either way, by less than so many percent.
    DiffersBelow(f64),
    /// At least so much.
    AtLeast(f64),
    /// Less than so much.
    Below(f64),
}

impl Figure {
    /// Ours divided by the baseline.
    pub(crate) fn times(&self) -> Option<f64> {
        self.baseline.as_ref().map(|(_, baseline)| self.ours.median() / baseline.median())
    }

    /// Whether a goal is met, by the medians; none when it needs a baseline that was not measured.
    pub(crate) fn meets(&self, goal: Goal) -> Option<bool> {
        let ours = self.ours.median();
        match goal {
            Goal::TimesAtLeast(times) => self.times().map(|found| found >= times),
            Goal::TimesAtMost(times) => self.times().map(|found| found <= times),
            Goal::DiffersBelow(percent) => {
                self.baseline.as_ref().map(|(_, baseline)| difference(ours, baseline.median()) < percent)
            }
            Goal::AtLeast(least) => Some(ours >= least),
            Goal::Below(most) => Some(ours < most),
        }
    }

    /// The goal, or aim, in words, and whether it is met.
    pub(crate) fn verdict(&self, goal: Option<Goal>) -> String {
        let Some(goal) = goal else { return "–".to_owned() };
        let met = match self.meets(goal) {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "no baseline",
        };
        format!("{}: {met}", self.in_words(goal))
    }

    fn in_words(&self, goal: Goal) -> String {
        match goal {
            Goal::TimesAtLeast(times) => format!("≥ {} ×", number(times)),
            Goal::TimesAtMost(times) => format!("≤ {} ×", number(times)),
            Goal::DiffersBelow(percent) => format!("differs < {} %", number(percent)),
            Goal::AtLeast(least) => format!("≥ {} {}", number(least), self.unit),
            Goal::Below(most) => format!("< {} {}", number(most), self.unit),
        }
    }

    /// The figure as JSON.
    pub(crate) fn to_json(&self) -> Value {
        let sample = |sample: &Sample| {
            json!({
                "median": sample.median(), "least": sample.least(), "most": sample.most(),
                "rounds": sample.count(),
            })
        };
        let goal = |goal: Option<Goal>| {
            goal.map(|goal| json!({ "is": self.in_words(goal), "met": self.meets(goal) }))
        };
        json!({
            "name": self.name,
            "about": self.about,
            "unit": self.unit,
            "ours": sample(&self.ours),
            "baseline": self.baseline.as_ref().map(|(name, found)| json!({ "is": name, "found": sample(found) })),
            "times": self.times(),
            "goal": goal(self.goal),
            "aim": goal(self.aim),
        })
    }
}

/// A sample for people: its median, and its spread where there is one.
pub(crate) fn shown(sample: &Sample) -> String {
    if sample.count() == 1 {
        return number(sample.median());
    }
    format!("{} ({}–{})", number(sample.median()), number(sample.least()), number(sample.most()))
}

/// A number for people: thousands set apart, three digits that matter.
pub(crate) fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let whole = grouped(whole);
    if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") }
}

fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len() - place;
        if place > 0 && left.is_multiple_of(3) && text.ends_with(|last: char| last.is_ascii_digit()) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Figure, Goal, number, shown};
    use crate::measure::Sample;

    fn figure(baseline: Option<f64>, ours: f64) -> Figure {
        Figure {
            name: "f",
            about: "a figure".to_owned(),
            unit: "ms",
            baseline: baseline.map(|value| ("the other", Sample::one(value))),
            ours: Sample::one(ours),
            goal: None,
            aim: None,
        }
    }

    #[test]
    fn goals_are_met_at_their_very_edge() {
        let figure = figure(Some(10.0), 50.0);
        assert_eq!(figure.meets(Goal::TimesAtLeast(5.0)), Some(true));
        assert_eq!(figure.meets(Goal::TimesAtLeast(5.1)), Some(false));
        assert_eq!(figure.meets(Goal::TimesAtMost(5.0)), Some(true));
        assert_eq!(figure.meets(Goal::AtLeast(50.0)), Some(true));
        assert_eq!(figure.meets(Goal::Below(50.0)), Some(false), "below is below");
    }

    #[test]
    fn faster_and_slower_by_as_much_differ_as_much() {
        assert_eq!(figure(Some(100.0), 124.0).meets(Goal::DiffersBelow(25.0)), Some(true));
        assert_eq!(figure(Some(100.0), 126.0).meets(Goal::DiffersBelow(25.0)), Some(false));
        assert_eq!(figure(Some(126.0), 100.0).meets(Goal::DiffersBelow(25.0)), Some(false));
    }

    #[test]
    fn without_a_baseline_there_is_no_verdict_on_a_comparison() {
        let figure = figure(None, 1.0);
        assert_eq!(figure.meets(Goal::TimesAtLeast(3.0)), None);
        assert_eq!(figure.verdict(Some(Goal::TimesAtLeast(3.0))), "≥ 3 ×: no baseline");
        assert_eq!(figure.verdict(Some(Goal::Below(5.0))), "< 5 ms: met");
        assert_eq!(figure.verdict(None), "–");
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(number(1_234_567.8), "1,234,568");
        assert_eq!(number(12.34), "12.3");
        assert_eq!(number(0.5), "0.5");
        assert_eq!(number(3.0), "3");
        assert_eq!(number(-1_234.0), "-1,234");
        assert_eq!(number(-123.0), "-123");
    }

    #[test]
    fn a_spread_is_shown_where_there_is_one() {
        assert_eq!(shown(&Sample::one(2.0)), "2");
        assert_eq!(shown(&Sample::of(vec![3.0, 1.0, 2.0]).unwrap()), "2 (1–3)");
    }
}
