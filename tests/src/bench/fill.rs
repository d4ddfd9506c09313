//! How do a million consents get into a store? As the gateway puts them there: each change has a leaf, everything is
//! sealed, and those of one person lie far from each other, as they would after years.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use polku_gateway::audit::{self, AuditLog, Event, Leaf, Verdict};
use polku_gateway::config::Config;
use polku_gateway::seal::{Keys, PersonKey, Place};
use polku_gateway::store::postgres::PostgresStore;
use polku_gateway::store::{
    Change, InstrumentKind, InstrumentRow, InstrumentWrite, NewEvent, ReferralRow, ReferralWrite, Store,
    YouthRow,
};
use polku_gateway::{serve, store};
use polku_proto::identity::Hetu;
use polku_proto::v1::referral_event::Kind;
use polku_proto::v1::{DeliveryState, Referral, ReferralState};
use polku_proto::{ReferralId, YouthId};
use polku_tests::world::{KELA, OHJAAMO};
use prost::Message as _;
use tokio::task::JoinSet;

use super::asks::content;
use super::people::{GRANTS_EACH, consent, consent_id, given, identity_code, referral_id, wire, youth_id};

/// Of what is filled in. Another number where that becomes another: stores that were kept before are not taken.
pub(crate) const CONTENT: u32 = 1;

/// How many changes wait for the disk at the same time.
const WAITING: usize = 512;
/// How many rows one change brings after the people.
const AT_ONCE: usize = 500;
/// For so many grants there is one referral that waits for its recipient's answer.
pub(crate) const GRANTS_A_REFERRAL: u64 = 10;

/// A store that nobody else has open.
#[derive(Clone)]
struct Fill {
    store: Arc<dyn Store>,
    audit: Arc<AuditLog>,
}

/// Fills the store of this configuration with people who have so many grants together, and with open referrals.
pub(crate) async fn fill(config: &Config, grants: u64) -> Result<()> {
    let (people, keys) = (grants / GRANTS_EACH, Keys::load(&config.keys)?);
    std::fs::create_dir_all(&config.store)?;
    let fill = Fill::open(config).await?;
    let mut commits = JoinSet::new();
    let mut keys_of = Vec::new();
    for person in 0..people {
        let (youth, key) = young_person(person, &keys)?;
        let mut change = Change::announced_by(0);
        change.instruments = vec![instrument(person, 0, &key)?];
        change.youth = Some(youth);
        fill.commit(&mut commits, change).await?;
        keys_of.push(key);
    }
    // Everything else needs its person, and changes are not stored in the order in which they are begun.
    finish(&mut commits).await?;
    let key = |person: u64| -> Result<&PersonKey> {
        keys_of.get(usize::try_from(person)?).context("no such person")
    };
    for number in 1..GRANTS_EACH {
        let mut change = Change::announced_by(0);
        for place in 0..people {
            let person = (place * 7919 + number) % people;
            change.instruments.push(instrument(person, number, key(person)?)?);
            if change.instruments.len() == AT_ONCE {
                fill.commit(&mut commits, std::mem::replace(&mut change, Change::announced_by(0))).await?;
            }
        }
        fill.commit(&mut commits, change).await?;
    }
    let mut change = Change::announced_by(0);
    for number in 0..grants / GRANTS_A_REFERRAL {
        let person = number * 7919 % people;
        refer(&mut change, number, person, key(person)?)?;
        if change.referrals.len() == AT_ONCE {
            fill.commit(&mut commits, std::mem::replace(&mut change, Change::announced_by(0))).await?;
        }
    }
    fill.commit(&mut commits, change).await?;
    finish(&mut commits).await
}

impl Fill {
    async fn open(config: &Config) -> Result<Fill> {
        let path = config.store.join(audit::FILE);
        let Some(settings) = &config.database else {
            let (store, audit) = (serve::store(config).await?, AuditLog::open(&path)?.0);
            return Ok(Fill { store, audit: Arc::new(audit) });
        };
        let store = PostgresStore::open(settings).await?;
        let audit = AuditLog::open_among(&path, Box::new(store.leaves())).await?.0;
        Ok(Fill { store: Arc::new(store), audit: Arc::new(audit) })
    }

