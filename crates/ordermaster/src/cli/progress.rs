//! Telling the person at the terminal that something takes time: nothing for a second, then a spinner on a terminal,
//! or one line where stderr is none.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::note;

const PATIENCE: Duration = Duration::from_secs(1);

/// Something that may take time. Dropping it takes the spinner away.
#[derive(Debug)]
pub struct Busy {
    what: String,
    began: Instant,
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    Nothing,
    Line,
    Bar(ProgressBar),
}

impl Busy {
    /// Begins with `what`, such as `bringing views up to date`.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), began: Instant::now(), shown: Shown::Nothing }
    }

    /// Tells how far it has come, such as `12000 events`, should anybody wait by now. `of` is how much there is to do,
    /// and how much of it is done, where that is known.
    pub fn tick(&mut self, of: Option<(u64, u64)>, detail: impl FnOnce() -> String) {
        if matches!(self.shown, Shown::Nothing) && self.began.elapsed() > PATIENCE {
            self.shown = if std::io::stderr().is_terminal() {
                Shown::Bar(bar(of.is_some()))
            } else {
                note(&format!("{} …", self.what));
                Shown::Line
            };
        }
        if let Shown::Bar(bar) = &self.shown {
            bar.set_message(format!("{}: {}", self.what, detail()));
            match of {
                Some((all, done)) => {
                    bar.set_length(all);
                    bar.set_position(done);
                }
                None => bar.tick(),
            }
        }
    }
}

fn bar(measured: bool) -> ProgressBar {
    let template = if measured { "{bar:30} {percent:>3} %  {msg}" } else { "{spinner} {msg}" };
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}
