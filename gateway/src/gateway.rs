//! What does every use case have at hand?
//!
//! One [`Gateway`] holds the parts: clock, store, audit log, keys, policy engine, consent index and adapters. The use
//! cases are methods on it, each in its own file under `journey`; the sending of what they queue is under `outbox`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;
use polku_adapters::{Adapter, Matter};
use polku_policy::{ConsentIndex, Directory, Engine};
use polku_proto::{AgencyId, CategorySet, Party};
use ring::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

use crate::audit::{AuditLog, Leaf, Receipt};
use crate::clock::{Clock as _, ForwardClock};
use crate::config::{Controller, Delays, JourneySettings, PlanSettings};
use crate::directory::{Routing, ServiceDirectory};
use crate::error::Error;
use crate::journey::{PlansInHand, PutOff};
use crate::news::{self, News};
use crate::outbox::{DeliverySettings, Waiters};
use crate::person::PersonLocks;
use crate::seal::Keys;
use crate::store::{Change, Store, StoreError};
use crate::trail;

/// The gateway without its sockets.
#[derive(Debug)]
pub struct Gateway {
    clock: ForwardClock,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) audit: AuditLog,
    pub(crate) keys: Keys,
    engine: RwLock<Arc<Engine>>,
    pub(crate) directory: Directory,
    service_directory: RwLock<Arc<ServiceDirectory>>,
    /// To whom matters go.
    pub(crate) routing: Routing,
    /// Who answers for whose data.
    pub(crate) controllers: BTreeMap<AgencyId, Controller>,
    /// The units that are registered for calls.
    units: BTreeMap<AgencyId, BTreeSet<String>>,
    systems: BTreeMap<AgencyId, System>,
    /// What joint plans are kept with.
    pub(crate) plan: PlanSettings,
    /// When somebody is to be looked after.
    pub(crate) journey: JourneySettings,
    pub(crate) delivery: DeliverySettings,
    pub(crate) locks: PersonLocks,
    pub(crate) waiters: Waiters,
    /// Told after every commit what there is news of: wakes watchers.
    pub(crate) news: Arc<News>,
    /// Details of audit leaves that need not be written down again.
    pub(crate) known: trail::Known,
    /// For how long it is not told what rests on a ground in law.
    pub(crate) delays: Delays,
    /// What could not be looked after.
    pub(crate) put_off: PutOff,
    /// What watchers are being sent.
    pub(crate) plans_in_hand: PlansInHand,
    /// Told after every commit that queued a delivery: wakes the outbox.
    pub(crate) queued: tokio::sync::Notify,
    /// Held by whoever changes which ids are one person's, one at a time.
    pub(crate) tying: tokio::sync::Mutex<()>,
    index: RwLock<ConsentIndex>,
    random: SystemRandom,
}

/// The parts that a gateway is made of.
#[derive(Debug)]
pub struct Parts {
    /// Host clock, or another one in tests; it never goes back.
    pub clock: ForwardClock,
    /// Where state is kept.
    pub store: Arc<dyn Store>,
    /// Where every decision is written before it takes effect.
    pub audit: AuditLog,
    /// Keys for sealing, searching and pseudonyms.
    pub keys: Keys,
    /// Rules.
    pub engine: Engine,
    /// Who is there.
    pub directory: Directory,
    /// Which services there are, and who is where on which day.
    pub service_directory: ServiceDirectory,
    /// To whom matters go, by profile and team.
    pub routing: Routing,
    /// Who answers for whose data.
    pub controllers: BTreeMap<AgencyId, Controller>,
    /// The units from which professionals of an agency call.
    pub units: BTreeMap<AgencyId, BTreeSet<String>>,
    /// The agencies with a system of their own.
    pub adapters: Vec<System>,
    /// How deliveries are tried.
    pub delivery: DeliverySettings,
    /// What joint plans are kept with.
    pub plan: PlanSettings,
    /// When somebody is to be looked after.
    pub journey: JourneySettings,
    /// For how long it is not told what rests on a ground in law.
    pub delays: Delays,
}

/// The system of an agency that has one of its own.
#[derive(Debug, Clone)]
pub struct System {
    /// How it is spoken to.
    pub adapter: Arc<dyn Adapter>,
    /// What can be sent to it.
    pub delivers: &'static [Matter],
    /// What it can be asked for.
    pub fetches: CategorySet,
}

