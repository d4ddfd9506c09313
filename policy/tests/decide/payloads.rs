//! What happens to a payload between validation and its reader?

use polku_policy::{Authorised, Denied, Mismatch, Outcome, Question, Reader, Reason, Viewer};
use polku_proto::v1::DataCategory::{Envelope, GuidanceNotes, HealthCapacity, Housing, IdentityContact};
use polku_proto::v1::{Journey, ListReferralsResponse, Purpose, Referral, ReferralContent};
use polku_proto::{CategorySet, Disclose, Valid, YouthId};
use uuid::Uuid;

use super::world::{NOW, at, channel, engine, grant, id, index, prohibition, question, youth};

fn referral() -> Valid<Referral> {
    let content = ReferralContent {
        housing: "with friends".to_owned(),
        reason: "wants to study".to_owned(),
        health_capacity: "tired".to_owned(),
        ..ReferralContent::default()
    };
    Valid::check(Referral { sender: "te".to_owned(), content: Some(content), ..Referral::default() }).unwrap()
}

fn shell() -> Valid<Referral> {
    Valid::check(Referral { sender: "te".to_owned(), ..Referral::default() }).unwrap()
}

fn social() -> Reader {
    Reader::Agency(id("social"))
}

fn authorise(required: CategorySet) -> Result<Authorised<Referral>, Denied> {
    engine().authorise(&index(&[grant(&[Housing])], &[]), referral(), required, &question(Viewer::Addressee))
}

#[test]
fn what_is_not_permitted_is_cut_out() {
    let authorised = authorise(CategorySet::EMPTY).unwrap();
    assert_eq!(authorised.purpose(), Some(Purpose::Guidance));
    assert_eq!(authorised.reader(), &social());
    let (referral, decision) = authorised.spend(&social(), at(NOW)).unwrap();
    assert_eq!(referral.categories(), CategorySet::of(&[Envelope, Housing]));
    assert_eq!(referral.content.map(|content| content.housing), Some("with friends".to_owned()));
    assert_eq!(decision.withheld(), CategorySet::of(&[GuidanceNotes, HealthCapacity]));
    assert_eq!(decision.reasons(), [Reason::NoBasis, Reason::SpecialCategoryNotExplicit]);
}

#[test]
fn a_required_category_that_is_permitted_does_not_hinder() {
    let authorised = authorise(CategorySet::of(&[Housing])).unwrap();
    assert_eq!(authorised.decision().outcome(), Outcome::Permitted);
}

#[test]
fn a_required_category_that_is_not_permitted_refuses_all_of_it() {
    for required in [GuidanceNotes, IdentityContact] {
        let required = CategorySet::of(&[required]);
        let decision = authorise(required).err().unwrap().into_decision();
        assert_eq!(decision.outcome(), Outcome::Denied);
        assert!(decision.reasons().contains(&Reason::RequiredCategoryMissing));
        assert!(decision.permitted().is_empty());
        assert!(decision.bases().is_empty());
        assert_eq!(decision.withheld(), decision.asked());
        assert!(required.is_subset(decision.asked()));
    }
}

#[test]
fn nothing_personal_permitted_refuses_the_envelope_too() {
    let refused = |index| {
        engine()
            .authorise(&index, referral(), CategorySet::EMPTY, &question(Viewer::Addressee))
            .err()
            .unwrap()
    };
    for denied in [refused(index(&[], &[])), refused(index(&[grant(&[Housing])], &[prohibition()]))] {
        assert!(denied.decision().permitted().is_empty());
        assert_ne!(denied.decision().outcome(), Outcome::Permitted);
        assert_eq!(denied.to_string(), "not permitted");
        assert_eq!(format!("{denied:?} {:?}", denied.decision()), "Denied(redacted) Decision(redacted)");
    }
}

#[test]
fn an_envelope_passes_between_known_agencies() {
    let authorise = |question: &Question| {
        engine().authorise(&index(&[], &[prohibition()]), shell(), CategorySet::EMPTY, question)
    };
    for viewer in [Viewer::Addressee, Viewer::Author, Viewer::Subject] {
        let authorised = authorise(&question(viewer)).unwrap();
        assert_eq!(authorised.decision().permitted(), CategorySet::of(&[Envelope]));
        assert!(authorised.decision().bases().is_empty());
    }
    for viewer in [Viewer::Addressee, Viewer::Author] {
        let stranger = Question { channel: channel("te", "nowhere"), ..question(viewer) };
        let denied = authorise(&stranger).err().unwrap();
        assert_eq!(denied.decision().reasons(), [Reason::UnknownAgency]);
    }
}

