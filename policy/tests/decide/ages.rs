//! Case by case: whose consent counts, at which age and with which capacity, and when does that change?

use polku_policy::{ActorRole, Capacity, GivenBy, Grant, Period, Question, Reason, Viewer};
use polku_proto::v1::DataCategory::{
    self, Envelope, GuidanceNotes, HealthCapacity, Housing, QualityOfLife, SocialSituation,
};

use super::case::{Person, addressee, adult, born, minor, person};
use super::world::{NOW, assessed, at, between, consent_id, grant, grant_between, instant, question};

/// A consent of this giver that is in force at every instant of these tests.
fn given_by(given_by: GivenBy, categories: &[DataCategory]) -> Grant {
    let period = Period::new(at(0), None).unwrap();
    Grant { given_by, period, ..grant_between("te", "social", categories) }
}

fn at_instant(text: &str) -> Question {
    Question { now: instant(text), ..addressee() }
}

#[test]
fn p5_a_guardians_consent_ends_with_the_eighteenth_birthday() {
    let person = born("2008-03-02").gives(&given_by(GivenBy::Guardian, &[Housing]));
    let midnight = instant("2026-03-02T00:00:00+02:00");
    let before = person.asked(&at_instant("2026-03-01T23:59:59.999999+02:00"), &[Housing]);
    before.opens(&[Housing]).rests_on(&[("consent-of-guardian", Some(1))]).holds_until(Some(midnight));
    let after = person.asked(&Question { now: midnight, ..addressee() }, &[Housing]);
    after.denies(&[Reason::RenewConsent]).holds_until(None);
}

#[test]
fn p5_midnight_is_that_of_finland_also_in_summer() {
    let person = born("2008-07-01").gives(&given_by(GivenBy::Guardian, &[Housing]));
    person.asked(&at_instant("2026-06-30T20:59:59Z"), &[Housing]).opens(&[Housing]);
    person.asked(&at_instant("2026-06-30T21:00:00Z"), &[Housing]).denies(&[Reason::RenewConsent]);
}

#[test]
fn p5_who_was_born_on_29_february_comes_of_age_on_1_march() {
    let person = born("2008-02-29").gives(&given_by(GivenBy::Guardian, &[Housing]));
    let march = instant("2026-03-01T00:00:00+02:00");
    person
        .asked(&at_instant("2026-02-28T12:00:00+02:00"), &[Housing])
        .opens(&[Housing])
        .holds_until(Some(march));
    person.asked(&Question { now: march, ..addressee() }, &[Housing]).denies(&[Reason::RenewConsent]);
    // In a leap year the day is there.
    let leap = person.asked(&at_instant("2024-02-10T12:00:00+02:00"), &[Housing]);
    leap.opens(&[Housing]).holds_until(Some(instant("2024-02-11T00:00:00+02:00")));
}

#[test]
fn p5_the_consent_is_given_anew_by_the_young_person_or_a_representative() {
    let guardians = given_by(GivenBy::Guardian, &[Housing]);
    let midnight = instant("2026-03-03T00:00:00+02:00");
    for (giver, rule, until) in [
        (GivenBy::Self_, "consent", None),
        (GivenBy::Representative, "consent-of-representative", Some(midnight)),
    ] {
        let renewed = Grant { id: consent_id(2), ..given_by(giver, &[Housing]) };
        let case = adult().gives(&guardians).gives(&renewed).asked(&addressee(), &[Housing]);
        case.opens(&[Housing]).rests_on(&[(rule, Some(2))]).holds_until(until);
    }
}

#[test]
fn p5_a_guardians_consent_opens_nothing_while_nobody_knows_the_age() {
    let guardians = given_by(GivenBy::Guardian, &[Housing]);
    person().gives(&guardians).asked(&addressee(), &[Housing]).finds_no_ground();
    // Neither before the birth.
    born("2030-01-01").gives(&guardians).asked(&addressee(), &[Housing]).finds_no_ground();
    let own = given_by(GivenBy::Self_, &[Housing]);
    person().gives(&own).asked(&addressee(), &[Housing]).opens(&[Housing]);
}

