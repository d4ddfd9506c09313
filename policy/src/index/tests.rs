//! The index holds what was said last, and periods end when they end.

use polku_proto::LegalStatusName;
use polku_proto::v1::{DataCategory, Purpose};
use uuid::Uuid;

use super::*;
use crate::directory::Sector;
use crate::question::{ActorRole, Channel, Origin, Question, Viewer};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn youth() -> YouthId {
    YouthId::from_uuid(Uuid::from_u128(1))
}

fn consent(number: u128) -> ConsentId {
    ConsentId::from_uuid(Uuid::from_u128(number))
}

fn status(number: u128) -> LegalStatusId {
    LegalStatusId::from_uuid(Uuid::from_u128(number))
}

fn named(number: u128) -> LegalStatusName {
    LegalStatusName { youth: youth(), status: status(number) }
}

pub(super) fn grant(number: u128, version: u64, period: Period) -> Grant {
    Grant {
        id: consent(number),
        version,
        youth: youth(),
        kind: GrantKind::Consent,
        given_by: GivenBy::Self_,
        given: period.from(),
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
        service_tasks: Vec::new(),
        documents: Vec::new(),
    }
}

fn question(from: &str, to: &str, now: Timestamp) -> Question {
    let channel = Channel { from: from.parse().unwrap(), to: to.parse().unwrap() };
    Question::new(youth(), channel, Viewer::Addressee, Purpose::Guidance, now)
}

const SIDES: Sides = Sides { from: Some(Sector::Social), to: Some(Sector::Employment) };

fn word<'a>(index: &'a ConsentIndex, question: &Question) -> Word<'a> {
    index.word(question, SIDES, CategorySet::ALL)
}

/// The next edge, as the question about housing has it.
fn edge(index: &ConsentIndex, now: i64) -> Option<Timestamp> {
    index.word(&question("te", "social", at(now)), SIDES, CategorySet::of(&[DataCategory::Housing])).edge
}

pub(super) fn period(from: i64, until: i64) -> Period {
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
    assert_eq!((period.from(), period.until()), (at(10), Some(at(20))));
}

#[test]
fn a_period_is_read_to_the_microsecond() {
    let instant = |nanosecond| Timestamp::new(10, nanosecond).unwrap();
    let period = Period::new(instant(1_999), Some(instant(5_999))).unwrap();
    assert_eq!((period.from(), period.until()), (instant(1_000), Some(instant(5_000))));
    assert!(period.contains(instant(4_999)));
    assert!(!period.contains(instant(5_000)));
    assert_eq!(Period::new(instant(1), Some(instant(999))), Err(EmptyPeriod));
}

#[test]
fn a_period_without_end_goes_on() {
    let period = Period::new(at(10), None).unwrap();
    assert!(period.contains(Timestamp::MAX));
    assert_eq!(period.until(), None);
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
    index.put_grant(&grant(1, 2, period(0, 10)), 1);
    index.put_grant(&grant(1, 3, period(0, 20)), 2);
    index.put_grant(&grant(1, 1, period(0, 99)), 3);
    assert_eq!(index.len(), 1);
    assert_eq!(index.revision(), 3);
    assert_eq!(edge(&index, 5), Some(at(20)));
}

#[test]
fn a_batch_is_put_as_its_grants_are_one_by_one() {
    let parties = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<Party>>();
    let mut grants = vec![grant(1, 2, period(0, 10)), grant(1, 3, period(0, 20)), grant(1, 1, period(0, 99))];
    grants.push(Grant { disclosers: parties(&["kela/north", "te"]), ..grant(2, 1, period(0, 30)) });
    grants.push(Grant { recipients: parties(&["kela"]), ..grant(3, 1, period(0, 40)) });
    grants.push(Grant { youth: YouthId::from_uuid(Uuid::from_u128(2)), ..grant(4, 1, period(0, 50)) });
    let revisions = [1, 9, 3, 4, 5, 6];
    let (mut one_by_one, mut at_once) = (ConsentIndex::new(), ConsentIndex::new());
    // Lists that are there already lie elsewhere than in the batch.
    at_once.put_grant(&Grant { disclosers: parties(&["paja", "te"]), ..grant(5, 1, period(0, 5)) }, 0);
    at_once.remove_grant(youth(), consent(5), 0);
    let mut batch = GrantBatch::with_capacity(grants.len());
    for (grant, revision) in grants.iter().zip(revisions) {
        one_by_one.put_grant(grant, revision);
        batch.push(grant, revision);
    }
    at_once.put_batch(batch);
    assert_eq!((at_once.len(), at_once.revision()), (one_by_one.len(), one_by_one.revision()));
    for index in [&one_by_one, &at_once] {
        assert_eq!((index.len(), index.revision()), (4, 9));
        assert_eq!(edge(index, 5), Some(at(20)));
        assert_eq!(word(index, &question("kela/north", "social", at(5))).edge, Some(at(30)));
        assert_eq!(word(index, &question("kela", "social", at(5))).edge, None);
        assert_eq!(word(index, &question("te", "kela/south", at(5))).edge, Some(at(40)));
        assert_eq!(index.parties_of(youth()).len(), 3);
        assert!(index.knows(YouthId::from_uuid(Uuid::from_u128(2))));
    }
}

