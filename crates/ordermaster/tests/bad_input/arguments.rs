//! Amounts, ids, times, versions and filters that are not as they should be.

use super::place::{Case, Place, not_understood, refused};

const AMOUNTS: [Case; 20] = [
    refused(
        "order pay o-2 --payment p-1 --amount 5.123456789012",
        "error: 5.123456789012 GBP has more decimals than the 2 that GBP has: round it first",
    ),
    refused(
        "order pay o-2 --payment p-1 --amount -5",
        "error: order-o-2 refused: -5.00 GBP was paid, but the order's total is 5.00 GBP: pay exactly the total",
    ),
    refused(
        "order pay o-2 --payment p-1 --amount 5~USD",
        "error: order-o-2 refused: USD cannot be combined with GBP: convert one of them first",
    ),
    refused(
        "order return o-1 --item CUP:1 --reason broken --refund -1",
        "error: order-o-1 refused: the refund is -1.00 GBP: it must not be negative",
    ),
    refused(
        "order return o-1 --item CUP:1 --reason broken --refund 500",
        "error: order-o-1 refused: the refund of 500.00 GBP is more than the 25.20 GBP that was paid and not refunded \
         yet: give back no more",
    ),
    refused(
        "order correct-tax o-1 --tax -1 --reason wrong",
        "error: order-o-1 refused: the new tax is -1.00 GBP: it must not be negative",
    ),
    refused(
        "order create --customer eve --address=France --item A:1:-5",
        "error: order-* refused: the price of A is -5.00 USD: a price must not be negative",
    ),
    refused(
        "order create --customer eve --address=France --item A:1:5~USD --item B:1:5~GBP",
        "error: order-* refused: GBP cannot be combined with USD: convert one of them first",
    ),
    refused(
        "order create --customer eve --address=France --currency JPY --item A:1:5.123456789012",
        "error: 5.123456789012 JPY has more decimals than the 0 that JPY has: round it first",
    ),
    refused(
        "account deposit a-1 --amount -5 --method cash",
        "error: account-a-1 refused: the amount is -5.00 GBP: it must be more than zero",
    ),
    refused(
        "account withdraw a-1 --amount 100.01",
        "error: account-a-1 refused: cannot withdraw 100.01 GBP: the balance is 100.00 GBP",
    ),
    refused(
        "account deposit a-1 --amount 5~USD --method cash",
        "error: account-a-1 refused: USD cannot be combined with GBP: convert one of them first",
    ),
    refused(
        "account open --id a-2 --owner Eve --balance -5~GBP",
        "error: account-a-2 refused: the opening balance is -5.00 GBP: it must not be negative",
    ),
    refused(
        "payment request --order o-2 --amount -5~GBP --method pm",
        "error: payment-* refused: the amount is -5.00 GBP: it must be more than zero",
    ),
    not_understood(
        "account open --id a-2 --owner Eve --balance 5.123456789012~GBP",
        "error: invalid value '5.123456789012 GBP' for '--balance <AMOUNT>': 5.123456789012 GBP has more decimals than \
         the 2 that GBP has: round it first; more with --help",
    ),
    not_understood(
        "account open --id a-2 --owner Eve --balance 5~XXX",
        "error: invalid value '5 XXX' for '--balance <AMOUNT>': \"XXX\" is no currency known here: use an ISO 4217 code \
         in capitals, for example GBP; more with --help",
    ),
    not_understood(
        "account deposit a-1 --amount 12,50 --method cash",
        "error: invalid value '12,50' for '--amount <AMOUNT>': \"12,50\" is no amount: write 12.50, or \"12.50 GBP\"; \
         more with --help",
    ),
    not_understood(
        "account deposit a-1 --amount NaN --method cash",
        "error: invalid value 'NaN' for '--amount <AMOUNT>': \"NaN\" is no amount: write 12.50, or \"12.50 GBP\"; more \
         with --help",
    ),
    not_understood(
        "inventory receive TEA --quantity -3",
        "error: invalid value '-3' for '--quantity <PIECES>': \"-3\" is no quantity: write a whole number from 1 to \
         4294967295; more with --help",
    ),
    not_understood(
        "order add-item o-2 --item A:0:5",
        "error: invalid value 'A:0:5' for '--item <ITEM>': \"0\" is no quantity: write a whole number from 1 to \
         4294967295; more with --help",
    ),
];

