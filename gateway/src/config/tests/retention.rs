//! For how long is what kept, and what is no period?

use super::super::retention::RetentionSettings;
use super::said;

#[test]
fn a_period_that_is_none_is_refused() {
    let wrong = "to = \"te\"\n[retention]\ncontent_days = 366\nentry_years = 0\nforever = true";
    let said = said("to = \"te\"", wrong).join("\n");
    for expected in [
        "retention.content_days: found 366, expected a whole number from 0 to 365",
        "retention.entry_years: found 0, expected a whole number from 1 to 120",
        "retention.forever: found an unknown key, expected one of content_days, referral_years, person_years, entry_years, plan_years, record_years",
    ] {
        assert!(said.contains(expected), "{said}");
    }
    assert_eq!(said.lines().count(), 3, "{said}");
}

#[test]
fn years_are_those_of_the_calendar() {
    let settings = RetentionSettings::default();
    let now = "2028-02-29T10:00:00Z".parse().unwrap();
    assert_eq!(settings.content_before(now).to_string(), "2028-01-30T10:00:00Z");
    assert_eq!(settings.referrals_before(now).to_string(), "2018-02-28T10:00:00Z");
    assert_eq!(settings.people_before(now).to_string(), "2016-02-29T10:00:00Z");
    assert_eq!(settings.entries_before(now).to_string(), "2024-02-29T10:00:00Z");
    assert_eq!(settings.plans_before(now).to_string(), "2018-02-28T10:00:00Z");
    assert_eq!(settings.records_before(now).to_string(), "2016-02-29T10:00:00Z");
}
