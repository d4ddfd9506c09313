//! Case by case: statistics, verification, agreements, disclosure notices; and until when does an answer hold?

use polku_policy::{Grant, LegalStatus, Obligation, Outcome, Period, PurposeSet, Question, Reason, Viewer};
use polku_proto::CategorySet;
use polku_proto::v1::DataCategory::{
    AddressContact, Envelope, GuidanceNotes, Housing, IdentityContact, ReferralStatus,
};
use polku_proto::v1::{LegalGround, Purpose};

use super::case::{able_minor, addressee, adult, born, minor, person};
use super::world::{
    NOW, at, between, consent_id, engine, grant, grant_between, instant, listed, outreach_notice, personal,
    prohibition, question,
};

#[test]
fn p18_statistics_never_open_a_person_s_data() {
    let every = listed(personal());
    let statistics = Question { purpose: Purpose::Statistics, ..addressee() };
    let consent = Grant { purposes: PurposeSet::ALL, ..grant_between("te", "social", &every) };
    let case = able_minor().gives(&consent).asked(&statistics, &[Housing, IdentityContact]);
    case.denies(&[Reason::StatisticsOnly]);
    for ground in [LegalGround::SocialCareInability, LegalGround::ChildWelfareNotice] {
        let stated = Question { ground, ..statistics.clone() };
        minor().asked(&stated, &[Housing, IdentityContact]).denies(&[Reason::StatisticsOnly]);
    }
    let protected = minor().with(LegalStatus::AddressProtected);
    let entitled = Question { purpose: Purpose::Statistics, ..between("te", "shelter") };
    let case = protected.asked(&entitled, &every);
    assert_eq!(case.decision.permitted(), CategorySet::of(&[ReferralStatus]), "the own word");
}

#[test]
fn p20_a_verification_says_the_same_of_a_stranger_as_of_somebody_who_permits_nothing() {
    let shown = |person: super::case::Person| {
        let decision = engine().verify(person.index(), personal(), &addressee());
        let seen = (decision.permitted(), decision.withheld(), decision.outcome(), decision.valid_until());
        (seen, decision.obligations().to_vec(), decision.bases().to_vec())
    };
    let nobody = shown(person());
    for person in [adult(), minor(), adult().with(LegalStatus::MultiSectorSupport)] {
        assert!(shown(person) == nobody);
    }
    // Inside, a prohibition is told apart; nothing that an agency sees does it.
    let prohibited = shown(adult().prohibits(&prohibition()));
    assert!((prohibited.0.0, prohibited.0.1, prohibited.0.3) == (nobody.0.0, nobody.0.1, nobody.0.3));
}

#[test]
fn p4_p20_a_verification_in_part_is_marked_whichever_way_the_rest_would_flow() {
    let verify = |granted: &[_], asked: &[_]| {
        let person = adult().gives(&grant_between("te", "vamos", granted));
        let decision = engine().verify(person.index(), CategorySet::of(asked), &between("te", "vamos"));
        decision.obligations().to_vec()
    };
    let marked = [Obligation::MarkRedacted];
    assert_eq!(verify(&[Housing], &[Housing, GuidanceNotes]), marked);
    assert_eq!(verify(&[Housing], &[Housing, ReferralStatus]), marked);
    assert_eq!(verify(&[ReferralStatus], &[Housing, ReferralStatus]), marked);
    assert_eq!(verify(&[Housing, ReferralStatus], &[Housing, ReferralStatus]), []);
    assert_eq!(verify(&[], &[Housing, ReferralStatus]), []);
    assert_eq!(verify(&[], &[Envelope, Housing, ReferralStatus]), []);
}

#[test]
fn p4_only_a_disclosure_in_part_is_marked() {
    let case = adult().gives(&grant(&[Housing])).asked(&addressee(), &[Housing, GuidanceNotes]);
    case.obliges(&[Obligation::MarkRedacted]);
    adult().gives(&grant(&[Housing])).asked(&addressee(), &[Envelope, Housing]).obliges(&[]);
    adult().asked(&addressee(), &[Envelope, Housing]).obliges(&[]);
    let author = question(Viewer::Author);
    adult().asked(&author, &[Housing, ReferralStatus]).obliges(&[]);
}

#[test]
fn p22_a_ground_in_law_needs_no_agreement() {
    let support = Question { purpose: Purpose::MultiSectorSupport, ..between("kela", "te") };
    let customer = adult().with(LegalStatus::MultiSectorSupport);
    customer.asked(&support, &[IdentityContact]).opens(&[IdentityContact]);
    let consent = Grant {
        purposes: PurposeSet::of(&[Purpose::MultiSectorSupport]),
        ..grant_between("kela", "te", &[IdentityContact])
    };
    adult().gives(&consent).asked(&support, &[IdentityContact]).denies(&[Reason::NoAgreement]);
}

#[test]
fn p22_the_status_comes_back_under_the_agreement_of_the_matter() {
    let author = Question { viewer: Viewer::Author, ..between("te", "vamos") };
    let consent = grant_between("te", "vamos", &[ReferralStatus]);
    adult().gives(&consent).asked(&author, &[ReferralStatus]).opens(&[ReferralStatus]);
    let reversed = Question { viewer: Viewer::Author, ..between("vamos", "te") };
    adult().gives(&consent).asked(&reversed, &[ReferralStatus]).denies(&[Reason::NoAgreement]);
}