const IDS: [Case; 6] = [
    not_understood(
        "order pay o-^[31m1 --payment p-1",
        "error: invalid value 'o-*1' for '<ID>': this is no order id: id \"o-\\u{1b}[31m1\" holds '\\u{1b}': only \
         visible ASCII characters are allowed; more with --help",
    ),
    not_understood(
        "order create --id o~3 --customer ada --address=France --item A:1:1",
        "error: invalid value 'o 3' for '--id <ID>': this is no order id: id \"o 3\" holds ' ': only visible ASCII \
         characters are allowed; more with --help",
    ),
    not_understood(
        "order create --customer a^b --address=France --item A:1:1",
        "error: invalid value 'a*' for '--customer <ID>': this is no customer id: id \"a\\u{1b}b\" holds '\\u{1b}': \
         only visible ASCII characters are allowed; more with --help",
    ),
    not_understood(
        "show order-o^1",
        "error: invalid value 'order-o*' for '<STREAM>': id \"o\\u{1b}1\" holds '\\u{1b}': only visible ASCII \
         characters are allowed; more with --help",
    ),
    not_understood(
        "order cancel o-2 --reason bro^ken",
        "error: invalid value 'bro*' for '--reason <TEXT>': the reason holds '\\u{1b}': leave control characters \
         out; more with --help",
    ),
    not_understood(
        "order confirm o-2 --method 4111111111111111",
        "error: invalid value '*' for '--method <TOKEN>': the payment method is a card number: give the token that the \
         payment gateway issued for it; more with --help",
    ),
];

const MOMENTS: [Case; 11] = [
    not_understood(
        "show order-o-1 --at 2999-01-01",
        "error: 2999-01-01 is in the future: write a time up to now, for example 2*Z",
    ),
    not_understood(
        "diff order-o-1 --from v1 --to 2999-01-01T00:00:00Z",
        "error: 2999-01-01T00:00:00.000000Z is in the future: write a time up to now, for example 2*Z",
    ),
    not_understood(
        "events --since 2999-01-01",
        "error: 2999-01-01 is in the future: write a time up to now, *Z",
    ),
    not_understood(
        "show order-o-1 --at yesterday",
        "error: invalid value 'yesterday' for '--at <TIME>': write a time as 2024-02-29T12:00:00Z, a day as 2024-02-29, \
         or now; more with --help",
    ),
    not_understood(
        "show order-o-1 --at 2026-02-30",
        "error: invalid value '2026-02-30' for '--at <TIME>': write a time as *, or now; more with --help",
    ),
    not_understood(
        "diff order-o-1 --from 3",
        "error: invalid value '3' for '--from <MOMENT>': write a version as v3, or a time as 2024-02-29T12:00:00Z, \
         2024-02-29, or now; more with --help",
    ),
    refused(
        "show order-o-1 --at 2020-01-01",
        "error: there was no order-o-1 yet at 2020-01-01T23:59:59.999999Z: its first event was recorded at 2*Z",
    ),
    refused("show order-o-1 --version 0", "error: order-o-1 has no version 0: it has versions 1 to 5"),
    refused("show order-o-1 --version 99", "error: order-o-1 has no version 99: it has versions 1 to 5"),
    refused(
        "diff order-o-1 --from v1 --to v99",
        "error: order-o-1 has no version 99: it has versions 1 to 5",
    ),
    refused(
        "show order-o-9 --version 1",
        "error: there is no order-o-9 in this store: look at its spelling, or at `ordermaster events`",
    ),
];

