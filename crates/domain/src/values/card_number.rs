//! Card numbers, to be kept out (law X03): 12 to 19 digits whose last one is Luhn's check digit.

const DIGITS: std::ops::RangeInclusive<usize> = 12..=19;
/// A word inside a longer text must look like a card more closely, or every tenth long number would be taken for
/// one: longer than the last group of a UUID, and beginning as cards of the large schemes do.
const DIGITS_OF_WORD: std::ops::RangeInclusive<usize> = 13..=19;

/// Whether the text is a card number, however grouped, or holds one as a word.
pub(crate) fn holds_card_number(text: &str) -> bool {
    let ungrouped: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.')).collect();
    let is_card = DIGITS.contains(&ungrouped.len()) && passes_luhn(&ungrouped);
    is_card
        || text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
            DIGITS_OF_WORD.contains(&word.len())
                && word.starts_with(|c| matches!(c, '2'..='6'))
                && passes_luhn(word)
        })
}

fn passes_luhn(text: &str) -> bool {
    let digits: Option<Vec<u32>> = text.chars().rev().map(|c| c.to_digit(10)).collect();
    let Some(digits) = digits else { return false };
    let weighted = |(place, digit): (usize, u32)| match (place % 2, digit * 2) {
        (0, _) => digit,
        (_, doubled) if doubled > 9 => doubled - 9,
        (_, doubled) => doubled,
    };
    digits.into_iter().enumerate().map(weighted).sum::<u32>().is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::holds_card_number;

    #[test]
    fn card_numbers_are_found_however_they_are_written() {
        for text in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "378282246310005",
            "6304000000000000",
            "card:5555555555554444",
            r#"{"pan":"4242424242424242"}"#,
            "630495060000",
        ] {
            assert!(holds_card_number(text), "{text} is a card number");
        }
    }

    #[test]
    fn tokens_times_and_other_numbers_are_left_alone() {
        for text in [
            "tok_4111111111111111x",
            "4111111111111112",
            "pm-7f3c",
            "12345678901",
            "0190b9a4-7c3e-7d52-8f4a-424242424242",
            r#"{"at":1733738400000000}"#,
            "",
            "41111111111111111111111",
            "４１１１１１１１１１１１１１１１",
        ] {
            assert!(!holds_card_number(text), "{text} is no card number");
        }
    }
}