#[test]
fn the_revision_never_goes_back() {
    let mut index = ConsentIndex::new();
    index.put_grant(&grant(1, 1, period(0, 10)), 9);
    index.remove_grant(youth(), consent(1), 4);
    assert_eq!(index.revision(), 9);
    index.remove_grant(youth(), consent(1), 12);
    assert_eq!(index.revision(), 12);
    index.reach(11);
    assert_eq!(index.revision(), 12);
}

#[test]
fn nothing_is_left_of_what_was_removed() {
    let mut index = ConsentIndex::with_capacity(1);
    let prohibited = prohibition("te", DataCategory::Housing);
    index.put_grant(&grant(1, 1, period(0, 10)), 1);
    index.put_prohibition(prohibited.clone(), 2);
    index.put_prohibition(prohibited.clone(), 3);
    assert_eq!(index.len(), 2);
    index.remove_grant(youth(), consent(2), 4);
    assert_eq!(index.len(), 2);
    index.remove_grant(youth(), consent(1), 5);
    index.remove_prohibition(youth(), prohibited.id, 6);
    assert_eq!(index.len(), 0);
    assert!(index.is_empty());
    assert!(word(&index, &question("te", "social", at(5))).prohibited.is_empty());
}

#[test]
fn the_nearest_edge_of_matching_grants_counts_whether_they_have_begun_or_not() {
    let mut index = ConsentIndex::new();
    index.put_grant(&grant(1, 1, period(0, 30)), 1);
    index.put_grant(&grant(2, 1, period(20, 40)), 2);
    assert_eq!(edge(&index, 5), Some(at(20)));
    assert_eq!(edge(&index, 20), Some(at(30)));
    assert_eq!(edge(&index, 30), Some(at(40)));
    assert_eq!(edge(&index, 40), None);
}

#[test]
fn a_grant_that_a_prohibition_makes_idle_has_no_edge() {
    let mut index = ConsentIndex::new();
    index.put_grant(&grant(1, 1, period(0, 30)), 1);
    index.put_prohibition(prohibition("te", DataCategory::Housing), 2);
    assert_eq!(edge(&index, 5), None);
    // Of the two categories, one is left.
    assert_eq!(word(&index, &question("te", "social", at(5))).edge, Some(at(30)));
}

#[test]
fn the_status_of_a_referral_is_covered_both_ways() {
    let mut index = ConsentIndex::new();
    index.put_grant(&grant(1, 1, period(0, 30)), 1);
    let covered = |from, to| word(&index, &question(from, to, at(5))).consents.own;
    let status = CategorySet::of(&[DataCategory::ReferralStatus]);
    assert_eq!(covered("te", "social"), status.union(CategorySet::of(&[DataCategory::Housing])));
    assert_eq!(covered("social", "te"), status);
    assert_eq!(covered("te", "kela"), CategorySet::EMPTY);
}

#[test]
fn the_status_of_a_referral_is_prohibited_both_ways() {
    let mut index = ConsentIndex::new();
    index.put_prohibition(prohibition("social", DataCategory::ReferralStatus), 1);
    let prohibited =
        |from, to| word(&index, &question(from, to, at(5))).prohibited.contains(DataCategory::ReferralStatus);
    assert!(prohibited("social", "te"));
    assert!(prohibited("te", "social"));
    assert!(!prohibited("te", "kela"));
}

