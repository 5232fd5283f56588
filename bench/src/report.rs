//! What a run found: a table for the terminal, JSON for programs, Markdown for the book.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::bench::{Bench, Outcome};
use crate::figure::{Figure, number, shown};
use crate::machine;

/// Between these lines a page holds what was measured last.
const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

/// What a run found so far.
pub(crate) struct Report {
    facts: Vec<(&'static str, String)>,
    only: Vec<String>,
    figures: Vec<Figure>,
    tables: Vec<Table>,
}

/// Where something goes, in parts.
pub(crate) struct Table {
    /// What is divided.
    pub(crate) title: String,
    /// What the columns hold.
    pub(crate) columns: Vec<&'static str>,
    /// The rows.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Report {
    /// An empty report, which looks at the machine first.
    pub(crate) fn new(bench: &Bench, only: Vec<String>) -> Self {
        let mut facts = machine::facts(bench.folder());
        facts.push(("store", bench.kind.name.to_owned()));
        let arguments: Vec<_> = std::env::args().skip(1).collect();
        facts.push(("command", format!("cargo xtask bench {}", arguments.join(" ")).trim().to_owned()));
        if bench.quick {
            facts.push(("thoroughness", "quick: fewer rounds, smaller stores".to_owned()));
        }
        for (name, fact) in &facts {
            println!("{name:<22} {fact}");
        }
        Self { facts, only, figures: Vec::new(), tables: Vec::new() }
    }

    /// Whether a group is to be measured: all are, unless some were named, by their own names or by a figure's.
    pub(crate) fn wants(&self, group: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == group || only.starts_with(group))
    }

    /// Whether a figure of a group is to be measured.
    pub(crate) fn wants_figure(&self, group: &str, figure: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == group || only == figure)
    }

    /// Whether any of a group's figures is to be measured.
    pub(crate) fn wants_one_of(&self, group: &str, figures: &[&str]) -> bool {
        figures.iter().any(|figure| self.wants_figure(group, figure))
    }

    /// Adds a fact about what is measured on, and tells it.
    pub(crate) fn note(&mut self, name: &'static str, fact: String) {
        println!("{name:<22} {fact}");
        self.facts.push((name, fact));
    }

    /// Adds a figure, and tells it.
    pub(crate) fn add(&mut self, figure: Figure) {
        let against = figure.baseline.as_ref().map(|(name, sample)| format!(", {name} {}", shown(sample)));
        println!(
            "{:<28} {} {}{}  [{}]",
            figure.name,
            shown(&figure.ours),
            figure.unit,
            against.unwrap_or_default(),
            figure.verdict(figure.goal),
        );
        self.figures.push(figure);
    }

    /// Adds a table.
    pub(crate) fn add_table(&mut self, table: Table) {
        self.tables.push(table);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.figures.is_empty()
    }

    /// Every figure in a line, as Markdown, which reads well enough in a terminal.
    pub(crate) fn table(&self) -> String {
        let mut rows = Vec::new();
        for figure in &self.figures {
            let (name, baseline) = figure
                .baseline
                .as_ref()
                .map_or(("–", "–".to_owned()), |(name, sample)| (*name, shown(sample)));
            let times = figure.times().map_or_else(|| "–".to_owned(), |times| format!("{} ×", number(times)));
            rows.push(vec![
                format!("`{}`", figure.name),
                format!("{} {}", shown(&figure.ours), figure.unit),
                baseline,
                name.to_owned(),
                times,
                figure.verdict(figure.goal),
                figure.verdict(figure.aim),
            ]);
        }
        markdown(&["figure", "ours", "baseline", "which is", "ours ÷ baseline", "goal", "aim"], &rows)
    }

    /// Writes the JSON file, and the measured part of the page.
    pub(crate) fn write(&self, file: &Path, page: Option<&Path>) -> Outcome {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(file, format!("{:#}\n", self.to_json()))?;
        println!("written: {}", file.display());
        if let Some(page) = page {
            let text = std::fs::read_to_string(page)?;
            let written = with_section(&text, &self.section())
                .ok_or_else(|| format!("{}: no lines {BEGIN} and {END}", page.display()))?;
            std::fs::write(page, written)?;
            println!("written: {}", page.display());
        }
        Ok(())
    }

    fn to_json(&self) -> Value {
        let facts: serde_json::Map<_, _> =
            self.facts.iter().map(|(name, fact)| ((*name).to_owned(), fact.clone().into())).collect();
        let figures: Vec<_> = self.figures.iter().map(Figure::to_json).collect();
        let tables: Vec<_> = self
            .tables
            .iter()
            .map(|table| json!({ "title": table.title, "columns": table.columns, "rows": table.rows }))
            .collect();
        json!({ "facts": facts, "figures": figures, "tables": tables })
    }

    /// What the page holds between its marks.
    fn section(&self) -> String {
        let facts: Vec<_> =
            self.facts.iter().map(|(name, fact)| vec![(*name).to_owned(), fact.clone()]).collect();
        let mut text = markdown(&["", ""], &facts);
        let _ = write!(text, "\n{}\nWhat each one is:\n\n", self.table());
        for figure in &self.figures {
            let _ = writeln!(text, "- `{}`: {}", figure.name, figure.about);
        }
        for table in &self.tables {
            let _ = write!(text, "\n{}:\n\n{}", table.title, markdown(&table.columns, &table.rows));
        }
        text
    }
}

