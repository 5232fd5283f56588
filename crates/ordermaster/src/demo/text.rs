//! How the demo writes numbers, times and long texts. Pure.

use annals::Timestamp;

/// The columns that the demo keeps to.
pub(super) const WIDTH: usize = 90;

/// A number with commas between its thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many a second.
pub(super) fn a_second(number: u64, seconds: f64) -> String {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let rate = (number as f64 / seconds.max(0.000_001)).round() as u64;
    grouped(rate)
}

/// The time of day of an instant.
pub(super) fn time_of_day(instant: Timestamp) -> String {
    instant.to_string().get(11..26).unwrap_or_default().to_owned()
}

/// The text without control characters, and no longer than `most` characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    let plain = text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
    if text.chars().count() <= most {
        plain.collect()
    } else {
        plain.take(most.saturating_sub(1)).chain(['…']).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{a_second, cut, grouped};

    #[test]
    fn thousands_are_divided_by_commas() {
        let texts: Vec<_> = [0, 999, 1_000, 114_419, 12_345_678].into_iter().map(grouped).collect();
        assert_eq!(texts, ["0", "999", "1,000", "114,419", "12,345,678"]);
    }

    #[test]
    fn a_rate_is_rounded() {
        assert_eq!(a_second(10_000, 3.0), "3,333");
    }

    #[test]
    fn a_long_text_ends_in_an_ellipsis_and_steers_no_terminal() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("a\u{1b}b", 9), "a\u{fffd}b");
    }
}
