//! Is the routing of referrals read strictly?

use super::said;

#[test]
fn routing_names_whom_there_is_and_what_it_is_for() {
    let routing = |keys: &str| said("to = \"te\"", &format!("to = \"te\"\n[[routing]]\n{keys}"));
    let full = "profile = 3\nteam = \"koulutus\"\nminimum_age = 16\nmaximum_age = 29\n\
                municipalities = [\"049\"]\nrecipients = [\"te\", \"ohjaamo/espoo\"]\nstatement = \"Syy\"";
    assert_eq!(routing(full), [""; 0]);
    let recipient =
        "expected an [[agency]], or a unit that is registered for it: {agency} or {agency}/{unit}";
    let cases = [
        (
            "recipients = [\"te\"]",
            "line 33: routing[0].profile: found neither a profile nor a team, expected a profile from 1 to 3, a team, or \
             both"
                .to_owned(),
        ),
        (
            "profile = 4\nrecipients = [\"te\"]",
            "line 34: routing[0].profile: found 4, expected a whole number from 1 to 3".to_owned(),
        ),
        (
            "team = \"Koulutus\"\nrecipients = [\"te\"]",
            "line 34: routing[0].team: found \"Koulutus\", expected the id of a team: 1 to 32 lower-case letters, digits \
             and hyphens, a letter first"
                .to_owned(),
        ),
        (
            "profile = 1",
            "line 33: routing[0].recipients: found nothing usable, expected at least one: an [[agency]], or a unit that is \
             registered for it: {agency} or {agency}/{unit}"
                .to_owned(),
        ),
        (
            "profile = 1\nrecipients = [\"te\", \"kela\"]",
            format!("line 35: routing[0].recipients[1]: found \"kela\", {recipient}"),
        ),
        (
            "profile = 1\nrecipients = [\"ohjaamo/oulu\"]",
            format!("line 35: routing[0].recipients[0]: found \"ohjaamo/oulu\", {recipient}"),
        ),
        (
            "profile = 1\nrecipients = [\"te\", \"te\"]",
            "line 35: routing[0].recipients[1]: found \"te\" a second time, expected every recipient once".to_owned(),
        ),
        (
            "profile = 1\nrecipients = [\"te\"]\nmunicipalities = [\"Espoo\"]",
            "line 36: routing[0].municipalities[0]: found \"Espoo\", expected the code of a municipality: three digits"
                .to_owned(),
        ),
        (
            "profile = 1\nrecipients = [\"te\"]\nminimum_age = 20\nmaximum_age = 19",
            "line 37: routing[0].maximum_age: found 19, expected 20 or more, as minimum_age".to_owned(),
        ),
    ];
    for (keys, expected) in cases {
        let said = routing(keys);
        assert!(said.contains(&expected), "{keys}: {said:#?}");
    }
}
