//! A batch of the feed: the unit in which it grows, as an item of the feed's table and read back.
//!
//! A batch names events by stream, version and id, and holds no bodies. Events of one stream that follow each other make a
//! span. In `Spans` stand, for each span, the stream's length in a byte and its name, the first version and the number of
//! events as varints, and 16 bytes for each event's id.

use annals_core::{EventId, StreamId, Timestamp, Version};

use crate::fault::Fault;
use crate::item::{self, Attributes, Item};

/// The most events in a batch.
pub(crate) const EVENTS_MAX: usize = 1_024;
/// The most bytes of spans in a batch.
const SPAN_BYTES_MAX: usize = 300 * 1024;
/// The most bytes that a span has besides its stream's name and its events' ids.
const SPAN_OVERHEAD: usize = 1 + 10 + 2;
const ID_BYTES: usize = 16;

/// An event as the feed names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) stream: StreamId,
    pub(crate) version: Version,
    pub(crate) id: EventId,
    pub(crate) recorded_at: Timestamp,
    /// When it was written, as far as that can be: not later than the service saw it.
    pub(crate) written: Timestamp,
}

/// Events of one stream that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) stream: StreamId,
    pub(crate) first: Version,
    pub(crate) ids: Vec<EventId>,
}

impl Span {
    /// The version of its last event.
    pub(crate) fn last(&self) -> Version {
        Version::new(self.first.get() + self.ids.len() as u64 - 1)
    }
}

/// The greatest stamps of all events from the first up to a batch's last. They never fall, so they can be searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) recorded: Timestamp,
    pub(crate) written: Timestamp,
}

impl Run {
    /// Before the first event.
    pub(crate) const START: Self = Self { recorded: Timestamp::MIN, written: Timestamp::MIN };
}

/// A batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    /// Its place among the batches, from 0.
    pub(crate) number: u64,
    /// At least one.
    pub(crate) spans: Vec<Span>,
    pub(crate) run: Run,
    /// When its last event was recorded.
    pub(crate) last: Timestamp,
    /// Drawn by whoever puts it, to know its own put again.
    pub(crate) by: String,
}

impl Batch {
    /// The batch of this number after `before`, with as many of the events as fit, which are at least one; and how many
    /// those are.
    pub(crate) fn fill(number: u64, before: Run, events: &[Named]) -> (Self, usize) {
        let mut spans: Vec<Span> = Vec::new();
        let (mut run, mut last) = (before, before.recorded);
        let (mut taken, mut bytes) = (0, 0);
        for event in events.iter().take(EVENTS_MAX) {
            let follows =
                |span: &&mut Span| span.stream == event.stream && span.last().next() == event.version;
            let open = spans.last_mut().filter(follows);
            let name = open.as_ref().map_or(SPAN_OVERHEAD + event.stream.as_str().len(), |_| 0);
            bytes += name + ID_BYTES;
            if taken > 0 && bytes > SPAN_BYTES_MAX {
                break;
            }
            match open {
                Some(span) => span.ids.push(event.id),
                None => spans.push(Span {
                    stream: event.stream.clone(),
                    first: event.version,
                    ids: vec![event.id],
                }),
            }
            run.recorded = run.recorded.max(event.recorded_at);
            run.written = run.written.max(event.written);
            last = event.recorded_at;
            taken += 1;
        }
        (Self { number, spans, run, last, by: format!("{:016x}", fastrand::u64(..)) }, taken)
    }

    /// How many events it has.
    pub(crate) fn len(&self) -> usize {
        self.spans.iter().map(|span| span.ids.len()).sum()
    }

    /// Its key, in a feed of so many parts.
    pub(crate) fn key(number: u64, parts: u32) -> Item {
        Item::from([
            ("Part".to_owned(), item::text(part(number, parts))),
            ("Batch".to_owned(), item::number(number)),
        ])
    }

    /// The batch as an item.
    pub(crate) fn item(&self, parts: u32) -> Item {
        let mut item = Self::key(self.number, parts);
        let mut put = |name: &str, value| item.insert(name.to_owned(), value);
        put("Spans", item::bytes(encode(&self.spans)));
        put("Events", item::number(self.len()));
        put("RunMax", item::text(self.run.recorded.to_string()));
        put("By", item::text(&*self.by));
        // What is equal as a rule is left out, so that 16 events with long names cost one unit.
        if self.last != self.run.recorded {
            put("Last", item::text(self.last.to_string()));
        }
        if self.run.written != self.run.recorded {
            put("RunWritten", item::text(self.run.written.to_string()));
        }
        item
    }

    /// The batch that an item is.
    pub(crate) fn read(found: &Item) -> Result<Self, Fault> {
        let number = found.number("Batch")?;
        let wrong = |detail: &str| Fault::damaged(format!("batch {number} of the feed: {detail}"));
        let spans = decode(found.bytes("Spans")?).ok_or_else(|| wrong("its spans do not read back"))?;
        let recorded = found.instant("RunMax")?;
        let written = found.maybe_instant("RunWritten")?.unwrap_or(recorded);
        let last = found.maybe_instant("Last")?.unwrap_or(recorded);
        let by = found.text("By")?.to_owned();
        let batch = Self { number, spans, run: Run { recorded, written }, last, by };
        if batch.len() == 0 || batch.len() > EVENTS_MAX || batch.len() != found.number::<usize>("Events")? {
            return Err(wrong("its spans do not have as many events as it says"));
        }
        Ok(batch)
    }
}

