//! Which rows an event belongs to: named outright, or by the route of a stream, learned from another event.
//!
//! A value only; who follows it is the router.

use annals_core::StreamId;

/// The rows that an event belongs to, and the routes that are learned from it.
///
/// Rows are named ([`one`](Self::one), [`of`](Self::of)) or found by a route: those that the event's own stream
/// ([`routed`](Self::routed)) or another one ([`via`](Self::via)) belongs to. An event whose route is not known yet
/// is kept and applied once it is learned, right after the event that teaches it; so it never matters which of two
/// streams came first (law V06).
///
/// A stream may belong to several rows; let one event teach them all, since an event that came between two lessons
/// knows the first alone. An event that waits for a stream that no event ever teaches waits for ever.
///
/// ```
/// use annals_projection::Keys;
///
/// let order = "order-7".parse()?;
/// // An order is created: it changes the row of its customer, and its later events will, too.
/// let _created = Keys::one("customer-1").learn("customer-1");
/// // It is paid: the event names no customer.
/// let _paid = Keys::<&str>::routed();
/// // A payment names its order only, and may come before it.
/// let _refunded = Keys::<&str>::via(order);
/// # Ok::<(), annals_core::InvalidStreamId>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Keys<K> {
    named: Vec<K>,
    awaited: Vec<Route>,
    lessons: Vec<(Route, K)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Route {
    Own,
    Other(StreamId),
}

impl Route {
    fn stream<'a>(&'a self, own: &'a StreamId) -> &'a StreamId {
        match self {
            Self::Own => own,
            Self::Other(stream) => stream,
        }
    }
}

impl<K> Keys<K> {
    /// No row.
    pub fn none() -> Self {
        Self::of([])
    }

    /// The row under `key`.
    pub fn one(key: K) -> Self {
        Self::of([key])
    }

    /// The rows under these keys; each is changed once, however often it is named.
    pub fn of(keys: impl IntoIterator<Item = K>) -> Self {
        Self { named: keys.into_iter().collect(), awaited: Vec::new(), lessons: Vec::new() }
    }

    /// The rows that the event's own stream belongs to.
    pub fn routed() -> Self {
        Self::none().and_routed()
    }

    /// The rows that another stream belongs to.
    pub fn via(stream: StreamId) -> Self {
        Self::none().and_via(stream)
    }

    /// And the row under `key`.
    pub fn and(mut self, key: K) -> Self {
        self.named.push(key);
        self
    }

    /// And the rows that the event's own stream belongs to. A route learned from this very event counts.
    pub fn and_routed(mut self) -> Self {
        self.awaited.push(Route::Own);
        self
    }

    /// And the rows that another stream belongs to.
    pub fn and_via(mut self, stream: StreamId) -> Self {
        self.awaited.push(Route::Other(stream));
        self
    }

    /// From now on the event's own stream belongs to the row under `key`. The event itself is applied to that row
    /// only where it is named, or the keys are [`routed`](Self::routed).
    pub fn learn(mut self, key: K) -> Self {
        self.lessons.push((Route::Own, key));
        self
    }

    /// From now on another stream belongs to the row under `key`.
    pub fn learn_for(mut self, stream: StreamId, key: K) -> Self {
        self.lessons.push((Route::Other(stream), key));
        self
    }

    /// The streams whose routes the event of stream `own` follows, each once.
    pub(crate) fn awaited<'a>(&'a self, own: &'a StreamId) -> Vec<&'a StreamId> {
        let mut streams = Vec::with_capacity(self.awaited.len());
        for route in &self.awaited {
            let stream = route.stream(own);
            if !streams.contains(&stream) {
                streams.push(stream);
            }
        }
        streams
    }

    /// The streams whose routes are learned from the event of stream `own`, with the keys.
    pub(crate) fn lessons<'a>(&'a self, own: &'a StreamId) -> impl Iterator<Item = (&'a StreamId, &'a K)> {
        self.lessons.iter().map(|(route, key)| (route.stream(own), key))
    }

    /// The keys that are named.
    pub(crate) fn into_named(self) -> Vec<K> {
        self.named
    }
}
