//! The index holds what was said last, and periods end when they end.

use polku_proto::v1::Purpose;
use uuid::Uuid;

use super::*;
use crate::question::{ActorRole, Viewer};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn youth() -> YouthId {
    YouthId::from_uuid(Uuid::from_u128(1))
}

fn consent(number: u128) -> ConsentId {
    ConsentId::from_uuid(Uuid::from_u128(number))
}

fn grant(number: u128, version: u64, period: Period) -> Grant {
    Grant {
        id: consent(number),
        version,
        youth: youth(),
        kind: GrantKind::Consent,
        disclosers: vec!["te".parse().unwrap()],
        recipients: vec!["social".parse().unwrap()],
        purposes: PurposeSet::of(&[Purpose::Guidance]),
        categories: CategorySet::of(&[DataCategory::Housing, DataCategory::ReferralStatus]),
        explicit: CategorySet::EMPTY,
        period,
    }
}

fn prohibition(from: &str, category: DataCategory) -> Prohibition {
    Prohibition {
        id: ProhibitionId::from_uuid(Uuid::from_u128(5)),
        youth: youth(),
        disclosers: vec![from.parse().unwrap()],
        recipients: Vec::new(),
        categories: CategorySet::of(&[category]),
    }
}

fn question(from: &str, to: &str, now: Timestamp) -> Question {
    Question {
        youth: youth(),
        channel: Channel { from: from.parse().unwrap(), to: to.parse().unwrap() },
        viewer: Viewer::Addressee,
        purpose: Purpose::Guidance,
        actor: ActorRole::System,
        now,
    }
}

fn period(from: i64, until: i64) -> Period {
    Period::new(at(from), Some(at(until))).unwrap()
}

#[test]
fn a_period_has_its_first_instant_and_not_its_last() {
    let period = period(10, 20);
    assert!(!period.contains(at(9)));
    assert!(period.contains(at(10)));
    assert!(period.contains(at(19)));
    assert!(!period.contains(at(20)));
    assert_eq!(period.next_edge(at(9)), Some(at(10)));
    assert_eq!(period.next_edge(at(10)), Some(at(20)));
    assert_eq!(period.next_edge(at(20)), None);
}

#[test]
fn a_period_without_end_goes_on() {
    let period = Period::new(at(10), None).unwrap();
    assert!(period.contains(Timestamp::MAX));
    assert_eq!(period.next_edge(at(10)), None);
}

#[test]
fn a_period_without_an_instant_is_refused() {
    assert_eq!(Period::new(at(10), Some(at(10))), Err(EmptyPeriod));
    assert_eq!(Period::new(at(10), Some(at(9))), Err(EmptyPeriod));
}

#[test]
fn a_later_version_replaces_and_an_earlier_one_does_not() {
    let mut index = ConsentIndex::new();
    index.put_grant(grant(1, 2, period(0, 10)), 1);
    index.put_grant(grant(1, 3, period(0, 20)), 2);
    index.put_grant(grant(1, 1, period(0, 99)), 3);
    assert_eq!(index.len(), 1);
    assert_eq!(index.revision(), 3);
    let edge = index.coverage(&question("te", "social", at(5)), DataCategory::Housing).edge;
    assert_eq!(edge, Some(at(20)));
}

#[test]
fn the_revision_never_goes_back() {
    let mut index = ConsentIndex::new();
    index.put_grant(grant(1, 1, period(0, 10)), 9);
    index.remove_grant(youth(), consent(1), 4);
    assert_eq!(index.revision(), 9);
    index.remove_grant(youth(), consent(1), 12);
    assert_eq!(index.revision(), 12);
}

#[test]
fn nothing_is_left_of_what_was_removed() {
    let mut index = ConsentIndex::new();
    let prohibited = prohibition("te", DataCategory::Housing);
    index.put_grant(grant(1, 1, period(0, 10)), 1);
    index.put_prohibition(prohibited.clone(), 2);
    index.put_prohibition(prohibited.clone(), 3);
    assert_eq!(index.len(), 2);
    index.remove_grant(youth(), consent(2), 4);
    assert_eq!(index.len(), 2);
    index.remove_grant(youth(), consent(1), 5);
    index.remove_prohibition(youth(), prohibited.id, 6);
    assert_eq!(index.len(), 0);
    assert!(index.is_empty());
}

#[test]
fn the_nearest_edge_of_matching_grants_counts_whether_they_have_begun_or_not() {
    let mut index = ConsentIndex::new();
    index.put_grant(grant(1, 1, period(0, 30)), 1);
    index.put_grant(grant(2, 1, period(20, 40)), 2);
    let edge = |now| index.coverage(&question("te", "social", at(now)), DataCategory::Housing).edge;
    assert_eq!(edge(5), Some(at(20)));
    assert_eq!(edge(20), Some(at(30)));
    assert_eq!(edge(30), Some(at(40)));
    assert_eq!(edge(40), None);
}

#[test]
fn the_status_of_a_referral_is_covered_both_ways() {
    let mut index = ConsentIndex::new();
    index.put_grant(grant(1, 1, period(0, 30)), 1);
    let grants = |from, to, category| index.coverage(&question(from, to, at(5)), category).grants.len();
    assert_eq!(grants("te", "social", DataCategory::ReferralStatus), 1);
    assert_eq!(grants("social", "te", DataCategory::ReferralStatus), 1);
    assert_eq!(grants("te", "social", DataCategory::Housing), 1);
    assert_eq!(grants("social", "te", DataCategory::Housing), 0);
}

#[test]
fn the_status_of_a_referral_is_prohibited_both_ways() {
    let mut index = ConsentIndex::new();
    index.put_prohibition(prohibition("social", DataCategory::ReferralStatus), 1);
    let prohibited =
        |from, to| index.coverage(&question(from, to, at(5)), DataCategory::ReferralStatus).prohibited;
    assert!(prohibited("social", "te"));
    assert!(prohibited("te", "social"));
    assert!(!prohibited("te", "kela"));
}

#[test]
fn nothing_personal_is_printed() {
    let grant = grant(1, 1, period(0, 30));
    assert_eq!(format!("{grant:?}"), "Grant(redacted)");
    assert_eq!(format!("{:?}", prohibition("te", DataCategory::Housing)), "Prohibition(redacted)");
    let mut index = ConsentIndex::new();
    index.put_grant(grant, 3);
    assert_eq!(format!("{index:?}"), "ConsentIndex(revision 3)");
}