/// The part of the feed that a batch lies in.
pub(crate) fn part(number: u64, parts: u32) -> String {
    (number % u64::from(parts.max(1))).to_string()
}

fn encode(spans: &[Span]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for span in spans {
        let name = span.stream.as_str().as_bytes();
        // A stream's name has at most 64 + 1 + 128 bytes (A08).
        bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(name);
        push_varint(&mut bytes, span.first.get());
        push_varint(&mut bytes, span.ids.len() as u64);
        for id in &span.ids {
            bytes.extend_from_slice(id.as_bytes());
        }
    }
    bytes
}

fn decode(mut bytes: &[u8]) -> Option<Vec<Span>> {
    let mut spans = Vec::new();
    while let Some((length, rest)) = bytes.split_first() {
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        let stream = std::str::from_utf8(name).ok()?.parse().ok()?;
        let (first, rest) = take_varint(rest)?;
        let (count, rest) = take_varint(rest)?;
        let count = usize::try_from(count).ok().filter(|count| (1..=EVENTS_MAX).contains(count))?;
        let (ids, rest) = rest.split_at_checked(count * ID_BYTES)?;
        let (ids, _) = ids.as_chunks::<ID_BYTES>();
        let ids = ids.iter().copied().map(EventId::from_bytes).collect();
        spans.push(Span { stream, first: Version::new(first), ids });
        bytes = rest;
    }
    Some(spans)
}

/// LEB128: seven bits a byte, the lowest first.
fn push_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn take_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (place, byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f).checked_shl(7 * u32::try_from(place).ok()?)?;
        if byte & 0x80 == 0 {
            return Some((number, &bytes[place + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(stream: &str, version: u64, micros: i64) -> Named {
        let at = Timestamp::from_micros(micros);
        let stream = stream.parse().unwrap();
        Named { stream, version: Version::new(version), id: EventId::new(), recorded_at: at, written: at }
    }

    #[test]
    fn a_batch_reads_back_and_its_spans_are_as_long_as_can_be() {
        let long = format!("order-{}", "x".repeat(128));
        let events = [
            named("order-1", 1, 5),
            named("order-1", 2, 5),
            named(&long, 1 << 40, 3),
            named("order-1", 3, 9),
            named("order-1", 5, 7),
        ];
        let (batch, taken) = Batch::fill(6, Run::START, &events);
        assert_eq!((taken, batch.len(), batch.spans.len()), (5, 5, 4));
        assert_eq!((batch.run.recorded.as_micros(), batch.last.as_micros()), (9, 7));
        let item = batch.item(4);
        assert_eq!(item.text("Part").unwrap(), "2");
        assert_eq!(Batch::read(&item).unwrap(), batch);
    }

    #[test]
    fn a_batch_takes_no_more_than_it_may() {
        let many: Vec<_> = (1..=3_000).map(|number| named("order-1", number, 1)).collect();
        assert_eq!(Batch::fill(0, Run::START, &many).1, EVENTS_MAX);
        let name = "x".repeat(128);
        let apart: Vec<_> = (1..=3_000).map(|number| named(&format!("o{number}-{name}"), 1, 1)).collect();
        let (batch, taken) = Batch::fill(0, Run::START, &apart);
        assert_eq!(taken, EVENTS_MAX);
        assert!(encode(&batch.spans).len() <= SPAN_BYTES_MAX);
    }

    #[test]
    fn sixteen_events_with_names_of_forty_characters_fit_into_a_unit() {
        let name = "x".repeat(34);
        let events: Vec<_> =
            (0..16).map(|number| named(&format!("o{number:03}-{name}x"), 1, number)).collect();
        let (batch, _) = Batch::fill(123_456, Run::START, &events);
        let size = |value: &aws_sdk_dynamodb::types::AttributeValue| match value {
            aws_sdk_dynamodb::types::AttributeValue::S(text) => text.len(),
            aws_sdk_dynamodb::types::AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
            aws_sdk_dynamodb::types::AttributeValue::B(blob) => blob.as_ref().len(),
            _ => unreachable!("a batch has no other attributes"),
        };
        let bytes: usize = batch.item(4).iter().map(|(name, value)| name.len() + size(value)).sum();
        assert!(bytes <= 1_024, "{bytes} bytes");
    }

    #[test]
    fn broken_spans_are_damage_and_never_a_panic() {
        let (batch, _) = Batch::fill(0, Run::START, &[named("order-1", 1, 1)]);
        let whole = encode(&batch.spans);
        for end in 1..whole.len() {
            assert_eq!(decode(&whole[..end]), None, "cut at {end}");
        }
        assert_eq!(take_varint(&[0xff; 12]), None);
    }
}
