//! Is it said what is wrong with what is entrusted to an agency?

use super::said;

const END: &str = "to = \"te\"";

/// The good configuration with an agency more that does outreach youth work: what is said of it.
fn said_of(municipalities: &str) -> Vec<String> {
    let agency = "id = \"etsiva\"\nsector = \"youth_work\"\nstanding = \"authority\"";
    let tasks = "tasks = [\"outreach_youth_work\"]";
    said(END, &format!("{END}\n[[agency]]\n{agency}\n{tasks}\n{municipalities}"))
}

#[test]
fn outreach_youth_work_is_of_municipalities() {
    assert_eq!(said_of("municipalities = [\"049\", \"091\"]"), Vec::<String>::new());
    for (wrong, expected) in [
        ("municipalities = [\"049\", \"91\"]", "agency[2].municipalities[1]: found \"91\""),
        ("municipalities = [\"Espoo\"]", "agency[2].municipalities[0]: found \"Espoo\""),
        ("municipalities = []", "agency[2].municipalities: found nothing usable"),
        ("", "agency[2].municipalities: found nothing usable"),
    ] {
        let told = said_of(wrong);
        assert!(told.iter().any(|line| line.contains(expected)), "{expected} is not in {told:?}");
    }
}
