//! Sets of purposes, and who reads what.

use super::*;

fn question(viewer: Viewer) -> Question {
    let youth = YouthId::from_uuid(uuid::Uuid::from_u128(7));
    let channel = Channel::between("te".parse().unwrap(), "social".parse().unwrap());
    Question::new(youth, channel, viewer, Purpose::Guidance, Timestamp::UNIX_EPOCH)
}

#[test]
fn the_reader_follows_from_the_viewer() {
    let reader = |viewer| question(viewer).reader();
    assert_eq!(reader(Viewer::Addressee), Reader::Agency("social".parse().unwrap()));
    assert_eq!(reader(Viewer::Author), Reader::Agency("te".parse().unwrap()));
    assert_eq!(reader(Viewer::Subject), Reader::Subject(question(Viewer::Subject).youth));
}

#[test]
fn the_reader_of_a_unit_s_matter_is_the_agency_s_system() {
    let channel = Channel { from: "te/joensuu".parse().unwrap(), to: "social/adults".parse().unwrap() };
    let reader = |viewer| Question { channel: channel.clone(), ..question(viewer) }.reader();
    assert_eq!(reader(Viewer::Addressee), Reader::Agency("social".parse().unwrap()));
    assert_eq!(reader(Viewer::Author), Reader::Agency("te".parse().unwrap()));
    let back = channel.reversed();
    assert_eq!((&back.from, &back.to), (&channel.to, &channel.from));
}

#[test]
fn a_new_question_states_nothing() {
    let question = question(Viewer::Addressee);
    assert_eq!(question.actor, ActorRole::System);
    assert_eq!(question.ground, LegalGround::Unspecified);
    assert_eq!(question.origin, Origin::Unstated);
    assert_eq!(question.relation, Relation::Established);
}

#[test]
fn a_question_prints_nothing_of_itself() {
    assert_eq!(format!("{:?}", question(Viewer::Author)), "Question(redacted)");
}

#[test]
fn purposes_survive_the_wire() {
    let every: Vec<i32> = (1..=8).collect();
    let set = PurposeSet::from_wire(&every).unwrap();
    assert_eq!(set, PurposeSet::ALL);
    assert_eq!(set.to_wire(), every);
    assert!(PurposeSet::from_wire(&[]).unwrap().is_empty());
}

#[test]
fn a_number_without_a_purpose_is_refused() {
    for number in [0, -1, 9, 64] {
        assert_eq!(PurposeSet::from_wire(&[1, number]), Err(UnknownPurpose { number }));
    }
}

#[test]
fn unspecified_is_never_a_member() {
    let mut set = PurposeSet::of(&[Purpose::Unspecified]);
    set.insert(Purpose::Unspecified);
    assert!(set.is_empty());
    assert!(!PurposeSet::ALL.contains(Purpose::Unspecified));
}

#[test]
fn only_one_purpose_is_the_only_one() {
    assert_eq!(PurposeSet::EMPTY.only(), None);
    assert_eq!(PurposeSet::of(&[Purpose::Guidance]).only(), Some(Purpose::Guidance));
    assert_eq!(PurposeSet::ALL.only(), None);
}
