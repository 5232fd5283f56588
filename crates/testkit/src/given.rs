//! Given a history, when a command comes, then these events happen, or it is refused: tests of aggregates that read
//! as sentences.
//!
//! Every event passes through its recorded form (encode, then decode), so that a test exercises payloads, too. A
//! failure prints the history, the command, what was expected and what came.

use std::error::Error;
use std::fmt::{Debug, Write as _};

use annals_core::{
    Aggregate, CommitId, CommitPlace, Context, Decoded, Digest, DomainEvent, EventHeader, EventId, EventType,
    Json, Metadata, RecordedEvent, StreamId, Timestamp, Version, decode_event,
};

/// An aggregate after a history.
///
/// ```
/// use annals_core::{Aggregate, Context, DomainEvent};
/// use annals_testkit::given;
///
/// #[derive(Clone, Debug, PartialEq, DomainEvent)]
/// #[event(category = "account", prefix = "Account")]
/// enum AccountEvent { Opened {}, Deposited { amount: u64 }, Withdrawn { amount: u64 } }
///
/// #[derive(Debug)]
/// enum AccountCommand { Deposit(u64), Withdraw(u64) }
///
/// #[derive(Debug, PartialEq)]
/// struct Overdrawn { missing: u64 }
/// impl std::fmt::Display for Overdrawn {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{} missing", self.missing) }
/// }
/// impl std::error::Error for Overdrawn {}
///
/// #[derive(Clone, Default)]
/// struct Account { balance: u64 }
///
/// impl Aggregate for Account {
///     type Id = String;
///     type Event = AccountEvent;
///     type Command = AccountCommand;
///     type Rejection = Overdrawn;
///
///     fn evolve(&mut self, event: &AccountEvent) {
///         match event {
///             AccountEvent::Opened {} => {}
///             AccountEvent::Deposited { amount } => self.balance += amount,
///             AccountEvent::Withdrawn { amount } => self.balance -= amount,
///         }
///     }
///
///     fn decide(&self, command: &AccountCommand, _: &Context) -> Result<Vec<AccountEvent>, Overdrawn> {
///         match *command {
///             AccountCommand::Deposit(0) | AccountCommand::Withdraw(0) => Ok(vec![]),
///             AccountCommand::Deposit(amount) => Ok(vec![AccountEvent::Deposited { amount }]),
///             AccountCommand::Withdraw(amount) if amount <= self.balance => {
///                 Ok(vec![AccountEvent::Withdrawn { amount }])
///             }
///             AccountCommand::Withdraw(amount) => Err(Overdrawn { missing: amount - self.balance }),
///         }
///     }
/// }
///
/// let rich = || given::<Account>([AccountEvent::Opened {}, AccountEvent::Deposited { amount: 10 }]);
/// rich().when(AccountCommand::Withdraw(4))
///     .then([AccountEvent::Withdrawn { amount: 4 }])
///     .then_state(|account| account.balance == 6);
/// rich().when(AccountCommand::Withdraw(11)).then_rejection(&Overdrawn { missing: 1 });
/// rich().when(AccountCommand::Deposit(0)).then_unchanged();
/// ```
#[derive(Clone)]
pub struct Given<A: Aggregate> {
    state: A,
    history: Vec<A::Event>,
    context: Context,
}

/// An aggregate that was given a command.
#[derive(Clone)]
pub struct When<A: Aggregate> {
    given: Given<A>,
    command: String,
    outcome: Result<Vec<A::Event>, A::Rejection>,
}

/// An aggregate that has lived through these events. The time of a decision is 1970-01-01T00:00:00Z unless
/// [`Given::at`] says otherwise.
///
/// # Panics
/// When an event cannot be recorded, or does not read back.
#[track_caller]
pub fn given<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> Given<A>
where
    A::Event: Debug,
{
    let mut state = A::default();
    let mut history = Vec::new();
    for event in events {
        if let Some(event) = through_its_record(&event) {
            state.evolve(&event);
        }
        history.push(event);
    }
    Given { state, history, context: Context::at(Timestamp::UNIX_EPOCH) }
}

impl<A: Aggregate> Given<A>
where
    A::Event: Debug,
{
    /// Decides at `now`.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.context.now = now;
        self
    }

    /// Decides for who asks with `metadata`.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.context.metadata = metadata;
        self
    }

    /// Gives the aggregate a command. What happened is applied to the state.
    ///
    /// # Panics
    /// When an event that happened cannot be recorded, or does not read back.
    #[track_caller]
    pub fn when(mut self, command: A::Command) -> When<A>
    where
        A::Command: Debug,
    {
        let outcome = self.state.decide(&command, &self.context);
        let outcome = outcome.map(|events| {
            let mut happened = Vec::new();
            for event in events {
                if let Some(event) = through_its_record(&event) {
                    self.state.evolve(&event);
                    happened.push(event);
                }
            }
            happened
        });
        When { given: self, command: format!("{command:?}"), outcome }
    }

    /// The state that the history leads to.
    pub fn state(&self) -> &A {
        &self.state
    }

    /// Checks the state that the history leads to.
    ///
    /// # Panics
    /// When `holds` does not hold.
    #[track_caller]
    pub fn then_state(&self, holds: impl FnOnce(&A) -> bool) -> &Self {
        assert!(holds(&self.state), "{}the state is not what was expected", told_history::<A>(&self.history));
        self
    }
}

