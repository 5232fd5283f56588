//! How many tests ran, read from the closing lines of `cargo nextest` and `cargo test`.

/// Tests by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TestCounts {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed, or were cut off.
    pub(crate) failed: u64,
    /// Tests that were not run.
    pub(crate) skipped: u64,
}

impl TestCounts {
    /// Adds what a line says, if it is a closing line.
    ///
    /// nextest: `Summary [1.2s] 5 tests run: 4 passed (1 slow), 1 failed, 0 skipped`;
    /// cargo test: `test result: ok. 5 passed; 0 failed; 1 ignored; …`.
    pub(crate) fn read(&mut self, line: &str) {
        let counted = if line.trim_start().starts_with("Summary [") {
            line.split_once("run: ").map(|(_, counted)| counted)
        } else {
            line.strip_prefix("test result: ")
                .and_then(|line| line.split_once(". "))
                .map(|(_, counted)| counted)
        };
        for part in counted.unwrap_or_default().split([',', ';']) {
            let mut words = part.split_whitespace();
            let (Some(Ok(count)), Some(what)) = (words.next().map(str::parse::<u64>), words.next()) else {
                continue;
            };
            match what {
                "passed" => self.passed += count,
                "failed" | "timed" | "exec" => self.failed += count,
                "skipped" | "ignored" => self.skipped += count,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(lines: &[&str]) -> (u64, u64, u64) {
        let mut counts = TestCounts::default();
        for line in lines {
            counts.read(line);
        }
        (counts.passed, counts.failed, counts.skipped)
    }

    #[test]
    fn a_summary_of_nextest_is_counted() {
        let line =
            "     Summary [   0.005s] 5 tests run: 3 passed (1 slow), 1 failed, 1 timed out, 2 skipped";
        assert_eq!(counts(&[line]), (3, 2, 2));
    }

    #[test]
    fn closing_lines_of_cargo_test_add_up() {
        let lines = [
            "test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out",
        ];
        assert_eq!(counts(&lines), (6, 1, 1));
    }

    #[test]
    fn what_nextest_repeats_of_a_test_that_failed_is_not_counted_again() {
        let line = "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 13 filtered out";
        assert_eq!(counts(&[line]), (0, 0, 0));
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(counts(&["running 5 tests", "test a ... ok", "5 passed"]), (0, 0, 0));
    }
}
