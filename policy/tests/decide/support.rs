//! Case by case: what do the parties of multi-sector support (381/2023, P13) tell one another, and who is none (P15)?

use polku_policy::{LegalStatus, Question, Reason};
use polku_proto::CategorySet;
use polku_proto::v1::DataCategory::{
    self, AddressContact, EducationWork, GuidanceNotes, HealthCapacity, IdentityContact, JointPlan,
    ReferralStatus, ServiceAttendance, ServiceNeeds, SocialSituation,
};
use polku_proto::v1::Purpose;

use super::case::{Person, adult};
use super::world::{between, grant_between, instant, listed, personal};

/// The seven kinds of data of the joint file; the first is in two.
const JOINT: [DataCategory; 8] = [
    IdentityContact,
    AddressContact,
    ServiceAttendance,
    EducationWork,
    SocialSituation,
    HealthCapacity,
    ServiceNeeds,
    JointPlan,
];

fn customer() -> Person {
    adult().with(LegalStatus::MultiSectorSupport)
}

fn joint(from: &str, to: &str) -> Question {
    Question { purpose: Purpose::MultiSectorSupport, ..between(from, to) }
}

#[test]
fn p13_the_parties_hold_the_joint_file_together() {
    let parties = ["te", "kela", "social", "health"];
    for from in parties {
        for to in parties.into_iter().filter(|to| *to != from) {
            customer()
                .asked(&joint(from, to), &JOINT)
                .opens(&JOINT)
                .rests_on(&[("multi-sector-support", None)]);
        }
    }
}

#[test]
fn p13_the_joint_file_has_seven_kinds_of_data_and_no_more() {
    let case = customer().asked(&joint("te", "kela"), &listed(personal()));
    let own = CategorySet::of(&[ReferralStatus]);
    assert_eq!(case.decision.permitted(), CategorySet::of(&JOINT).union(own));
}

#[test]
fn p13_it_takes_a_customer_and_the_purpose() {
    adult()
        .asked(&joint("te", "social"), &JOINT)
        .denies(&[Reason::NoBasis, Reason::SpecialCategoryNotExplicit]);
    for purpose in [Purpose::Guidance, Purpose::EmploymentServices, Purpose::Unspecified] {
        let question = Question { purpose, ..joint("te", "social") };
        customer().asked(&question, &[IdentityContact]).finds_no_ground();
    }
}

#[test]
fn p13_p15_it_is_among_authorities_of_those_sectors() {
    for (from, to) in [
        ("te", "vamos"),
        ("te", "clinic"),
        ("te", "nowhere"),
        ("te", "outreach"),
        ("vamos", "te"),
        ("school", "te"),
        ("clinic", "social"),
        ("nowhere", "te"),
    ] {
        let case = customer().asked(&joint(from, to), &JOINT);
        assert!(case.decision.permitted().is_empty(), "{from} {to}");
        // Nobody has stated a ground that would be for authorities only.
        assert!(!case.decision.reasons().contains(&Reason::NotAnAuthority), "{from} {to}");
    }
}

/// domain.md 5: "Sote-uudistus".
#[test]
fn p13_there_is_no_multi_sector_support_before_2025() {
    let midnight = instant("2025-01-01T00:00:00+02:00");
    let before = Question { now: instant("2024-12-31T23:59:59.999999+02:00"), ..joint("te", "social") };
    customer().asked(&before, &[IdentityContact]).finds_no_ground().holds_until(Some(midnight));
    customer().asked(&Question { now: midnight, ..before }, &[IdentityContact]).opens(&[IdentityContact]);
}

#[test]
fn p13_an_age_that_nobody_knows_does_not_hinder() {
    let case =
        super::case::person().with(LegalStatus::MultiSectorSupport).asked(&joint("te", "kela"), &JOINT);
    case.opens(&JOINT).holds_until(None);
}

/// domain.md 5: "Walmu soveltuu … Monik ry:n … Vamoksen".
#[test]
fn p15_an_association_sees_what_is_consented_to_and_nothing_by_law() {
    let consent = grant_between("te", "vamos", &[EducationWork]);
    let consent = polku_policy::Grant {
        purposes: polku_policy::PurposeSet::of(&[Purpose::MultiSectorSupport]),
        ..consent
    };
    let case =
        customer().gives(&consent).asked(&joint("te", "vamos"), &[EducationWork, GuidanceNotes, JointPlan]);
    case.gives(polku_policy::Outcome::Permitted, &[EducationWork], &[Reason::NoBasis]);
    case.rests_on(&[("consent", Some(1))]);
}
