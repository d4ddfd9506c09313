//! Is it said what is wrong with whom reports go to?

use super::said;

const END: &str = "to = \"te\"";

/// The good configuration with a recipient of reports: what is said of it.
fn said_of(report: &str) -> Vec<String> {
    said(END, &format!("{END}\n[[journey.report]]\n{report}"))
}

const GOOD: &str = "recipient = \"okm\"\nperiods = [\"year\"]\nkinds = [\"persons\"]\ndimensions = [\"age\"]";

#[test]
fn a_recipient_has_periods_kinds_and_dimensions_that_there_are() {
    assert_eq!(said_of(GOOD), Vec::<String>::new());
    let wrong = [
        ("\"okm\"", "\"OKM\"", "journey.report[0].recipient: found \"OKM\""),
        ("\"year\"", "\"week\"", "journey.report[0].periods[0]: found \"week\""),
        ("\"year\"", "\"unspecified\"", "journey.report[0].periods[0]: found \"unspecified\""),
        ("\"persons\"", "\"PERSONS\"", "journey.report[0].kinds[0]: found \"PERSONS\""),
        ("[\"persons\"]", "[]", "journey.report[0].kinds: found none that there is"),
        ("\"age\"", "\"hetu\"", "journey.report[0].dimensions[0]: found \"hetu\""),
    ];
    for (part, replacement, expected) in wrong {
        let told = said_of(&GOOD.replacen(part, replacement, 1));
        assert!(told.iter().any(|line| line.contains(expected)), "{expected} is not in {told:?}");
    }
    let twice = said_of(&format!("{GOOD}\n[[journey.report]]\n{GOOD}"));
    assert!(twice[0].contains("found \"okm\" a second time"), "{twice:?}");
}

#[test]
fn the_example_names_every_recipient_of_the_source_texts() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("polku.example.toml");
    let table: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let reports = table["journey"]["report"].as_array().unwrap();
    let named: Vec<&str> = reports.iter().filter_map(|report| report["recipient"].as_str()).collect();
    assert_eq!(named, ["okm", "tem", "stm", "lvv", "kohtaamo", "kaupunki"]);
}
