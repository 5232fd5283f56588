//! What the derives refuse, with the words that they refuse it in: each program under `tests/refused` must fail to
//! compile with the message beside it.

#[test]
fn mistakes_in_derives_are_compile_errors_that_say_the_remedy() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}
