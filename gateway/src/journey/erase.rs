//! When is a person erased, what stays, and who is to be told?
//!
//! A controller decides it (GDPR article 17), and its operator carries it out at the gateway's own machine: it takes
//! what other controllers have written as well. What the law still asks of somebody goes before: then nothing is erased,
//! and it is said what is in the way. With the person's keys everything goes that they seal; of the audit log the leaves
//! stay, which name nobody, and its proofs hold.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use polku_policy::{ConsentIndex, LegalStatus};
use polku_proto::v1::DeliveryState;
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::task::Matter;
use polku_proto::{AgencyId, YouthId};

use super::plan::TaskRecord;
use super::sweep::go_on;
use crate::audit::Event;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::record::StatusRecord;
use crate::store::{DeliveryItem, Erased, InstrumentKind, PersonErasure};
use crate::trail::Entry;

/// What is in the way of an erasure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hold {
    /// Something is being sent, or it is not known whether it has arrived.
    UnderWay(AgencyId),
    /// A register has to hold a disclosure, and does not yet (law 703/2023).
    Notice(AgencyId),
    /// A second person has to look at what was disclosed where a law is stronger than a prohibition.
    SecondLook(AgencyId),
    /// The address is protected (law 661/2009 section 36): without it here, it could be told by whoever begins anew.
    AddressProtected,
    /// The statutory joint service goes on (law 381/2023).
    MultiSectorSupport,
}

