//! Case by case: who sees a protected address (turvakielto, P8)?

use polku_policy::{ActorRole, GivenBy, Grant, LegalStatus, Outcome, PurposeSet, Question, Reason, Viewer};
use polku_proto::CategorySet;
use polku_proto::v1::DataCategory::{AddressContact, Housing, IdentityContact};
use polku_proto::v1::{LegalGround, PermitDomain, Purpose};

use super::case::{Person, able_minor, adult, minor};
use super::world::{between, engine, grant_between, outreach_notice, permit, question};

const PROTECTED: [Reason; 1] = [Reason::AddressProtected];

fn protected(person: Person) -> Person {
    person.with(LegalStatus::AddressProtected)
}

#[test]
fn p8_nobodys_consent_opens_a_protected_address() {
    let asked = [AddressContact, IdentityContact];
    for given_by in [GivenBy::Self_, GivenBy::Guardian, GivenBy::Representative] {
        let grant = Grant { given_by, ..grant_between("te", "social", &asked) };
        able_minor().gives(&grant).asked(&between("te", "social"), &asked).opens(&asked);
        let case = protected(able_minor().gives(&grant)).asked(&between("te", "social"), &asked);
        case.gives(Outcome::Permitted, &[IdentityContact], &PROTECTED);
        let alone = protected(able_minor().gives(&grant)).asked(&between("te", "social"), &[AddressContact]);
        alone.denies(&PROTECTED);
    }
    let permit = permit(PermitDomain::Health, "health", "social", &asked);
    let case = protected(adult().gives(&permit)).asked(&between("health", "social"), &asked);
    case.gives(Outcome::Permitted, &[IdentityContact], &PROTECTED);
}

#[test]
fn p8_no_ground_in_law_opens_it_to_a_recipient_that_may_not_be_told() {
    let asked = [AddressContact, IdentityContact];
    let stated = |from, to, ground| Question { ground, ..between(from, to) };
    let support = Question { purpose: Purpose::MultiSectorSupport, ..between("te", "kela") };
    for question in [
        support,
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

/// Whoever gets the notice knows where the young person is at home.
#[test]
fn p8_no_notice_goes_to_outreach_youth_work_that_may_not_be_told() {
    let asked = [AddressContact, IdentityContact];
    let notice = outreach_notice("te", "outreach");
    minor().asked(&notice, &asked).opens(&asked);
    protected(minor()).asked(&notice, &asked).denies(&[Reason::NoBasis, Reason::AddressProtected]);
    protected(minor()).asked(&notice, &[IdentityContact]).finds_no_ground();
    // On the young person's word the recipient is told who it is, as any other.
    let case = protected(adult().gives(&Grant {
        purposes: PurposeSet::of(&[Purpose::OutreachYouthWork]),
        ..grant_between("te", "outreach", &asked)
    }));
    case.asked(&notice, &asked).gives(Outcome::Permitted, &[IdentityContact], &PROTECTED);
}

#[test]
fn p8_that_a_recipient_may_be_told_protected_addresses_is_no_ground() {
    let asked = [AddressContact, IdentityContact, Housing];
    for question in [between("te", "shelter"), between("kela", "shelter")] {
        protected(adult()).asked(&question, &asked).opens_nothing().holds_until(None);
    }
    // Whoever asks cannot tell by what is shown whose address is protected.
    let question = between("te", "shelter");
    let shown = |person: Person| {
        let decision = person.asked(&question, &asked).decision;
        (
            decision.permitted(),
            decision.withheld(),
            decision.bases().to_vec(),
            decision.obligations().to_vec(),
        )
    };
    assert!(shown(protected(adult())) == shown(adult()));
    let verified =
        |person: Person| engine().verify(person.index(), CategorySet::of(&asked), &question).permitted();
    assert_eq!(verified(protected(adult())), verified(adult()));
}

#[test]
fn p8_by_law_it_goes_to_a_recipient_that_may_be_told_and_beside_the_law_no_consent_opens_it() {
    let asked = [AddressContact, IdentityContact];
    let grant = grant_between("te", "shelter", &asked);
    let case = protected(adult().gives(&grant)).asked(&between("te", "shelter"), &asked);
    case.gives(Outcome::Permitted, &[IdentityContact], &PROTECTED).rests_on(&[("consent", Some(1))]);
    let notice = Question { ground: LegalGround::ChildWelfareNotice, ..between("te", "shelter") };
    let case = protected(minor()).asked(&notice, &asked);
    case.opens(&asked).rests_on(&[("child-welfare-notice", None)]);
    let case = protected(able_minor().gives(&grant)).asked(&notice, &asked);
    case.opens(&asked).rests_on(&[("child-welfare-notice", None)]);
    // Only what the ground covers.
    let lowered = Question { ground: LegalGround::AssistanceLowered, ..between("kela", "shelter") };
    protected(adult()).asked(&lowered, &asked).opens(&asked);
    protected(adult()).asked(&lowered, &[Housing]).opens_nothing();
    let support = Question { purpose: Purpose::MultiSectorSupport, ..between("te", "shelter") };
    let customer = protected(adult().with(LegalStatus::MultiSectorSupport));
    customer.asked(&support, &asked).opens(&asked).rests_on(&[("multi-sector-support", None)]);
    protected(adult()).asked(&support, &asked).opens_nothing();
}

#[test]
fn p8_who_is_no_authority_is_told_no_protected_address() {
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
fn p8_a_guardian_does_not_see_it_nor_does_another_representative_of_a_minor() {
    let asked = [AddressContact, Housing];
    let reads = |actor| Question { actor, ..question(Viewer::Subject) };
    for actor in [ActorRole::Guardian, ActorRole::Representative] {
        minor().asked(&reads(actor.clone()), &asked).opens(&asked);
        let case = protected(minor()).asked(&reads(actor), &asked);
        case.gives(Outcome::Permitted, &[Housing], &PROTECTED);
    }
    protected(minor()).asked(&reads(ActorRole::Subject), &asked).opens(&asked);
    protected(adult()).asked(&reads(ActorRole::Representative), &asked).opens(&asked);
}

#[test]
fn p8_the_other_ways_to_reach_the_young_person_stay_open() {
    let asked = [IdentityContact, Housing];
    let grant = grant_between("te", "social", &asked);
    protected(adult().gives(&grant)).asked(&between("te", "social"), &asked).opens(&asked);
}