#[test]
fn a_withheld_envelope_holds_back_what_is_in_it() {
    // The sender may see its own words, but not in an envelope that names a stranger.
    let question = Question { channel: channel("te", "nowhere"), ..question(Viewer::Author) };
    let denied =
        engine().authorise(&index(&[], &[]), referral(), CategorySet::EMPTY, &question).err().unwrap();
    assert_eq!(denied.decision().reasons(), [Reason::UnknownAgency]);
    assert!(denied.decision().permitted().is_empty());
}

#[test]
fn only_the_reader_spends_a_permit_and_only_in_time() {
    let wrong = authorise(CategorySet::EMPTY).unwrap().spend(&Reader::Agency(id("te")), at(NOW));
    assert_eq!(wrong.err(), Some(Mismatch::WrongReader));
    let subject = authorise(CategorySet::EMPTY).unwrap().spend(&Reader::Subject(youth()), at(NOW));
    assert_eq!(subject.err(), Some(Mismatch::WrongReader));
    let late = authorise(CategorySet::EMPTY).unwrap().spend(&social(), at(NOW + 100));
    assert_eq!(late.err(), Some(Mismatch::Expired));
    assert!(authorise(CategorySet::EMPTY).unwrap().spend(&social(), at(NOW + 99)).is_ok());
}

#[test]
fn a_permit_prints_nothing_of_its_payload() {
    assert_eq!(format!("{:?}", authorise(CategorySet::EMPTY).unwrap()), "Authorised(redacted)");
}

fn list(reader: Reader) -> Result<Authorised<ListReferralsResponse>, Denied> {
    let shell =
        ListReferralsResponse { next_page_token: "next".to_owned(), ..ListReferralsResponse::default() };
    engine().envelope(Valid::check(shell).unwrap(), reader, at(NOW))
}

#[test]
fn parts_are_gathered_under_one_decision() {
    let question = question(Viewer::Addressee);
    let envelope = engine()
        .authorise(
            &index(&[], &[prohibition()]),
            shell(),
            CategorySet::EMPTY,
            &Question { now: at(NOW + 5), ..question },
        )
        .unwrap();
    let list = list(social()).unwrap();
    assert_eq!(list.purpose(), None);
    let list = list.gather(authorise(CategorySet::EMPTY).unwrap()).unwrap().gather(envelope).unwrap();
    assert_eq!(list.purpose(), Some(Purpose::Guidance));
    let (list, decision) = list.spend(&social(), at(NOW + 6)).unwrap();
    assert_eq!(list.referrals.len(), 2);
    assert_eq!(list.next_page_token, "next");
    assert_eq!(list.categories(), CategorySet::of(&[Envelope, Housing]));
    assert_eq!(decision.permitted(), CategorySet::of(&[Envelope, Housing]));
    assert_eq!(decision.withheld(), CategorySet::of(&[GuidanceNotes, HealthCapacity]));
    assert_eq!(decision.valid_until(), Some(at(NOW + 100)));
    assert_eq!(decision.evaluated_at(), at(NOW));
    assert_eq!(decision.revision(), 1);
    assert_eq!(decision.bases().len(), 1);
}

#[test]
fn a_part_for_another_reader_is_not_gathered() {
    for reader in [Reader::Agency(id("te")), Reader::Subject(youth())] {
        let gathered = list(reader).unwrap().gather(authorise(CategorySet::EMPTY).unwrap());
        assert_eq!(gathered.err(), Some(Mismatch::WrongReader));
    }
    let stranger = Reader::Subject(YouthId::from_uuid(Uuid::from_u128(99)));
    let own = engine()
        .authorise(&index(&[], &[]), referral(), CategorySet::EMPTY, &question(Viewer::Subject))
        .unwrap();
    assert_eq!(list(stranger).unwrap().gather(own).err(), Some(Mismatch::WrongReader));
}

#[test]
fn a_shell_holds_an_envelope_only_and_goes_to_a_known_agency() {
    let full = engine().envelope(referral(), social(), at(NOW)).err().unwrap();
    assert_eq!(full.decision().reasons(), [Reason::NoBasis]);
    assert!(full.decision().permitted().is_empty());
    let stranger = list(Reader::Agency(id("nowhere"))).err().unwrap();
    assert_eq!(stranger.decision().reasons(), [Reason::UnknownAgency]);
    let empty = Valid::check(Journey::default()).unwrap();
    assert!(engine().envelope(empty, social(), at(NOW)).is_ok());
}
