//! Case by case: who sees a protected address (turvakielto, P8)?

use polku_policy::{GivenBy, Grant, LegalStatus, Outcome, Question, Reason, Viewer};
use polku_proto::CategorySet;
use polku_proto::v1::DataCategory::{AddressContact, Housing, IdentityContact};
use polku_proto::v1::{LegalGround, PermitDomain, Purpose};

use super::case::{Person, adult, minor};
use super::world::{between, grant_between, permit, question};

const PROTECTED: [Reason; 1] = [Reason::AddressProtected];

fn protected(person: Person) -> Person {
    person.with(LegalStatus::AddressProtected)
}

#[test]
fn p8_nobodys_consent_opens_a_protected_address() {
    let asked = [AddressContact, IdentityContact];
    for given_by in [GivenBy::Self_, GivenBy::Guardian, GivenBy::Representative] {
        let grant = Grant { given_by, ..grant_between("te", "social", &asked) };
        minor().gives(&grant).asked(&between("te", "social"), &asked).opens(&asked);
        let case = protected(minor().gives(&grant)).asked(&between("te", "social"), &asked);
        case.gives(Outcome::Permitted, &[IdentityContact], &PROTECTED);
        let alone = protected(minor().gives(&grant)).asked(&between("te", "social"), &[AddressContact]);
        alone.denies(&PROTECTED);
    }
    let permit = permit(PermitDomain::Health, "health", "social", &asked);
    let case = protected(adult().gives(&permit)).asked(&between("health", "social"), &asked);
    case.gives(Outcome::Permitted, &[IdentityContact], &PROTECTED);
}

#[test]
fn p8_no_ground_in_law_opens_it_to_a_recipient_without_a_right_of_its_own() {
    let asked = [AddressContact, IdentityContact];
    let stated = |from, to, ground| Question { ground, ..between(from, to) };
    let support = Question { purpose: Purpose::MultiSectorSupport, ..between("te", "kela") };
    for question in [
        support,
        Question {
            purpose: Purpose::OutreachYouthWork,
            ..stated("te", "outreach", LegalGround::OutreachNotice)
        },
        stated("te", "social", LegalGround::SocialCareInability),
        stated("te", "social", LegalGround::SocialCareChildInterest),
        stated("te", "social", LegalGround::ChildWelfareNotice),
        stated("kela", "social", LegalGround::AssistanceLowered),
        stated("kela", "social", LegalGround::AssistanceSocialWork),
        stated("kela", "social", LegalGround::AssistanceImmigrant),
    ] {
        let person = minor().with(LegalStatus::MultiSectorSupport);
        person.asked(&question, &asked).opens(&asked);
        let case = protected(person).asked(&question, &asked);
        assert_eq!(case.decision.permitted(), CategorySet::of(&[IdentityContact]));
        assert!(case.decision.reasons().contains(&Reason::AddressProtected));
    }
}

#[test]
fn p8_an_authority_with_a_right_of_its_own_sees_the_address_and_nothing_else() {
    let question = between("te", "shelter");
    let asked = [AddressContact, IdentityContact, Housing];
    let case = protected(adult()).asked(&question, &asked);
    case.gives(Outcome::Permitted, &[AddressContact], &[Reason::NoBasis]);
    case.rests_on(&[("protected-address", None)]);
    // It has no need of an agreement, and the right is to protected addresses only.
    protected(adult()).asked(&between("kela", "shelter"), &[AddressContact]).opens(&[AddressContact]);
    adult().asked(&question, &asked).finds_no_ground();
}

#[test]
fn p8_the_right_of_its_own_counts_beside_a_consent_and_beside_a_law() {
    let asked = [AddressContact, IdentityContact];
    let grant = grant_between("te", "shelter", &asked);
    let case = protected(adult().gives(&grant)).asked(&between("te", "shelter"), &asked);
    case.opens(&asked).rests_on(&[("consent", Some(1)), ("protected-address", None)]);
    let notice = Question { ground: LegalGround::ChildWelfareNotice, ..between("te", "shelter") };
    let case = protected(minor()).asked(&notice, &asked);
    case.opens(&asked).rests_on(&[("child-welfare-notice", None)]);
}

#[test]
fn p8_who_is_no_authority_has_no_right_to_a_protected_address() {
    let reasons = [Reason::NoAgreement, Reason::AddressProtected, Reason::NotAnAuthority];
    let question = between("te", "registry");
    protected(adult()).asked(&question, &[AddressContact]).denies(&reasons[..2]);
    let stated = Question { ground: LegalGround::SocialCareInability, ..question };
    protected(adult()).asked(&stated, &[AddressContact]).denies(&reasons);
}

#[test]
fn p8_own_words_and_own_data_stay_open() {
    for viewer in [Viewer::Author, Viewer::Subject] {
        protected(adult()).asked(&question(viewer), &[AddressContact]).opens(&[AddressContact]);
    }
}

#[test]
fn p8_the_other_ways_to_reach_the_young_person_stay_open() {
    let asked = [IdentityContact, Housing];
    let grant = grant_between("te", "social", &asked);
    protected(adult().gives(&grant)).asked(&between("te", "social"), &asked).opens(&asked);
}