#[test]
fn p6_a_capable_minor_decides_on_social_and_health_data_in_person() {
    let care = [SocialSituation, HealthCapacity, QualityOfLife];
    let all = [Housing, SocialSituation, HealthCapacity, QualityOfLife];
    for capacity in [Capacity::Capable, Capacity::CapableHidden] {
        let person = minor().with(assessed(capacity)).gives(&given_by(GivenBy::Guardian, &all));
        person.asked(&addressee(), &care).denies(&[Reason::OwnDecisionGoverns]);
        // What is no data of care stays with the guardian.
        person.asked(&addressee(), &[Housing]).opens(&[Housing]);
        let own = Grant { id: consent_id(2), ..given_by(GivenBy::Self_, &care) };
        let case = person.gives(&own).asked(&addressee(), &all);
        case.opens(&all).rests_on(&[("consent", Some(2)), ("consent-of-guardian", Some(1))]);
    }
}

#[test]
fn p6_whatever_social_or_health_services_hold_is_data_of_care() {
    for (from, to) in [("social", "te"), ("social", "health"), ("health", "social")] {
        let guardians = Grant { given_by: GivenBy::Guardian, ..grant_between(from, to, &[Housing]) };
        let person = minor().gives(&guardians);
        person.asked(&between(from, to), &[Housing]).opens(&[Housing]);
        let able = person.with(assessed(Capacity::Capable));
        able.asked(&between(from, to), &[Housing]).denies(&[Reason::OwnDecisionGoverns]);
    }
}

#[test]
fn p6_a_guardian_decides_where_nobody_has_assessed_the_minor() {
    let person = minor().gives(&given_by(GivenBy::Guardian, &[HealthCapacity]));
    person.asked(&addressee(), &[HealthCapacity]).opens(&[HealthCapacity]);
    let unsure = person.with(assessed(Capacity::NotAssessed));
    unsure.asked(&addressee(), &[HealthCapacity]).opens(&[HealthCapacity]);
}

#[test]
fn p6_a_guardian_sees_what_a_minor_does_not_hide() {
    let guardian = Question { actor: ActorRole::Guardian, ..question(Viewer::Subject) };
    let asked = [Envelope, Housing, HealthCapacity];
    for person in
        [minor(), minor().with(assessed(Capacity::NotCapable)), minor().with(assessed(Capacity::Capable))]
    {
        person.asked(&guardian, &asked).opens(&asked).rests_on(&[("data-subject-access", None)]);
    }
    let hidden = minor().with(assessed(Capacity::CapableHidden));
    hidden.asked(&guardian, &[Housing]).denies(&[Reason::HiddenFromGuardian]);
    hidden.asked(&question(Viewer::Subject), &asked).opens(&asked);
    // Nor of an adult, nor where nobody knows.
    adult().asked(&guardian, &[Housing]).finds_no_ground();
    person().asked(&guardian, &[Housing]).finds_no_ground();
}

#[test]
fn p6_a_guardian_sees_until_the_eighteenth_birthday() {
    let person = born("2008-03-02");
    let midnight = instant("2026-03-02T00:00:00+02:00");
    let guardian = |now| Question { actor: ActorRole::Guardian, now, ..question(Viewer::Subject) };
    let before = person.asked(&guardian(instant("2026-03-01T23:59:59+02:00")), &[Housing]);
    before.opens(&[Housing]).holds_until(Some(midnight));
    person.asked(&guardian(midnight), &[Housing]).finds_no_ground();
    // The young person's own view does not end.
    let own = Question { now: at(NOW - 86_400), ..question(Viewer::Subject) };
    person.asked(&own, &[Housing]).opens(&[Housing]).holds_until(None);
}

#[test]
fn p7_a_minor_who_is_not_able_to_decide_needs_a_guardian() {
    let unable = minor().with(assessed(Capacity::NotCapable));
    let own = given_by(GivenBy::Self_, &[Housing, GuidanceNotes]);
    unable.asked(&addressee(), &[Housing]).finds_no_ground();
    let alone = unable.clone().gives(&own);
    alone.asked(&addressee(), &[Housing]).denies(&[Reason::GuardianPermissionMissing]).holds_until(None);
    let guardians = Grant { id: consent_id(2), ..given_by(GivenBy::Guardian, &[Housing]) };
    let case = alone.gives(&guardians).asked(&addressee(), &[Housing]);
    case.opens(&[Housing]).rests_on(&[("consent-of-guardian", Some(2))]);
    let representative = Grant { id: consent_id(3), ..given_by(GivenBy::Representative, &[Housing]) };
    unable.gives(&own).gives(&representative).asked(&addressee(), &[Housing]).opens(&[Housing]);
}

