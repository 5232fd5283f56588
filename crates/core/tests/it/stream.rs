//! Stream names and versions, at their edges.

use annals_core::{Category, InvalidStreamId, StreamId, Version};
use proptest::prelude::*;

fn refusal(category: &str, id: &str) -> InvalidStreamId {
    StreamId::new(category, id).unwrap_err()
}

#[test]
fn a08_a_category_is_1_to_64_characters() {
    assert_eq!(Category::new("a").unwrap().as_str(), "a");
    assert!(StreamId::new(&"a".repeat(64), "1").is_ok());
    assert_eq!(
        refusal("", "1").to_string(),
        "stream \"\": category length is 0 characters, allowed are 1 to 64"
    );
    let long = "a".repeat(65);
    for refusal in [refusal(&long, "1"), Category::new(&long).unwrap_err()] {
        let InvalidStreamId::Length { exceeded, .. } = refusal else { panic!("{refusal}") };
        assert_eq!((exceeded.limit, exceeded.actual, exceeded.most), ("category length", 65, 64));
    }
}

#[test]
fn a08_an_id_is_1_to_128_characters() {
    assert!(StreamId::new("order", "1").is_ok());
    let longest = StreamId::new("order", &"x".repeat(128)).unwrap();
    assert_eq!(longest.id().len(), 128);
    assert_eq!(
        refusal("order", "").to_string(),
        "stream \"order-\": stream id length is 0 characters, allowed are 1 to 128"
    );
    let refusal = refusal("order", &"x".repeat(129));
    assert!(refusal.to_string().ends_with("stream id length is 129 characters, allowed are 1 to 128"));
}

#[test]
fn an_id_may_hold_hyphens_and_a_category_may_not() {
    let stream: StreamId = "order-2024--7-".parse().unwrap();
    assert_eq!((stream.category(), stream.id()), ("order", "2024--7-"));
    assert_eq!(
        refusal("pre-order", "7").to_string(),
        "category \"pre-order\" holds '-': only a-z, 0-9 and _ are allowed"
    );
}

#[test]
fn a_text_without_a_hyphen_names_no_stream() {
    let refusal = "order42".parse::<StreamId>().unwrap_err();
    assert_eq!(refusal.to_string(), "\"order42\" names no stream: write category-id, for example order-42");
}

#[test]
fn streams_and_categories_are_plain_strings_in_json_and_checked_when_read() {
    let stream: StreamId = "order-7".parse().unwrap();
    assert_eq!(serde_json::to_string(&stream).unwrap(), "\"order-7\"");
    assert_eq!(serde_json::from_str::<StreamId>("\"order-7\"").unwrap(), stream);
    assert!(serde_json::from_str::<StreamId>("\"order-\"").is_err());

    let category = Category::new("order").unwrap();
    assert_eq!(serde_json::to_string(&category).unwrap(), "\"order\"");
    assert_eq!(serde_json::from_str::<Category>("\"order\"").unwrap(), category);
    assert!(serde_json::from_str::<Category>("\"Order\"").is_err());
}

proptest! {
    #[test]
    fn a08_a_category_holds_only_small_letters_digits_and_underscores(c: char) {
        let allowed = c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        prop_assert_eq!(Category::new(&format!("a{c}")).is_ok(), allowed);
        prop_assert_eq!(StreamId::new(&format!("a{c}"), "1").is_ok(), allowed);
    }

    #[test]
    fn a08_an_id_holds_only_visible_ascii(c: char, low in 0_u8..=0x7f) {
        for c in [c, char::from(low)] {
            prop_assert_eq!(StreamId::new("order", &format!("x{c}")).is_ok(), ('!'..='~').contains(&c));
        }
    }

    #[test]
    fn a_stream_is_its_text_again(category in "[a-z0-9_]{1,64}", id in "[!-~]{1,128}") {
        let stream = StreamId::new(&category, &id).unwrap();
        prop_assert_eq!((stream.category(), stream.id()), (category.as_str(), id.as_str()));
        let again: StreamId = stream.to_string().parse().unwrap();
        prop_assert_eq!(again, stream);
    }

    #[test]
    fn streams_are_ordered_by_their_bytes(
        left in "[a-z0-9_]{1,3}-[!-~]{1,3}",
        right in "[a-z0-9_]{1,3}-[!-~]{1,3}",
    ) {
        let order = left.parse::<StreamId>().unwrap().cmp(&right.parse().unwrap());
        prop_assert_eq!(order, left.as_bytes().cmp(right.as_bytes()));
    }
}

#[test]
fn versions_count_from_one_and_stop_at_the_last() {
    assert_eq!(Version::default(), Version::NONE);
    assert_eq!(Version::NONE.next(), Version::FIRST);
    assert_eq!(Version::FIRST.previous(), Version::NONE);
    assert_eq!(Version::NONE.previous(), Version::NONE);
    assert_eq!(Version::FIRST.plus(41).get(), 42);
    assert_eq!(Version::MAX.get(), 9_223_372_036_854_775_807);
    assert_eq!(Version::MAX.next(), Version::MAX);
    assert_eq!(Version::MAX.plus(u64::MAX), Version::MAX);
    assert_eq!(Version::new(u64::MAX), Version::MAX);
    assert_eq!(Version::MAX.previous().next(), Version::MAX);
}

#[test]
fn a_version_is_a_plain_number_in_json() {
    assert_eq!(serde_json::to_string(&Version::new(7)).unwrap(), "7");
    assert_eq!(serde_json::from_str::<Version>("7").unwrap(), Version::new(7));
    assert_eq!(serde_json::from_str::<Version>("18446744073709551615").unwrap(), Version::MAX);
    assert!(serde_json::from_str::<Version>("-1").is_err());
}

#[test]
fn a_version_shows_as_its_number() {
    assert_eq!(Version::new(7).to_string(), "7");
    assert_eq!(format!("{:?}", Version::new(7)), "v7");
    assert_eq!(format!("{:>3}", Version::new(7)), "  7");
}