    async fn commit(&self, commits: &mut JoinSet<Result<()>>, mut change: Change) -> Result<()> {
        if commits.len() >= WAITING {
            commits.join_next().await.context("nothing waits")???;
        }
        let fill = self.clone();
        commits.spawn(async move {
            change.leaf = fill.audit.append(leaf()?).await?.sequence;
            Ok(fill.store.commit(change).await?)
        });
        Ok(())
    }
}

async fn finish(commits: &mut JoinSet<Result<()>>) -> Result<()> {
    while let Some(done) = commits.join_next().await {
        done??;
    }
    Ok(())
}

fn leaf() -> Result<Leaf> {
    Ok(Leaf {
        time: given()?,
        event: Event::ConsentChange,
        organisation: OHJAAMO.to_owned(),
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

fn young_person(person: u64, keys: &Keys) -> Result<(YouthRow, PersonKey)> {
    let id = YouthId::from_uuid(youth_id(person));
    let (key, wrapped) = keys.new_person_key(id)?;
    let code: Hetu = identity_code(person)?.parse().ok().context("not an identity code")?;
    let place = Place { table: "youth", row: id.uuid(), column: "sealed_identity", version: 1 };
    let sealed_identity = key.seal(place, code.expose().as_bytes())?;
    let identity = keys.identity_index(&code);
    Ok((YouthRow { id, identity, key: wrapped, sealed_identity, created: given()? }, key))
}

fn instrument(person: u64, number: u64, key: &PersonKey) -> Result<InstrumentWrite> {
    let id = consent_id(person, number);
    let place = Place { table: "instrument", row: id, column: "sealed", version: 1 };
    let sealed = key.seal(place, &consent(person, number)?.encode_to_vec())?;
    let youth = YouthId::from_uuid(youth_id(person));
    let kind = InstrumentKind::Consent;
    let row = InstrumentRow { id, youth, kind, version: 1, in_force: true, revision: person, sealed };
    Ok(InstrumentWrite { row, expected: None, parties: Vec::new() })
}

/// A referral to an agency that reads it here, and has not answered yet.
fn refer(change: &mut Change, number: u64, person: u64, key: &PersonKey) -> Result<()> {
    let (id, youth) = (referral_id(number), YouthId::from_uuid(youth_id(person)));
    let (created, respond_by) = (given()?, "2099-01-01T00:00:00Z".parse()?);
    let message = Referral {
        name: format!("youths/{youth}/referrals/{id}"),
        etag: "v1".to_owned(),
        sender: OHJAAMO.to_owned(),
        recipient: KELA.to_owned(),
        purpose: polku_proto::v1::Purpose::Rehabilitation as i32,
        state: ReferralState::Requested as i32,
        delivery_state: DeliveryState::Delivered as i32,
        create_time: Some(wire(created)),
        update_time: Some(wire(created)),
        respond_by: Some(wire(respond_by)),
        content: Some(content()),
        ..Referral::default()
    };
    let place = Place { table: "referral", row: id, column: "sealed", version: 1 };
    let (sender, recipient) = (OHJAAMO.parse()?, KELA.parse()?);
    change.events.push(NewEvent {
        kind: Kind::Created as i32,
        referral: ReferralId::from_uuid(id),
        sender: OHJAAMO.parse()?,
        recipient: Some(KELA.parse()?),
        time: created,
    });
    let row = ReferralRow {
        id: ReferralId::from_uuid(id),
        youth,
        sender,
        recipient,
        state: ReferralState::Requested,
        version: 1,
        created,
        updated: created,
        respond_by,
        reached_recipient: true,
        // Content is kept for a month after that: this one's would be erased while something is measured.
        delivery_ended: None,
        holds_content: true,
        sealed: key.seal(place, &message.encode_to_vec())?,
    };
    change.referrals.push(ReferralWrite { row, expected: None });
    Ok(())
}

/// The files of an embedded store that make it up.
pub(crate) const FILES: [&str; 2] = [store::sqlite::FILE, audit::FILE];
