//! JUnit XML: nextest's report is read, our own, with every test of a run and its phases, is written.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use quick_xml::events::{BytesRef, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};

use crate::outcome::{Outcome, TestEnding};
use crate::phase::{Ending, Phase};

/// The tests in a report of nextest.
///
/// # Errors
/// When it is no XML, with the place.
pub(crate) fn read(xml: &str) -> Result<Vec<Outcome>, String> {
    let mut reader = Reader::from_str(xml);
    let mut outcomes = Vec::new();
    let mut test: Option<Outcome> = None;
    let mut is_output = false;
    loop {
        let event = reader.read_event();
        let event =
            event.map_err(|error| format!("nextest's report, byte {}: {error}", reader.error_position()))?;
        match event {
            Event::Start(tag) => match (tag.name().as_ref(), &mut test) {
                ("testcase", test) => *test = Some(begun(&tag)),
                ("system-out" | "system-err", _) => is_output = true,
                (element, Some(test)) => mark(test, element, &tag),
                _ => {}
            },
            Event::Empty(tag) => match (tag.name().as_ref(), &mut test) {
                ("testcase", _) => outcomes.push(begun(&tag)),
                (element, Some(test)) => mark(test, element, &tag),
                _ => {}
            },
            Event::End(tag) => match tag.name().as_ref() {
                "testcase" => outcomes.extend(test.take().map(Outcome::classified)),
                "system-out" | "system-err" => {
                    // What follows begins a line of its own.
                    said(&mut test, "\n");
                    is_output = false;
                }
                _ => {}
            },
            Event::Text(text) if is_output => said(&mut test, &text.xml10_content()),
            Event::CData(text) if is_output => said(&mut test, &text.xml10_content()),
            Event::GeneralRef(reference) if is_output => said(&mut test, &resolved(&reference)),
            Event::Eof => return Ok(outcomes),
            _ => {}
        }
    }
}

fn begun(tag: &BytesStart<'_>) -> Outcome {
    let place = attribute(tag, "classname");
    let (package, program) = place.split_once("::").unwrap_or((&place, ""));
    Outcome {
        package: package.to_owned(),
        program: program.to_owned(),
        name: attribute(tag, "name"),
        ending: TestEnding::Passed,
        took: attribute(tag, "time")
            .parse()
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        output: String::new(),
    }
}

fn mark(test: &mut Outcome, element: &str, tag: &BytesStart<'_>) {
    match element {
        "failure" | "error" => test.ending = TestEnding::Failed,
        "skipped" => {
            let why = attribute(tag, "message");
            test.ending =
                TestEnding::Skipped(if why.is_empty() { "marked #[ignore]".to_owned() } else { why });
        }
        _ => {}
    }
}