#[test]
fn a_grant_to_a_unit_is_for_that_unit() {
    let mut index = ConsentIndex::new();
    let unit = Grant { recipients: vec!["social/adults".parse().unwrap()], ..grant(1, 1, period(0, 30)) };
    index.put_grant(&unit, 1);
    let covers = |index: &ConsentIndex, to| !word(index, &question("te", to, at(5))).consents.own.is_empty();
    assert!(covers(&index, "social/adults"));
    assert!(!covers(&index, "social/families"));
    assert!(!covers(&index, "social"));
    index.put_grant(&Grant { version: 2, recipients: vec!["social".parse().unwrap()], ..unit }, 2);
    assert!(covers(&index, "social/adults") && covers(&index, "social/families") && covers(&index, "social"));
}

#[test]
fn a_list_names_hundreds_of_agencies_and_their_units_and_nobody_else() {
    let named: Vec<Party> = (0..200).step_by(2).map(|number| format!("a{number}").parse().unwrap()).collect();
    let units: Vec<Party> =
        (0..200).step_by(2).map(|number| format!("b{number}/u").parse().unwrap()).collect();
    let mut index = ConsentIndex::new();
    let mut grant = grant(1, 1, period(0, 100));
    grant.recipients = named.iter().chain(&units).cloned().collect();
    index.put_grant(&grant, 1);
    for number in 0..200 {
        let opens = |to: &str| !word(&index, &question("te", to, at(1))).consents.own.is_empty();
        let listed = number % 2 == 0;
        assert_eq!(opens(&format!("a{number}")), listed);
        assert_eq!(opens(&format!("a{number}/u")), listed);
        assert_eq!(opens(&format!("b{number}/u")), listed);
        assert!(!opens(&format!("b{number}")));
        assert!(!opens(&format!("b{number}/v")));
    }
}

#[test]
fn a_special_category_is_covered_only_where_the_same_grant_names_it_explicitly() {
    let special = CategorySet::of(&[DataCategory::HealthCapacity]);
    let implicit = Grant { categories: special, ..grant(1, 1, period(0, 30)) };
    let odd = Grant { explicit: special, ..grant(2, 1, period(0, 30)) };
    let explicit = Grant { explicit: special, ..implicit.clone() };
    let mut index = ConsentIndex::new();
    index.put_grant(&implicit, 1);
    index.put_grant(&odd, 2);
    let covered = |index: &ConsentIndex| {
        let word = word(index, &question("te", "social", at(5)));
        (word.consents.own.intersection(special), word.explicit.intersection(special))
    };
    assert_eq!(covered(&index), (CategorySet::EMPTY, CategorySet::EMPTY));
    index.put_grant(&explicit, 3);
    assert_eq!(covered(&index), (special, special));
}

#[test]
fn a_permit_is_for_data_of_its_care_domain() {
    for (domain, sector, covers) in [
        (PermitDomain::Social, Some(Sector::Social), true),
        (PermitDomain::Social, Some(Sector::Health), false),
        (PermitDomain::Health, Some(Sector::Health), true),
        (PermitDomain::Health, Some(Sector::Social), false),
        (PermitDomain::Health, Some(Sector::Employment), false),
        (PermitDomain::Unspecified, Some(Sector::Social), false),
        (PermitDomain::Social, None, false),
    ] {
        let mut index = ConsentIndex::new();
        let permit = Grant { kind: GrantKind::DisclosurePermit(domain), ..grant(1, 1, period(0, 30)) };
        index.put_grant(&permit, 1);
        let sides = Sides { from: sector, to: Some(Sector::YouthWork) };
        let word = index.word(&question("te", "social", at(5)), sides, CategorySet::ALL);
        assert_eq!(word.permits.own.contains(DataCategory::Housing), covers, "{domain:?} {sector:?}");
        assert!(word.consents.own.is_empty());
    }
}

