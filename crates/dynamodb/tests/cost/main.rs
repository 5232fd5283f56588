//! What the store costs and how far it goes, worked out from AWS's published rules, and what the policies of the book
//! allow; no server is needed.

mod limits;
mod model;
mod policies;
mod published;

/// The page shows what this code works out; `cargo run -p annals-dynamodb --example partition_limits -- --write`
/// brings it up to date.
#[test]
fn the_page_shows_the_figures_that_are_worked_out() {
    let page = std::fs::read_to_string(model::page::path()).expect("the page is there");
    let renewed = model::page::renewed(&page).expect("the page has a place for each table");
    for (number, (shown, worked_out)) in (1..).zip(page.lines().zip(renewed.lines())) {
        assert_eq!(shown, worked_out, "line {number}");
    }
    assert_eq!(page.lines().count(), renewed.lines().count());
}