fn said(test: &mut Option<Outcome>, text: &str) {
    if let Some(test) = test {
        test.output.push_str(text);
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> String {
    let found = tag.try_get_attribute(name).ok().flatten();
    let value = found.and_then(|found| {
        found.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
    });
    value.unwrap_or_default()
}

fn resolved(reference: &BytesRef<'_>) -> String {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return character.to_string();
    }
    let name = reference.xml10_content();
    quick_xml::escape::resolve_predefined_entity(&name).unwrap_or_default().to_owned()
}

/// A report of the whole run: a suite for each program, and one for the phases.
///
/// # Errors
/// Never in fact: it is written into memory.
pub(crate) fn written(outcomes: &[Outcome], phases: &[Phase], allow_missing: bool) -> io::Result<String> {
    let mut programs = BTreeMap::<String, Vec<Case<'_>>>::new();
    for test in outcomes {
        programs.entry(test.place()).or_default().push(Case::of_test(test, allow_missing));
    }
    programs.insert("phases".to_owned(), phases.iter().map(Case::of_phase).collect());
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer
        .create_element("testsuites")
        .with_attribute(("name", "cargo xtask test-all"))
        .write_inner_content(|writer| {
            for (program, cases) in &programs {
                let count = |is: fn(&Case<'_>) -> bool| cases.iter().filter(|case| is(case)).count();
                let (failures, skipped) =
                    (count(|case| case.failure.is_some()), count(|case| case.skipped.is_some()));
                let suite = writer.create_element("testsuite").with_attributes([
                    ("name", program.as_str()),
                    ("tests", &cases.len().to_string()),
                    ("failures", &failures.to_string()),
                    ("skipped", &skipped.to_string()),
                ]);
                suite.write_inner_content(|writer| {
                    cases.iter().try_for_each(|case| case.write(program, writer))
                })?;
            }
            Ok(())
        })?;
    let xml = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    Ok(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{xml}\n"))
}

struct Case<'a> {
    name: &'a str,
    took: Option<Duration>,
    failure: Option<&'a str>,
    skipped: Option<&'a str>,
    output: &'a str,
}

impl<'a> Case<'a> {
    fn of_test(test: &'a Outcome, allow_missing: bool) -> Self {
        let (failure, skipped) = match &test.ending {
            TestEnding::Passed => (None, None),
            TestEnding::Failed => (Some("the test failed"), None),
            TestEnding::Missing(why) if !allow_missing => (Some(why.as_str()), None),
            TestEnding::Missing(why) | TestEnding::Skipped(why) => (None, Some(why.as_str())),
        };
        // What passed is not told at length: the file is read by machines that keep it.
        let output = if failure.is_some() { test.output.as_str() } else { "" };
        Self { name: &test.name, took: test.took, failure, skipped, output }
    }

    fn of_phase(phase: &'a Phase) -> Self {
        let (failure, skipped) = match &phase.ending {
            Ending::Passed => (None, None),
            Ending::Failed(why) => (Some(why.as_str()), None),
            Ending::NotRun(why) => (None, Some(why.as_str())),
        };
        Self { name: phase.name, took: Some(phase.took), failure, skipped, output: "" }
    }

    fn write(&self, program: &str, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let seconds = self.took.map(|took| format!("{:.3}", took.as_secs_f64()));
        let mut case =
            writer.create_element("testcase").with_attributes([("name", self.name), ("classname", program)]);
        if let Some(seconds) = &seconds {
            case = case.with_attribute(("time", seconds.as_str()));
        }
        if self.failure.is_none() && self.skipped.is_none() {
            return case.write_empty().map(drop);
        }
        case.write_inner_content(|writer| {
            if let Some(why) = self.skipped {
                writer
                    .create_element("skipped")
                    .with_attribute(("message", printable(why).as_str()))
                    .write_empty()?;
            }
            if let Some(why) = self.failure {
                let failure = writer.create_element("failure");
                let failure = failure.with_attribute(("message", printable(why).as_str()));
                failure.write_text_content(BytesText::new(&printable(self.output)))?;
            }
            Ok(())
        })?;
        Ok(())
    }
}

/// The text without what XML cannot hold.
fn printable(text: &str) -> String {
    let allowed =
        |c: &char| matches!(c, '\t' | '\n' | '\r') || (*c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'));
    text.chars().filter(allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::tests::outcome;

    const REPORT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run" tests="4" failures="2" errors="0" time="4.338">
    <testsuite name="annals-memory::conformance" tests="3" disabled="0" errors="0" failures="2">
        <testcase name="a01_is_whole" classname="annals-memory::conformance" time="0.008">
            <system-out>running 1 test
a &lt; b &#38; c</system-out>
            <system-err>services: PostgreSQL 15.18, found</system-err>
        </testcase>
        <testcase name="a02_holds" classname="annals-memory::conformance" time="1.5">
            <failure message="thread &apos;a02&apos; panicked" type="test failure with exit code 101">panicked</failure>
            <system-err>left: 1</system-err>
        </testcase>
        <testcase name="r05_is_ordered" classname="annals-memory::conformance" time="0.2">
            <failure type="test failure with exit code 101"/>
            <system-err>panicked at x.rs:
PostgreSQL 18 cannot be had: install it</system-err>
        </testcase>
    </testsuite>
    <testsuite name="annals-core" tests="1">
        <testcase name="json::tests::later" classname="annals-core" time="0"><skipped/></testcase>
    </testsuite>
</testsuites>"#;

    #[test]
    fn the_report_of_nextest_is_read() {
        let tests = read(REPORT).unwrap();
        let names: Vec<_> = tests.iter().map(Outcome::title).collect();
        assert_eq!(
            names,
            [
                "annals-memory::conformance a01_is_whole",
                "annals-memory::conformance a02_holds",
                "annals-memory::conformance r05_is_ordered",
                "annals-core json::tests::later",
            ]
        );
        let endings: Vec<_> = tests.iter().map(|test| test.ending.clone()).collect();
        assert_eq!(
            endings,
            [
                TestEnding::Passed,
                TestEnding::Failed,
                TestEnding::Missing("PostgreSQL 18 cannot be had: install it".to_owned()),
                TestEnding::Skipped("marked #[ignore]".to_owned()),
            ]
        );
        assert_eq!(tests[0].took, Some(Duration::from_millis(8)));
        assert!(tests[0].output.contains("a < b & c"), "{}", tests[0].output);
        assert!(tests[0].services().contains("PostgreSQL 15.18, found"));
    }

    #[test]
    fn what_is_no_report_is_an_error() {
        assert!(read("<testsuites><testcase name=\"a\"></testsuites>").is_err());
    }

    #[test]
    fn what_is_written_can_be_read_again() {
        let mut failed = outcome("annals-memory::conformance", "a02_holds", TestEnding::Failed);
        failed.output = "left: \"<1>\" & \u{1b}[31mright".to_owned();
        let missing = TestEnding::Missing("Java cannot be had: install it".to_owned());
        let tests = [
            outcome("annals-memory::conformance", "a01_is_whole", TestEnding::Passed),
            failed,
            outcome("annals-dynamodb::conformance", "local::a01_is_whole", missing),
        ];
        let phases = [Phase::not_run("licences", "cargo-deny is not installed")];
        let xml = written(&tests, &phases, true).unwrap();
        assert!(xml.contains("left: &quot;&lt;1&gt;&quot; &amp; [31mright"), "{xml}");
        let again: Vec<_> = read(&xml).unwrap().into_iter().map(|test| (test.title(), test.ending)).collect();
        let skipped = |why: &str| TestEnding::Skipped(why.to_owned());
        assert_eq!(
            again,
            [
                (
                    "annals-dynamodb::conformance local::a01_is_whole".to_owned(),
                    skipped("Java cannot be had: install it")
                ),
                ("annals-memory::conformance a01_is_whole".to_owned(), TestEnding::Passed),
                ("annals-memory::conformance a02_holds".to_owned(), TestEnding::Failed),
                ("phases licences".to_owned(), skipped("cargo-deny is not installed")),
            ]
        );
    }
}
