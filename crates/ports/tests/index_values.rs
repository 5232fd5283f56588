//! Law V03's index values: ordered part by part, by bytes; a beginning of whole parts finds exactly what begins so.

use annals_ports::IndexValue;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

fn parts() -> impl Strategy<Value = Vec<String>> {
    let character = proptest::prop_oneof![
        any::<char>(),
        proptest::char::range('\0', '#'),
        proptest::char::range('a', 'b')
    ];
    proptest::collection::vec(proptest::collection::vec(character, 0..4).prop_map(String::from_iter), 0..4)
}

/// Parts without control characters, whose order is kept.
fn plain_parts() -> impl Strategy<Value = Vec<String>> {
    parts().prop_map(|parts| parts.iter().map(|part| part.replace(|c: char| c <= '\u{1f}', "a")).collect())
}

proptest! {
    #[test]
    fn values_are_equal_when_their_parts_are(left in parts(), right in parts()) {
        prop_assert_eq!(IndexValue::of(&left) == IndexValue::of(&right), left == right);
    }

    #[test]
    fn values_sort_as_their_parts_do(left in plain_parts(), right in plain_parts()) {
        let (left_value, right_value) = (IndexValue::of(&left), IndexValue::of(&right));
        prop_assert_eq!(left_value.as_str().as_bytes().cmp(right_value.as_str().as_bytes()), left.cmp(&right));
    }

    #[test]
    fn a_value_begins_with_another_when_its_parts_do(whole in parts(), start in parts()) {
        let begins = IndexValue::of(&whole).as_str().starts_with(IndexValue::of(&start).as_str());
        prop_assert_eq!(begins, whole.starts_with(&start));
    }

    #[test]
    fn a_value_begins_with_each_of_its_own_beginnings(whole in parts(), count in 0..4_usize) {
        let start = &whole[..count.min(whole.len())];
        prop_assert!(IndexValue::of(&whole).as_str().starts_with(IndexValue::of(start).as_str()));
    }
}

#[test]
fn a_part_ends_where_it_ends() {
    let find = |start: &[&str], whole: &[&str]| {
        IndexValue::of(whole).as_str().starts_with(IndexValue::of(start).as_str())
    };
    assert!(find(&["customer-1"], &["customer-1", "2024-01-01"]));
    assert!(!find(&["customer-1"], &["customer-10", "2024-01-01"]));
    assert!(!find(&["a", "b"], &["a\u{1f}b"]));
}
