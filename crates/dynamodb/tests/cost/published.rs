//! The cost model against the worked examples that AWS publishes, each under its page's title.

use annals_dynamodb::cost::{
    Consistency, EVENT_TYPE_INDEX, Index, Item, Prices, Units, attribute_size, batch_get, get, item_size,
    number_size, query, read_units, refused, transactional, value_size, write_units, written,
};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue::{B, Bool, L, M, N, Ns, Null, S, Ss};

use Consistency::{Eventual, Strong, Transactional};

const KB: u64 = 1_024;

fn item<const N: usize>(attributes: [(&str, aws_sdk_dynamodb::types::AttributeValue); N]) -> Item {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn text(length: usize) -> aws_sdk_dynamodb::types::AttributeValue {
    S("x".repeat(length))
}

/// "DynamoDB item sizes and formats": names and strings in UTF-8, numbers by digits, raw bytes, 1 for null and
/// Booleans, 3 and 1 an element for lists and maps.
#[test]
fn an_item_has_the_size_of_its_names_and_values() {
    assert_eq!(attribute_size("Name", &S("Zoë".into())), 4 + 4);
    assert_eq!(attribute_size("größe", &Bool(true)), 7 + 1);
    assert_eq!(value_size(&Null(true)), 1);
    assert_eq!(value_size(&B(Blob::new(vec![0; 32]))), 32);
    assert_eq!(value_size(&L(Vec::new())), 3, "an empty list or map has 3 bytes");
    assert_eq!(value_size(&M(Item::new())), 3);
    assert_eq!(value_size(&L(vec![S("ab".into()), N("12".into())])), 3 + (1 + 2) + (1 + 2));
    assert_eq!(value_size(&M(item([("k", S("v".into()))]))), 3 + 1 + 1 + 1);
    assert_eq!(value_size(&Ss(vec!["ab".into(), "cde".into()])), 5);
    assert_eq!(value_size(&Ns(vec!["1".into(), "123".into()])), 2 + 3);
    assert_eq!(item_size(&item([("a", S("bc".into())), ("d", N("7".into()))])), (1 + 2) + (1 + 2));
}

/// "DynamoDB item sizes and formats": 1 byte for two significant digits and 1 byte, zeros at both ends trimmed, up to 38
/// digits. Each of these was put into DynamoDB Local beside a text that brought the item to exactly 1 KB.
#[test]
fn a_number_has_half_its_significant_digits_and_one_byte() {
    for (number, size) in [
        ("0", 1),
        ("-0", 1),
        ("7", 2),
        ("42", 2),
        ("100", 2),
        ("1000", 2),
        ("0.1", 2),
        ("0.001", 2),
        ("0.15", 2),
        ("1E-3", 2),
        ("1E4", 2),
        ("0.5E3", 2),
        ("-1", 3),
        ("101", 3),
        ("123", 3),
        ("150", 3),
        ("1.5", 3),
        ("0.015", 3),
        ("12.50", 3),
        ("1.5E10", 3),
        ("-123", 4),
        ("-150", 4),
        ("1234567", 5),
        ("123456789012", 7),
    ] {
        assert_eq!(number_size(number), size, "{number}");
    }
    let nines = "9".repeat(38);
    assert_eq!(number_size(&nines), 20);
    assert_eq!(number_size(&format!("-{nines}")), 21);
    assert_eq!(number_size(&format!("-9.{}", &nines[1..])), 21, "21 bytes are the most");
}

/// "DynamoDB read and write operations": 8 KB are 2 units consistently, 1 eventually, 4 in a transaction; 3,500 bytes
/// are read as 4 KB, 3.5 KB as 4 KB, 10 KB as 12 KB.
#[test]
fn reads_are_rounded_up_to_four_kilobytes() {
    assert_eq!(read_units(8 * KB, Strong), Units::whole(2));
    assert_eq!(read_units(8 * KB, Eventual), Units::whole(1));
    assert_eq!(read_units(8 * KB, Transactional), Units::whole(4));
    assert_eq!(get(Some(3_500), Strong), read_units(4 * KB, Strong));
    assert_eq!(get(Some(3 * KB + 512), Strong), read_units(4 * KB, Strong));
    assert_eq!(get(Some(10 * KB), Strong), read_units(12 * KB, Strong));
}

/// "DynamoDB read and write operations": `BatchGetItem` of 1.5 KB and 6.5 KB counts 12 KB, not 8 KB.
#[test]
fn a_batch_of_gets_is_rounded_item_by_item() {
    let sizes = [Some(KB + 512), Some(6 * KB + 512)];
    assert_eq!(batch_get(sizes, Strong), read_units(12 * KB, Strong));
    assert_eq!(batch_get([None, None], Eventual), Units::whole(1), "what is not there is looked for, too");
}

/// "DynamoDB read and write operations": 10 items of together 40.8 KB count 44 KB; 1,500 items of 64 bytes count 96 KB;
/// 80 KB eventually consistent are 10 units.
#[test]
fn a_query_is_rounded_once() {
    let tenths = 40 * KB + 819;
    assert_eq!(query([tenths - 9 * KB].into_iter().chain([KB; 9]), Strong), read_units(44 * KB, Strong));
    assert_eq!(query([64; 1_500], Strong), read_units(96 * KB, Strong));
    assert_eq!(query([80 * KB], Eventual), Units::whole(10));
}

/// "DynamoDB read and write operations": a read of what does not exist takes one unit consistently, half a unit
/// otherwise.
#[test]
fn nothing_found_costs_the_least() {
    assert_eq!(get(None, Strong), Units::whole(1));
    assert_eq!(get(None, Eventual), Units::halves(1));
    assert_eq!(query([], Eventual), Units::halves(1));
}

/// "DynamoDB read and write operations": 500 bytes are written as 1 KB, 1.6 KB as 2 KB; 500 bytes and 3.5 KB in a batch
/// count 5 KB; 2 KB are two units, or four in a transaction.
#[test]
fn writes_are_rounded_up_to_a_kilobyte() {
    assert_eq!(write_units(500), Units::whole(1));
    assert_eq!(write_units(KB + 614), Units::whole(2));
    assert_eq!(write_units(500) + write_units(3 * KB + 512), Units::whole(5));
    assert_eq!(write_units(2 * KB), Units::whole(2));
    assert_eq!(transactional(write_units(2 * KB)), Units::whole(4));
}

/// "DynamoDB read and write operations": a put or an update counts the larger of the sizes before and after, a delete
/// that of what it deletes.
#[test]
fn a_change_is_billed_by_the_larger_item() {
    assert_eq!(written(Some(3 * KB), Some(500)), Units::whole(3));
    assert_eq!(written(Some(500), Some(3 * KB)), Units::whole(3));
    assert_eq!(written(Some(KB + 614), None), Units::whole(2));
    assert_eq!(written(None, None), Units::whole(1));
}

/// "Working with items and attributes in DynamoDB", conditional writes: where 300 KB are and 310 KB should be, a failure
/// takes 300 units and a success 310; a failure where nothing is takes 1.
#[test]
fn a_failed_condition_is_billed_by_what_is_there() {
    assert_eq!(refused(Some(300 * KB)), Units::whole(300));
    assert_eq!(written(Some(300 * KB), Some(310 * KB)), Units::whole(310));
    assert_eq!(refused(None), Units::whole(1));
}

/// "Amazon DynamoDB Transactions: How it works": three items of 500 bytes take six write units, or six read units.
#[test]
fn a_transaction_pays_twice() {
    let writes: Units = [500; 3].into_iter().map(|size| transactional(write_units(size))).sum();
    let reads: Units = [500; 3].into_iter().map(|size| get(Some(size), Transactional)).sum();
    assert_eq!(writes, Units::whole(6));
    assert_eq!(reads, Units::whole(6));
}

/// "Using Global Secondary Indexes in DynamoDB": 8 entries of 2,000 bytes are 16 KB and 2 units.
#[test]
fn a_query_of_an_index_counts_entries() {
    assert_eq!(query([2_000; 8], Eventual), Units::whole(2));
}

/// "Using Global Secondary Indexes in DynamoDB", write capacity units: the page's five cases on its own table.
#[test]
fn an_index_is_written_when_its_entry_changes() {
    let index = Index {
        table_key: &["UserId", "GameTitle"],
        index_key: &["GameTitle", "TopScore"],
        projected: &["Wins"],
    };
    let player = || item([("UserId", S("101".into())), ("GameTitle", S("Galaxy Invaders".into()))]);
    let scored = |score: &str, wins: &str| {
        let mut item = player();
        item.extend([("TopScore".to_owned(), N(score.into())), ("Wins".to_owned(), N(wins.into()))]);
        item
    };
    let (bare, old) = (player(), scored("5842", "21"));
    let one = Units::whole(1);
    assert_eq!(index.written(None, Some(&old)), one, "an item with the indexed attribute comes");
    assert_eq!(index.written(Some(&bare), Some(&old)), one, "the attribute is defined");
    assert_eq!(
        index.written(Some(&old), Some(&scored("6000", "21"))),
        one + one,
        "the key changes: a delete and a put"
    );
    assert_eq!(index.written(Some(&old), Some(&bare)), one, "the attribute is removed");
    assert_eq!(index.written(Some(&old), None), one, "the item is deleted");
    assert_eq!(index.written(None, Some(&bare)), Units::ZERO, "it is not in the index before or after");
    assert_eq!(index.written(Some(&old), Some(&scored("5842", "22"))), one, "only what is projected changes");
    assert_eq!(index.written(Some(&old), Some(&old)), Units::ZERO);
    let mut long = old.clone();
    long.insert("Wins".into(), text(1_500));
    assert_eq!(index.written(None, Some(&long)), Units::whole(2), "larger entries take more units");
}

#[test]
fn only_events_are_in_the_index_of_types() {
    let marker = item([("AggregateId", S("$store".into())), ("Version", N("0".into()))]);
    assert_eq!(EVENT_TYPE_INDEX.entry_size(&marker), None);
    let mut event = marker;
    event.extend([("EventTypeShard".into(), S("OrderCreated#7".into())), ("Timestamp".into(), text(27))]);
    event.insert("EventData".into(), text(900));
    assert_eq!(EVENT_TYPE_INDEX.entry_size(&event), Some((11 + 6) + (7 + 1) + (14 + 14) + (9 + 27)));
}

/// "Pricing for On-Demand Capacity": USD 0.625 a million writes, 0.125 a million reads, 0.02 a hundred thousand stream
/// reads.
#[test]
fn units_have_a_price() {
    let million = 1_000_000;
    let close = |dollars: f64, expected: f64| {
        assert!((dollars - expected).abs() < 1e-9, "{dollars} is not {expected}");
    };
    close(Prices::US_EAST_1.dollars(Units::whole(million), Units::ZERO, 0), 0.625);
    close(Prices::US_EAST_1.dollars(Units::ZERO, Units::halves(million), 0), 0.0625);
    close(Prices::US_EAST_1.dollars(Units::ZERO, Units::ZERO, 100_000), 0.02);
}