impl Hold {
    /// What a task holds that is still to be done.
    pub(super) fn of_task(task: &TaskRecord) -> Option<Hold> {
        let Some(Matter::FollowUp(matter)) = &task.message.matter else { return None };
        match matter.kind() {
            Kind::NoticeNotDelivered => Some(Hold::Notice(task.row.agency.clone())),
            Kind::SecondLook => Some(Hold::SecondLook(task.row.agency.clone())),
            Kind::Unspecified
            | Kind::NotMet
            | Kind::ReferralUnanswered
            | Kind::Retention
            | Kind::ConsentRenewal
            | Kind::AddressProtected
            | Kind::AdultReplaced
            | Kind::TwoPlans
            // Held by its delivery already.
            | Kind::DeliveryInDoubt
            | Kind::NewsNotDelivered => None,
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hold::UnderWay(agency) => {
                write!(
                    formatter,
                    "a delivery to {agency} is under way or in doubt: it has to come to its end"
                )
            }
            Hold::Notice(agency) => {
                write!(formatter, "the register of {agency} has not been told of a disclosure (law 703/2023)")
            }
            Hold::SecondLook(agency) => {
                write!(formatter, "a second person at {agency} has to look at a disclosure")
            }
            Hold::AddressProtected => formatter.write_str(
                "the address is protected (law 661/2009 section 36): the authority that set it ends it first",
            ),
            Hold::MultiSectorSupport => formatter.write_str(
                "multi-sector support goes on (law 381/2023): the authority that recorded it ends it first",
            ),
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Erasure {
    /// Nothing is erased.
    Held(BTreeSet<Hold>),
    /// The person is erased.
    Done {
        /// The leaf that says so.
        leaf: u64,
        /// Who was told something about the person: recipients are told of the erasure (GDPR article 19).
        told: BTreeSet<AgencyId>,
    },
}

/// Erasures that the log tells of, and of which it is not certain that the store has made them.
#[derive(Debug, Default)]
pub(crate) struct OpenErasures(Mutex<Vec<PersonErasure>>);

impl OpenErasures {
    fn all(&self) -> MutexGuard<'_, Vec<PersonErasure>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway {
    /// Erases a person under all of their ids, for a controller that has decided so.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nobody has this id.
    pub(crate) async fn erase_person(&self, controller: &AgencyId, youth: YouthId) -> Result<Erasure, Error> {
        let _alone = self.alone_with(youth).await?;
        let _tying = self.alone_with_ties().await?;
        let ids = self.ids_of(youth);
        let (mut holds, mut told) = (BTreeSet::new(), BTreeSet::new());
        for id in &ids {
            holds.extend(self.holds_of(&self.person(*id).await?).await?);
            told.extend(self.store.agencies_told(*id).await?);
        }
        if !holds.is_empty() {
            return Ok(Erasure::Held(holds));
        }
        let leaf = self.erase_ids(Some(controller), &ids, self.now()).await?;
        Ok(Erasure::Done { leaf, told })
    }

    /// Erases a person of whom nothing was kept but who they are, and whom the log had last named before that instant. Of
    /// whoever has come back since, or is called by other ids, nothing is erased.
    pub(super) async fn erase_bare(
        &self,
        ids: &[YouthId],
        before: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(youth) = ids.first() else { return Ok(()) };
        let _alone = self.alone_with(*youth).await?;
        let _tying = self.alone_with_ties().await?;
        // Whatever is kept of somebody has a leaf that names them.
        if self.ids_of(*youth) != ids || !self.is_unnamed_since(ids, before).await? {
            return Ok(());
        }
        self.erase_ids(None, ids, now).await.map(drop)
    }

    /// Makes the erasures of which it is not certain that they were made. The log has said so, and nothing takes that back.
    pub(super) async fn finish_erasures(&self) {
        let open = self.open_erasures.all().clone();
        for erasure in open {
            go_on(self.finish_erasure(&erasure).await);
        }
    }

    async fn finish_erasure(&self, erasure: &PersonErasure) -> Result<(), Error> {
        let Some(youth) = erasure.youths.first() else { return Ok(()) };
        let _alone = self.alone_with(*youth).await?;
        let _tying = self.alone_with_ties().await?;
        self.store.erase_people(PersonErasure { fences: Vec::new(), ..erasure.clone() }).await?;
        self.forget(&erasure.youths);
        self.open_erasures.all().retain(|other| other != erasure);
        Ok(())
    }

    /// Whoever decides it, or nobody, if it is the time that is over. Answers with the leaf that says so.
    async fn erase_ids(
        &self,
        controller: Option<&AgencyId>,
        ids: &[YouthId],
        now: Timestamp,
    ) -> Result<u64, Error> {
        let mut leaves: Vec<Erased> = Vec::new();
        let announced = self.announce_erasure(controller, ids, &mut leaves, now).await;
        let said: Vec<u64> = leaves.iter().map(|erased| erased.leaf).collect();
        let erasure = PersonErasure { leaves, youths: ids.to_vec(), fences: self.fences_about(ids) };
        let made = match announced {
            Ok(()) => self.store.erase_people(erasure.clone()).await.map_err(Error::from),
            Err(error) => Err(error),
        };
        if let Err(error) = made {
            self.close_unless_made(&said, &error).await?;
            if !error.changed_nothing() {
                // The log has said so: the next sweep does it, or the next start, or another gateway.
                self.open_erasures.all().push(erasure);
            }
            return Err(error);
        }
        self.forget(ids);
        said.first().copied().ok_or(Error::Inconsistent("a person without an id"))
    }

    /// Writes the leaves that say so, one for each id.
    async fn announce_erasure(
        &self,
        controller: Option<&AgencyId>,
        ids: &[YouthId],
        leaves: &mut Vec<Erased>,
        now: Timestamp,
    ) -> Result<(), Error> {
        for id in ids {
            let entry = Entry::of(Event::PersonErasure, *id);
            let entry = match controller {
                Some(controller) => entry.towards(controller),
                None => entry,
            };
            let entry = match leaves.first() {
                Some(first) => entry.refers_to(first.leaf),
                None => entry,
            };
            let leaf = self.note(entry, now).await?.sequence;
            leaves.push(Erased { leaf, subject: self.subject_pseudonym(*id) });
        }
        Ok(())
    }

    /// Nothing is known any more of whoever has these ids.
    pub(crate) fn forget(&self, ids: &[YouthId]) {
        self.answers.forget(ids);
        let mut index = self.index_mut();
        for id in ids {
            index.put_ids(&[*id]);
            index.restore(ConsentIndex::new().snapshot(*id));
        }
    }

    async fn holds_of(&self, person: &Person) -> Result<BTreeSet<Hold>, Error> {
        let mut holds = BTreeSet::new();
        for row in self.store.open_deliveries_of(person.id).await? {
            match (row.item, row.state) {
                (DeliveryItem::DisclosureNotice { .. }, _) => holds.insert(Hold::Notice(row.agency)),
                (_, DeliveryState::Sending | DeliveryState::InDoubt) => {
                    holds.insert(Hold::UnderWay(row.agency))
                }
                _ => false,
            };
        }
        for row in self.store.open_tasks_about(person.id).await? {
            holds.extend(Hold::of_task(&TaskRecord::open(person, row)?));
        }
        for row in self.store.instruments_of(person.id).await? {
            if row.kind != InstrumentKind::LegalStatus || !row.in_force {
                continue;
            }
            match StatusRecord::open(person.key(), row)?.status()? {
                LegalStatus::AddressProtected => holds.insert(Hold::AddressProtected),
                LegalStatus::MultiSectorSupport => holds.insert(Hold::MultiSectorSupport),
                LegalStatus::Capacity(_) => false,
            };
        }
        Ok(holds)
    }
}
