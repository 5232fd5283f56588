//! What can happen to one call on its way to a store, and how often.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The store is unavailable, and nothing was written; the caller is told so.
    Before,
    /// The request never arrives, and the caller cannot tell.
    RequestLost,
    /// The store does its work, and the answer never arrives.
    AnswerLost,
    /// The caller is told that the call timed out; the store does its work so much later.
    Late(Duration),
    /// Half of the delay comes before the effect, half of it before the answer.
    Delay(Duration),
    /// The process dies before the request is sent: it has no answer to this call or any after it.
    CrashBefore,
    /// The process dies before the answer arrives.
    CrashAfter,
}

impl Fault {
    /// One of each kind.
    pub const EACH: [Self; 7] = [
        Self::Before,
        Self::RequestLost,
        Self::AnswerLost,
        Self::Late(Duration::from_millis(2)),
        Self::Delay(Duration::from_millis(2)),
        Self::CrashBefore,
        Self::CrashAfter,
    ];
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before => f.write_str("refused"),
            Self::RequestLost => f.write_str("request lost"),
            Self::AnswerLost => f.write_str("answer lost"),
            Self::Late(by) => write!(f, "effect late by {by:?}"),
            Self::Delay(by) => write!(f, "delayed by {by:?}"),
            Self::CrashBefore => f.write_str("crash before the effect"),
            Self::CrashAfter => f.write_str("crash after the effect"),
        }
    }
}

/// How many of a thousand calls meet each kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// [`Fault::Before`].
    pub before: u16,
    /// [`Fault::RequestLost`].
    pub request_lost: u16,
    /// [`Fault::AnswerLost`].
    pub answer_lost: u16,
    /// [`Fault::Late`], by up to 5 ms.
    pub late: u16,
    /// [`Fault::Delay`], by up to 2 ms.
    pub delay: u16,
    /// [`Fault::CrashBefore`] and [`Fault::CrashAfter`], half each.
    pub crash: u16,
}

impl Default for Rates {
    fn default() -> Self {
        Self { before: 40, request_lost: 30, answer_lost: 50, late: 30, delay: 50, crash: 20 }
    }
}

impl Rates {
    /// Nothing at all.
    pub const NONE: Self = Self { before: 0, request_lost: 0, answer_lost: 0, late: 0, delay: 0, crash: 0 };

    pub(super) fn draw(&self, rng: &mut Rng) -> Option<Fault> {
        let mut roll = rng.u16(..1_000);
        let mut hits = |rate: u16| {
            let is_hit = roll < rate;
            roll = if is_hit { u16::MAX } else { roll - rate.min(roll) };
            is_hit
        };
        let is_fault = [
            hits(self.before),
            hits(self.request_lost),
            hits(self.answer_lost),
            hits(self.late),
            hits(self.delay),
            hits(self.crash),
        ];
        let micros = |rng: &mut Rng, max: u64| Duration::from_micros(rng.u64(1..=max));
        match is_fault.iter().position(|hit| *hit)? {
            0 => Some(Fault::Before),
            1 => Some(Fault::RequestLost),
            2 => Some(Fault::AnswerLost),
            3 => Some(Fault::Late(micros(rng, 5_000))),
            4 => Some(Fault::Delay(micros(rng, 2_000))),
            _ if rng.bool() => Some(Fault::CrashBefore),
            _ => Some(Fault::CrashAfter),
        }
    }
}
