//! Case by case: what does a permit to disclose (luovutuslupa) open, for which care domain, and who may give it?

use polku_policy::{BasisKind, Capacity, GivenBy, Grant, GrantKind, Outcome, Question, Reason};
use polku_proto::CategorySet;
use polku_proto::v1::DataCategory::{HealthCapacity, Housing, ReferralStatus, SocialSituation};
use polku_proto::v1::PermitDomain::{self, Health, Social, Unspecified};

use super::case::{able_minor, adult, minor};
use super::world::{assessed, between, permit};

#[test]
fn p3_a_permit_is_its_own_kind_of_ground_and_has_no_end() {
    let case = adult()
        .gives(&permit(Health, "health", "social", &[Housing]))
        .asked(&between("health", "social"), &[Housing]);
    case.opens(&[Housing]).rests_on(&[("disclosure-permit", Some(1))]).holds_until(None);
    let basis = case.decision.bases().first().unwrap();
    assert_eq!((basis.kind, &*basis.statute), (BasisKind::DisclosurePermit, "703/2023"));
}

#[test]
fn p3_a_permit_is_for_the_data_of_one_care_domain() {
    for (domain, from, to, opens) in [
        (Health, "health", "social", true),
        (Social, "social", "health", true),
        (Social, "health", "social", false),
        (Health, "social", "health", false),
        (Unspecified, "health", "social", false),
        (Unspecified, "social", "health", false),
    ] {
        let case = adult()
            .gives(&permit(domain, from, to, &[SocialSituation]))
            .asked(&between(from, to), &[SocialSituation]);
        if opens {
            case.opens(&[SocialSituation]);
        } else {
            case.finds_no_ground();
        }
    }
}

#[test]
fn p3_a_permit_is_for_care_only() {
    for (from, to) in [("te", "social"), ("social", "te")] {
        for domain in [Social, Health] {
            let case =
                adult().gives(&permit(domain, from, to, &[Housing])).asked(&between(from, to), &[Housing]);
            case.finds_no_ground();
        }
    }
}

#[test]
fn p15_a_permit_neither_reaches_a_private_clinic_nor_opens_its_words() {
    let permit = permit(Social, "social", "clinic", &[Housing]);
    let question = between("social", "clinic");
    adult().gives(&permit).asked(&question, &[Housing]).finds_no_ground();
    let consent = Grant { kind: GrantKind::Consent, ..permit };
    adult().gives(&consent).asked(&question, &[Housing]).opens(&[Housing]);
    // The status comes from the clinic.
    let author = Question { viewer: polku_policy::Viewer::Author, ..question };
    for (domain, from, to) in [(Social, "social", "clinic"), (Health, "clinic", "social")] {
        for (given_by, minor) in [
            (GivenBy::Self_, able_minor as fn() -> super::case::Person),
            (GivenBy::Guardian, minor),
            (GivenBy::Representative, minor),
        ] {
            let permit = Grant { given_by, ..self::permit(domain, from, to, &[ReferralStatus]) };
            minor().gives(&permit).asked(&author, &[ReferralStatus]).finds_no_ground();
            let consent = Grant { kind: GrantKind::Consent, ..permit };
            minor().gives(&consent).asked(&author, &[ReferralStatus]).opens(&[ReferralStatus]);
        }
    }
}

#[test]
fn p9_a_permit_too_has_to_name_a_special_category() {
    let permit = permit(Health, "health", "social", &[HealthCapacity]);
    let silent = Grant { explicit: CategorySet::EMPTY, ..permit.clone() };
    let question = between("health", "social");
    adult().gives(&permit).asked(&question, &[HealthCapacity]).opens(&[HealthCapacity]);
    let reasons = [Reason::SpecialCategoryNotExplicit];
    adult().gives(&silent).asked(&question, &[HealthCapacity]).denies(&reasons);
}

#[test]
fn p3_the_status_flows_back_under_a_permit_of_its_discloser_s_domain() {
    for domain in [Health, Social] {
        for (from, to) in [("health", "social"), ("social", "health")] {
            let person = adult().gives(&permit(domain, from, to, &[ReferralStatus]));
            let question = Question { viewer: polku_policy::Viewer::Author, ..between("health", "social") };
            let case = person.asked(&question, &[ReferralStatus]);
            if (domain, from) == (Health, "health") || (domain, from) == (Social, "social") {
                case.opens(&[ReferralStatus]);
            } else {
                case.finds_no_ground();
            }
        }
    }
}

#[test]
fn p6_p7_a_guardian_gives_a_permit_only_for_a_minor_who_is_not_known_to_be_able() {
    let question = between("health", "social");
    let guardians = Grant { given_by: GivenBy::Guardian, ..permit(Health, "health", "social", &[Housing]) };
    let person = minor().gives(&guardians);
    person
        .asked(&question, &[Housing])
        .opens(&[Housing])
        .rests_on(&[("disclosure-permit-of-guardian", Some(1))]);
    let assessed = |capacity| person.clone().with(assessed(capacity)).asked(&question, &[Housing]);
    assessed(Capacity::NotAssessed).opens(&[Housing]);
    assessed(Capacity::NotCapable).opens(&[Housing]);
    assessed(Capacity::Capable).denies(&[Reason::OwnDecisionGoverns]);
    assessed(Capacity::CapableHidden).denies(&[Reason::OwnDecisionGoverns]);
    // P5: of age.
    adult().gives(&guardians).asked(&question, &[Housing]).denies(&[Reason::RenewConsent]);
}

#[test]
fn p7_a_minor_who_is_not_able_to_decide_gives_no_permit() {
    let question = between("health", "social");
    let own = permit(Health, "health", "social", &[Housing]);
    // Nor does anybody who is not known to be of age, and was assessed so.
    for age in [minor(), super::case::person()] {
        let person = age.gives(&own);
        let able = person.clone().with(assessed(Capacity::Capable));
        able.asked(&question, &[Housing]).opens(&[Housing]);
        let unable = person.with(assessed(Capacity::NotCapable));
        unable.asked(&question, &[Housing]).denies(&[Reason::GuardianPermissionMissing]);
    }
    minor().gives(&own).asked(&question, &[Housing]).denies(&[Reason::GuardianPermissionMissing]);
    super::case::person().gives(&own).asked(&question, &[Housing]).opens(&[Housing]);
    // The assessment of a minor says nothing of an adult.
    adult().gives(&own).with(assessed(Capacity::NotCapable)).asked(&question, &[Housing]).opens(&[Housing]);
}

#[test]
fn a_representative_s_permit_opens_at_any_age_but_for_a_minor_who_is_able_to_decide() {
    let permit = |domain: PermitDomain| Grant {
        given_by: GivenBy::Representative,
        ..permit(domain, "health", "social", &[Housing])
    };
    for person in [adult(), minor(), minor().with(assessed(Capacity::NotCapable))] {
        let case = person.clone().gives(&permit(Health)).asked(&between("health", "social"), &[Housing]);
        case.opens(&[Housing]).rests_on(&[("disclosure-permit-of-representative", Some(1))]);
        let other = person.gives(&permit(Social)).asked(&between("health", "social"), &[Housing]);
        assert_eq!(other.decision.outcome(), Outcome::NoConsent);
    }
    let able = |person: super::case::Person| person.with(assessed(Capacity::Capable)).gives(&permit(Health));
    able(minor()).asked(&between("health", "social"), &[Housing]).denies(&[Reason::OwnDecisionGoverns]);
    able(adult()).asked(&between("health", "social"), &[Housing]).opens(&[Housing]);
}
