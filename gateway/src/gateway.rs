//! What does every use case have at hand?
//!
//! One [`Gateway`] holds the parts: clock, store, audit log, keys, policy engine, consent index and adapters. The use
//! cases are methods on it, each in its own file under `journey`; the sending of what they queue is under `outbox`.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;
use polku_adapters::{Adapter, Matter};
use polku_policy::{ConsentIndex, Directory, Engine};
use polku_proto::{AgencyId, CategorySet, Party, ReferralId, YouthId};
use uuid::Uuid;

use crate::audit::{AuditError, AuditLog, Leaf, Receipt, Subjects};
use crate::clock::{Clock as _, ForwardClock};
use crate::config::{
    Controller, Delays, JourneySettings, PlanSettings, QuotaSettings, RetentionSettings, Units,
};
use crate::directory::{Routing, ServiceDirectory};
use crate::error::Error;
use crate::front::Quotas;
use crate::journey::{Answers, NextLook, OpenErasures, PlansInHand, PutOff, UsedBefore};
use crate::machine::{Blocking, Machine, Random};
use crate::news::{self, News};
use crate::outbox::{DeliverySettings, Pace, Waiters};
use crate::person::PersonLocks;
use crate::seal::Keys;
use crate::several::{CommonTime, Learned};
use crate::store::{Among, Change, FollowUp, Store};
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
    /// The units of the agencies.
    pub(crate) units: Units,
    systems: BTreeMap<AgencyId, System>,
    /// What joint plans are kept with.
    pub(crate) plan: PlanSettings,
    /// When somebody is to be looked after.
    pub(crate) journey: JourneySettings,
    pub(crate) delivery: DeliverySettings,
    /// How much may be asked, and sent.
    pub(crate) quotas: Quotas,
    /// How fast each agency may be sent to.
    pub(crate) pace: Pace,
    pub(crate) locks: PersonLocks,
    pub(crate) waiters: Waiters,
    /// Told after every commit what there is news of: wakes watchers.
    pub(crate) news: Arc<News>,
    /// Details of audit leaves that need not be written down again.
    pub(crate) known: trail::Known,
    /// For how long it is not told what rests on a ground in law.
    pub(crate) delays: Delays,
    /// For how long what is kept.
    pub(crate) retention: RetentionSettings,
    /// When it is looked next for records that are past.
    pub(crate) next_look: NextLook,
    /// Of whom it is not certain that they are erased.
    pub(crate) open_erasures: OpenErasures,
    /// What could not be looked after.
    pub(crate) put_off: PutOff<(YouthId, FollowUp, AgencyId)>,
    /// Referrals that could not expire.
    pub(crate) not_expired: PutOff<ReferralId>,
    /// What agencies have answered lately.
    pub(crate) answers: Answers,
    /// What watchers are being sent.
    pub(crate) plans_in_hand: PlansInHand,
    pub(crate) used_before: UsedBefore,
    /// Told after every commit that queued a delivery: wakes the outbox.
    pub(crate) queued: tokio::sync::Notify,
    /// Whether every master key is here that any gateway uses.
    pub(crate) has_master_keys: AtomicBool,
    /// Held by whoever takes up other master keys.
    pub(crate) rotating: tokio::sync::Mutex<()>,
    /// Held by whoever has what is gone leave the database.
    pub(crate) scrubbing: tokio::sync::Mutex<()>,
    /// What this gateway has learned of what other gateways have changed.
    pub(crate) learned: Learned,
    /// By what several gateways count leases and pauses.
    pub(crate) common_time: CommonTime,
    index: RwLock<ConsentIndex>,
    random: Arc<dyn Random>,
    pub(crate) blocking: Blocking,
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
    pub engine: Arc<Engine>,
    /// Who is there.
    pub directory: Directory,
    /// Which services there are, and who is where on which day.
    pub service_directory: ServiceDirectory,
    /// To whom matters go, by profile and team.
    pub routing: Routing,
    /// Who answers for whose data.
    pub controllers: BTreeMap<AgencyId, Controller>,
    /// The units of the agencies.
    pub units: Units,
    /// The agencies with a system of their own.
    pub adapters: Vec<System>,
    /// How much may be asked, and sent.
    pub quota: QuotaSettings,
    /// How deliveries are tried.
    pub delivery: DeliverySettings,
    /// What joint plans are kept with.
    pub plan: PlanSettings,
    /// When somebody is to be looked after.
    pub journey: JourneySettings,
    /// For how long it is not told what rests on a ground in law.
    pub delays: Delays,
    /// For how long what is kept.
    pub retention: RetentionSettings,
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
        Self::open_on(parts, Machine::default()).await
    }

    /// The same on another machine. Its network is that of the adapters, which are made already.
    ///
    /// # Errors
    /// As [`Gateway::open`].
    pub async fn open_on(parts: Parts, machine: Machine) -> Result<Arc<Self>, Error> {
        let common_time = CommonTime::of(parts.store.as_ref()).await?;
        let begun = common_time.now().unwrap_or_else(|| parts.clock.now());
        let pace = Pace::new(&parts.delivery, begun);
        let gateway = Arc::new(Self {
            clock: parts.clock,
            store: parts.store,
            audit: parts.audit,
            keys: parts.keys,
            engine: RwLock::new(parts.engine),
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
            quotas: Quotas::new(parts.quota),
            pace,
            plan: parts.plan,
            journey: parts.journey,
            locks: PersonLocks::new(),
            waiters: Waiters::default(),
            news: Arc::new(News::default()),
            known: trail::Known::default(),
            delays: parts.delays,
            retention: parts.retention,
            next_look: NextLook::default(),
            open_erasures: OpenErasures::default(),
            put_off: PutOff::default(),
            not_expired: PutOff::default(),
            answers: Answers::default(),
            plans_in_hand: PlansInHand::default(),
            used_before: UsedBefore::default(),
            queued: tokio::sync::Notify::new(),
            has_master_keys: AtomicBool::new(true),
            rotating: tokio::sync::Mutex::default(),
            scrubbing: tokio::sync::Mutex::default(),
            learned: Learned::default(),
            common_time,
            index: RwLock::new(ConsentIndex::new()),
            random: machine.random,
            blocking: machine.blocking,
        });
        trail::begin(&gateway).await?;
        gateway.rebuild_index().await?;
        Ok(gateway)
    }

    /// Now, to the millisecond: what is stored and what is answered are the same instant. Never earlier than before.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    fn random_bytes<const N: usize>(&self) -> Result<[u8; N], Error> {
        let mut random = [0; N];
        let filled = self.random.fill(&mut random);
        filled.map_err(|_| Error::Inconsistent("the system gives no random numbers")).map(|()| random)
    }

    /// A new id that tells nothing, not even since when it has been there.
    pub(crate) fn new_opaque_id(&self) -> Result<Uuid, Error> {
        Ok(uuid::Builder::from_random_bytes(self.random_bytes()?).into_uuid())
    }

    /// The instant that pauses and leases are counted by: it goes on while the host's clock, set back, makes all else stand
    /// still. Among several gateways it is that of the store, for the leases are theirs too.
    pub(crate) fn timer(&self) -> Timestamp {
        self.on_timer(self.now())
    }

    /// What is so far from now, counted so.
    pub(crate) fn on_timer(&self, instant: Timestamp) -> Timestamp {
        let ahead = match self.common_time.now() {
            Some(common) => common.duration_since(self.now()),
            None => self.clock.stood_still(),
        };
        instant.saturating_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// A new id, ordered by time.
    pub(crate) fn new_id(&self, now: Timestamp) -> Result<Uuid, Error> {
        let random = self.random_bytes()?;
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// A fraction from 0 to 1, for spreading retries.
    pub(crate) fn jitter(&self) -> f64 {
        match self.random_bytes() {
            Ok(random) => f64::from(u32::from_be_bytes(random)) / f64::from(u32::MAX),
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
        let among = Among { fences: self.fences_of(&change), news: self.news_of(&change, &topics) };
        if let Err(error) = self.store.commit_among(change, among).await {
            let error = Error::from(error);
            self.close_unless_made(&[leaf], &error).await?;
            return Err(error);
        }
        self.news.ring(&topics);
        if has_deliveries {
            self.queued.notify_one();
        }
        Ok(())
    }

    /// Tells the log that these leaves have no state, if it is certain that nothing of what they announce was made. When the
    /// database itself has failed, whether it is there shows later.
    pub(crate) async fn close_unless_made(&self, leaves: &[u64], error: &Error) -> Result<(), Error> {
        if error.changed_nothing() {
            for leaf in leaves {
                self.append(trail::closing(*leaf, self.now())).await?;
            }
        }
        Ok(())
    }

    /// The index of the log by person, with everything in it that any gateway has appended by now.
    pub(crate) async fn subjects(&self) -> Result<Arc<Subjects>, Error> {
        if self.store.is_shared() {
            self.audit.copy_others().await?;
        }
        Ok(self.audit.subjects())
    }

    /// Reads the log by its index, with everything in it that any gateway has appended by now, where it may block.
    pub(crate) async fn in_log<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Subjects) -> Result<T, AuditError> + Send + 'static,
    ) -> Result<T, Error> {
        let subjects = self.subjects().await?;
        let found = self.blocking.read(move || read(&subjects)).await;
        Ok(found.ok_or(Error::Inconsistent("reading the audit log ended abnormally"))??)
    }

    /// Writes one leaf.
    pub(crate) async fn append(&self, leaf: Leaf) -> Result<Receipt, Error> {
        Ok(self.audit.append(leaf).await?)
    }

    /// The systems of all agencies that have one.
    pub(crate) fn systems(&self) -> impl Iterator<Item = &System> {
        self.systems.values()
    }

    /// The adapter of an agency, if it has a system of its own.
    pub(crate) fn adapter(&self, agency: &AgencyId) -> Option<&Arc<dyn Adapter>> {
        self.systems.get(agency).map(|system| &system.adapter)
    }

    /// The party that a request names in this field: an agency that is registered, or one of the units that are
    /// registered for it. What is recorded of another one would hold for nobody.
    ///
    /// # Errors
    /// `UNKNOWN_AGENCY` or `UNKNOWN_UNIT`, with the field.
    pub(crate) fn party(&self, text: &str, field: &'static str) -> Result<Party, Error> {
        let party: Option<Party> = text.parse().ok();
        let party = party.filter(|party| self.directory.agency(&party.agency).is_some());
        let party = party.ok_or(Error::Field {
            field,
            reason: "UNKNOWN_AGENCY",
            expected: "an agency that is registered with this gateway, as {agency} or {agency}/{unit}",
        })?;
        if !self.units.has(&party) {
            return Err(Error::Field {
                field,
                reason: "UNKNOWN_UNIT",
                expected: "a unit that is registered for the agency, or the agency alone",
            });
        }
        Ok(party)
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