const FILTERS: [Case; 14] = [
    not_understood(
        "events --type OrderPayd",
        "error: invalid value 'OrderPayd' for '--type <TYPE>' [possible values: OrderCreated, *]; tip: a similar value \
         exists: 'OrderPaid'; more with --help",
    ),
    not_understood(
        "events --category orders",
        "error: invalid value 'orders' for '--category <CATEGORY>' [possible values: order, payment, inventory, \
         account]; tip: a similar value exists: 'order'; more with --help",
    ),
    not_understood(
        "order list --status payed",
        "error: invalid value 'payed' for '--status <STATUS>' [possible values: created, confirmed, paid, shipped, \
         delivered, cancelled, returned]; tip: a similar value exists: 'paid'; more with --help",
    ),
    not_understood(
        "views show order_summary --index status=payed",
        "error: no order is \"payed\": write created, confirmed, paid, shipped, delivered, cancelled, returned",
    ),
    not_understood(
        "sales --currency gbp",
        "error: invalid value 'gbp' for '--currency <CURRENCY>': \"gbp\" is no currency known here: use an ISO 4217 \
         code in capitals, for example GBP; more with --help",
    ),
    not_understood(
        "views show order_summary --newest-first",
        "error: --newest-first needs --index: all rows of order_summary stand in the order of their keys; `ordermaster \
         views list` tells the indexes of each view",
    ),
    not_understood(
        "views show order_summary --limit 0",
        "error: invalid value '0' for '--limit <LIMIT>': write a whole number from 1, for example 50; more with --help",
    ),
    not_understood(
        "inventory adjust TEA --counted -1 --reason counted",
        "error: invalid value '-1' for '--counted <PIECES>': write a whole number from 0, for example 50; more with --help",
    ),
    not_understood(
        "customer orders ada --limit -1",
        "error: invalid value '-1' for '--limit <LIMIT>': write a whole *",
    ),
    refused(
        "views show order_sumary",
        "error: there is no view \"order_sumary\": known are account_summary, *, transaction_history",
    ),
    refused(
        "views show order_summary --index colour=red",
        "error: order_summary* has no index \"colour\", declared are [\"customer\", \"status\"]",
    ),
    refused("views show order_summary --key o-9", "error: order_summary has no row \"o-9\": `ordermaster *"),
    refused(
        "views show order_history --key o-1",
        "error: order_history has no row \"o-1\": `ordermaster views show order_history` lists those that it has",
    ),
    not_understood(
        "order crate",
        "error: unrecognized subcommand 'crate'; tip: *'create'; write ordermaster order \
         [OPTIONS] <COMMAND>; more with --help",
    ),
];

#[test]
fn amounts_that_are_none_are_refused_and_nothing_is_recorded() {
    Place::with_business().check_all(&AMOUNTS);
}

#[test]
fn what_is_refused_makes_no_store() {
    let first = |case: &&Case| {
        let verbs = ["order create", "account open", "payment request", "inventory receive"];
        verbs.iter().any(|verb| case.arguments.starts_with(verb))
    };
    let place = Place::new();
    let cases: Vec<_> = AMOUNTS.iter().chain(&IDS).filter(first).collect();
    assert!(cases.len() >= 8, "only {} cases can come first", cases.len());
    for case in cases {
        place.check("ordermaster.db", case);
    }
    assert!(!place.path("ordermaster.db").exists());
}

#[test]
fn ids_and_texts_with_control_characters_are_refused() {
    Place::with_business().check_all(&IDS);
}

#[test]
fn moments_that_are_none_are_refused_with_those_that_there_are() {
    Place::with_business().check_all(&MOMENTS);
}

#[test]
fn filters_that_find_nothing_whatever_there_is_are_refused_with_what_is_known() {
    Place::with_business().check_all(&FILTERS);
}
