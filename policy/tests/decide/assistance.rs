//! Case by case: which notices about social assistance does Kela give the wellbeing services county (P14), and how soon?

use polku_policy::{Obligation, Question, Reason};
use polku_proto::CategorySet;
use polku_proto::v1::DataCategory::{
    self, AddressContact, BenefitsIncome, IdentityContact, ReferralStatus, ServiceNeeds, SocialSituation,
};
use polku_proto::v1::LegalGround::{
    self, AssistanceImmigrant, AssistanceLowered, AssistanceSocialWork, AssistanceSupplementary,
    AssistanceUnemployed, AssistanceUnemployedYoung,
};

use super::case::{adult, born, person};
use super::world::{between, instant, listed, personal};

const LOWERED: [DataCategory; 3] = [IdentityContact, AddressContact, BenefitsIncome];
const LONG: [DataCategory; 4] = [IdentityContact, AddressContact, ServiceNeeds, BenefitsIncome];
const NEED: [DataCategory; 5] =
    [IdentityContact, AddressContact, SocialSituation, ServiceNeeds, BenefitsIncome];

fn notice(ground: LegalGround) -> Question {
    Question { ground, ..between("kela", "social") }
}

#[test]
fn p14_every_notice_has_its_data_and_its_time() {
    let young = born("2004-06-15");
    let older = born("1999-06-15");
    for (ground, person, rule, permitted, timing) in [
        (AssistanceSocialWork, &young, "assistance-need", &NEED[..], Obligation::SendAtOnce),
        (AssistanceSupplementary, &young, "assistance-need", &NEED, Obligation::SendAtOnce),
        (AssistanceLowered, &young, "assistance-lowered", &LOWERED, Obligation::SendNextDay),
        (AssistanceUnemployedYoung, &young, "assistance-long", &LONG, Obligation::SendSameDay),
        (AssistanceUnemployed, &older, "assistance-long", &LONG, Obligation::SendSameDay),
        (AssistanceImmigrant, &older, "assistance-long", &LONG, Obligation::SendSameDay),
    ] {
        let case = person.asked(&notice(ground), permitted);
        case.opens(permitted).rests_on(&[(rule, None)]).obliges(&[Obligation::RecordGround, timing]);
        let all = person.asked(&notice(ground), &listed(personal()));
        let own = CategorySet::of(&[ReferralStatus]);
        assert_eq!(all.decision.permitted(), CategorySet::of(permitted).union(own), "{ground:?}");
    }
}

#[test]
fn p14_the_young_unemployed_are_18_to_24_and_the_others_25_and_more() {
    let at_midnight = Question { now: instant("2026-03-02T00:00:00+02:00"), ..notice(AssistanceImmigrant) };
    for (birthday, young, other) in [
        ("2008-03-03", false, false),
        ("2008-03-02", true, false),
        ("2001-03-03", true, false),
        ("2001-03-02", false, true),
        ("1940-01-01", false, true),
    ] {
        let opens = |ground| {
            let question = Question { ground, ..at_midnight.clone() };
            !born(birthday).asked(&question, &LONG).decision.permitted().is_empty()
        };
        assert_eq!(opens(AssistanceUnemployedYoung), young, "{birthday}");
        assert_eq!(opens(AssistanceUnemployed), other, "{birthday}");
        assert!(opens(AssistanceImmigrant));
    }
    person().asked(&notice(AssistanceUnemployedYoung), &LONG).finds_no_ground();
    person().asked(&notice(AssistanceUnemployed), &LONG).finds_no_ground();
}

#[test]
fn p14_the_notice_that_is_for_some_ages_holds_until_midnight() {
    let case = adult().asked(&notice(AssistanceUnemployedYoung), &LONG);
    case.holds_until(Some(instant("2026-03-03T00:00:00+02:00")));
}

#[test]
fn p14_only_kela_gives_them_and_only_to_social_services() {
    let every = [
        AssistanceSocialWork,
        AssistanceSupplementary,
        AssistanceLowered,
        AssistanceUnemployedYoung,
        AssistanceImmigrant,
    ];
    for ground in every {
        for (from, to) in [("te", "social"), ("social", "te"), ("school", "te")] {
            let question = Question { ground, ..between(from, to) };
            adult().asked(&question, &LOWERED).finds_no_ground();
        }
        for to in ["te", "health", "outreach"] {
            let question = Question { ground, ..between("kela", to) };
            adult().asked(&question, &LOWERED).denies(&[Reason::NoAgreement]);
        }
        // Not even without an agreement does it need one: the law is enough.
        let question = Question { ground, ..between("kela", "shelter") };
        adult().asked(&question, &LOWERED).opens(&LOWERED);
    }
}
