//! The writer of canonical text: both the scanner and the serializer write through it.
//!
//! It orders the members of an object when the object is closed (and only if they came unordered), refuses
//! duplicate keys and nesting beyond [`MAX_DEPTH`], and knows the key at hand for an error's path. Its
//! buffers are kept per thread, so that a document costs one allocation: its final text.

use std::cell::Cell;
use std::sync::Arc;

use super::escape::{self, Nul};
use super::not_portable::{Failure, JsonPath, NotPortable};
use super::{MAX_DEPTH, number};

/// What begins the keys that `serde_json` reads as something other than a key: raw text, or a number, when some crate of
/// the program has switched on one of its features. What one program wrote, another would read differently, or not at all.
const RESERVED: &str = "$serde_json::private::";

/// The prefix of each member whose key may be one of those.
const RESERVED_PREFIX: u64 = u64::from_be_bytes(*b"$serde_j");

/// Buffers of more bytes than this are not kept for the next document.
const KEPT_CAPACITY: usize = 128 * 1024;

#[derive(Default)]
pub(super) struct CanonicalWriter {
    pub(super) out: String,
    /// The members of all open objects, outermost first.
    members: Vec<Member>,
    reordered: String,
    depth: usize,
    /// An error was answered. A `Serialize` that goes on all the same has left the text unfinished.
    failed: bool,
}

/// One member of an open object, as byte offsets into the text.
#[derive(Clone, Copy)]
struct Member {
    /// The key's opening quote.
    start: usize,
    /// The key's closing quote.
    key_end: usize,
    /// The end of the value; known once the next member starts or the object is closed.
    end: usize,
    /// The key's first eight bytes, padded with zeros: orders most keys by itself.
    prefix: u64,
    /// The key holds escapes, so its bytes are not ordered as its text is.
    escaped: bool,
}

/// An object being written.
pub(super) struct OpenObject {
    /// Where its members begin in the text.
    start: usize,
    /// Its first member's index.
    first: usize,
    /// The index of the member being written.
    current: usize,
    /// Each key so far was greater than the one before.
    ordered: bool,
}

impl CanonicalWriter {
    /// Runs `write` on a fresh writer and answers the text it wrote, which must be one object.
    pub(super) fn document(
        write: impl FnOnce(&mut Self) -> Result<(), Failure>,
    ) -> Result<Arc<str>, NotPortable> {
        thread_local! {
            static SPARE: Cell<CanonicalWriter> = Cell::default();
        }
        // A `Serialize` may itself make another `Json`: the inner one then finds no spare and makes its own.
        let mut writer = SPARE.try_with(Cell::take).unwrap_or_default();
        let answer = match write(&mut writer) {
            Ok(()) => writer.finished(),
            Err(failure) => Err(failure.into_not_portable()),
        };
        if writer.capacity() <= KEPT_CAPACITY {
            writer.clear();
            // Fails only while the thread ends; then there is no next document.
            let _ = SPARE.try_with(|spare| spare.set(writer));
        }
        answer
    }

    fn finished(&self) -> Result<Arc<str>, NotPortable> {
        self.refuse_after_failure().map_err(Failure::into_not_portable)?;
        let found = match self.out.as_bytes().first() {
            Some(b'{') => return Ok(Arc::from(self.out.as_str())),
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') | None => "null",
            Some(_) => "a number",
        };
        Err(NotPortable::NotAnObject { found })
    }

    fn capacity(&self) -> usize {
        self.out.capacity() + self.reordered.capacity() + self.members.capacity() * size_of::<Member>()
    }

    fn clear(&mut self) {
        self.out.clear();
        self.members.clear();
        self.depth = 0;
        self.failed = false;
    }

    /// Notes that an error is being answered, so that nobody takes the text for finished.
    #[cold]
    pub(super) fn fail(&mut self, failure: Failure) -> Failure {
        self.failed = true;
        failure
    }

    fn refuse_after_failure(&self) -> Result<(), Failure> {
        if self.failed {
            return Err(Failure::unserializable("its Serialize implementation passed over an error"));
        }
        Ok(())
    }

