//! Prints what the store costs and which partition keys are hottest at 10,000 and 100,000 events a second, worked out
//! from AWS's published rules. With `--write` the tables are put into `docs/dynamodb-cost.md`.

#![expect(clippy::print_stdout, reason = "this is what it is for")]

#[path = "../tests/cost/model/mod.rs"]
mod model;

use std::error::Error;
use std::fs;

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().any(|argument| argument == "--write") {
        let page = model::page::path();
        let text = fs::read_to_string(&page)?;
        fs::write(&page, model::page::renewed(&text)?)?;
        return Ok(());
    }
    for (name, block) in model::page::blocks() {
        println!("## {name}\n\n{block}");
    }
    Ok(())
}
