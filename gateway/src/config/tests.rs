//! A corpus of wrong configurations, each with exactly what is said about it.
//!
//! The TLS files are none here, so what is said of them is left out; a whole good configuration needs certificates
//! and is loaded in the package of the integration tests.

mod agencies;
mod delivery;
mod example;
mod reports;
mod retention;
mod routing;
mod secrets;

use tempfile::TempDir;

use super::*;

const GOOD: &str = r#"
[listen]
grpc = "127.0.0.1:0"
inbound = "127.0.0.1:0"
[tls]
certificate_file = "none"
key_file = "none"
client_ca_file = "none"
[store]
directory = "data"
[keys]
directory = "."
[[agency]]
id = "ohjaamo"
sector = "youth_work"
standing = "authority"
[[agency]]
id = "te"
sector = "employment"
standing = "authority"
adapter = "te"
[agency.settings]
api_key = "SALAISUUS"
[[organisation]]
agency = "ohjaamo"
certificates_sha256 = ["00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"]
units = ["espoo"]
roles = ["guidance_worker"]
actors = ["professional", "subject"]
[[agreement]]
from = "ohjaamo"
to = "te"
"#;

fn problems(text: &str) -> Vec<Problem> {
    let folder = TempDir::new().unwrap();
    let mut problems = parse::parse(text, &folder.path().join("polku.toml")).map(drop).unwrap_err();
    problems.retain(|problem| !problem.found.starts_with('/'));
    problems
}

/// What is said when one part of the good configuration is replaced.
fn said(part: &str, replacement: &str) -> Vec<String> {
    assert_eq!(GOOD.matches(part).count(), 1, "{part}");
    problems(&GOOD.replace(part, replacement)).iter().map(Problem::to_string).collect()
}

#[test]
fn only_the_tls_files_are_missing_from_the_good_one() {
    assert_eq!(problems(GOOD), []);
}

