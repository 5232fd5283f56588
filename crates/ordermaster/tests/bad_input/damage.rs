//! A file whose content is not what was put there: each command that meets it says so, and what does not meet it works.

use super::place::{Case, Place, not_understood, refused, text};

fn damaged(edit: &str) -> Place {
    let place = Place::with_business();
    place.raw().execute_batch(edit).unwrap();
    place
}

/// Streams that the edit did not touch can be read as ever.
fn the_rest_works(place: &Place) {
    assert!(place.done("show account-a-1").starts_with("account-a-1 at version 1"));
    place.done("inventory receive TEA --quantity 1");
}

const STREAM: [&str; 4] = [
    "show order-o-1",
    "history order-o-1",
    "diff order-o-1 --from v1",
    "order return o-1 --item CUP:1 --reason r --refund 1",
];

fn check_stream(place: &Place, stderr: &'static str) {
    for arguments in STREAM {
        place.check("ordermaster.db", &refused(arguments, stderr));
    }
    // What a read model took in before stays; built again it meets the event, too.
    assert!(place.done("views show order_summary --key o-1").contains("delivered"));
    super::place::told(&refused("views rebuild", stderr), &place.run("views rebuild order_summary"));
    the_rest_works(place);
}

#[test]
fn an_event_type_that_the_program_does_not_know_is_named() {
    let place = damaged("UPDATE event_types SET name = 'OrderTeleported' WHERE name = 'OrderPaid'");
    check_stream(&place, "error: *order-o-1*OrderTeleported*");
}

#[test]
fn a_schema_version_from_the_future_is_named() {
    let place = damaged(
        "UPDATE events SET numbers = numbers + (98 << 32) WHERE version = 3 AND stream IN (SELECT id FROM streams WHERE name = 'order-o-1')",
    );
    check_stream(&place, "error: *order-o-1*OrderPaid*99*");
}

#[test]
fn json_that_was_cut_off_is_named() {
    let place = damaged(
        "UPDATE events SET payload = substr(payload, 1, 9) WHERE version = 3 AND stream IN (SELECT id FROM streams \
         WHERE name = 'order-o-1')",
    );
    check_stream(&place, "error: *order-o-1*");
}

#[test]
fn a_flipped_byte_in_a_payload_is_found_by_the_check() {
    let place = damaged(
        "UPDATE events SET payload = replace(payload, 'p-1', 'p-2') WHERE version = 3 AND stream IN (SELECT id FROM \
         streams WHERE name = 'order-o-1')",
    );
    let before = place.held("ordermaster.db");
    let output = place.run("store check");
    let (said, told) = (text(&output.stdout), text(&output.stderr));
    assert_eq!((output.status.code(), told.lines().count()), (Some(1), 1), "{said}{told}");
    assert!(said.contains("order-o-1") && told.starts_with("error: "), "{said}{told}");
    assert_eq!(place.held("ordermaster.db"), before);
    the_rest_works(&place);
}

#[test]
fn a_checkpoint_that_cannot_be_read_is_named_and_the_view_built_again() {
    let place = damaged("UPDATE views SET position = 'rubbish' WHERE name = 'order_summary'");
    let output = place.run("views list");
    let garbled = refused(
        "views list",
        "error: order_summary cannot be read: *; build it again with `ordermaster views rebuild order_summary`",
    );
    super::place::told(&garbled, &output);
    let listed = text(&output.stdout);
    assert!(
        listed.lines().any(|line| line.starts_with("order_summary") && line.contains("garbled: rebuild it"))
    );
    assert_eq!(listed.lines().count(), 9, "{listed}");
    place.check("ordermaster.db", &refused("order list", "error: *order_summary*"));
    let rebuilt = place.done("views rebuild order_summary");
    assert!(rebuilt.contains("order_summary  7       2"), "{rebuilt}");
    assert!(place.done("order list --newest-first").contains("o-1"));
    assert!(!place.done("views list").contains("garbled"));
}

const GUARDS: [Case; 2] = [
    refused(
        "show customer-ada",
        "error: customer-ada is no stream of the shop: write order-ID, payment-ID, *",
    ),
    not_understood("show order", "error: invalid value 'order' for '<STREAM>': *; more with --help"),
];

#[test]
fn a_stream_that_is_none_of_the_shops_is_answered_with_those_that_are() {
    Place::with_business().check_all(&GUARDS);
}
