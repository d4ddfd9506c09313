//! What is in the store? Invented people, each with some consents, sealed as the gateway seals them.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use polku_gateway::audit::{AuditLog, Event, Leaf, Verdict};
use polku_gateway::seal::{Keys, PersonKey, Place};
use polku_gateway::store::sqlite::SqliteStore;
use polku_gateway::store::{Change, InstrumentKind, InstrumentRow, InstrumentWrite, Store, YouthRow};
use polku_policy::{Agency, Sector, Standing};
use polku_proto::YouthId;
use polku_proto::identity::Hetu;
use polku_proto::v1::{
    Consent, ConsentEvent, ConsentEvidence, ConsentState, ConsentTerms, consent_evidence, consent_terms,
};
use prost::Message;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::Failure;

/// How many consents a person has.
pub(crate) const GRANTS_EACH: u32 = 4;
/// How many changes wait for the disk at the same time.
const WAITING: usize = 512;
/// How many consents one change brings after the first ones.
const AT_ONCE: usize = 1_000;

const AGENCIES: [&str; 6] = ["te", "kela", "social", "ohjaamo", "paja", "school"];

/// What is filled, and how.
#[derive(Clone)]
pub(crate) struct Fill {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) audit: Arc<AuditLog>,
    pub(crate) keys: Arc<Keys>,
}

pub(crate) fn agencies() -> Result<Vec<Agency>, Failure> {
    let agency = |id: &&str| Ok(Agency::new(id.parse()?, Sector::Employment, Standing::Authority));
    AGENCIES.iter().map(agency).collect()
}

pub(crate) fn place(instrument: Uuid) -> Place<'static> {
    Place { table: "instrument", row: instrument, column: "sealed", version: 1 }
}

impl Fill {
    /// Everybody with a first consent, and then everybody's second one, and so on. Gives the size of a sealed consent.
    pub(crate) async fn all(self, people: u32) -> Result<usize, Failure> {
        let mut keys = Vec::new();
        let mut commits = JoinSet::new();
        let mut size = 0;
        for person in 0..people {
            let (youth, key) = self.youth(person)?;
            let first = instrument(person, 0, youth.id, &key)?;
            size = first.row.sealed.len();
            self.spawn(&mut commits, Some(youth), vec![first]).await?;
            keys.push(key);
        }
        // A consent needs its person, and changes are not stored in the order in which they are begun.
        while let Some(done) = commits.join_next().await {
            done??;
        }
        for number in 1..GRANTS_EACH {
            let mut writes = Vec::new();
            for place in 0..people {
                // Another order each time.
                let person =
                    u32::try_from((u64::from(place) * 7919 + u64::from(number)) % u64::from(people))?;
                let key = keys.get(usize::try_from(person)?).ok_or("no key")?;
                writes.push(instrument(person, number, youth_id(person), key)?);
                if writes.len() == AT_ONCE {
                    self.spawn(&mut commits, None, std::mem::take(&mut writes)).await?;
                }
            }
            self.spawn(&mut commits, None, writes).await?;
        }
        while let Some(done) = commits.join_next().await {
            done??;
        }
        Ok(size)
    }

    fn youth(&self, person: u32) -> Result<(YouthRow, PersonKey), Failure> {
        let id = youth_id(person);
        let (key, wrapped) = self.keys.new_person_key(id)?;
        let code: Hetu = identity_code(person)?.parse()?;
        let place = Place { table: "youth", row: id.uuid(), column: "sealed_identity", version: 1 };
        let sealed_identity = key.seal(place, code.expose().as_bytes())?;
        let identity = self.keys.identity_index(&code);
        Ok((YouthRow { id, identity, key: wrapped, sealed_identity, created: noon()? }, key))
    }

    async fn spawn(
        &self,
        commits: &mut JoinSet<Result<(), Failure>>,
        youth: Option<YouthRow>,
        instruments: Vec<InstrumentWrite>,
    ) -> Result<(), Failure> {
        if commits.len() >= WAITING {
            commits.join_next().await.ok_or("nothing waits")???;
        }
        let fill = self.clone();
        commits.spawn(async move {
            let receipt = fill.audit.append(leaf()?).await?;
            let mut change = Change::announced_by(receipt.sequence);
            change.youth = youth;
            change.instruments = instruments;
            Ok(fill.store.commit(change).await?)
        });
        Ok(())
    }
}

fn leaf() -> Result<Leaf, Failure> {
    Ok(Leaf {
        time: noon()?,
        event: Event::ConsentChange,
        organisation: "te".to_owned(),
        actor: [1; 32],
        subject: [2; 32],
        purpose: 0,
        categories: 0,
        withheld: 0,
        verdict: Verdict::None,
        policy: [0; 32],
        refers_to: None,
        commitment: [3; 32],
        key_epoch: 1,
    })
}

