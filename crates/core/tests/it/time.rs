//! Timestamps: text and microseconds are the same instant, to the edges.

use std::time::Duration;

use annals_core::Timestamp;
use proptest::prelude::*;

fn any_timestamp() -> impl Strategy<Value = Timestamp> {
    (Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros()).prop_map(Timestamp::from_micros)
}

fn parse(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn the_edges_have_text_and_are_read_back() {
    for (edge, text) in [
        (Timestamp::MIN, "0001-01-01T00:00:00.000000Z"),
        (Timestamp::from_micros(-1), "1969-12-31T23:59:59.999999Z"),
        (Timestamp::UNIX_EPOCH, "1970-01-01T00:00:00.000000Z"),
        (Timestamp::MAX, "9999-12-30T22:00:00.000000Z"),
    ] {
        assert_eq!(edge.to_string(), text);
        assert_eq!(parse(text), edge);
    }
}

#[test]
fn beyond_the_edges_microseconds_are_brought_in_and_texts_refused() {
    assert_eq!(Timestamp::from_micros(i64::MIN), Timestamp::MIN);
    assert_eq!(Timestamp::from_micros(i64::MAX), Timestamp::MAX);
    for text in ["0000-12-31T23:59:59.999999Z", "9999-12-30T22:00:00.000001Z", "9999-12-31T23:59:59Z"] {
        assert!(text.parse::<Timestamp>().is_err(), "{text} was read");
    }
}

#[test]
fn other_offsets_are_brought_to_utc_and_finer_parts_are_cut() {
    assert_eq!(parse("2024-02-29T13:00:00+01:00"), parse("2024-02-29T12:00:00Z"));
    assert_eq!(parse("2024-02-29T12:00:00.123456999Z").to_string(), "2024-02-29T12:00:00.123456Z");
    assert_eq!(parse("1969-12-31T23:59:59.999999999Z").as_micros(), -1);
}

#[test]
fn what_is_no_instant_is_refused_with_a_remedy() {
    for text in ["", "yesterday", "2024-02-30T12:00:00Z", "2024-02-29", "2024-02-29T12:00:00"] {
        let refusal = text.parse::<Timestamp>().unwrap_err().to_string();
        let expected = format!("{text:?} is no instant: write RFC 3339, for example 2024-02-29T12:00:00Z (");
        assert!(refusal.starts_with(&expected), "{refusal}");
    }
}

#[test]
fn durations_are_added_in_whole_microseconds_and_stop_at_the_edges() {
    let noon = parse("2024-02-29T12:00:00Z");
    assert_eq!(noon.plus(Duration::from_nanos(1_999)).as_micros(), noon.as_micros() + 1);
    assert_eq!(noon.minus(Duration::from_secs(43_200)).to_string(), "2024-02-29T00:00:00.000000Z");
    assert_eq!(noon.plus(Duration::MAX), Timestamp::MAX);
    assert_eq!(noon.minus(Duration::MAX), Timestamp::MIN);
}

proptest! {
    #[test]
    fn text_and_microseconds_are_the_same_instant(timestamp in any_timestamp()) {
        let text = timestamp.to_string();
        prop_assert_eq!(text.len(), "2024-02-29T12:00:00.000000Z".len());
        prop_assert_eq!(parse(&text), timestamp);
        prop_assert_eq!(timestamp.date(), &text[..10]);
        let json = serde_json::to_string(&timestamp).unwrap();
        prop_assert_eq!(&json, &format!("\"{text}\""));
        prop_assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), timestamp);
    }

    #[test]
    fn texts_sort_as_instants_do(left in any_timestamp(), right in any_timestamp(), near in -3_i64..=3) {
        for right in [right, Timestamp::from_micros(left.as_micros() + near)] {
            prop_assert_eq!(left.to_string().cmp(&right.to_string()), left.cmp(&right));
        }
    }

    #[test]
    fn since_is_what_plus_added(earlier in any_timestamp(), later in any_timestamp()) {
        let (earlier, later) = (earlier.min(later), earlier.max(later));
        prop_assert_eq!(earlier.plus(later.since(earlier)), later);
        prop_assert_eq!(later.minus(later.since(earlier)), earlier);
        prop_assert_eq!(earlier.since(later), Duration::ZERO);
    }
}
