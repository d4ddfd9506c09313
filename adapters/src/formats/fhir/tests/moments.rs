//! Which instants do dates and times name?

use super::super::moment;

#[test]
fn a_time_is_as_long_as_it_is_precise() {
    let spans = [
        ("2026", "2025-12-31T22:00:00Z", "2026-12-31T22:00:00Z"),
        ("2026-06", "2026-05-31T21:00:00Z", "2026-06-30T21:00:00Z"),
        ("2026-12-31", "2026-12-30T22:00:00Z", "2026-12-31T22:00:00Z"),
        ("2026-12-31T21:59:59Z", "2026-12-31T21:59:59Z", "2026-12-31T22:00:00Z"),
        ("2026-12-31T23:59:59+02:00", "2026-12-31T21:59:59Z", "2026-12-31T22:00:00Z"),
        ("2026-12-31T21:59:59.9Z", "2026-12-31T21:59:59.9Z", "2026-12-31T22:00:00Z"),
        ("2026-12-31T21:59:59.999999999Z", "2026-12-31T21:59:59.999999999Z", "2026-12-31T22:00:00Z"),
    ];
    for (text, start, end) in spans {
        assert_eq!(moment::start(text).unwrap().to_string(), start, "{text}");
        assert_eq!(moment::end(text).unwrap().to_string(), end, "{text}");
    }
}

#[test]
fn other_forms_are_none() {
    let wrong = [
        "",
        "26",
        "2026-1-1",
        "2026-13",
        "2026-02-30",
        "20260101",
        "2026-01-01T00:00Z",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.1234567890Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00+2",
        "2026-01-01T00:00:00[Europe/Helsinki]",
        "-026-01-01",
        "2026-01-01T00:00:00z",
        "ä",
        "2026-01-01Tä:00:00+02:00",
        "99999-01-01",
    ];
    for text in wrong {
        assert_eq!((moment::start(text), moment::end(text)), (None, None), "{text}");
    }
}

#[test]
fn written_ends() {
    let ends = [
        ("2027-01-01T00:00:00Z", "2026-12-31T23:59:59Z"),
        ("2027-01-01T00:00:00.5Z", "2027-01-01T00:00:00.499Z"),
        ("2027-01-01T00:00:00.000001Z", "2027-01-01T00:00:00.000000Z"),
        ("2027-01-01T00:00:00.000000001Z", "2027-01-01T00:00:00.000000000Z"),
    ];
    for (over, end) in ends {
        assert_eq!(moment::write_end(over.parse().unwrap()).unwrap(), end);
        assert_eq!(moment::end(end).unwrap().to_string(), over);
    }
}