fn instrument(person: u32, number: u32, youth: YouthId, key: &PersonKey) -> Result<InstrumentWrite, Failure> {
    let id = uuid(2, u64::from(number) << 32 | u64::from(person))?;
    let message = consent(person, number, youth, id)?;
    let sealed = key.seal(place(id), &message.encode_to_vec())?;
    let kind = InstrumentKind::Consent;
    let row =
        InstrumentRow { id, youth, kind, version: 1, in_force: true, revision: u64::from(person), sealed };
    Ok(InstrumentWrite { row, expected: None, parties: Vec::new() })
}

fn consent(person: u32, number: u32, youth: YouthId, id: Uuid) -> Result<Consent, Failure> {
    let agency = |place: u32| -> Result<String, Failure> {
        let place = usize::try_from(place)? % AGENCIES.len();
        Ok((*AGENCIES.get(place).ok_or("no such agency")?).to_owned())
    };
    let wire = |days: i64| -> Result<_, Failure> {
        let seconds = noon()?.as_second() + days * 24 * 3600;
        Ok(Some(prost_types::Timestamp { seconds, nanos: 0 }))
    };
    let mixed = person.wrapping_mul(2_654_435_761).rotate_left(number * 7);
    let unit = if mixed.is_multiple_of(10) { format!("/unit-{}", mixed % 30) } else { String::new() };
    let first = i32::try_from(2 + mixed % 7)?;
    Ok(Consent {
        name: format!("youths/{youth}/consents/{id}"),
        etag: "v1".to_owned(),
        state: ConsentState::Given as i32,
        terms: Some(ConsentTerms {
            kind: consent_terms::ConsentKind::Consent as i32,
            disclosers: vec![agency(mixed)?, agency(mixed + 1)? + &unit],
            recipients: vec![agency(mixed + 2)?, agency(mixed + 3)?],
            purposes: vec![1, i32::try_from(2 + mixed % 5)?],
            categories: (first..first + 6).collect(),
            valid_from: wire(-i64::from(mixed % 300))?,
            valid_until: wire(i64::from(1 + mixed % 400))?,
            legal_basis: 1,
            ..ConsentTerms::default()
        }),
        evidence: Some(ConsentEvidence {
            given_by: consent_evidence::GivenBy::Self_ as i32,
            form: 1,
            notice_version: "2026-1".to_owned(),
            notice_language: "fi".to_owned(),
            notice_sha256: vec![7; 32],
            reference: "archive 12/2026".to_owned(),
            ..ConsentEvidence::default()
        }),
        recorder: agency(mixed)?,
        recorder_unit: "unit-1".to_owned(),
        events: vec![ConsentEvent {
            state: ConsentState::Given as i32,
            time: wire(-1)?,
            agency: agency(mixed)?,
            reason: String::new(),
            by: 0,
            ..ConsentEvent::default()
        }],
        ..Consent::default()
    })
}

fn noon() -> Result<Timestamp, Failure> {
    Ok("2026-03-02T10:00:00Z".parse()?)
}

fn youth_id(person: u32) -> YouthId {
    YouthId::from_uuid(uuid(1, u64::from(person)).unwrap_or_default())
}

/// Ordered by time, as the gateway makes them.
fn uuid(kind: u64, number: u64) -> Result<Uuid, Failure> {
    let mut random = [0; 10];
    let mixed = (number.wrapping_add(kind << 56)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for (place, byte) in random.iter_mut().zip(mixed.to_be_bytes().into_iter().cycle()) {
        *place = byte;
    }
    let millis = 1_700_000_000_000 + (number & 0xffff_ffff) * 3 + (number >> 32) * 4_000_000;
    Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

/// A hundred synthetic people were born on each day.
fn identity_code(person: u32) -> Result<String, Failure> {
    let days = SignedDuration::from_hours(24 * i64::from(person / 100));
    let born = Date::new(2000, 1, 1)?.checked_add(days)?;
    let (year, month, day) = (born.year() % 100, born.month(), born.day());
    let individual = 900 + person % 100;
    let digits = format!("{day:02}{month:02}{year:02}{individual}");
    let value: usize = digits.parse()?;
    let check = *b"0123456789ABCDEFHJKLMNPRSTUVWXY".get(value % 31).ok_or("no check character")?;
    Ok(format!("{day:02}{month:02}{year:02}A{individual}{}", char::from(check)))
}
