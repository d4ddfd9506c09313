//! A corpus of wrong directories, each with exactly what is said about it.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::check::parse;
use super::{EXAMPLE, agencies, example, units};
use crate::directory::{DirectoryError, ServiceDirectory};

/// What is said of the example with one value in it changed.
fn said(pointer: &str, value: Value) -> Vec<String> {
    let mut file: Value = serde_json::from_str(EXAMPLE).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match file.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}")) {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        Value::Object(keys) => drop(keys.insert(key.to_owned(), value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            panic!("{parent} holds nothing")
        }
    }
    match parse(&file.to_string(), &agencies(), &units()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_example_is_fine() {
    let directory = example();
    assert_eq!((directory.services(), directory.places()), (13, 4));
}

#[test]
fn each_wrong_value_is_named_with_what_was_expected() {
    let hour = "/serviceChannels/0/serviceHours/0";
    let cases = [
        (
            "/organizations/0/network".to_owned(),
            json!("inner"),
            "organizations[0].network: found \"inner\", expected one of core, partner",
        ),
        (
            "/organizations/0/recipient".to_owned(),
            json!("helsinki"),
            "organizations[0].recipient: found \"helsinki\", expected an [[agency]], or a unit that is registered for it: {agency} or {agency}/{unit}",
        ),
        (
            "/organizations/0/recipient".to_owned(),
            json!("te/kuntoutus"),
            "organizations[0].recipient: found \"te/kuntoutus\", expected an [[agency]], or a unit that is registered for it: {agency} or {agency}/{unit}",
        ),
        (
            "/organizations/1/id".to_owned(),
            json!("kela"),
            "organizations[2].id: found \"kela\" a second time, expected every id once",
        ),
        (
            "/services/0/id".to_owned(),
            json!("010594Y9032"),
            "services[0].id: found \"010594Y9032\", expected 1 to 64 letters, digits, dots, underscores and hyphens, and no personal identity code",
        ),
        (
            "/services/0/serviceNames".to_owned(),
            json!([]),
            "services[0].serviceNames: found no name, expected at least one text of the type Name",
        ),
        (
            "/services/0/serviceNames/0/language".to_owned(),
            json!("FI"),
            "services[0].serviceNames[0].language: found \"FI\", expected a language of two lower-case letters, as in ISO 639-1",
        ),
        (
            "/services/0/serviceNames/0/value".to_owned(),
            json!("  "),
            "services[0].serviceNames[0].value: found an empty text, expected 1 to 100 characters",
        ),
        (
            "/services/0/serviceNames/0/value".to_owned(),
            json!("a\u{0}b"),
            "services[0].serviceNames[0].value: found \"a?b\", expected at most 100 characters, no control characters",
        ),
        (
            "/services/0/serviceNames/0/type".to_owned(),
            json!("Nimi"),
            "services[0].serviceNames[0].type: found \"Nimi\", expected one of Name, AlternativeName, Summary, Description",
        ),
        (
            "/services/0/organizationId".to_owned(),
            json!("nobody"),
            "services[0].organizationId: found \"nobody\", expected the id of one of the organizations",
        ),
        (
            "/services/0/minimumAge".to_owned(),
            json!(30),
            "services[0].maximumAge: found 29, expected 30 or more, as minimumAge",
        ),
        (
            "/services/0/maximumAge".to_owned(),
            json!(200),
            "services[0].maximumAge: found 200, expected an age in full years, from 0 to 120",
        ),
        (
            "/services/0/languages".to_owned(),
            json!([]),
            "services[0].languages: found none, expected at least a language of two lower-case letters, as in ISO 639-1",
        ),
        (
            "/services/0/areaType".to_owned(),
            json!("Nationwide"),
            "services[0].areas: found some, expected none, as areaType says",
        ),
        (
            "/services/0/areas".to_owned(),
            json!([]),
            "services[0].areas: found none, expected at least one, as areaType says",
        ),
        (
            "/services/0/areas/0/type".to_owned(),
            json!("Region"),
            "services[0].areas[0].type: found \"Region\", expected one of Municipality",
        ),
        (
            "/services/0/areas/0/areaCodes/0".to_owned(),
            json!("49"),
            "services[0].areas[0].areaCodes[0]: found \"49\", expected the code of a municipality: three digits",
        ),
        (
            "/serviceChannels/0/services/1".to_owned(),
            json!("none"),
            "serviceChannels[0].services[1]: found \"none\", expected the id of one of the services",
        ),
        (
            "/serviceChannels/0/addresses/0/type".to_owned(),
            json!("Postal"),
            "serviceChannels[0].addresses[0].type: found \"Postal\", expected one of Location",
        ),
        (
            "/serviceChannels/0/addresses/0/streetAddress/postalCode".to_owned(),
            json!("123"),
            "serviceChannels[0].addresses[0].streetAddress.postalCode: found \"123\", expected a postal code: five digits",
        ),
        (
            "/serviceChannels/0/phoneNumbers/0/number".to_owned(),
            json!("soita"),
            "serviceChannels[0].phoneNumbers[0].number: found \"soita\", expected at most 20 digits and spaces",
        ),
        (
            "/serviceChannels/0/webPages/0/url".to_owned(),
            json!("http://a.example"),
            "serviceChannels[0].webPages[0].url: found \"http://a.example\", expected an address that begins with https://",
        ),
        (
            format!("{hour}/serviceHourType"),
            json!("Standard"),
            "serviceChannels[0].serviceHours[0].serviceHourType: found \"Standard\", expected one of DaysOfTheWeek, Exceptional, OverMidnight",
        ),
        (
            format!("{hour}/serviceHourType"),
            json!("Exceptional"),
            "serviceChannels[0].serviceHours[0].validFrom: found nothing, expected the day of the exceptional hours",
        ),
        (
            format!("{hour}/serviceHourType"),
            json!("OverMidnight"),
            "serviceChannels[0].serviceHours[0].openingHour[0].dayTo: found another day, expected the day after dayFrom",
        ),
        (
            format!("{hour}/validFrom"),
            json!("2026-02-30"),
            "serviceChannels[0].serviceHours[0].validFrom: found \"2026-02-30\", expected a day of the calendar, as YYYY-MM-DD",
        ),
        (
            format!("{hour}/isClosed"),
            json!(true),
            "serviceChannels[0].serviceHours[0].openingHour: found some, expected none, because isClosed is true",
        ),
        (
            format!("{hour}/openingHour"),
            json!([]),
            "serviceChannels[0].serviceHours[0].openingHour: found none, expected at least one, or isClosed",
        ),
        (
            format!("{hour}/isReservation"),
            json!(true),
            "serviceChannels[0].serviceHours[0].isReservation: found true, expected false, because of channel walk_in",
        ),
        (
            format!("{hour}/channel"),
            json!("appointment"),
            "serviceChannels[0].serviceHours[0].isReservation: found false, expected true, because of channel appointment",
        ),
        (
            format!("{hour}/channel"),
            json!("pigeon"),
            "serviceChannels[0].serviceHours[0].channel: found \"pigeon\", expected one of walk_in, appointment, outreach, home, online",
        ),
        (
            format!("{hour}/actorOrganisation"),
            json!("nobody"),
            "serviceChannels[0].serviceHours[0].actorOrganisation: found \"nobody\", expected the id of one of the organizations",
        ),
        (
            format!("{hour}/services"),
            json!(["taksikurssi"]),
            "serviceChannels[0].serviceHours[0].services[0]: found \"taksikurssi\", expected the id of one of the services of this place",
        ),
        (
            format!("{hour}/openingHour/0/dayFrom"),
            json!("Maanantai"),
            "serviceChannels[0].serviceHours[0].openingHour[0].dayFrom: found \"Maanantai\", expected one of Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday",
        ),
        (
            format!("{hour}/openingHour/0/dayFrom"),
            json!(null),
            "serviceChannels[0].serviceHours[0].openingHour[0].dayFrom: found nothing, expected a day of the week",
        ),
        (
            format!("{hour}/openingHour/0/to"),
            json!("24:01"),
            "serviceChannels[0].serviceHours[0].openingHour[0].to: found \"24:01\", expected a time from 00:00 to 24:00, as HH:MM",
        ),
        (
            "/serviceChannels/0/serviceHours/7/validFrom".to_owned(),
            json!("2026-03-11"),
            "serviceChannels[0].serviceHours[7].openingHour[0].dayFrom: found another day, expected a day of the week from validFrom to validTo",
        ),
        (
            format!("{hour}/openingHour/0/to"),
            json!("12:00"),
            "serviceChannels[0].serviceHours[0].openingHour[0].to: found \"12:00\", expected a time after from",
        ),
    ];
    for (pointer, value, expected) in cases {
        let said = said(&pointer, value.clone());
        assert!(said.contains(&expected.to_owned()), "{pointer} = {value}: {said:#?}");
    }
}

#[test]
fn what_ptv_says_without_our_additions_is_enough() {
    for (key, value) in
        [("channel", json!(null)), ("services", json!([])), ("validFrom", json!("2026-01-01T00:00:00"))]
    {
        assert_eq!(said(&format!("/serviceChannels/0/serviceHours/0/{key}"), value), [""; 0], "{key}");
    }
    assert_eq!(said("/serviceChannels/0/serviceHours/0/openingHour/0/to", json!("24:00:00")), [""; 0]);
}

#[test]
fn everything_wrong_is_told_at_once() {
    let mut file: Value = serde_json::from_str(EXAMPLE).unwrap();
    file["organizations"][0]["network"] = json!("x");
    file["services"][3]["areaType"] = json!("x");
    file["serviceChannels"][2]["languages"] = json!(["suomi"]);
    let problems = parse(&file.to_string(), &agencies(), &units()).unwrap_err();
    let keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["organizations[0].network", "services[3].areaType", "serviceChannels[2].languages[0]"]);
}

