//! Importing invoices: every line read is accepted, or refused under one reason; money and pieces add up; the same file
//! gives the same plan, whatever ends its lines.

use std::collections::BTreeSet;

use ordermaster::import::plan::Plan;
use ordermaster::import::{ImportError, plan_file};

use crate::told::told;

const HEADER: &[u8] = b"InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

/// Plans the import of a file, and of the same lines under a good header.
///
/// # Panics
/// When a property breaks.
pub fn csv_import(bytes: &[u8]) {
    file(bytes);
    file(&[HEADER, bytes].concat());
}

fn file(bytes: &[u8]) {
    let plan = match plan_file(bytes) {
        Ok(plan) => plan,
        Err(error) => {
            told(&error);
            assert_eq!(matches!(error, ImportError::Empty), bytes.is_empty(), "{error:?}");
            return;
        }
    };
    lines_add_up(&plan, bytes);
    money_adds_up(&plan);
    assert_eq!(plan_file(bytes).ok().as_ref(), Some(&plan), "the same file gives the same plan");
    if !bytes.contains(&b'\r') {
        let returned: Vec<u8> = bytes
            .iter()
            .flat_map(|byte| if *byte == b'\n' { b"\r\n".to_vec() } else { vec![*byte] })
            .collect();
        assert_eq!(plan_file(&returned[..]).ok(), Some(plan), "CRLF changes the plan");
    }
}

fn lines_add_up(plan: &Plan, bytes: &[u8]) {
    let physical = bytes.split(|byte| *byte == b'\n').count() as u64;
    assert!(plan.lines < physical, "{} lines of {physical}", plan.lines);
    assert_eq!(plan.accepted() + plan.refusals.total(), plan.lines);
    let mut numbers = BTreeSet::new();
    for order in &plan.orders {
        assert!(!order.lines.is_empty(), "an order of no line");
        for line in order.lines.iter().chain(order.returns.iter().map(|back| &back.line)) {
            assert!((2..=physical).contains(line), "line {line} of {physical}");
            assert!(numbers.insert(*line), "line {line} is taken twice");
        }
    }
    assert_eq!(numbers.len() as u64, plan.accepted(), "an accepted line is nowhere in the plan");
    for refused in plan.refusals.iter() {
        assert!(refused.lines > 0 && (2..=physical).contains(&refused.example), "{refused:?}");
        assert!(!numbers.contains(&refused.example), "line {} is taken and refused", refused.example);
    }
}

fn money_adds_up(plan: &Plan) {
    for order in &plan.orders {
        assert!(order.total.is_positive(), "an order over {}", order.total);
        let mut left = order.total;
        for back in &order.returns {
            assert!(back.refund.is_positive() && back.at >= order.at, "{back:?}");
            left = left.checked_sub(back.refund).expect("refunds are in the order's currency");
        }
        assert!(!left.is_negative(), "more is given back than was paid: {order:?}");
        let sold: u64 = order.new.items.iter().map(|item| u64::from(item.quantity.get())).sum();
        let back = order.returns.iter().map(|back| &back.item);
        let back: u64 = back.map(|item| u64::from(item.quantity.get())).sum();
        assert!(back <= sold, "{back} of {sold} pieces come back");
    }
}
