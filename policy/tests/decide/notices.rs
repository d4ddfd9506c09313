//! Case by case: which notices does a stated ground in law open, to whom, with which data and at which age?

use polku_policy::{Municipality, Obligation, Outcome, Question, Reason};
use polku_proto::CategorySet;
use polku_proto::v1::DataCategory::{
    self, AddressContact, BenefitsIncome, EducationWork, GuidanceNotes, HealthCapacity, Housing,
    IdentityContact, JointPlan, ServiceNeeds, SocialSituation,
};
use polku_proto::v1::LegalGround::{
    self, ChildWelfareNotice, OutreachNotice, SocialCareChildInterest, SocialCareInability,
};
use polku_proto::v1::Purpose;

use super::case::{able_minor, adult, born, minor, person};
use super::world::{between, grant_between, instant, listed, outreach_notice, personal};

const CONTACT: [DataCategory; 2] = [IdentityContact, AddressContact];
const CARE: [DataCategory; 7] =
    [IdentityContact, AddressContact, SocialSituation, HealthCapacity, ServiceNeeds, GuidanceNotes, Housing];
const CHILD: [DataCategory; 8] = [
    IdentityContact,
    AddressContact,
    SocialSituation,
    HealthCapacity,
    ServiceNeeds,
    GuidanceNotes,
    Housing,
    EducationWork,
];

/// Each ground for a purpose that it goes with.
fn stated(ground: LegalGround, from: &str, to: &str) -> Question {
    if ground == OutreachNotice {
        outreach_notice(from, to)
    } else {
        Question { ground, ..between(from, to) }
    }
}

/// All that is asked for and not permitted has no ground, but for the recipient's own word.
fn nothing_but(permitted: &[DataCategory]) -> Vec<DataCategory> {
    listed(CategorySet::of(permitted).union(CategorySet::of(&[DataCategory::ReferralStatus])))
}

#[test]
fn p10_outreach_youth_work_is_told_who_and_how_to_reach_them() {
    for from in ["te", "kela", "school", "health"] {
        let case = adult().asked(&stated(OutreachNotice, from, "outreach"), &CONTACT);
        case.opens(&CONTACT).rests_on(&[("outreach-notice", None)]).obliges(&[Obligation::RecordGround]);
        let all = adult().asked(&stated(OutreachNotice, from, "outreach"), &listed(personal()));
        assert_eq!(all.decision.permitted(), CategorySet::of(&nothing_but(&CONTACT)));
        assert_eq!(all.decision.obligations(), [Obligation::MarkRedacted, Obligation::RecordGround]);
    }
}

#[test]
fn p10_outreach_youth_work_is_for_those_under_29() {
    let person = born("1997-03-02");
    let midnight = instant("2026-03-02T00:00:00+02:00");
    let question = |now| Question { now, ..stated(OutreachNotice, "te", "outreach") };
    let before = person.asked(&question(instant("2026-03-01T23:59:59+02:00")), &CONTACT);
    before.opens(&CONTACT).holds_until(Some(midnight));
    person.asked(&question(midnight), &CONTACT).finds_no_ground().holds_until(None);
    super::case::person().asked(&question(midnight), &CONTACT).finds_no_ground();
}

#[test]
fn p10_the_notice_goes_from_whom_it_concerns_to_outreach_youth_work_only() {
    adult().asked(&stated(OutreachNotice, "vamos", "outreach"), &CONTACT).denies(&[Reason::NoAgreement]);
    adult().asked(&stated(OutreachNotice, "te", "social"), &CONTACT).finds_no_ground();
    let reasons = [Reason::NotAnAuthority];
    adult().asked(&stated(OutreachNotice, "te", "vamos"), &CONTACT).denies(&reasons);
}

#[test]
fn p10_the_notice_goes_to_the_home_municipality_s_outreach_youth_work() {
    for elsewhere in [None, Some("091"), Some("940")] {
        let home_municipality = elsewhere.map(|code| code.parse().unwrap());
        let question = Question { home_municipality, ..stated(OutreachNotice, "te", "outreach") };
        adult().asked(&question, &CONTACT).finds_no_ground();
    }
    for wrong in ["", "49", "0049", "o49", "04 "] {
        assert!(wrong.parse::<Municipality>().is_err(), "{wrong}");
    }
}

#[test]
fn p10_the_notice_is_for_the_purpose_of_outreach_youth_work() {
    for purpose in [Purpose::Guidance, Purpose::SocialServices, Purpose::Unspecified] {
        let question = Question { purpose, ..stated(OutreachNotice, "te", "outreach") };
        adult().asked(&question, &CONTACT).finds_no_ground();
    }
}

#[test]
fn p10_the_notice_is_there_since_august_2021() {
    let question = |now: &str| Question { now: instant(now), ..stated(OutreachNotice, "te", "outreach") };
    let before = adult().asked(&question("2021-07-31T23:59:59+03:00"), &CONTACT);
    before.finds_no_ground().holds_until(Some(instant("2021-08-01T00:00:00+03:00")));
    adult().asked(&question("2021-08-01T00:00:00+03:00"), &CONTACT).opens(&CONTACT);
}

#[test]
fn p11_p24_social_services_are_told_of_evident_inability() {
    let question = stated(SocialCareInability, "te", "social");
    for person in [adult(), minor(), person(), born("1960-01-01")] {
        let case = person.asked(&question, &CARE);
        case.opens(&CARE).rests_on(&[("social-care-contact", None)]);
        case.obliges(&[Obligation::RecordGround, Obligation::SecondPersonReview]);
        let all = person.asked(&question, &listed(personal()));
        assert_eq!(all.decision.permitted(), CategorySet::of(&nothing_but(&CARE)));
    }
    // From the social services' own records a disclosure notice is made too.
    let case = adult().asked(&stated(SocialCareInability, "social", "shelter"), &CARE);
    case.obliges(&[Obligation::DisclosureNotice, Obligation::RecordGround, Obligation::SecondPersonReview]);
}

