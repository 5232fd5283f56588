//! Ids: their text, their bytes, and the id that a key always gives.

use annals_core::{CommitId, EventId, StoreId};
use proptest::prelude::*;

#[test]
fn a_key_gives_the_same_commit_id_in_every_release() {
    // SHA-256 of the key, cut to 16 bytes, with the version (8) and variant bits of a UUID set; computed with
    // Python's hashlib and uuid.
    for (key, id) in [
        ("invoice 536365", "697cf464-1b38-894a-93e4-e59cae5513ee"),
        ("", "e3b0c442-98fc-8c14-9afb-f4c8996fb924"),
    ] {
        assert_eq!(CommitId::from_key(key).to_string(), id);
    }
}

#[test]
fn new_ids_differ_and_follow_each_other() {
    let ids: Vec<EventId> = (0..1_000).map(|_| EventId::new()).collect();
    assert!(ids.is_sorted_by(|left, right| left < right), "ids made one after another sort so");
}

#[test]
fn what_is_no_id_is_refused_by_what_it_should_have_been() {
    let refusal = "42".parse::<CommitId>().unwrap_err().to_string();
    assert!(refusal.starts_with("\"42\" is no commit id: a UUID is expected"), "{refusal}");
    let refusal = "".parse::<StoreId>().unwrap_err().to_string();
    assert!(refusal.starts_with("\"\" is no store id"), "{refusal}");
}

proptest! {
    #[test]
    fn an_id_is_its_text_and_its_bytes_again(bytes: [u8; 16]) {
        let id = EventId::from_bytes(bytes);
        prop_assert_eq!(id.as_bytes(), &bytes);
        prop_assert_eq!(id.to_string().parse::<EventId>().unwrap(), id);
        let json = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(&json, &format!("\"{id}\""));
        prop_assert_eq!(serde_json::from_str::<EventId>(&json).unwrap(), id);
    }

    #[test]
    fn ids_sort_as_their_bytes_and_texts_do(left: [u8; 16], right: [u8; 16]) {
        let (left_id, right_id) = (EventId::from_bytes(left), EventId::from_bytes(right));
        prop_assert_eq!(left_id.cmp(&right_id), left.cmp(&right));
        prop_assert_eq!(left_id.to_string().cmp(&right_id.to_string()), left.cmp(&right));
    }
}
