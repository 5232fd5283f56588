//! Several categories' events as one type, for whoever follows more than one kind of stream.

use crate::{DecodeError, Decoded, DomainEvent, RecordedEvent, decode_event};

/// What a projection or process subscribes to: one [`DomainEvent`] enum, or several joined by
/// `#[derive(EventSet)]`.
///
/// ```
/// # use annals_core::{DomainEvent, EventSet};
/// # #[derive(Clone, Debug, DomainEvent)] #[event(category = "order")] enum OrderEvent { Placed {} }
/// # #[derive(Clone, Debug, DomainEvent)] #[event(category = "payment")] enum PaymentEvent { Paid {} }
/// #[derive(Debug, EventSet)]
/// enum Sales {
///     Order(OrderEvent),
///     Payment(PaymentEvent),
/// }
/// assert_eq!(Sales::categories(), ["order", "payment"]);
/// ```
pub trait EventSet: Send + Sync + Sized + 'static {
    /// The categories subscribed to.
    fn categories() -> Vec<&'static str>;

    /// Reads an event of one of [`Self::categories`].
    ///
    /// # Errors
    /// Names stream, version and type of what cannot be decoded, or belongs to none of the categories.
    fn decode(recorded: &RecordedEvent) -> Result<Decoded<Self>, DecodeError>;
}

impl<E: DomainEvent> EventSet for E {
    fn categories() -> Vec<&'static str> {
        vec![E::CATEGORY]
    }

    fn decode(recorded: &RecordedEvent) -> Result<Decoded<Self>, DecodeError> {
        if recorded.header.stream.category() == E::CATEGORY {
            decode_event(recorded)
        } else {
            Err(DecodeError::category(&recorded.header, Self::categories()))
        }
    }
}