#[test]
fn p7_who_is_not_known_to_be_of_age_and_not_able_to_decide_does_not_consent_alone() {
    let own = given_by(GivenBy::Self_, &[Housing]);
    for person in [person(), born("2030-01-01")] {
        let unable = person.with(assessed(Capacity::NotCapable)).gives(&own);
        unable.asked(&addressee(), &[Housing]).denies(&[Reason::GuardianPermissionMissing]).holds_until(None);
    }
    let of_age = adult().with(assessed(Capacity::NotCapable)).gives(&own);
    of_age.asked(&addressee(), &[Housing]).opens(&[Housing]);
}

#[test]
fn p7_an_able_minor_consents_alone() {
    for capacity in [Capacity::Capable, Capacity::CapableHidden] {
        minor()
            .with(assessed(capacity))
            .gives(&grant(&[Housing]))
            .asked(&addressee(), &[Housing])
            .opens(&[Housing])
            .rests_on(&[("consent", Some(1))]);
    }
}

#[test]
fn p7_a_minor_whom_nobody_has_assessed_does_not_consent_alone() {
    let own = given_by(GivenBy::Self_, &[Housing]);
    let unassessed: Vec<Person> =
        [minor(), minor().with(assessed(Capacity::NotAssessed))].map(|one| one.gives(&own)).into();
    for person in unassessed {
        let alone = person.asked(&addressee(), &[Housing]);
        alone.denies(&[Reason::GuardianPermissionMissing]).holds_until(None);
    }
    let guardians = Grant { id: consent_id(2), ..given_by(GivenBy::Guardian, &[Housing]) };
    minor().gives(&own).gives(&guardians).asked(&addressee(), &[Housing]).opens(&[Housing]);
    // Nothing says that whoever is of unknown age is one.
    person().gives(&own).asked(&addressee(), &[Housing]).opens(&[Housing]);
}

#[test]
fn p6_another_representative_of_a_minor_has_the_limits_of_a_guardian() {
    let care = [SocialSituation, HealthCapacity, QualityOfLife];
    let word = given_by(GivenBy::Representative, &[Housing, SocialSituation, HealthCapacity, QualityOfLife]);
    let reads = Question { actor: ActorRole::Representative, ..question(Viewer::Subject) };
    for age in [minor(), person()] {
        let able = age.clone().with(assessed(Capacity::Capable)).gives(&word);
        able.asked(&addressee(), &care).denies(&[Reason::OwnDecisionGoverns]);
        able.asked(&addressee(), &[Housing]).opens(&[Housing]);
        age.clone().gives(&word).asked(&addressee(), &care).opens(&care);
        let hidden = age.with(assessed(Capacity::CapableHidden));
        hidden.asked(&reads, &[Housing]).denies(&[Reason::HiddenFromGuardian]);
    }
    // Of an adult it is the word, and they are the eyes, of somebody who was appointed.
    let able = adult().with(assessed(Capacity::CapableHidden)).gives(&word);
    able.asked(&addressee(), &care).opens(&care);
    able.asked(&reads, &[Housing]).opens(&[Housing]);
}

#[test]
fn p5_what_a_representative_gave_for_a_minor_ends_with_the_eighteenth_birthday_once_that_is_known() {
    let given = instant("2026-03-01T23:59:59.999999+02:00");
    let midnight = instant("2026-03-02T00:00:00+02:00");
    let word = Grant { given, ..given_by(GivenBy::Representative, &[Housing]) };
    let (before, after) =
        (|| Question { now: given, ..addressee() }, || Question { now: midnight, ..addressee() });
    let of_age = born("2008-03-02").gives(&word);
    of_age.asked(&before(), &[Housing]).opens(&[Housing]).holds_until(Some(midnight));
    of_age.asked(&after(), &[Housing]).finds_no_ground();
    // Whoever is of unknown age may have been of age when it was given, and is still.
    person().gives(&word).asked(&after(), &[Housing]).opens(&[Housing]);
    // Of an adult it is the word of whoever was appointed for an adult.
    let later = Grant { given: midnight, ..word };
    born("2008-03-02").gives(&later).asked(&after(), &[Housing]).opens(&[Housing]);
}

#[test]
fn p7_with_the_eighteenth_birthday_the_own_consent_counts() {
    let person =
        born("2008-03-02").with(assessed(Capacity::NotCapable)).gives(&given_by(GivenBy::Self_, &[Housing]));
    let before = person.asked(&at_instant("2026-03-01T23:59:59+02:00"), &[Housing]);
    // Nothing is open, so nothing is told of the birthday.
    before.denies(&[Reason::GuardianPermissionMissing]).holds_until(None);
    person.asked(&at_instant("2026-03-02T00:00:00+02:00"), &[Housing]).opens(&[Housing]);
}