#[test]
fn each_wrong_value_is_named_with_what_was_expected() {
    let cases: &[(&str, &str, &str)] = &[
        (
            "grpc = \"127.0.0.1:0\"",
            "grpc = \"127.0.0.1\"",
            "line 3: listen.grpc: found \"127.0.0.1\", expected an address and a port, such as 127.0.0.1:8443",
        ),
        (
            "grpc = \"127.0.0.1:0\"",
            "grpc = 8443",
            "line 3: listen.grpc: found a whole number, expected an address and a port, such as 127.0.0.1:8443",
        ),
        (
            "inbound = \"127.0.0.1:0\"",
            "",
            "line 2: listen.inbound: found nothing, expected an address and a port, such as 127.0.0.1:8443",
        ),
        (
            "inbound = \"127.0.0.1:0\"",
            "inbound = \"127.0.0.1:0\"\nport = 1",
            "line 5: listen.port: found an unknown key, expected one of grpc, inbound, reflection",
        ),
        (
            "key_file = \"none\"",
            "key_file = \"\"",
            "line 7: tls.key_file: found an empty text, expected the path of a PEM file",
        ),
        (
            "inbound = \"127.0.0.1:0\"",
            "inbound = \"127.0.0.1:0\"\nreflection = \"yes\"",
            "line 5: listen.reflection: found a text, expected true or false",
        ),
        (
            "inbound = \"127.0.0.1:0\"",
            "inbound = \"127.0.0.1:0\"\n\"po\\nrt\\u001b\" = 1",
            "line 5: listen.po?rt?: found an unknown key, expected one of grpc, inbound, reflection",
        ),
        ("directory = \"data\"", "directory = \"a/b\"", "FOLDER"),
        (
            "sector = \"youth_work\"",
            "sector = \"youth\"",
            "line 15: agency[0].sector: found \"youth\", expected one of employment, benefits, social, health, \
             youth_work, education, ngo",
        ),
        (
            "id = \"te\"",
            "id = \"TE\"",
            "line 18: agency[1].id: found \"TE\", expected an agency id: 1 to 32 lower-case letters, digits and \
             hyphens, a letter first",
        ),
        (
            "id = \"te\"",
            "id = \"ohjaamo\"",
            "line 18: agency[1].id: found \"ohjaamo\" a second time, expected every agency once",
        ),
        (
            "id = \"te\"",
            "id = \"youth\"",
            "line 18: agency[1].id: found \"youth\", expected another id: this one is the young person's in joint plans",
        ),
        (
            "id = \"te\"",
            "id = \"guardian\"",
            "line 18: agency[1].id: found \"guardian\", expected another id: this one is the young person's in joint plans",
        ),
        (
            "[[agreement]]",
            "[plan]\nmunicipality = [\"te\", \"city\"]\n[[agreement]]",
            "line 31: plan.municipality[1]: found \"city\", expected the id of an [[agency]]",
        ),
        (
            "[[agreement]]",
            "[[plan.star]]\nid = \"Star\"\nareas = [\"hopes\"]\n[[agreement]]",
            "line 31: plan.star[0].id: found \"Star\", expected 1 to 32 lower-case letters, digits and hyphens, a letter \
             first",
        ),
        (
            "[[agreement]]",
            "[[plan.star]]\nid = \"star\"\nareas = []\n[[agreement]]",
            "line 32: plan.star[0].areas: found 0 usable areas, expected 1 to 20 areas",
        ),
        (
            "adapter = \"te\"",
            "",
            "line 22: agency[1].settings: found settings, expected none, because the agency has no adapter",
        ),
        (
            "agency = \"ohjaamo\"",
            "agency = \"kela\"",
            "line 25: organisation[0].agency: found \"kela\", which is not listed, expected the id of an [[agency]]",
        ),
        (
            "units = [\"espoo\"]",
            "units = [\"espoo\", \"\", 3]",
            "line 27: organisation[0].units[2]: found a whole number, expected a unit of letters, digits and ._:-, \
             at most 64 of them, and no personal identity code",
        ),
        (
            "roles = [\"guidance_worker\"]",
            "roles = []",
            "line 28: organisation[0].roles: found nothing usable, expected at least one, because professionals may \
             call",
        ),
        (
            "actors = [\"professional\", \"subject\"]",
            "actors = [\"professional\", \"robot\"]",
            "line 29: organisation[0].actors[1]: found \"robot\", expected one of professional, subject, \
             representative",
        ),
        (
            "to = \"te\"",
            "to = \"ohjaamo\"",
            "line 32: agreement[0].to: found \"ohjaamo\", expected another agency than `from`",
        ),
        (
            "to = \"te\"",
            "to = \"te\"\n[[agreement]]\nfrom = \"ohjaamo\"\nto = \"te\"",
            "line 35: agreement[1].to: found \"ohjaamo\" to \"te\" a second time, expected every agreement once",
        ),
        (
            "to = \"te\"",
            "to = \"te\"\n[quota]\nburst = 0",
            "line 34: quota.burst: found 0, expected a whole number from 1 to 1000000",
        ),
        (
            "to = \"te\"",
            "to = \"te\"\n[delivery]\nlease_seconds = 10\nattempt_seconds = 10",
            "line 35: delivery.attempt_seconds: found 10, expected less than lease_seconds, which is 10",
        ),
        (
            "to = \"te\"",
            "to = \"te\"\n[audit]\nbuffer_milliseconds = 51",
            "line 34: audit.buffer_milliseconds: found 51, expected a whole number from 0 to 50",
        ),
        (
            "to = \"te\"",
            "to = \"te\"\n[journey]\nunmet_days = 0",
            "line 34: journey.unmet_days: found 0, expected a whole number from 1 to 3650",
        ),
        (
            "to = \"te\"",
            "to = \"te\"\n[journey]\nunmet = 30",
            "line 34: journey.unmet: found an unknown key, expected one of unmet_days, report",
        ),
        (
            "to = \"te\"",
            "to = \"te\"\n[disclosure_delay_days]\nchild_welfare_notice = 3651",
            "line 34: disclosure_delay_days.child_welfare_notice: found 3651, expected a whole number from 0 to 3650",
        ),
    ];
    for (part, replacement, expected) in cases {
        let said = said(part, replacement);
        if *expected == "FOLDER" {
            assert_eq!(said.len(), 1, "{said:?}");
            assert!(said[0].starts_with("line 10: store.directory: found \"/"), "{said:?}");
            assert!(said[0].contains("/a/b\", whose parent folder does not exist, expected"), "{said:?}");
        } else {
            assert!(said.contains(&String::from(*expected)), "{replacement}: {said:#?}");
        }
    }
}

#[test]
fn a_ground_is_held_back_for_its_days_and_no_other() {
    use polku_proto::v1::LegalGround::{ChildWelfareNotice, OutreachNotice, Unspecified};
    let delays = Delays::in_days([(ChildWelfareNotice, 30)]);
    let done: jiff::Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
    let day = jiff::SignedDuration::from_hours(24);
    for (ground, days, held_back) in [
        (ChildWelfareNotice, 0, true),
        (ChildWelfareNotice, 29, true),
        (ChildWelfareNotice, 30, false),
        (OutreachNotice, 0, false),
        (Unspecified, 0, false),
    ] {
        assert_eq!(delays.hold_back(ground, done, done + day * days), held_back, "{ground:?}, {days}");
    }
    assert!(!Delays::default().hold_back(ChildWelfareNotice, done, done));
}

