//! The page of the book that shows these figures: each table stands between two comments, as it is worked out here.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::partitions::{Layout, simulate};
use super::tables;

/// The tables of the page, by name.
pub(crate) fn blocks() -> Vec<(&'static str, String)> {
    let small = simulate(10_000, 10, Layout::DEFAULT);
    let large = simulate(100_000, 5, Layout::DEFAULT);
    let spread = simulate(100_000, 5, Layout::LARGE);
    let with = |layout, table: String| format!("With {}:\n\n{table}", tables::layout(layout));
    vec![
        ("sizes", tables::sizes()),
        ("commands", tables::commands()),
        ("after", tables::after()),
        ("standing", tables::standing()),
        ("storage", tables::storage(&small)),
        ("keys at 10,000 events a second", with(Layout::DEFAULT, tables::keys(&small))),
        ("totals at 10,000 events a second", tables::totals(&small)),
        ("type shards", tables::type_shards()),
        ("keys at 100,000 events a second", with(Layout::DEFAULT, tables::keys(&large))),
        ("keys at 100,000 events a second, spread", with(Layout::LARGE, tables::keys(&spread))),
        ("totals at 100,000 events a second", tables::totals(&spread)),
        (
            "ten stores",
            format!(
                "Ten stores of 10,000 events a second cost 10 × {:.2} dollars an hour.\n",
                tables::all_hourly(&small)
            ),
        ),
    ]
}

/// Where the page is.
pub(crate) fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/dynamodb-cost.md")
}

/// The page with its tables replaced; a table that has no place in it is an error that names it.
pub(crate) fn renewed(page: &str) -> Result<String, String> {
    let mut renewed = page.to_owned();
    for (name, block) in blocks() {
        let begin = format!("<!-- worked out: {name} -->\n");
        let end = "<!-- end -->";
        let found =
            renewed.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
        let Some((before, after)) = found else {
            return Err(format!("the page has no place for \"{name}\""));
        };
        let mut text = String::from(before);
        // Writing to a string cannot fail.
        let _ = write!(text, "{begin}\n{block}\n{end}{after}");
        renewed = text;
    }
    Ok(renewed)
}