#[test]
fn a_prohibition_of_a_task_or_document_reaches_data_of_unstated_origin() {
    let task = Prohibition {
        service_tasks: vec!["child_welfare".to_owned()],
        documents: vec!["plan-7".to_owned()],
        ..prohibition("te", DataCategory::Housing)
    };
    let mut index = ConsentIndex::new();
    index.put_prohibition(task, 1);
    let stated = |service_task: Option<&str>, documents: &[&str]| Origin::Stated {
        service_task: service_task.map(str::to_owned),
        documents: documents.iter().copied().map(str::to_owned).collect(),
    };
    for (origin, prohibited) in [
        (Origin::Unstated, true),
        (stated(Some("child_welfare"), &[]), true),
        (stated(Some("adult_social_work"), &["plan-7"]), true),
        (stated(None, &["plan-6", "plan-7"]), true),
        (stated(Some("adult_social_work"), &["plan-6"]), false),
        (stated(None, &[]), true),
    ] {
        let question = Question { origin, ..question("te", "social", at(5)) };
        assert_eq!(word(&index, &question).prohibited.contains(DataCategory::Housing), prohibited);
    }
}

#[test]
fn a_status_holds_until_it_is_removed() {
    let mut index = ConsentIndex::new();
    let standing = |index: &ConsentIndex| word(index, &question("te", "social", at(5))).standing;
    assert!(index.capacity(youth()).is_none());
    index.put_status(youth(), status(1), LegalStatus::AddressProtected, 1);
    index.put_status(youth(), status(2), LegalStatus::AddressProtected, 2);
    index.put_status(youth(), status(3), LegalStatus::MultiSectorSupport, 3);
    assert!(standing(&index).address_protected && standing(&index).multi_sector_support);
    index.remove_status(youth(), status(1), 4);
    assert!(standing(&index).address_protected, "the other order still holds");
    index.remove_status(youth(), status(2), 5);
    index.remove_status(youth(), status(3), 6);
    assert!(!standing(&index).address_protected && !standing(&index).multi_sector_support);
    assert_eq!(index.revision(), 6);
}

#[test]
fn the_last_assessment_of_capacity_counts() {
    let mut index = ConsentIndex::new();
    index.put_status(youth(), status(1), LegalStatus::Capacity(Capacity::NotCapable), 1);
    index.put_status(youth(), status(2), LegalStatus::Capacity(Capacity::Capable), 2);
    assert_eq!(index.capacity(youth()), Some((named(2), Capacity::Capable)));
    index.put_status(youth(), status(1), LegalStatus::Capacity(Capacity::CapableHidden), 3);
    assert_eq!(index.capacity(youth()), Some((named(1), Capacity::CapableHidden)));
    index.remove_status(youth(), status(1), 4);
    index.remove_status(youth(), status(2), 5);
    assert!(index.capacity(youth()).is_none());
}

#[test]
fn the_parties_of_a_person_s_grants_are_named_once() {
    let mut index = ConsentIndex::new();
    index.put_grant(&grant(1, 1, period(0, 10)), 1);
    let unit = Grant { disclosers: vec!["te/joensuu".parse().unwrap()], ..grant(2, 1, period(20, 30)) };
    index.put_grant(&unit, 2);
    let agencies: Vec<AgencyId> = vec!["social".parse().unwrap(), "te".parse().unwrap()];
    assert_eq!(index.parties_of(youth()), agencies);
    assert!(index.parties_of(YouthId::from_uuid(Uuid::from_u128(2))).is_empty());
}

#[test]
fn a_grant_takes_a_cache_line() {
    assert_eq!(size_of::<Entry>(), 64);
    let mut index = ConsentIndex::new();
    let empty = index.memory_bytes();
    index.put_grant(&grant(1, 1, period(0, 10)), 1);
    assert!(index.memory_bytes() >= empty + 64);
}

#[test]
fn nothing_personal_is_printed() {
    assert_eq!(format!("{:?}", GrantBatch::default()), "GrantBatch(redacted)");
    let grant = grant(1, 1, period(0, 30));
    assert_eq!(format!("{grant:?}"), "Grant(redacted)");
    assert_eq!(format!("{:?}", prohibition("te", DataCategory::Housing)), "Prohibition(redacted)");
    let mut index = ConsentIndex::new();
    index.put_grant(&grant, 3);
    assert_eq!(format!("{index:?}"), "ConsentIndex(revision 3)");
}

