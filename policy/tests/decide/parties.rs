//! Case by case: who sees what, in which role, and between which agencies?

use polku_policy::{ActorRole, Grant, Outcome, Prohibition, Question, Reason, Viewer};
use polku_proto::CategorySet;
use polku_proto::v1::DataCategory::{self, Envelope, HealthCapacity, Housing, ReferralStatus};

use super::case::{addressee, case};
use super::world::{channel, engine, grant, id, index, party, professional, prohibition, question};

#[test]
fn own_words_stay_open_whatever_is_prohibited() {
    let author = question(Viewer::Author);
    case(&[], &[prohibition()], &author, &[Envelope, Housing, HealthCapacity]).gives(
        Outcome::Permitted,
        &[Envelope, Housing, HealthCapacity],
        &[],
    );
    case(&[], &[prohibition()], &addressee(), &[ReferralStatus]).gives(
        Outcome::Permitted,
        &[ReferralStatus],
        &[],
    );
}

#[test]
fn the_status_is_disclosed_to_the_author_and_needs_a_ground() {
    let author = question(Viewer::Author);
    case(&[], &[], &author, &[ReferralStatus]).gives(Outcome::NoConsent, &[], &[Reason::NoBasis]);
    let there = grant(&[ReferralStatus]);
    let back = Grant { disclosers: vec![party("social")], recipients: vec![party("te")], ..there.clone() };
    for consent in [there, back] {
        case(&[&consent], &[], &author, &[ReferralStatus]).gives(Outcome::Permitted, &[ReferralStatus], &[]);
        let prohibited = Prohibition { recipients: vec![id("te")], ..prohibition() };
        case(&[&consent], &[prohibited], &author, &[ReferralStatus]).gives(
            Outcome::Denied,
            &[],
            &[Reason::Prohibited],
        );
    }
}

/// Asked without a referral at hand, no word is anybody's own: without a consent nothing is permitted.
#[test]
fn p20_a_verification_counts_nothing_as_own_words() {
    let asked = [Housing, ReferralStatus];
    let verify = |grants: &[Grant], asked: &[DataCategory]| {
        engine().verify(&index(grants, &[]), CategorySet::of(asked), &addressee())
    };
    for asked in [&asked[..], &[ReferralStatus], &[Housing]] {
        let decision = verify(&[], asked);
        assert_eq!(decision.outcome(), Outcome::NoConsent);
        assert_eq!(decision.withheld(), CategorySet::of(asked));
        assert!(decision.bases().is_empty());
    }
    let decision = verify(&[grant(&[ReferralStatus])], &asked);
    assert_eq!(decision.outcome(), Outcome::Permitted);
    assert_eq!(decision.permitted(), CategorySet::of(&[ReferralStatus]));
    assert_eq!(decision.withheld(), CategorySet::of(&[Housing]));
}

#[test]
fn the_young_person_sees_everything_about_them() {
    let mut subject = question(Viewer::Subject);
    let every: Vec<DataCategory> = CategorySet::ALL.iter().collect();
    for actor in [ActorRole::Subject, ActorRole::Representative] {
        subject.actor = actor;
        for channel in [channel("te", "social"), channel("kela", "vamos"), channel("nobody", "nowhere")] {
            subject.channel = channel;
            case(&[], &[prohibition()], &subject, &every).gives(Outcome::Permitted, &every, &[]);
        }
    }
}

#[test]
fn nobody_else_sees_with_the_eyes_of_the_young_person() {
    for actor in [ActorRole::System, professional("te", "subject")] {
        let question = Question { actor, ..question(Viewer::Subject) };
        case(&[], &[], &question, &[Envelope, Housing]).gives(
            Outcome::NoConsent,
            &[Envelope],
            &[Reason::NoBasis],
        );
    }
}

#[test]
fn p22_a_consent_does_not_replace_an_agreement() {
    let consent = Grant { recipients: vec![party("kela")], ..grant(&[Housing]) };
    let question = Question { channel: channel("te", "kela"), ..addressee() };
    case(&[&consent], &[], &question, &[Envelope, Housing]).gives(
        Outcome::Denied,
        &[Envelope],
        &[Reason::NoAgreement],
    );
}

#[test]
fn an_unknown_agency_sees_nothing_and_nobody_sees_with_it() {
    let consent = Grant { recipients: vec![party("nowhere")], ..grant(&[Housing]) };
    let question = Question { channel: channel("te", "nowhere"), ..addressee() };
    let reasons = [Reason::NoAgreement, Reason::UnknownAgency];
    case(&[&consent], &[], &question, &[Envelope, Housing]).gives(Outcome::Denied, &[], &reasons);
    let unknown = [Reason::UnknownAgency];
    case(&[&consent], &[], &question, &[]).gives(Outcome::Denied, &[], &unknown);
    case(&[], &[], &question, &[ReferralStatus]).gives(Outcome::Denied, &[], &unknown);
    let author = Question { viewer: Viewer::Author, ..question };
    case(&[], &[], &author, &[Envelope]).gives(Outcome::Denied, &[], &unknown);
    // What it sent to the stranger once, it may still see.
    case(&[], &[], &author, &[Housing]).gives(Outcome::Permitted, &[Housing], &[]);
}

#[test]
fn a_peer_worker_sees_no_data_of_either_agency() {
    for viewer in [Viewer::Addressee, Viewer::Author] {
        let question = Question { actor: professional("te", "peer"), ..question(viewer) };
        let reasons = [Reason::RoleWithoutAccess];
        case(&[&grant(&[Housing, ReferralStatus])], &[], &question, &[Envelope, Housing, ReferralStatus])
            .gives(Outcome::Denied, &[Envelope], &reasons);
    }
}

#[test]
fn p15_an_association_receives_on_consent() {
    let consent = Grant { recipients: vec![party("vamos")], ..grant(&[Housing]) };
    let question = Question { channel: channel("te", "vamos"), ..addressee() };
    case(&[&consent], &[], &question, &[Housing]).gives(Outcome::Permitted, &[Housing], &[]);
}