#[test]
fn p24_what_leaves_social_services_makes_a_disclosure_notice() {
    let notice = [Obligation::DisclosureNotice];
    let consent = grant_between("social", "te", &[Housing, ReferralStatus]);
    let person = adult().gives(&consent);
    person.asked(&between("social", "te"), &[Housing]).obliges(&notice);
    // The status that comes back from them, too.
    let author = Question { viewer: Viewer::Author, ..between("te", "social") };
    person.asked(&author, &[ReferralStatus]).opens(&[ReferralStatus]).obliges(&notice);
    // Nothing of it where nothing leaves.
    let own = Question { viewer: Viewer::Author, ..between("social", "te") };
    person.asked(&own, &[Housing]).opens(&[Housing]).obliges(&[]);
    person.asked(&between("social", "te"), &[GuidanceNotes]).obliges(&[]);
    person.asked(&Question { viewer: Viewer::Subject, ..question(Viewer::Subject) }, &[Housing]).obliges(&[]);
    adult().gives(&grant(&[Housing])).asked(&addressee(), &[Housing]).obliges(&[]);
}

#[test]
fn an_answer_by_a_law_with_ages_holds_until_midnight_in_finland_whenever_the_birthday_is() {
    let stated = |now: &str| Question { now: instant(now), ..outreach_notice("te", "outreach") };
    for birthday in ["2004-06-15", "2004-03-03", "2004-03-02", "2004-02-29"] {
        for (now, midnight) in [
            ("2026-03-02T12:00:00+02:00", "2026-03-03T00:00:00+02:00"),
            ("2026-03-02T00:00:00+02:00", "2026-03-03T00:00:00+02:00"),
            ("2026-07-01T23:59:59.999999+03:00", "2026-07-02T00:00:00+03:00"),
            // The day on which summer time begins has twenty-three hours.
            ("2026-03-29T00:00:00+02:00", "2026-03-30T00:00:00+03:00"),
        ] {
            let case = born(birthday).asked(&stated(now), &[IdentityContact]);
            case.opens(&[IdentityContact]).holds_until(Some(instant(midnight)));
        }
    }
}

#[test]
fn an_answer_holds_until_a_rule_comes_into_force() {
    let question = Question {
        ground: LegalGround::SocialCareInability,
        now: instant("2024-12-20T12:00:00+02:00"),
        ..between("te", "social")
    };
    let case = adult().asked(&question, &[IdentityContact]);
    case.opens(&[IdentityContact]).holds_until(Some(instant("2025-01-01T00:00:00+02:00")));
    // Before the law there is no ground.
    let early = Question { now: instant("2015-03-31T23:59:59+03:00"), ..question };
    let case = adult().asked(&early, &[IdentityContact]);
    case.finds_no_ground().holds_until(Some(instant("2015-04-01T00:00:00+03:00")));
}

#[test]
fn an_answer_by_a_law_without_ages_tells_nothing_of_the_birthday() {
    let stated = |from, to, ground| Question { ground, ..between(from, to) };
    let support = Question { purpose: Purpose::MultiSectorSupport, ..between("te", "kela") };
    for (question, category) in [
        (stated("te", "social", LegalGround::SocialCareInability), IdentityContact),
        (stated("te", "social", LegalGround::SocialCareChildInterest), IdentityContact),
        (stated("kela", "social", LegalGround::AssistanceSocialWork), IdentityContact),
        (stated("kela", "social", LegalGround::AssistanceLowered), IdentityContact),
        (support, IdentityContact),
        (stated("te", "shelter", LegalGround::SocialCareInability), AddressContact),
    ] {
        for person in [minor(), adult()] {
            let person = person.with(LegalStatus::MultiSectorSupport).with(LegalStatus::AddressProtected);
            person.asked(&question, &[category]).opens(&[category]).holds_until(None);
        }
    }
}

#[test]
fn an_own_consent_tells_nothing_of_the_birthday() {
    for person in [able_minor(), adult()] {
        let case = person.gives(&grant(&[Housing])).asked(&addressee(), &[Housing, GuidanceNotes]);
        case.gives(Outcome::Permitted, &[Housing], &[Reason::NoBasis]).holds_until(Some(at(NOW + 100)));
    }
}

#[test]
fn where_nothing_is_open_time_tells_neither_birthday_nor_prohibition() {
    let grants = [
        grant(&[Housing]),
        Grant { id: consent_id(2), given_by: polku_policy::GivenBy::Guardian, ..grant(&[GuidanceNotes]) },
    ];
    for birthday in ["2008-03-03", "2004-06-15", "1997-03-03"] {
        let person = born(birthday).with(LegalStatus::MultiSectorSupport).prohibits(&prohibition());
        let person = person.gives(&grants[0]).gives(&grants[1]);
        let case = person.asked(&addressee(), &[Housing, GuidanceNotes]);
        assert!(case.decision.permitted().is_empty());
        case.holds_until(None);
    }
}

#[test]
fn a_renewal_counts_from_its_version_on() {
    let first = grant(&[Housing]);
    let renewed = Grant {
        version: 2,
        period: Period::new(at(NOW), Some(at(NOW + 500))).unwrap(),
        ..grant(&[GuidanceNotes])
    };
    let person = adult().gives(&first).gives(&renewed);
    let case = person.asked(&addressee(), &[Housing, GuidanceNotes]);
    case.gives(Outcome::Permitted, &[GuidanceNotes], &[Reason::NoBasis]).holds_until(Some(at(NOW + 500)));
    assert_eq!(case.decision.bases()[0].consent, Some((consent_id(1), 2)));
    // What was superseded does not come back.
    let late = person.gives(&first).asked(&addressee(), &[Housing]);
    late.finds_no_ground();
}
