//! Texts that come back from outside: positions, page tokens, ids, digests, times, money. What is read prints as a
//! text that reads as the same (law F04); what is not is refused in one line.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use annals::ports::{FeedPosition, PageToken};
use annals::{CommitId, Digest, EventId, StoreId, Timestamp};
use ordermaster_domain::{Currency, Money, OrderId, PaymentMethod, Quantity, Sku, TaxRate};

use crate::told::told;

/// Reads a text as each of these.
///
/// # Panics
/// When a property breaks.
pub fn positions_and_tokens(bytes: &[u8]) {
    let text = &String::from_utf8_lossy(bytes);
    reads_as_it_prints::<FeedPosition>(text);
    reads_as_it_prints::<PageToken>(text);
    reads_as_it_prints::<EventId>(text);
    reads_as_it_prints::<CommitId>(text);
    reads_as_it_prints::<StoreId>(text);
    reads_as_it_prints::<Digest>(text);
    reads_as_it_prints::<Timestamp>(text);
    reads_as_it_prints::<Currency>(text);
    reads_as_it_prints::<Money>(text);
    reads_as_it_prints::<OrderId>(text);
    reads_as_it_prints::<PaymentMethod>(text);
    reads_as_it_prints::<Quantity>(text);
    reads_as_it_prints::<Sku>(text);
    reads_as_it_prints::<TaxRate>(text);
}

fn reads_as_it_prints<T>(text: &str)
where
    T: FromStr<Err: std::error::Error> + Display + Debug + PartialEq,
{
    match text.parse::<T>() {
        Err(error) => drop(told(&error)),
        Ok(read) => {
            let printed = read.to_string();
            let again = printed.parse::<T>();
            assert_eq!(again.as_ref().ok(), Some(&read), "{text:?} prints as {printed:?}");
            assert_eq!(again.map(|again| again.to_string()).ok(), Some(printed));
        }
    }
}
