//! Why a line of an invoice file is refused: a closed list, tested from the first to the last, so that a line with
//! several faults is always counted under the same one.
//!
//! The first ones are about the line alone, the next about the line among those of its invoice, the next about a
//! cancellation and the sales before it. The last two only a store can give: what an earlier import recorded, and the
//! shop's own refusal.

use std::collections::BTreeMap;

use serde::Serialize;

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why a line is refused. Ordered as the reasons are tested.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Refusal {
            $($(#[$doc])* $name,)*
        }

        impl Refusal {
            /// Every reason, in the order in which they are tested.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The reason in words.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

refusals! {
    /// More bytes than any invoice's line has.
    Length = "a line of more than 64 KiB",
    /// A quotation mark is opened and not closed, or something stands behind the closing one.
    Quotation = "an unbalanced quotation mark",
    /// Not as many fields as the header has.
    Columns = "not as many columns as the header",
    /// Not UTF-8.
    Text = "text that is not UTF-8",
    /// Neither digits, nor `C` and digits.
    InvoiceNumber = "an invoice number that is neither digits nor C and digits",
    /// No date that exists, in a known form.
    InvoiceDate = "a date that cannot be read",
    /// Empty, too long, or with anything but visible ASCII: it names the stream of its stock.
    StockCode = "a stock code that is empty, too long, or not plain ASCII without blanks",
    /// Too long, or with control characters.
    Description = "a description that is too long or holds control characters",
    /// Not a whole number, or beyond four billion.
    Quantity = "a quantity that is not a whole number in range",
    /// Nothing was sold.
    QuantityZero = "a quantity of zero",
    /// Something came back, but the invoice is no cancellation: a correction of stock, as a rule.
    NegativeOutsideCancellation = "a negative quantity outside a cancellation",
    /// Something was sold by a cancellation.
    PositiveInCancellation = "a positive quantity in a cancellation",
    /// Not a decimal number, or beyond a quadrillion.
    UnitPrice = "a price that is not a number in range",
    /// Less than nothing.
    PriceNegative = "a negative price",
    /// Given away: a note in the shape of a sale, as a rule.
    PriceZero = "a price of zero",
    /// More decimals than pounds have; nothing is rounded in silence.
    PriceDecimals = "a price with more than two decimals",
    /// Quantity times price is beyond a quadrillion.
    Amount = "an amount beyond a quadrillion",
    /// Neither empty nor a number.
    Customer = "a customer that is neither empty nor a number",
    /// Empty, too long, or with control characters.
    Country = "a country that is empty, too long, or holds control characters",
    /// Another customer or country than the invoice's first line.
    InvoiceDisagrees = "another customer or country than the invoice's first line",
    /// More lines than an order holds, or a total beyond a quadrillion.
    InvoiceTooLarge = "beyond what one order can hold",
    /// Which of all guests it was is not known.
    CancellationOfGuest = "a cancellation without a customer",
    /// The customer bought no such article up to then, as far as the file tells.
    CancellationOfNothing = "a cancellation that finds no sale before it",
    /// No order of the customer has as many pieces left.
    CancellationOfTooMuch = "a cancellation of more than any order has left",
    /// More money than is left of what was paid.
    CancellationAbovePaid = "a cancellation that gives back more than was paid",
    /// An earlier import recorded this invoice, or cancellation, with another content; what is recorded stays.
    Changed = "changed since an earlier import, which stays as it was recorded",
    /// The store holds another order of this name, or somebody changed the imported one.
    ByShop = "refused by the shop, where the order went another way",
}

/// How often each reason was given, and where first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusals(BTreeMap<Refusal, RefusedLines>);

/// The lines refused for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedLines {
    /// The reason.
    pub reason: Refusal,
    /// How many lines.
    pub lines: u64,
    /// The first of them, by its number in the file.
    pub example: u64,
}

impl Refusals {
    /// Counts the line with this number.
    pub fn add(&mut self, reason: Refusal, line: u64) {
        let entry = self.0.entry(reason).or_insert(RefusedLines { reason, lines: 0, example: line });
        entry.lines += 1;
        entry.example = entry.example.min(line);
    }

    /// How many lines were refused for `reason`.
    pub fn count(&self, reason: Refusal) -> u64 {
        self.0.get(&reason).map_or(0, |refused| refused.lines)
    }

    /// How many lines were refused.
    pub fn total(&self) -> u64 {
        self.0.values().map(|refused| refused.lines).sum()
    }

    /// The reasons that were given, in the order in which they are tested.
    pub fn iter(&self) -> impl Iterator<Item = &RefusedLines> {
        self.0.values()
    }
}

impl Serialize for Refusals {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::{Refusal, Refusals};

    #[test]
    fn the_first_line_of_a_reason_is_its_example_whatever_comes_first() {
        let mut refusals = Refusals::default();
        for line in [9, 4, 7] {
            refusals.add(Refusal::PriceZero, line);
        }
        refusals.add(Refusal::Columns, 12);
        let told: Vec<_> =
            refusals.iter().map(|refused| (refused.reason, refused.lines, refused.example)).collect();
        assert_eq!(told, [(Refusal::Columns, 1, 12), (Refusal::PriceZero, 3, 4)]);
        assert_eq!(refusals.total(), 4);
    }

    #[test]
    fn every_reason_has_words_of_its_own() {
        let mut texts: Vec<_> = Refusal::ALL.iter().map(|reason| reason.text()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Refusal::ALL.len());
    }
}