#[expect(clippy::return_self_not_must_use, reason = "what a check gives back is there for the next check")]
impl<A: Aggregate> When<A>
where
    A::Event: Debug,
{
    /// Checks that exactly these events happened, in this order.
    ///
    /// # Panics
    /// When others did, or the command was refused.
    #[track_caller]
    pub fn then(self, expected: impl IntoIterator<Item = A::Event>) -> Self
    where
        A::Event: PartialEq,
    {
        let expected: Vec<_> = expected.into_iter().collect();
        let is_right = matches!(&self.outcome, Ok(happened) if *happened == expected);
        assert!(is_right, "{}", self.told(&events_told(&expected)));
        self
    }

    /// Checks that the command was accepted and changed nothing (law C02).
    ///
    /// # Panics
    /// When something happened, or the command was refused.
    #[track_caller]
    pub fn then_unchanged(self) -> Self {
        let is_right = matches!(&self.outcome, Ok(happened) if happened.is_empty());
        assert!(is_right, "{}", self.told("  no events\n"));
        self
    }

    /// Checks that the command was refused for a reason that `is_expected`.
    ///
    /// # Panics
    /// When it was accepted, or refused for another reason.
    #[track_caller]
    pub fn then_rejected(self, is_expected: impl FnOnce(&A::Rejection) -> bool) -> Self {
        let is_right = matches!(&self.outcome, Err(rejection) if is_expected(rejection));
        assert!(is_right, "{}", self.told("  a rejection that the test describes\n"));
        self
    }

    /// Checks that the command was refused for this reason.
    ///
    /// # Panics
    /// When it was accepted, or refused for another reason.
    #[track_caller]
    pub fn then_rejection(self, expected: &A::Rejection) -> Self
    where
        A::Rejection: PartialEq,
    {
        let is_right = matches!(&self.outcome, Err(rejection) if rejection == expected);
        assert!(is_right, "{}", self.told(&rejection_told(expected)));
        self
    }

    /// Checks the state after what happened.
    ///
    /// # Panics
    /// When `holds` does not hold.
    #[track_caller]
    pub fn then_state(self, holds: impl FnOnce(&A) -> bool) -> Self {
        assert!(holds(&self.given.state), "{}", self.told("  another state after that\n"));
        self
    }

    /// The aggregate after what happened, to be given the next command.
    #[must_use]
    pub fn and(mut self) -> Given<A> {
        if let Ok(happened) = self.outcome {
            self.given.history.extend(happened);
        }
        self.given
    }

    fn told(&self, expected: &str) -> String {
        let got = match &self.outcome {
            Ok(happened) => events_told(happened),
            Err(rejection) => rejection_told(rejection),
        };
        let (history, command) = (told_history::<A>(&self.given.history), &self.command);
        format!("{history}when\n  {command}\nthen expected\n{expected}but got\n{got}")
    }
}

fn told_history<A: Aggregate>(history: &[A::Event]) -> String
where
    A::Event: Debug,
{
    format!("\ngiven\n{}", events_told(history))
}

fn events_told<E: Debug>(events: &[E]) -> String {
    if events.is_empty() {
        return "  no events\n".to_owned();
    }
    let mut text = String::new();
    for event in events {
        let _ = writeln!(text, "  {event:?}");
    }
    text
}

fn rejection_told<R: Error>(rejection: &R) -> String {
    format!("  the rejection {rejection:?} ({rejection})\n")
}

/// The event as a program reads it that finds it in a store; none when its type is retired.
#[track_caller]
fn through_its_record<E: DomainEvent + Debug>(event: &E) -> Option<E> {
    let kind = event.kind();
    let payload = event.encode().unwrap_or_else(|error| panic!("{event:?} cannot be recorded: {error}"));
    let event_type =
        EventType::new(kind.name).unwrap_or_else(|error| panic!("{event:?} cannot be recorded: {error}"));
    let stream = StreamId::new(E::CATEGORY, "given");
    let recorded = RecordedEvent {
        header: EventHeader {
            id: EventId::from_bytes([0; 16]),
            stream: stream.unwrap_or_else(|error| panic!("{event:?} cannot be recorded: {error}")),
            version: Version::FIRST,
            event_type,
            schema_version: kind.schema_version,
            recorded_at: Timestamp::UNIX_EPOCH,
            commit: CommitPlace { id: CommitId::from_bytes([0; 16]), index: 0, size: 1 },
            metadata: Json::empty(),
            digest: Digest::ORIGIN,
        },
        payload,
    };
    match decode_event::<E>(&recorded) {
        Ok(Decoded::Event(event)) => Some(event),
        Ok(Decoded::Retired) => None,
        Err(error) => panic!("{event:?} does not read back: {error}"),
    }
}