    fn enter(&mut self) -> Result<(), Failure> {
        if self.depth == MAX_DEPTH {
            return Err(Failure::new(NotPortable::TooDeep {
                path: JsonPath::default(),
                depth: MAX_DEPTH + 1,
                limit: MAX_DEPTH,
            }));
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn open_array(&mut self) -> Result<(), Failure> {
        self.enter()?;
        self.out.push('[');
        Ok(())
    }

    pub(super) fn close_array(&mut self) -> Result<(), Failure> {
        self.refuse_after_failure()?;
        self.out.push(']');
        self.depth -= 1;
        Ok(())
    }

    pub(super) fn open_object(&mut self) -> Result<OpenObject, Failure> {
        self.enter()?;
        self.out.push('{');
        let first = self.members.len();
        Ok(OpenObject { start: self.out.len(), first, current: first, ordered: true })
    }

    /// Starts the next member. `write` appends the key's inside and answers whether it holds escapes.
    #[inline]
    pub(super) fn key_with(
        &mut self,
        object: &mut OpenObject,
        write: impl FnOnce(&mut String) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        self.refuse_after_failure()?;
        let previous = (self.members.len() > object.first).then(|| self.members.len() - 1);
        if let Some(previous) = previous {
            self.members[previous].end = self.out.len();
            self.out.push(',');
        }
        let start = self.out.len();
        self.out.push('"');
        let escaped = write(&mut self.out)?;
        let key_end = self.out.len();
        self.out.push_str("\":");
        let prefix = key_prefix(&self.out.as_bytes()[start + 1..key_end]);
        if prefix == RESERVED_PREFIX {
            refuse_reserved(&self.out[start + 1..key_end])?;
        }
        let member = Member { start, key_end, end: key_end, prefix, escaped };
        if let Some(previous) = previous
            && object.ordered
        {
            object.ordered = self.is_less(self.members[previous], member);
        }
        object.current = self.members.len();
        self.members.push(member);
        Ok(())
    }

    #[inline]
    pub(super) fn key(&mut self, object: &mut OpenObject, key: &str) -> Result<(), Failure> {
        self.key_with(object, |out| escape::push_escaped(out, key).map_err(|Nul| nul_in_key()))
    }

    pub(super) fn close_object(&mut self, object: &OpenObject) -> Result<(), Failure> {
        self.refuse_after_failure()?;
        if self.members.len() > object.first {
            let last = self.members.len() - 1;
            self.members[last].end = self.out.len();
        }
        if !object.ordered {
            self.order_members(object)?;
        }
        self.members.truncate(object.first);
        self.out.push('}');
        self.depth -= 1;
        Ok(())
    }

    fn order_members(&mut self, object: &OpenObject) -> Result<(), Failure> {
        let Self { out, members, reordered, .. } = self;
        let members = &mut members[object.first..];
        let raw_key = |member: &Member| &out[member.start + 1..member.key_end];
        if members.iter().any(|member| member.escaped) {
            members.sort_by_cached_key(|member| unescaped_key(out, *member));
        } else {
            members.sort_unstable_by(|left, right| {
                left.prefix.cmp(&right.prefix).then_with(|| raw_key(left).cmp(raw_key(right)))
            });
        }
        // Canonical escapes are one to one: equal keys have equal text.
        if let Some(twice) = members
            .windows(2)
            .find(|pair| pair[0].prefix == pair[1].prefix && raw_key(&pair[0]) == raw_key(&pair[1]))
        {
            let key = unescaped_key(out, twice[0]);
            return Err(Failure::new(NotPortable::DuplicateKey { path: JsonPath::default() }).under_key(&key));
        }
        reordered.clear();
        for member in members {
            if !reordered.is_empty() {
                reordered.push(',');
            }
            reordered.push_str(&out[member.start..member.end]);
        }
        out.truncate(object.start);
        out.push_str(reordered);
        Ok(())
    }

    fn is_less(&self, left: Member, right: Member) -> bool {
        if left.escaped || right.escaped {
            return unescaped_key(&self.out, left) < unescaped_key(&self.out, right);
        }
        if left.prefix != right.prefix {
            return left.prefix < right.prefix;
        }
        self.out[left.start + 1..left.key_end] < self.out[right.start + 1..right.key_end]
    }

    /// Adds the key of the member being written to an error's path.
    #[cold]
    pub(super) fn fail_under_key(&mut self, object: &OpenObject, failure: Failure) -> Failure {
        let failure = match self.members.get(object.current) {
            Some(member) => failure.under_key(&unescaped_key(&self.out, *member)),
            None => failure,
        };
        self.fail(failure)
    }

    #[cold]
    pub(super) fn fail_under_index(&mut self, index: usize, failure: Failure) -> Failure {
        self.fail(failure.under_index(index))
    }

    #[inline]
    pub(super) fn string(&mut self, text: &str) -> Result<(), Failure> {
        self.out.push('"');
        escape::push_escaped(&mut self.out, text).map_err(|Nul| nul_in_string())?;
        self.out.push('"');
        Ok(())
    }

    pub(super) fn null(&mut self) {
        self.out.push_str("null");
    }

    pub(super) fn boolean(&mut self, value: bool) {
        self.out.push_str(if value { "true" } else { "false" });
    }

    pub(super) fn byte_array(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.open_array()?;
        for (index, byte) in bytes.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            number::push_u64(&mut self.out, u64::from(*byte));
        }
        self.close_array()
    }
}

// A09
#[cold]
fn refuse_reserved(key: &str) -> Result<(), Failure> {
    if !key.starts_with(RESERVED) {
        return Ok(());
    }
    Err(Failure::new(NotPortable::ReservedKey { path: JsonPath::default() }).under_key(key))
}

fn key_prefix(key: &[u8]) -> u64 {
    if let Some(first) = key.first_chunk::<8>() {
        return u64::from_be_bytes(*first);
    }
    let mut padded = [0; 8];
    padded[..key.len()].copy_from_slice(key);
    u64::from_be_bytes(padded)
}

fn unescaped_key(out: &str, member: Member) -> String {
    let inside = &out[member.start + 1..member.key_end];
    if !member.escaped {
        return inside.to_owned();
    }
    serde_json::from_str(&out[member.start..=member.key_end]).unwrap_or_else(|_| inside.to_owned())
}

#[cold]
pub(super) fn nul_in_string() -> Failure {
    Failure::new(NotPortable::NulInString { path: JsonPath::default() })
}

#[cold]
pub(super) fn nul_in_key() -> Failure {
    Failure::new(NotPortable::NulInKey { path: JsonPath::default() })
}
