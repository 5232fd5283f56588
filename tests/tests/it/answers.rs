//! What a child was answered, as its parent keeps it: one line an answer, written before the next call is made.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use annals::RecordedEvent;
use annals::ports::{Outcome, Receipt, appended};
use annals_testkit::faults::Broken;

use crate::child;

/// What was added to one stream: its name, the first version, the last one and its digest, as text.
type Addition = String;

/// An outcome as its receipt told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Committed(Vec<Addition>),
    Refused,
}

/// All answers, by commit id.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) outcomes: HashMap<String, Answer>,
    /// The ids whose commits were to take effect once.
    pub(crate) once: Vec<String>,
}

/// Reports a receipt to the parent.
pub(crate) fn report(receipt: &Receipt, is_once: bool) {
    child::say(&line(receipt, is_once));
}

/// A receipt in one line.
pub(crate) fn line(receipt: &Receipt, is_once: bool) -> String {
    let kind = if is_once { "once" } else { "plain" };
    let outcome = match &receipt.outcome {
        Outcome::Committed(added) => additions(added).join(" "),
        Outcome::Refused { .. } => "refused".to_owned(),
        Outcome::Unchanged => "unchanged".to_owned(),
    };
    format!("answer {kind} {} {outcome}", receipt.commit)
}

/// Reports a refusal that was recorded.
pub(crate) fn report_refusal(id: annals::CommitId) {
    child::say(&format!("answer once {id} refused"));
}

fn additions(added: &[annals::ports::Appended]) -> Vec<Addition> {
    let addition = |added: &annals::ports::Appended| {
        format!("{}:{}-{}:{}", added.stream, added.first, added.head.version, added.head.digest)
    };
    added.iter().map(addition).collect()
}

impl Answers {
    /// Keeps what a line says, when it is an answer.
    ///
    /// # Errors
    /// When the id was answered otherwise before (laws A06 and A12).
    pub(crate) fn keep(&mut self, line: &str) -> Result<bool, Broken> {
        let Some(answer) = line.strip_prefix("answer ") else { return Ok(false) };
        let mut words = answer.split(' ').map(str::to_owned);
        let (kind, id) = (words.next().unwrap(), words.next().unwrap());
        let rest: Vec<Addition> = words.collect();
        let answer = if rest == ["refused"] { Answer::Refused } else { Answer::Committed(rest) };
        match self.outcomes.entry(id) {
            Entry::Vacant(free) => {
                if kind == "once" {
                    self.once.push(free.key().clone());
                }
                free.insert(answer);
            }
            Entry::Occupied(known) if *known.get() == answer => {}
            Entry::Occupied(known) => {
                let what = format!("commit {} was answered {:?}, then {answer:?}", known.key(), known.get());
                return Err(Broken { law: "A12", what });
            }
        }
        Ok(true)
    }

    /// The answered commits with events that history does not hold.
    ///
    /// # Errors
    /// When one stands there otherwise than it was answered.
    pub(crate) fn lost(&self, feed: &[RecordedEvent]) -> Result<Vec<&str>, Broken> {
        let mut standing: HashMap<String, Vec<RecordedEvent>> = HashMap::new();
        for event in feed {
            standing.entry(event.header.commit.id.to_string()).or_default().push(event.clone());
        }
        let mut lost = Vec::new();
        for (id, answer) in &self.outcomes {
            let found = standing.get(id).map(|events| additions(&appended(events)));
            match (answer, found) {
                (Answer::Committed(told), Some(found)) if *told == found => {}
                (Answer::Committed(_), None) => lost.push(id.as_str()),
                (Answer::Refused, None) => {}
                (told, found) => {
                    let what = format!("commit {id} was answered {told:?}, and the store holds {found:?}");
                    return Err(Broken { law: "R02", what });
                }
            }
        }
        Ok(lost)
    }
}