impl Gateway {
    /// Puts the parts together: closes what a crash left open in the audit log, and rebuilds the consent index.
    ///
    /// # Errors
    /// Fails when store or audit log cannot be read or written.
    pub async fn open(parts: Parts) -> Result<Arc<Self>, Error> {
        let gateway = Arc::new(Self {
            clock: parts.clock,
            store: parts.store,
            audit: parts.audit,
            keys: parts.keys,
            engine: RwLock::new(Arc::new(parts.engine)),
            directory: parts.directory,
            service_directory: RwLock::new(Arc::new(parts.service_directory)),
            routing: parts.routing,
            controllers: parts.controllers,
            units: parts.units,
            systems: parts
                .adapters
                .into_iter()
                .map(|system| (system.adapter.agency().clone(), system))
                .collect(),
            delivery: parts.delivery,
            plan: parts.plan,
            journey: parts.journey,
            locks: PersonLocks::new(),
            waiters: Waiters::default(),
            news: Arc::new(News::default()),
            known: trail::Known::default(),
            delays: parts.delays,
            put_off: PutOff::default(),
            plans_in_hand: PlansInHand::default(),
            queued: tokio::sync::Notify::new(),
            tying: tokio::sync::Mutex::default(),
            index: RwLock::new(ConsentIndex::new()),
            random: SystemRandom::new(),
        });
        trail::close_unfinished(&gateway).await?;
        gateway.rebuild_index().await?;
        Ok(gateway)
    }

    /// Now, to the millisecond: what is stored and what is answered are the same instant. Never earlier than before.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// A new id, ordered by time.
    pub(crate) fn new_id(&self, now: Timestamp) -> Result<Uuid, Error> {
        let mut random = [0_u8; 10];
        self.random
            .fill(&mut random)
            .map_err(|_| Error::Inconsistent("the system gives no random numbers"))?;
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// A fraction from 0 to 1, for spreading retries.
    pub(crate) fn jitter(&self) -> f64 {
        let mut random = [0_u8; 4];
        match self.random.fill(&mut random) {
            Ok(()) => f64::from(u32::from_be_bytes(random)) / f64::from(u32::MAX),
            Err(_) => 1.0,
        }
    }

    /// The policy engine in use.
    pub(crate) fn engine(&self) -> Arc<Engine> {
        Arc::clone(&self.engine.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Decides by another engine from now on.
    pub(crate) fn set_engine(&self, engine: Engine) {
        *self.engine.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(engine);
    }

    /// The services and places of service as they are now.
    pub(crate) fn service_directory(&self) -> Arc<ServiceDirectory> {
        Arc::clone(&self.service_directory.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Answers from another directory from now on.
    pub(crate) fn set_service_directory(&self, directory: ServiceDirectory) {
        *self.service_directory.write().unwrap_or_else(std::sync::PoisonError::into_inner) =
            Arc::new(directory);
    }

    /// The consents as they are now.
    pub(crate) fn index(&self) -> RwLockReadGuard<'_, ConsentIndex> {
        // A panic while the lock was held cannot leave the index half written: each change is one call.
        self.index.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The consents, to be changed.
    pub(crate) fn index_mut(&self) -> RwLockWriteGuard<'_, ConsentIndex> {
        self.index.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Makes a change durable whose leaf is durable already. When it is refused, the log is told that the leaf has no
    /// state: an intent never stands alone.
    pub(crate) async fn commit(&self, mut change: Change) -> Result<(), Error> {
        let leaf = change.leaf;
        change.notices = self.notices_of(&change).await?;
        let topics = news::topics(&change);
        let has_deliveries = !change.enqueue.is_empty() || !change.deliveries.is_empty();
        if let Err(error) = self.store.commit(change).await {
            // When the database itself has failed, whether the change is there shows at the next start.
            if !matches!(error, StoreError::Failed(_) | StoreError::Unknown(_)) {
                self.audit.append(trail::closing(leaf, self.now())).await?;
            }
            return Err(error.into());
        }
        self.news.ring(&topics);
        if has_deliveries {
            self.queued.notify_one();
        }
        Ok(())
    }

    /// Writes one leaf.
    pub(crate) async fn append(&self, leaf: Leaf) -> Result<Receipt, Error> {
        Ok(self.audit.append(leaf).await?)
    }

    /// The adapter of an agency, if it has a system of its own.
    pub(crate) fn adapter(&self, agency: &AgencyId) -> Option<&Arc<dyn Adapter>> {
        self.systems.get(agency).map(|system| &system.adapter)
    }

    /// Whether somebody of the party can be here: any agency that is registered, and of units those that are registered
    /// for it.
    pub(crate) fn is_registered(&self, party: &Party) -> bool {
        let units = self.units.get(&party.agency);
        let has_unit = |unit: &str| units.is_some_and(|units| units.contains(unit));
        self.directory.agency(&party.agency).is_some()
            && party.unit.as_ref().is_none_or(|unit| has_unit(unit.as_str()))
    }

    /// The agencies that can be asked what they hold on a person, by id.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&AgencyId, &System)> {
        self.systems.iter().filter(|(_, system)| !system.fetches.is_empty())
    }

    /// Whether the agency has a system that such messages can be sent to.
    pub(crate) fn can_be_sent(&self, agency: &AgencyId, matter: Matter) -> bool {
        self.systems.get(agency).is_some_and(|system| system.delivers.contains(&matter))
    }
}
