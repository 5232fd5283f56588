//! A report as a person reads it. The last two lines are what other programs look for, and never change their form.

use super::{Report, Said};
use crate::law_table::LawTable;

impl Report {
    /// Its lines.
    pub(crate) fn text(&self) -> Vec<String> {
        let mut lines = Vec::new();
        add_laws(&mut lines, &self.table);
        self.add_services(&mut lines);
        let seeds = self.seeds.iter().map(|seed| seed.repeat.clone());
        section(&mut lines, "seeds, to repeat with", seeds);
        let slowest = self.slowest.iter().map(|slow| format!("{:>8.1} s  {}", slow.seconds, slow.test));
        section(&mut lines, "the slowest tests", slowest);
        section(&mut lines, "not run, or not whole", self.not_run.iter().map(counted));
        section(&mut lines, "failed", self.failed.iter().cloned());
        self.add_phases(&mut lines);
        self.add_verdict(&mut lines);
        lines
    }

    /// Of the laws and what was used, for a run of a few tests.
    pub(crate) fn text_of_a_few(&self) -> Vec<String> {
        let mut lines = Vec::new();
        add_laws(&mut lines, &self.table.without_empty());
        self.add_services(&mut lines);
        section(&mut lines, "seeds, to repeat with", self.seeds.iter().map(|seed| seed.repeat.clone()));
        section(&mut lines, "not run, or not whole", self.not_run.iter().map(counted));
        section(&mut lines, "failed", self.failed.iter().cloned());
        lines.push(String::new());
        lines.push(self.counts());
        lines
    }

    fn add_services(&self, lines: &mut Vec<String>) {
        let heading = format!("services (--services {})", self.services_from);
        section(lines, &heading, self.services.iter().map(counted));
    }

    fn add_phases(&self, lines: &mut Vec<String>) {
        lines.push(String::new());
        lines.push(format!("{:<38} {:>8} {:>5}  result", "phase", "seconds", "part"));
        for phase in &self.phases {
            let why = phase.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            let result = if phase.result == "failed" { "FAILED" } else { phase.result };
            lines.push(format!(
                "{:<38} {:>8.1} {:>4.0}%  {result}{why}",
                phase.name, phase.seconds, phase.percent
            ));
        }
        lines.push(format!("{:<38} {:>8.1}  100%  {}", "all", self.seconds, self.toolchain));
    }

    fn add_verdict(&self, lines: &mut Vec<String>) {
        lines.push(String::new());
        let allowed = if self.allow_missing { "which --allow-missing allows" } else { "which fails the run" };
        if !self.stores_not_tested.is_empty() {
            lines.push(format!("NOT TESTED, {allowed}: {}", self.stores_not_tested.join(", ")));
        }
        if !self.laws_not_shown.is_empty() {
            lines.push(format!("NOT SHOWN, {allowed}: {}", self.laws_not_shown.join(", ")));
        }
        lines.push(format!("all phases and tests: {}", if self.passed { "passed" } else { "FAILED" }));
        lines.push(self.counts());
    }

    fn counts(&self) -> String {
        let tests = self.tests;
        format!("tests: {} passed, {} failed, {} skipped", tests.passed, tests.failed, tests.skipped)
    }
}

fn add_laws(lines: &mut Vec<String>, table: &LawTable) {
    if table.laws().next().is_some() {
        section(lines, "laws by store: tests that passed, and their seconds", table.lines(None).into_iter());
    }
}

fn counted(said: &Said) -> String {
    match said.tests {
        0 => said.what.clone(),
        1 => format!("{} (1 test)", said.what),
        tests => format!("{} ({tests} tests)", said.what),
    }
}

fn section(lines: &mut Vec<String>, heading: &str, of: impl Iterator<Item = String>) {
    let mut of = of.peekable();
    if of.peek().is_some() {
        lines.push(String::new());
        lines.push(heading.to_owned());
        lines.extend(of.map(|line| format!("  {line}").trim_end().to_owned()));
    }
}