#[test]
fn every_ground_in_law_can_be_held_back() {
    let mut known: Vec<i32> = delays::GROUNDS.iter().map(|(_, ground)| *ground as i32).collect();
    known.sort_unstable();
    let all = (1..).map_while(|number| polku_proto::v1::LegalGround::try_from(number).ok());
    assert_eq!(known, all.map(|ground| ground as i32).collect::<Vec<_>>());
}

#[test]
fn one_mistake_is_reported_once() {
    // An agency with a wrong sector is still listed; a section of the wrong kind has no missing keys.
    assert_eq!(said("sector = \"youth_work\"", "sector = \"youth\"").len(), 1);
    assert_eq!(
        said("[listen]\ngrpc = \"127.0.0.1:0\"\ninbound = \"127.0.0.1:0\"", "listen = 1"),
        ["line 2: listen: found a whole number, expected a table"]
    );
}

#[test]
fn everything_wrong_is_reported_at_once() {
    let keys: Vec<String> = problems("").into_iter().map(|problem| problem.key).collect();
    assert_eq!(
        keys,
        [
            "listen.grpc",
            "listen.inbound",
            "tls.certificate_file",
            "tls.key_file",
            "tls.client_ca_file",
            "store.directory",
            "keys.directory",
            "agency",
        ]
    );
}

#[test]
fn both_listeners_have_their_own_address() {
    let text = GOOD.replace("127.0.0.1:0", "127.0.0.1:8443");
    let said: Vec<String> = problems(&text).iter().map(Problem::to_string).collect();
    assert_eq!(
        said,
        ["line 4: listen.inbound: found \"127.0.0.1:8443\", expected another address than listen.grpc"]
    );
}

#[test]
fn certificates_are_sixty_four_digits_and_belong_to_one_organisation() {
    let good = "\"00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\"";
    let expected = "expected the SHA-256 of a client certificate in DER: 64 hexadecimal digits";
    let key = "organisation[0].certificates_sha256";
    assert_eq!(said(good, "\"0011\""), [format!("line 26: {key}[0]: found \"0011\", {expected}")]);
    let not_hex = good.replace("00112233445566778899a", "0011223344556677889+a");
    assert_eq!(said(good, &not_hex).len(), 1);
    assert_eq!(
        said(good, ""),
        [format!(
            "line 26: {key}: found nothing usable, expected at least one, the SHA-256 of a client certificate \
                  in DER: 64 hexadecimal digits"
        )]
    );
    let second = format!(
        "to = \"te\"\n[[organisation]]\nagency = \"te\"\nactors = [\"subject\"]\ncertificates_sha256 = [{}]",
        good.to_lowercase()
    );
    let said = said("to = \"te\"", &second);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("a second time, expected every certificate once"), "{said:?}");
}

#[test]
fn an_agency_has_one_organisation() {
    let second = "to = \"te\"\n[[organisation]]\nagency = \"ohjaamo\"\nactors = [\"subject\"]\n\
                  certificates_sha256 = [\"10112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\"]";
    assert_eq!(
        said("to = \"te\"", second),
        [
            "line 34: organisation[1].agency: found \"ohjaamo\" a second time, expected one organisation an agency"
        ]
    );
}

#[test]
fn a_file_that_is_no_toml_is_reported_by_line_and_not_quoted() {
    let said = said("api_key = \"SALAISUUS\"", "api_key = \"SALAISUUS");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("line 23: (file): found "), "{said:?}");
    assert!(!said[0].contains("SALAISUUS"), "{said:?}");
    let duplicate = problems(&GOOD.replace("[store]", "[tls]"));
    assert_eq!(duplicate.len(), 1);
    assert_eq!((duplicate[0].key.as_str(), duplicate[0].line), ("(file)", Some(9)));
}

#[test]
fn settings_of_adapters_are_never_shown() {
    let table: toml::Table = "api_key = \"SALAISUUS\"".parse().unwrap();
    let entry = AdapterEntry { kind: String::from("te"), settings: table };
    assert_eq!(format!("{entry:?}"), "AdapterEntry { kind: \"te\", settings: (redacted) }");
    let said = said("[agency.settings]\napi_key = \"SALAISUUS\"", "settings = \"SALAISUUS\"");
    assert_eq!(said, ["line 22: agency[1].settings: found a text, expected a table"]);
}

