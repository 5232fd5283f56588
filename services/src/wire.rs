//! Just enough of PostgreSQL's protocol to tell where a transaction ends.
//!
//! A server's message is a letter, a length, and its content. `Z` with `I` says that the server has done all that was
//! asked and is in no transaction: whatever was written before it is durable.

/// Follows what a server says on one connection.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    header: Vec<u8>,
    /// How much of the current message is still to come.
    remaining: usize,
    ready: bool,
}

/// What the server last said of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// In no transaction.
    Idle,
    /// In a transaction, perhaps one that failed.
    InTransaction,
}

impl Answers {
    /// Takes the next bytes; what the last complete `Z` among them says.
    pub(crate) fn take(&mut self, mut bytes: &[u8]) -> Option<Ready> {
        let mut last = None;
        while let Some((&first, rest)) = bytes.split_first() {
            if self.remaining > 0 {
                if self.ready {
                    last = Some(if first == b'I' { Ready::Idle } else { Ready::InTransaction });
                    self.ready = false;
                }
                let taken = self.remaining.min(bytes.len());
                self.remaining -= taken;
                bytes = &bytes[taken..];
                continue;
            }
            self.header.push(first);
            bytes = rest;
            if let [letter, length @ ..] = self.header.as_slice()
                && let Ok(length) = <[u8; 4]>::try_from(length)
            {
                self.ready = *letter == b'Z';
                self.remaining = (u32::from_be_bytes(length) as usize).saturating_sub(4);
                self.header.clear();
            }
        }
        last
    }
}

/// The request with which a client asks for TLS before anything else.
pub(crate) const ASKS_FOR_TLS: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

#[cfg(test)]
mod tests {
    use super::{Answers, Ready};

    #[test]
    fn the_end_of_a_transaction_is_seen_however_the_bytes_are_cut() {
        let said = [b"C\0\0\0\x0bINSERT\0".as_slice(), b"Z\0\0\0\x05I", b"N\0\0\0\x06ZI"].concat();
        for step in 1..=said.len() {
            let mut answers = Answers::default();
            let told: Vec<_> = said.chunks(step).filter_map(|bytes| answers.take(bytes)).collect();
            assert_eq!(told, [Ready::Idle], "in steps of {step}");
        }
        assert_eq!(Answers::default().take(b"Z\0\0\0\x05T"), Some(Ready::InTransaction));
    }
}