#[test]
fn a_person_whose_age_is_not_known_any_more_is_known() {
    let mut index = ConsentIndex::new();
    index.put_person_of_unknown_age(youth());
    assert!(index.knows(youth()));
    index.put_person(youth(), jiff::civil::date(2008, 3, 3));
    index.put_person_of_unknown_age(youth());
    let snapshot = index.snapshot(youth());
    assert_eq!(snapshot.1.unwrap().born, None);
}

fn other() -> YouthId {
    YouthId::from_uuid(Uuid::from_u128(2))
}

#[test]
fn what_holds_of_a_person_holds_under_all_their_ids_and_a_grant_under_its_own() {
    for (own, else_where) in [(youth(), other()), (other(), youth())] {
        let mut index = ConsentIndex::new();
        index.put_grant(&Grant { youth: own, ..grant(1, 1, period(0, 30)) }, 1);
        let prohibition = Prohibition { youth: else_where, ..prohibition("te", DataCategory::Housing) };
        index.put_prohibition(prohibition, 2);
        index.put_status(else_where, status(1), LegalStatus::AddressProtected, 3);
        index.put_status(else_where, status(2), LegalStatus::MultiSectorSupport, 4);
        index.put_status(else_where, status(3), LegalStatus::Capacity(Capacity::NotCapable), 5);
        let asked = |youth| Question { youth, ..question("te", "social", at(5)) };
        let apart = |index: &ConsentIndex| {
            let word = word(index, &asked(own));
            let standing = word.standing;
            assert!(word.prohibited.is_empty() && !standing.address_protected);
            assert!(!standing.multi_sector_support && standing.capacity == Capacity::NotAssessed);
            assert_eq!((index.ids_of(own), index.capacity(own)), (vec![own], None));
        };
        apart(&index);
        index.put_ids(&[youth(), other()]);
        let joined = |index: &ConsentIndex| {
            let word = word(index, &asked(own));
            let standing = word.standing;
            assert!(word.prohibited.contains(DataCategory::Housing) && standing.address_protected);
            assert!(standing.multi_sector_support && standing.capacity == Capacity::NotCapable);
            let record = LegalStatusName { youth: else_where, status: status(3) };
            assert_eq!(index.capacity(own), Some((record, Capacity::NotCapable)));
            assert_eq!((index.ids_of(own), index.present(own)), (vec![youth(), other()], youth()));
        };
        joined(&index);
        assert!(word(&index, &asked(else_where)).consents.own.is_empty(), "a grant went over to another id");
        // A change that did not come to be leaves the ids as they are.
        let snapshot = index.snapshot(own);
        index.put_status(own, status(9), LegalStatus::AddressProtected, 6);
        index.restore(snapshot);
        joined(&index);
        let before = index.snapshot(own);
        [youth(), other()].iter().for_each(|id| index.put_ids(&[*id]));
        apart(&index);
        index.restore(before);
        apart(&index);
    }
}

#[test]
fn of_assessments_under_several_ids_the_one_that_leaves_the_least_counts() {
    use Capacity::{Capable, CapableHidden, NotAssessed, NotCapable};
    for (one, two, to_all, to_guardians) in [
        (Capable, NotCapable, NotCapable, NotCapable),
        (Capable, CapableHidden, CapableHidden, CapableHidden),
        (CapableHidden, NotCapable, NotCapable, CapableHidden),
        (NotAssessed, Capable, Capable, Capable),
    ] {
        for (own, others) in [(one, two), (two, one)] {
            let mut index = ConsentIndex::new();
            index.put_status(youth(), status(1), LegalStatus::Capacity(own), 1);
            index.put_status(other(), status(2), LegalStatus::Capacity(others), 2);
            index.put_ids(&[youth(), other()]);
            for (actor, counts) in [(ActorRole::System, to_all), (ActorRole::Guardian, to_guardians)] {
                let asked = Question { actor, ..question("te", "social", at(5)) };
                assert_eq!(word(&index, &asked).standing.capacity, counts, "{own:?} {others:?}");
            }
            assert_eq!(index.capacity(youth()).unwrap().1, to_all);
        }
    }
}

#[test]
fn an_id_alone_makes_nobody_known() {
    let mut index = ConsentIndex::new();
    index.put_ids(&[youth()]);
    assert!(!index.knows(youth()));
}