#[test]
fn an_unreadable_file_is_named() {
    let error = Config::load(Path::new("/nonexistent/polku.toml")).unwrap_err();
    assert_eq!(error.to_string(), "the configuration /nonexistent/polku.toml cannot be read");
}

#[test]
fn the_report_has_one_line_a_problem() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("polku.toml");
    std::fs::write(&path, "[listen]\ngrpc = 1\n").unwrap();
    let report = Config::load(&path).unwrap_err().to_string();
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines[0], format!("the configuration {} cannot be used:", path.display()));
    assert_eq!(
        lines[1],
        "  line 2: listen.grpc: found a whole number, expected an address and a port, such as 127.0.0.1:8443"
    );
    assert_eq!(
        lines[2],
        "  line 1: listen.inbound: found nothing, expected an address and a port, such as 127.0.0.1:8443"
    );
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let quota = QuotaSettings::default().usual;
    assert_eq!((quota.requests_per_second.get(), quota.burst.get()), (200, 400));
    let delivery = DeliverySettings::default();
    assert_eq!((delivery.concurrency, delivery.lease.as_secs(), delivery.attempt.as_secs()), (64, 60, 20));
    assert_eq!(delivery.give_up_after.as_secs(), 72 * 3600);
    assert_eq!(JourneySettings::default().unmet_days, 30);
}

#[test]
fn a_folder_of_rules_that_is_named_is_there() {
    let expected = "expected the path of a folder with *.cedar, ages.json and cases.toml";
    let found = said("[store]", "[policy]\nrules = \"rules\"\n[store]");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("line 10: policy.rules: found \"/"), "{found:?}");
    assert!(found[0].ends_with(&format!("/rules\", which is no folder, {expected}")), "{found:?}");
    let found = said("[store]", "[policy]\nrule = \"rules\"\n[store]");
    assert_eq!(
        found,
        [
            format!("line 9: policy.rules: found nothing, {expected}"),
            "line 10: policy.rule: found an unknown key, expected one of rules".to_owned(),
        ]
    );
    assert_eq!(said("[store]", "[policy]\nrules = \".\"\n[store]"), [""; 0]);
}

/// The good configuration with this controller for its first agency.
fn controller(keys: &str) -> Vec<String> {
    let first = "standing = \"authority\"\n[[agency]]\nid = \"te\"";
    said(first, &first.replacen('\n', &format!("\n[agency.controller]\n{keys}\n"), 1))
}

#[test]
fn a_controller_states_what_it_wants_and_nothing_else() {
    assert_eq!(controller(""), [""; 0]);
    let all = "name = \"Kaupunki\"\nbusiness_id = \"0204819-8\"\naddress = \"Katu 1\"\n\
               email = \"a@b.example\"\nphone = \"+358 9 0\"\npolicy_url = \"https://b.example/x\"";
    assert_eq!(controller(all), [""; 0]);
    let cases = [
        ("name", "\"\"", "an empty text", "a text of one line, at most 200 characters"),
        ("name", "1", "a whole number", "a text of one line, at most 200 characters"),
        (
            "business_id",
            "\"0204819-9\"",
            "\"0204819-9\"",
            "a business id: seven digits, a hyphen and the check digit",
        ),
        ("email", "\"a b@c.example\"", "\"a b@c.example\"", "an e-mail address"),
        ("phone", "\"soita\"", "\"soita\"", "a telephone number, such as +358 9 000 0000"),
        (
            "policy_url",
            "\"http://b.example\"",
            "\"http://b.example\"",
            "an address that begins with https://",
        ),
        ("policy_url", "\"https://\"", "\"https://\"", "an address that begins with https://"),
    ];
    for (key, value, found, expected) in cases {
        let line = format!("line 18: agency[0].controller.{key}: found {found}, expected {expected}");
        assert_eq!(controller(&format!("{key} = {value}")), [line]);
    }
    let unknown = controller("fax = \"1\"");
    assert!(unknown[0].contains("agency[0].controller.fax: found an unknown key"), "{unknown:?}");
}

#[test]
fn a_directory_that_is_named_is_a_file() {
    let expected = "expected the path of a file of services and places of service in the shape of PTV";
    let found = said("[store]", "[directory]\nfile = \"none.json\"\n[store]");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("line 10: directory.file: found \"/"), "{found:?}");
    assert!(found[0].ends_with(&format!("/none.json\", which is no file, {expected}")), "{found:?}");
    let found = said("[store]", "[directory]\npath = \"none.json\"\n[store]");
    assert_eq!(
        found,
        [
            format!("line 9: directory.file: found nothing, {expected}"),
            "line 10: directory.path: found an unknown key, expected one of file".to_owned(),
        ]
    );
}
