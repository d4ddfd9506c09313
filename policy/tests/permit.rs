//! Can a permit be forged, copied, edited, kept or done without? Each attempt must fail to compile.

#[test]
fn no_attempt_at_a_permit_compiles() {
    trybuild::TestCases::new().compile_fail("tests/permit/*.rs");
}