#[test]
fn another_form_is_told_by_line() {
    let text = EXAMPLE.replacen("\"services\": [\n", "\"servises\": [\n", 1);
    let line = text.lines().position(|line| line.contains("servises")).unwrap() + 1;
    let problems = parse(&text, &agencies(), &units()).unwrap_err();
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!(problem.line, Some(line));
    assert!(problem.found.starts_with("unknown field `servises`"), "{problem}");
    assert!(parse("", &agencies(), &units()).is_err() && parse("{}", &agencies(), &units()).is_err());
    let doubled =
        EXAMPLE.replacen("\"network\": \"core\"", "\"network\": \"core\", \"network\": \"core\"", 1);
    assert!(
        parse(&doubled, &agencies(), &units()).unwrap_err()[0].found.starts_with("duplicate field `network`")
    );
}

#[test]
fn a_file_is_named_with_what_is_wrong() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("directory.json");
    let load = |file: &Path| ServiceDirectory::load(file, &agencies(), &units());
    assert!(matches!(load(&file).unwrap_err(), DirectoryError::Unreadable { .. }));
    std::fs::write(&file, EXAMPLE.replacen("\"core\"", "\"inner\"", 1)).unwrap();
    let expected = format!(
        "the service directory {} cannot be used:\n  organizations[0].network: found \"inner\", expected one of core, \
         partner",
        file.display()
    );
    assert_eq!(load(&file).unwrap_err().to_string(), expected);
    std::fs::write(&file, vec![b' '; 16 * 1024 * 1024 + 1]).unwrap();
    assert!(
        load(&file)
            .unwrap_err()
            .to_string()
            .ends_with("found more than 16777216 bytes, expected at most 16777216 bytes")
    );
    std::fs::write(&file, [0xff, 0xfe]).unwrap();
    assert!(matches!(load(&file).unwrap_err(), DirectoryError::Unreadable { .. }));
    assert_eq!(ServiceDirectory::load_or_empty(None, &agencies(), &units()).unwrap().services(), 0);
}
