//! Findings: kept up to a bound and counted beyond it; one fault that two checks see is told once.

#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

use annals_core::{StreamId, Version};
use annals_ports::{CheckedPart, Finding, Findings, Remedy};

fn of(part: CheckedPart, number: u64) -> Finding {
    Finding::new(part, format!("fault {number}"), Remedy::RestoreBackup)
}

fn stream(name: &str) -> StreamId {
    name.parse().unwrap()
}

#[test]
fn the_first_hundred_of_each_part_are_kept_and_all_are_counted() {
    let mut findings = Findings::new();
    assert!(findings.is_empty());
    for number in 0..250 {
        findings.add(of(CheckedPart::Views, number));
    }
    findings.add(of(CheckedPart::Once, 0));
    let mut more = Findings::new();
    for number in 0..150 {
        more.add(of(CheckedPart::Views, 1_000 + number));
    }
    findings.append(more);
    assert_eq!((findings.kept().len(), findings.count()), (101, 401));
    assert_eq!((findings.count_of(CheckedPart::Views), findings.count_of(CheckedPart::Once)), (400, 1));
    assert_eq!(findings.count_of(CheckedPart::Feed), 0);
}

#[test]
fn one_fault_of_one_stream_is_told_once() {
    let mut findings = Findings::new();
    let order = stream("order-1");
    findings.add(of(CheckedPart::Streams, 1).of_stream(&order).at(Version::new(3)).in_table("events"));
    findings.add(of(CheckedPart::Streams, 2).of_stream(&order).at(Version::new(3)));
    findings.add(of(CheckedPart::Streams, 3).of_stream(&order));
    assert_eq!(findings.count(), 1);
    for other in [
        of(CheckedPart::Streams, 4).of_stream(&order).at(Version::new(4)),
        of(CheckedPart::Digests, 5).of_stream(&order).at(Version::new(3)),
        of(CheckedPart::Streams, 6).of_stream(&stream("order-2")).at(Version::new(3)),
        of(CheckedPart::Streams, 7),
        of(CheckedPart::Streams, 8),
    ] {
        findings.add(other);
    }
    assert_eq!(findings.count(), 6);
}

#[test]
fn a_finding_says_where_what_and_the_remedy() {
    let finding =
        of(CheckedPart::Streams, 1).of_stream(&stream("order-1")).at(Version::new(3)).in_table("events");
    assert_eq!(finding.to_string(), "order-1 v3 in events: fault 1; restore a backup");
    assert_eq!(of(CheckedPart::Views, 1).in_table("views").place(), "views");
    assert_eq!(of(CheckedPart::Feed, 1).to_string(), "fault 1; restore a backup");
}
