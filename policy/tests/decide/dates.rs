//! Since when is each law that has a date a ground? To the second: closed in the last one before, open in the first.

use jiff::SignedDuration;
use polku_policy::{GivenBy, Grant, LegalStatus, Period, Question};
use polku_proto::v1::DataCategory::{self, BenefitsIncome, Housing, IdentityContact, ServiceNeeds};
use polku_proto::v1::{LegalGround, PermitDomain, Purpose};

use super::case::{Person, born};
use super::slow::dated_rules;
use super::world::{at, between, instant, outreach_notice, permit};

/// A question that the rule alone answers, asked about this person.
type Asked = (&'static str, &'static str, Person, Question, DataCategory);

fn stated(ground: LegalGround, from: &str) -> Question {
    Question { ground, ..between(from, "social") }
}

fn permitted_by(given_by: GivenBy, birthday: &str) -> (Person, Question) {
    let permit = permit(PermitDomain::Social, "social", "health", &[Housing]);
    let permit = Grant { given_by, period: Period::new(at(0), None).unwrap(), ..permit };
    (born(birthday).gives(&permit), between("social", "health"))
}

/// The first instants as laws have them, which the table of the crate's documentation repeats.
fn table() -> Vec<Asked> {
    use LegalGround::{
        AssistanceLowered, AssistanceSocialWork, AssistanceUnemployed, ChildWelfareNotice,
        SocialCareInability,
    };
    let customer = born("1990-01-01").with(LegalStatus::MultiSectorSupport);
    let support = Question { purpose: Purpose::MultiSectorSupport, ..between("te", "kela") };
    let (own, health) = permitted_by(GivenBy::Self_, "1990-01-01");
    let (minor, _) = permitted_by(GivenBy::Guardian, "2010-01-01");
    let (represented, _) = permitted_by(GivenBy::Representative, "1990-01-01");
    vec![
        (
            "outreach-notice",
            "2021-08-01T00:00:00+03:00",
            born("2000-01-01"),
            outreach_notice("te", "outreach"),
            IdentityContact,
        ),
        (
            "social-care-contact",
            "2015-04-01T00:00:00+03:00",
            born("1990-01-01"),
            stated(SocialCareInability, "te"),
            ServiceNeeds,
        ),
        (
            "child-welfare-notice",
            "2008-01-01T00:00:00+02:00",
            born("1995-01-01"),
            stated(ChildWelfareNotice, "te"),
            ServiceNeeds,
        ),
        ("multi-sector-support", "2025-01-01T00:00:00+02:00", customer, support, ServiceNeeds),
        (
            "assistance-need",
            "1998-03-01T00:00:00+02:00",
            born("1970-01-01"),
            stated(AssistanceSocialWork, "kela"),
            BenefitsIncome,
        ),
        (
            "assistance-lowered",
            "1998-03-01T00:00:00+02:00",
            born("1970-01-01"),
            stated(AssistanceLowered, "kela"),
            BenefitsIncome,
        ),
        (
            "assistance-long",
            "1998-03-01T00:00:00+02:00",
            born("1970-01-01"),
            stated(AssistanceUnemployed, "kela"),
            BenefitsIncome,
        ),
        ("disclosure-permit", "2024-01-01T00:00:00+02:00", own, health.clone(), Housing),
        ("disclosure-permit-of-guardian", "2024-01-01T00:00:00+02:00", minor, health.clone(), Housing),
        ("disclosure-permit-of-representative", "2024-01-01T00:00:00+02:00", represented, health, Housing),
    ]
}

#[test]
fn p10_to_p14_and_permits_are_grounds_from_their_first_second_on() {
    for (rule, since, person, question, category) in table() {
        let first = instant(since);
        let last_before = first - SignedDuration::from_secs(1);
        person.asked(&Question { now: last_before, ..question.clone() }, &[category]).opens_nothing();
        let case = person.asked(&Question { now: first, ..question }, &[category]);
        let grounds: Vec<&str> = case.decision.bases().iter().map(|basis| &*basis.rule).collect();
        assert_eq!(
            (case.decision.permitted().contains(category), &grounds[..]),
            (true, &[rule][..]),
            "{since}"
        );
    }
}

#[test]
fn no_law_with_a_date_is_left_out() {
    let mut told: Vec<_> = table().into_iter().map(|(rule, since, ..)| (rule, instant(since))).collect();
    told.sort_unstable();
    assert_eq!(told, dated_rules());
}
