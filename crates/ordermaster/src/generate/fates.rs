//! What becomes of an order, drawn from a hundred.

/// What becomes of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It reaches the customer: most do.
    Delivered,
    /// It is called off before it is confirmed.
    CancelledWhenCreated,
    /// It is called off before it is paid.
    CancelledWhenConfirmed,
    /// It is called off and refunded before it is shipped.
    CancelledWhenPaid,
    /// It reaches the customer, and a part of it comes back.
    Returned,
    /// The payment fails, and the order with it.
    PaymentFails,
    /// The payment fails, and a second one does not.
    PaidAtSecondTry,
    /// It reaches the customer, and its tax was wrong.
    TaxCorrected,
    /// It is still to be paid.
    LeftConfirmed,
    /// It is still to be shipped.
    LeftPaid,
    /// It is still on its way.
    LeftShipped,
}

impl Fate {
    pub(super) fn drawn(rng: &mut fastrand::Rng) -> Self {
        match rng.u8(0..100) {
            0..70 => Self::Delivered,
            70..73 => Self::CancelledWhenCreated,
            73..77 => Self::CancelledWhenConfirmed,
            77..80 => Self::CancelledWhenPaid,
            80..88 => Self::Returned,
            88..90 => Self::PaymentFails,
            90..93 => Self::PaidAtSecondTry,
            93..97 => Self::TaxCorrected,
            97 => Self::LeftConfirmed,
            98 => Self::LeftPaid,
            _ => Self::LeftShipped,
        }
    }
}
