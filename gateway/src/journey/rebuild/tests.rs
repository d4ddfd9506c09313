//! Is the index what is stored, and does a record that does not open stop the start?

use jiff::{Timestamp, ToSpan};
use polku_policy::{Agency, Directory, Engine, Rules, Sector, Standing};
use polku_proto::identity::Hetu;
use polku_proto::v1::{
    Consent, ConsentEvent, ConsentEvidence, ConsentState, ConsentTerms, consent_evidence, consent_terms,
};
use prost::Message;
use tempfile::TempDir;

use super::*;
use crate::audit::{AuditLog, Event, Leaf};
use crate::clock::{ForwardClock, ManualClock};
use crate::config::{Delays, DeliverySettings, JourneySettings, PlanSettings, RetentionSettings, Units};
use crate::directory::{Routing, ServiceDirectory};
use crate::gateway::Parts;
use crate::person::identity_place;
use crate::seal::{Keys, Place};
use crate::store::sqlite::SqliteStore;
use crate::store::{Change, InstrumentWrite};

/// More people than a page has rows would take long; the pages are small enough to be many in the benchmark.
const PEOPLE: u32 = 40;

fn noon() -> Timestamp {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

fn id(kind: u128, number: u32) -> Uuid {
    Uuid::from_u128(kind << 64 | u128::from(number))
}

fn consent() -> Consent {
    let wire = |seconds| Some(prost_types::Timestamp { seconds: noon().as_second() + seconds, nanos: 0 });
    Consent {
        terms: Some(ConsentTerms {
            kind: consent_terms::ConsentKind::Consent as i32,
            disclosers: vec!["te".to_owned()],
            recipients: vec!["kela/kuntoutus".to_owned()],
            purposes: vec![1],
            categories: vec![2, 6],
            valid_from: wire(0),
            valid_until: wire(3600),
            ..ConsentTerms::default()
        }),
        evidence: Some(ConsentEvidence {
            given_by: consent_evidence::GivenBy::Guardian as i32,
            ..ConsentEvidence::default()
        }),
        recorder: "te".to_owned(),
        events: [(ConsentState::Requested, 5), (ConsentState::Given, 7), (ConsentState::Unspecified, 9)]
            .map(|(state, seconds)| ConsentEvent {
                state: state as i32,
                time: wire(seconds),
                ..ConsentEvent::default()
            })
            .into(),
        ..Consent::default()
    }
}

fn parts(folder: &TempDir) -> Parts {
    let agency = Agency::new("te".parse().unwrap(), Sector::Employment, Standing::Authority);
    let directory = Directory::new(vec![agency], Vec::new()).unwrap();
    let keys = folder.path().join("keys");
    let keys = Keys::load(&keys).or_else(|_| Keys::generate_into(&keys)).unwrap();
    let clock = Arc::new(ManualClock::new(noon()));
    Parts {
        clock: ForwardClock::after(clock, None).unwrap(),
        store: Arc::new(SqliteStore::open(&folder.path().join("polku.db")).unwrap()),
        audit: AuditLog::open(&folder.path().join("audit.log")).unwrap().0,
        keys,
        engine: Arc::new(Engine::new(Rules::shipped().unwrap(), directory.clone()).unwrap()),
        directory,
        service_directory: ServiceDirectory::default(),
        routing: Routing::default(),
        controllers: std::collections::BTreeMap::new(),
        units: Units::default(),
        adapters: Vec::new(),
        quota: crate::config::QuotaSettings::default(),
        delivery: DeliverySettings::default(),
        plan: PlanSettings::default(),
        journey: JourneySettings::default(),
        delays: Delays::default(),
        retention: RetentionSettings::default(),
    }
}

/// Stores people with a consent each, sealed to a place; the last one of them as `last` says.
async fn store(parts: &Parts, last: impl Fn(&mut InstrumentRow)) {
    for number in 1..=PEOPLE {
        let youth = YouthId::from_uuid(id(1, number));
        let (key, wrapped) = parts.keys.new_person_key(youth).unwrap();
        let code: Hetu = format!("010106A9{:02}{}", number % 100, check(number)).parse().unwrap();
        let mut row = InstrumentRow {
            id: id(2, number),
            youth,
            kind: InstrumentKind::Consent,
            version: 1,
            in_force: true,
            revision: u64::from(number) - 1,
            sealed: Vec::new(),
        };
        let place = Place { table: "instrument", row: row.id, column: "sealed", version: 1 };
        row.sealed = key.seal(place, &consent().encode_to_vec()).unwrap();
        if number == PEOPLE {
            last(&mut row);
        }
        let leaf = Leaf { event: Event::ConsentChange, ..crate::trail::closing(0, noon()) };
        let receipt = parts.audit.append(Leaf { refers_to: None, ..leaf }).await.unwrap();
        let mut change = Change::announced_by(receipt.sequence);
        change.youth = Some(YouthRow {
            id: youth,
            identity: parts.keys.identity_index(&code),
            key: wrapped,
            sealed_identity: key.seal(identity_place(youth), code.expose().as_bytes()).unwrap(),
            created: noon(),
        });
        change.instruments.push(InstrumentWrite { row, expected: None, parties: Vec::new() });
        parts.store.commit(change).await.unwrap();
    }
}

/// The check character of `010106A9NN_`.
fn check(number: u32) -> char {
    let value = 10_106_900 + number % 100;
    char::from(b"0123456789ABCDEFHJKLMNPRSTUVWXY"[usize::try_from(value % 31).unwrap()])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_is_what_is_stored() {
    let folder = TempDir::new().unwrap();
    let parts = parts(&folder);
    store(&parts, |last| last.in_force = false).await;
    let gateway = Gateway::open(parts).await.unwrap();
    assert_eq!(gateway.index().len(), 39);
    assert_eq!(gateway.index().revision(), 39);
    let named = gateway.index().parties_of(YouthId::from_uuid(id(1, 7)));
    assert_eq!(named.iter().map(|agency| agency.as_str()).collect::<Vec<_>>(), ["kela", "te"]);
    gateway.rebuild_index().await.unwrap();
    assert_eq!(gateway.index().len(), 39);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_does_not_open_stops_the_start() {
    for damage in [
        (|row: &mut InstrumentRow| row.sealed[20] ^= 1) as fn(&mut InstrumentRow),
        |row| row.version = 2,
        |row| row.sealed.clear(),
    ] {
        let folder = TempDir::new().unwrap();
        let parts = parts(&folder);
        store(&parts, damage).await;
        let error = Gateway::open(parts).await.map(drop).unwrap_err();
        assert!(matches!(error, Error::Seal(_)), "{error}");
    }
}

#[test]
fn the_index_needs_of_a_consent_what_a_whole_reading_gives() {
    let folder = TempDir::new().unwrap();
    let keys = Keys::generate_into(&folder.path().join("keys")).unwrap();
    let youth = YouthId::from_uuid(id(1, 1));
    let (key, _) = keys.new_person_key(youth).unwrap();
    let mut row = crate::record::new_instrument(id(2, 1), youth, InstrumentKind::Consent);
    let place = Place { table: "instrument", row: row.id, column: "sealed", version: 1 };
    row.sealed = key.seal(place, &consent().encode_to_vec()).unwrap();
    let of_index = open_grant(&key, &mut row.clone()).unwrap();
    let whole = crate::record::ConsentRecord::open(&key, row).unwrap();
    let of_whole = crate::record::grant::grant(&whole.row, &whole.message).unwrap();
    assert!(of_index == of_whole);
    assert_eq!(of_index.given, noon() + 7_i64.seconds());
}
