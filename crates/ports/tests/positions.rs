//! Laws F04 and R06: positions and page tokens survive as text, and know their store.

use annals_core::{EventId, StoreId};
use annals_ports::{FeedPosition, PageToken, SlicePosition, StoreError};

fn slice(slice: u32, epoch: u64, place: u64, event: Option<EventId>) -> SlicePosition {
    SlicePosition { slice, epoch, place, event }
}

#[test]
fn f04_positions_read_back_from_text() {
    let store = StoreId::new();
    let positions = [
        FeedPosition::beginning(store),
        FeedPosition::single(store, 1, Some(EventId::new())),
        FeedPosition::single(store, u64::MAX, Some(EventId::from_bytes([0xff; 16]))),
        FeedPosition::sliced(
            store,
            vec![
                slice(3, 2, 17, Some(EventId::new())),
                slice(0, u64::MAX, 0, None),
                slice(u32::MAX, 0, 9, Some(EventId::new())),
            ],
        ),
    ];
    for position in positions {
        let text = position.to_string();
        assert_eq!(text.parse().as_ref(), Ok(&position), "{text}");
        let json = serde_json::to_string(&position).expect("a position serialises");
        assert_eq!(serde_json::from_str::<FeedPosition>(&json).expect("and reads back"), position, "{json}");
    }
}

#[test]
fn f04_the_text_of_a_position_does_not_change_from_release_to_release() {
    let store: StoreId = "0190b9a4-7c3e-7d52-8f4a-1c2d3e4f5a6b".parse().expect("an id");
    let event: EventId = "0190b9a4-7c3e-7d52-8f4a-000000000001".parse().expect("an id");
    let position = FeedPosition::single(store, 42, Some(event));
    let text = "0190b9a4-7c3e-7d52-8f4a-1c2d3e4f5a6b;0.0.42.0190b9a4-7c3e-7d52-8f4a-000000000001";
    assert_eq!(position.to_string(), text);
    assert_eq!(text.parse(), Ok(position));
    assert_eq!(FeedPosition::beginning(store).to_string(), "0190b9a4-7c3e-7d52-8f4a-1c2d3e4f5a6b;0.0.0");
}

#[test]
fn what_is_no_position_is_refused_with_its_text() {
    let store = StoreId::new();
    let texts = [
        String::new(),
        "nowhere".to_owned(),
        store.to_string(),
        format!("{store};"),
        format!("{store};0.0"),
        format!("{store};0.0.x"),
        format!("{store};0.0.-1"),
        format!("{store};4294967296.0.1"),
        format!("{store};0.0.1.not-an-id"),
        format!("{store};0.0.1;"),
    ];
    for text in texts {
        let error = text.parse::<FeedPosition>().expect_err("no position");
        assert!(error.to_string().starts_with(&format!("{text:?}")), "{error}");
    }
}

#[test]
fn r06_a_position_opens_in_its_own_store_alone() {
    let (ours, theirs) = (StoreId::new(), StoreId::new());
    let event = EventId::new();
    let position = FeedPosition::single(ours, 3, Some(event));
    assert_eq!(position.single_in(ours).expect("its own"), slice(0, 0, 3, Some(event)));
    match position.slices_in(theirs) {
        Err(StoreError::WrongStore { what: "position", expected, found }) => {
            assert_eq!((expected, found), (theirs, ours));
        }
        other => panic!("another store's position opens: {other:?}"),
    }
}

#[test]
fn r06_a_page_token_survives_as_text_and_opens_in_its_own_store_alone() {
    let (ours, theirs) = (StoreId::new(), StoreId::new());
    for place in ["", "7", "with ~ and ; and .", "é\u{1f}"] {
        let token = PageToken::new(ours, place.to_owned());
        let back: PageToken = token.to_string().parse().expect("a token reads back");
        assert_eq!(back, token);
        assert_eq!(back.place_in(ours).expect("its own"), place);
        assert!(matches!(back.place_in(theirs), Err(StoreError::WrongStore { what: "page token", .. })));
    }
    for text in ["", "7", "nobody~7"] {
        assert!(matches!(text.parse::<PageToken>(), Err(StoreError::InvalidToken { .. })), "{text:?}");
    }
}
