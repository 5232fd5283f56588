//! The book's pages: each is listed in the summary, each listed one is there, each link inside leads somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What is wrong with the book under `docs`; empty when all is well.
pub(crate) fn faults(docs: &Path) -> Vec<String> {
    let pages = markdown_below(docs);
    let summary = docs.join("SUMMARY.md");
    let mut faults = Vec::new();
    let mut listed = BTreeSet::new();
    for page in &pages {
        let Ok(text) = fs::read_to_string(page) else {
            faults.push(format!("{}: cannot be read", page.display()));
            continue;
        };
        for target in links(&text) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
                continue;
            }
            let path = page.parent().unwrap_or(docs).join(file);
            if !path.exists() {
                faults.push(format!("{}: {target} leads nowhere", page.display()));
            } else if page == &summary {
                listed.extend(path.canonicalize());
            }
        }
    }
    for page in pages.iter().filter(|page| **page != summary) {
        if page.canonicalize().is_ok_and(|path| !listed.contains(&path)) {
            faults.push(format!("{}: not listed in SUMMARY.md", page.display()));
        }
    }
    if listed.is_empty() {
        faults.push(format!("{}: lists no page", summary.display()));
    }
    faults
}

fn markdown_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut pages = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            pages.extend(markdown_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    pages
}

/// The targets of `[text](target)` outside code blocks.
fn links(text: &str) -> Vec<String> {
    let mut targets = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let mut rest = line;
        while let Some((_, after)) = rest.split_once("](") {
            let (target, left) = after.split_once(')').unwrap_or((after, ""));
            targets.push(target.to_owned());
            rest = left;
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(pages: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();

        for (name, text) in pages {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn a_book_whose_links_lead_somewhere_has_no_faults() {
        let folder = book(&[
            ("SUMMARY.md", "- [One](one.md)"),
            ("one.md", "[itself](one.md#part), [the web](https://example.org)\n```\n[x](y.md)\n```"),
        ]);
        assert_eq!(faults(folder.path()), Vec::<String>::new());
    }

    #[test]
    fn a_link_that_leads_nowhere_and_a_page_that_is_not_listed_are_faults() {
        let folder = book(&[
            ("SUMMARY.md", "- [One](one.md)"),
            ("one.md", "[gone](gone.md)"),
            ("two.md", "never listed"),
        ]);
        let faults = faults(folder.path());
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].ends_with("one.md: gone.md leads nowhere"), "{faults:?}");
        assert!(faults[1].ends_with("two.md: not listed in SUMMARY.md"), "{faults:?}");
    }
}