fn markdown(columns: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!("| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// The page with another section between its marks; none when it lacks them.
fn with_section(page: &str, section: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{section}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::{Report, markdown, with_section};
    use crate::figure::{Figure, Goal};
    use crate::measure::Sample;

    fn report(only: &[&str]) -> Report {
        let only = only.iter().map(|only| (*only).to_owned()).collect();
        Report { facts: vec![("date", "today".to_owned())], only, figures: Vec::new(), tables: Vec::new() }
    }

    #[test]
    fn all_is_wanted_unless_something_is_named() {
        assert!(report(&[]).wants("feed") && report(&[]).wants_figure("feed", "feed_mix"));
        let feed = report(&["feed"]);
        assert!(feed.wants("feed") && feed.wants_figure("feed", "feed_mix") && !feed.wants("loads"));
        let one = report(&["feed_mix"]);
        assert!(one.wants("feed") && one.wants_figure("feed", "feed_mix"));
        assert!(!one.wants_figure("feed", "feed_typed"));
    }

    #[test]
    fn the_table_says_what_was_missed() {
        let mut report = report(&[]);
        report.figures.push(Figure {
            name: "f",
            about: "a figure".to_owned(),
            unit: "events/s",
            baseline: Some(("plain", Sample::one(1_000.0))),
            ours: Sample::one(2_500.0),
            goal: Some(Goal::TimesAtLeast(3.0)),
            aim: Some(Goal::AtLeast(2_000.0)),
        });
        assert_eq!(
            report.table().lines().last(),
            Some(
                "| `f` | 2,500 events/s | 1,000 | plain | 2.5 × | ≥ 3 ×: **missed** | ≥ 2,000 events/s: met |"
            ),
        );
        assert_eq!(report.to_json()["figures"][0]["goal"]["met"], false);
    }

    #[test]
    fn only_the_measured_part_of_a_page_is_written_anew() {
        let page = "# Title\n<!-- measured: begin -->\nold\n<!-- measured: end -->\nThe end.\n";
        let written = with_section(page, "new\n").unwrap();
        assert!(written.starts_with("# Title\n") && written.ends_with("\nThe end.\n"));
        assert!(written.contains("new") && !written.contains("old"));
        assert_eq!(with_section(&written, "new\n").as_deref(), Some(written.as_str()), "again is the same");
        assert_eq!(with_section("no marks", "new"), None);
    }

    #[test]
    fn a_table_has_a_line_for_each_row() {
        assert_eq!(
            markdown(&["a", "b"], &[vec!["1".into(), "2".into()]]),
            "| a | b |\n|---|---|\n| 1 | 2 |\n"
        );
    }
}