#[test]
fn p11_a_child_s_interest_can_concern_a_parent() {
    let question = stated(SocialCareChildInterest, "te", "social");
    for person in [minor(), adult(), person(), born("1960-01-01")] {
        let case = person.asked(&question, &CARE);
        case.opens(&CARE).rests_on(&[("social-care-contact", None)]).holds_until(None);
        case.obliges(&[Obligation::RecordGround, Obligation::SecondPersonReview]);
    }
}

#[test]
fn p12_a_child_welfare_notice_goes_out_first() {
    let question = stated(ChildWelfareNotice, "school", "social");
    let case = minor().asked(&question, &CHILD);
    case.opens(&CHILD).rests_on(&[("child-welfare-notice", None)]);
    case.obliges(&[Obligation::RecordGround, Obligation::SecondPersonReview, Obligation::HighPriority]);
    let all = minor().asked(&question, &listed(personal()));
    assert_eq!(all.decision.permitted(), CategorySet::of(&nothing_but(&CHILD)));
    // Whoever it is that tells: also an association.
    minor().asked(&stated(ChildWelfareNotice, "vamos", "social"), &CHILD).opens(&CHILD);
}

#[test]
fn p12_child_welfare_is_for_those_under_18() {
    let child = born("2008-02-29");
    let question = |now: &str| Question { now: instant(now), ..stated(ChildWelfareNotice, "te", "social") };
    let last = child.asked(&question("2026-02-28T23:59:59+02:00"), &CHILD);
    last.opens(&CHILD).holds_until(Some(instant("2026-03-01T00:00:00+02:00")));
    child.asked(&question("2026-03-01T00:00:00+02:00"), &CHILD).opens_nothing();
    adult().asked(&question("2026-03-02T12:00:00+02:00"), &CHILD).opens_nothing();
    born("2026-03-02").asked(&question("2026-03-02T00:00:00+02:00"), &CHILD).opens(&CHILD);
    born("2026-03-03").asked(&question("2026-03-02T00:00:00+02:00"), &CHILD).opens_nothing();
}

#[test]
fn p11_p12_the_notices_are_for_social_services_that_are_an_authority() {
    for ground in [SocialCareInability, SocialCareChildInterest, ChildWelfareNotice] {
        for to in ["kela", "health", "outreach"] {
            minor().asked(&stated(ground, "te", to), &[IdentityContact]).opens_nothing();
        }
        minor().asked(&stated(ground, "social", "te"), &[IdentityContact]).finds_no_ground();
        let case = minor().asked(&stated(ground, "te", "vamos"), &[IdentityContact]);
        case.denies(&[Reason::NotAnAuthority]);
    }
}

#[test]
fn p21_a_stated_ground_that_does_not_fit_opens_nothing() {
    for (ground, from, to) in [
        (OutreachNotice, "te", "social"),
        (SocialCareChildInterest, "te", "outreach"),
        (ChildWelfareNotice, "te", "social"),
        (LegalGround::AssistanceLowered, "te", "social"),
        (LegalGround::AssistanceUnemployedYoung, "kela", "social"),
        (LegalGround::Unspecified, "te", "social"),
    ] {
        let question = stated(ground, from, to);
        let case = born("2000-01-01").asked(&question, &[IdentityContact, Housing]);
        case.finds_no_ground().obliges(&[]).rests_on(&[]);
    }
}

#[test]
fn p21_a_ground_that_fits_carries_a_second_person_s_review_and_opens_no_more_than_its_data() {
    let asked = [Housing, BenefitsIncome, JointPlan];
    let case = adult().asked(&stated(SocialCareInability, "te", "social"), &asked);
    case.gives(Outcome::Permitted, &[Housing], &[Reason::NoBasis]);
    let expected = [Obligation::MarkRedacted, Obligation::RecordGround, Obligation::SecondPersonReview];
    case.obliges(&expected);
}

/// consent.md 1.4: a notice that the law demands stays one, with what comes with it, also where a consent covers it.
#[test]
fn a_law_above_a_prohibition_goes_before_a_consent_and_a_consent_before_any_other_law() {
    let grant = grant_between("te", "social", &[Housing]);
    let question = stated(ChildWelfareNotice, "te", "social");
    let case = able_minor().gives(&grant).asked(&question, &[Housing]);
    let expected = [Obligation::RecordGround, Obligation::SecondPersonReview, Obligation::HighPriority];
    case.opens(&[Housing]).rests_on(&[("child-welfare-notice", None)]).obliges(&expected);
    let more = able_minor().gives(&grant_between("te", "social", &[Housing, BenefitsIncome]));
    let more = more.asked(&question, &[Housing, BenefitsIncome]);
    more.opens(&[Housing, BenefitsIncome]).rests_on(&[("consent", Some(1)), ("child-welfare-notice", None)]);

    let support = Question { ground: LegalGround::AssistanceLowered, ..between("kela", "social") };
    let grant = grant_between("kela", "social", &[BenefitsIncome]);
    let case = adult().gives(&grant).asked(&support, &[BenefitsIncome]);
    case.opens(&[BenefitsIncome]).rests_on(&[("consent", Some(1))]).obliges(&[]);
}
