//! CSV files that are none, or not quite; and files that changed between two imports.

use super::place::{Case, Held, Place, refused};

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
const FIRST: &str = "100001,TEA,GREEN TEA,10,2011-01-03 09:00:00,2.50,17850.0,France\n";
const SECOND: &str = "100002,TEA,GREEN TEA,5,2011-01-04 09:00:00,2.50,17850.0,France\n";

const NO_INVOICES: &str = "this is no CSV file of invoices: its first line must name InvoiceNo, StockCode, Description, \
                           Quantity, InvoiceDate, UnitPrice, CustomerID and Country, divided by commas, in UTF-8";

const FILES: [Case; 8] = [
    refused(
        "import binary.csv",
        "error: binary.csv: this is no CSV file of invoices: its first line must name *",
    ),
    refused(
        "import json.csv",
        "error: json.csv: this is no CSV file of invoices: its first line must name *",
    ),
    refused(
        "import other.csv",
        "error: other.csv: this is no CSV file of invoices: its first line must name *",
    ),
    refused(
        "import empty.csv",
        "error: empty.csv: the file is empty: name a CSV file of invoices, whose first line names InvoiceNo, *",
    ),
    refused(
        "import some.csv",
        "error: some.csv: the file has no column UnitPrice, Country: its first line must name InvoiceNo, *",
    ),
    refused("import folder", "error: folder: the file could not be read: *; name a CSV file of invoices"),
    refused("import missing.csv", "error: missing.csv cannot be opened: *; look at its path"),
    refused(
        "demo --store sqlite://ordermaster.db --input json.csv",
        "error: json.csv: this is no CSV file of *",
    ),
];

fn write_files(place: &Place) {
    let noise: Vec<u8> =
        (0..200_000_u32).map(|number| u8::try_from(number % 1_000 * number % 251).unwrap()).collect();
    place.write("binary.csv", noise);
    place.write("json.csv", r#"{"InvoiceNo": 100001, "StockCode": "TEA"}"#);
    place.write("other.csv", "name,amount\nada,5\n");
    place.write("empty.csv", "");
    place.write("some.csv", "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,CustomerID\n1,2,3,4,5,6\n");
    std::fs::create_dir(place.path("folder")).unwrap();
}

#[test]
fn a_file_that_holds_no_invoices_is_refused_by_its_name() {
    let place = Place::with_business();
    write_files(&place);
    place.check_all(&FILES);
    let output = place.run("import json.csv");
    assert_eq!(super::place::text(&output.stderr), format!("error: json.csv: {NO_INVOICES}\n"));
}

#[test]
fn it_makes_no_store_either() {
    let place = Place::new();
    write_files(&place);
    place.check_all(&FILES);
    assert_eq!(place.held("ordermaster.db"), Held::Nothing);
}

/// The report, a line each: what is counted, and how often.
fn report(place: &Place, file: &str) -> Vec<(String, u64)> {
    let printed = place.done(&format!("import {file}"));
    let line = |line: &str| {
        let line = line.split(" such as line ").next().unwrap().trim_end();
        let (what, number) = line.rsplit_once(' ').unwrap();
        (what.trim().to_owned(), number.parse().unwrap())
    };
    let lines: Vec<_> = printed.lines().map(line).collect();
    let count = |what: &str| lines.iter().find(|(told, _)| told == what).unwrap().1;
    assert_eq!(count("lines read"), count("lines accepted") + count("lines refused"), "{printed}");
    let begin = lines.iter().position(|(told, _)| told == "lines refused").unwrap() + 1;
    let end = lines.iter().position(|(told, _)| told == "orders created").unwrap();
    let reasons: u64 = lines[begin..end].iter().map(|(_, number)| number).sum();
    assert_eq!(reasons, count("lines refused"), "{printed}");
    lines
}

fn counted(lines: &[(String, u64)], what: &str) -> u64 {
    lines.iter().find(|(told, _)| told == what).map_or(0, |(_, number)| *number)
}

#[test]
fn a_stray_quotation_mark_costs_one_line_and_no_order_between_two_of_them() {
    let place = Place::new();
    let stray = "100003,TEA,\"GREEN TEA,1,2011-01-04 09:00:00,2.50,17850.0,France\n";
    place.write("quotes.csv", format!("{HEADER}{stray}{FIRST}{SECOND}{stray}").replace('\n', "\r\n"));
    let lines = report(&place, "quotes.csv");
    assert_eq!(counted(&lines, "an unbalanced quotation mark"), 2);
    assert_eq!((counted(&lines, "lines read"), counted(&lines, "orders created")), (4, 2));
    assert_eq!(counted(&report(&place, "quotes.csv"), "orders already there"), 2);
    let printed = place.done("import quotes.csv");
    assert!(printed.contains("an unbalanced quotation mark  2  such as line 2"), "{printed}");
}

#[test]
fn an_invoice_that_changed_since_is_counted_and_stays_as_it_was_recorded() {
    let place = Place::new();
    let back = "C200001,TEA,GREEN TEA,-1,2011-01-05 09:00:00,2.50,17850.0,France\n";
    place.write("first.csv", format!("{HEADER}{FIRST}{SECOND}{back}"));
    assert_eq!(counted(&report(&place, "first.csv"), "orders created"), 2);
    let before = place.held("ordermaster.db");

    place.write("second.csv", format!("{HEADER}{}{SECOND}{back}", FIRST.replace(",10,", ",11,")));
    let lines = report(&place, "second.csv");
    let told = [
        "orders created",
        "orders already there",
        "orders changed since an earlier import",
        "events recorded",
    ];
    assert_eq!(told.map(|what| counted(&lines, what)), [0, 1, 1, 0]);
    assert_eq!(counted(&lines, "changed since an earlier import, which stays as it was recorded"), 1);
    assert_eq!(counted(&lines, "returns already there"), 1);
    assert_eq!(place.held("ordermaster.db"), before);

    place.write("third.csv", format!("{HEADER}{FIRST}{SECOND}{}", back.replace("-1,", "-2,")));
    let lines = report(&place, "third.csv");
    assert_eq!(counted(&lines, "returns changed since an earlier import"), 1);
    assert_eq!(place.held("ordermaster.db"), before);
}
