//! Given/when/then passes what holds, and says in full what does not.

use std::panic::{AssertUnwindSafe, catch_unwind};

use annals_core::{Aggregate, Context, DomainEvent, Metadata, Timestamp};
use annals_testkit::given;

#[derive(Clone, Debug, PartialEq, DomainEvent)]
#[event(category = "door", prefix = "Door")]
enum DoorEvent {
    Opened {
        at: Timestamp,
    },
    Closed {},
    /// Its payload forgets a field.
    Broken {
        #[serde(skip)]
        panes: u8,
    },
}

#[derive(Debug)]
enum DoorCommand {
    Open,
    Close,
    Break,
}

#[derive(Debug, PartialEq)]
struct Locked;

impl std::fmt::Display for Locked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the door is locked")
    }
}

impl std::error::Error for Locked {}

#[derive(Clone, Default)]
struct Door {
    is_open: bool,
}

impl Aggregate for Door {
    type Id = String;
    type Event = DoorEvent;
    type Command = DoorCommand;
    type Rejection = Locked;

    fn evolve(&mut self, event: &DoorEvent) {
        self.is_open = matches!(event, DoorEvent::Opened { .. });
    }

    fn decide(&self, command: &DoorCommand, context: &Context) -> Result<Vec<DoorEvent>, Locked> {
        match command {
            DoorCommand::Open if context.metadata.actor() == Some("thief") => Err(Locked),
            DoorCommand::Open if self.is_open => Ok(vec![]),
            DoorCommand::Open => Ok(vec![DoorEvent::Opened { at: context.now }]),
            DoorCommand::Close => Ok(vec![DoorEvent::Closed {}]),
            DoorCommand::Break => Ok(vec![DoorEvent::Broken { panes: 7 }]),
        }
    }
}

fn noon() -> Timestamp {
    "2024-02-29T12:00:00Z".parse().expect("a valid instant")
}

fn opened() -> DoorEvent {
    DoorEvent::Opened { at: noon() }
}

/// What a test that fails says.
fn failure(test: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("this test must fail");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn what_happened_passes() {
    given::<Door>([]).at(noon()).when(DoorCommand::Open).then([opened()]).then_state(|door| door.is_open);
}

#[test]
fn a_command_that_changes_nothing_passes() {
    given::<Door>([opened()]).when(DoorCommand::Open).then_unchanged();
}

#[test]
fn a_rejection_passes() {
    let thief = || given::<Door>([]).with_metadata(Metadata::new().by("thief"));
    thief().when(DoorCommand::Open).then_rejection(&Locked);
    thief().when(DoorCommand::Open).then_rejected(|rejection| *rejection == Locked);
}

#[test]
fn commands_follow_each_other() {
    given::<Door>([])
        .when(DoorCommand::Open)
        .and()
        .then_state(|door| door.is_open)
        .clone()
        .when(DoorCommand::Close)
        .then([DoorEvent::Closed {}])
        .then_state(|door| !door.is_open);
}

#[test]
fn a_payload_that_forgets_a_field_is_noticed() {
    let said = failure(|| {
        given::<Door>([]).when(DoorCommand::Break).then([DoorEvent::Broken { panes: 7 }]);
    });
    assert!(said.contains("Broken { panes: 7 }\nbut got\n  Broken { panes: 0 }"), "{said}");
}

#[test]
fn a_failure_tells_given_when_expected_and_got() {
    let said = failure(|| {
        given::<Door>([opened()]).when(DoorCommand::Close).then([opened()]);
    });
    let expected = "
given
  Opened { at: 2024-02-29T12:00:00.000000Z }
when
  Close
then expected
  Opened { at: 2024-02-29T12:00:00.000000Z }
but got
  Closed
";
    assert_eq!(said, expected);
}

#[test]
fn an_unexpected_rejection_is_told() {
    let said = failure(|| {
        let thief = Metadata::new().by("thief");
        given::<Door>([]).with_metadata(thief).when(DoorCommand::Open).then_unchanged();
    });
    assert!(said.ends_with("  no events\nbut got\n  the rejection Locked (the door is locked)\n"), "{said}");
}

#[test]
fn an_unexpected_success_is_told() {
    let said = failure(|| {
        given::<Door>([]).when(DoorCommand::Close).then_rejection(&Locked);
    });
    assert!(said.ends_with("  the rejection Locked (the door is locked)\nbut got\n  Closed\n"), "{said}");
}

#[test]
fn events_where_none_were_expected_are_told() {
    let said = failure(|| {
        given::<Door>([]).when(DoorCommand::Close).then_unchanged();
    });
    assert!(said.ends_with("  no events\nbut got\n  Closed\n"), "{said}");
}

#[test]
fn a_state_that_was_not_expected_is_told() {
    let said = failure(|| {
        given::<Door>([opened()]).then_state(|door| !door.is_open);
    });
    assert!(said.contains("given\n  Opened"), "{said}");
}
