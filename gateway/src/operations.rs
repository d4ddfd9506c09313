//! What waits, what failed, and what does an operator do about it?
//!
//! An operator sees ids, states and times. Each act is a leaf of the audit log, and so is a look at one delivery, and an act
//! that is refused because nothing permits the delivery any more. The list opens nobody's details and has none.

use jiff::Timestamp;
use polku_proto::v1::queued_delivery::Content;
use polku_proto::v1::resolve_delivery_request::Fate;
use polku_proto::v1::{
    DeliveryAct, DeliveryState, GetDeliveryRequest, ListDeliveriesRequest, ListDeliveriesResponse,
    QueuedDelivery, ResolveDeliveryRequest, RetryDeliveryRequest,
};
use polku_proto::{AgencyId, MessageId, Valid};
use serde_json::{Value, json};

use crate::audit::{Event, Receipt};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::page;
use crate::outbox::{NO_DEADLINE, NoMore, Word};
use crate::person::{Alone, Person};
use crate::record::wire_time;
use crate::store::{Change, DeliveryFilter, DeliveryItem, DeliveryRow, DeliveryWrite, Priority};
use crate::trail::{Entry, receipt};

/// What has come to its end without arriving.
const DEAD: [DeliveryState; 4] =
    [DeliveryState::InDoubt, DeliveryState::Rejected, DeliveryState::Stopped, DeliveryState::Expired];

/// How many leaves about a person are looked at in one go.
const LEAVES: usize = 100;

impl Gateway {
    /// Lists deliveries that have not arrived.
    pub(crate) async fn list_deliveries(
        &self,
        request: Valid<ListDeliveriesRequest>,
    ) -> Result<ListDeliveriesResponse, Error> {
        let request = request.into_inner();
        let states: Vec<DeliveryState> = request.states().collect();
        let agency: Option<AgencyId> = match request.agency.as_str() {
            "" => None,
            id => Some(id.parse().map_err(|_| Error::Field {
                field: "agency",
                reason: "UNKNOWN_AGENCY",
                expected: "the id of an agency",
            })?),
        };
        let after = match request.page_token.as_str() {
            "" => None,
            token => Some(page_place(token)?),
        };
        let size = page::size(request.page_size);
        let filter = DeliveryFilter {
            states: if states.is_empty() { DEAD.to_vec() } else { states },
            agency,
            after,
            limit: size.saturating_add(1),
        };
        let mut rows = self.store.deliveries(&filter).await?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let has_more = rows.len() > size;
        rows.truncate(size);
        let last = rows.last().filter(|_| has_more);
        let next_page_token = last.map(|(place, _)| place.to_string()).unwrap_or_default();
        let deliveries = rows.iter().map(|(_, row)| self.to_operator(row)).collect::<Result<_, Error>>()?;
        Ok(ListDeliveriesResponse { deliveries, next_page_token })
    }

    /// One delivery. Somebody's sealed details are opened for it, so that an operator has looked is written down first.
    pub(crate) async fn get_delivery(
        &self,
        operator: &str,
        request: Valid<GetDeliveryRequest>,
    ) -> Result<QueuedDelivery, Error> {
        let message = message_of(&request.get().message)?;
        let row = self.store.delivery(message).await?.ok_or(Error::NotFound)?;
        let person = self.person(row.youth).await?;
        let entry = Entry::of(Event::Administration, person.id).by_operator(operator);
        let change = Change::announced_by(0);
        self.note_act(entry, operator, &person, ("show", &row), change, self.now()).await?;
        Ok(QueuedDelivery { last_error: self.last_error(&person, &row).await?, ..self.to_operator(&row)? })
    }

    /// What came of the last attempt: it stands in the sealed details of the leaf that says so.
    async fn last_error(&self, person: &Person, row: &DeliveryRow) -> Result<String, Error> {
        let (subject, queued) = (self.subject_pseudonym(row.youth), self.queued_at(row));
        let message = row.message.to_string();
        let mut before = None;
        loop {
            let found = self.in_log(move |log| log.about(&subject, &[], before, LEAVES)).await?;
            for entry in found.entries {
                if entry.leaf.time < queued {
                    return Ok(String::new());
                }
                if entry.leaf.event != Event::DeliveryOutcome {
                    continue;
                }
                let Some(details) = self.details(person, entry.sequence).await? else { continue };
                let said =
                    |key: &str| details.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
                if said("message") == message {
                    return Ok(said("code"));
                }
            }
            before = found.next;
            if before.is_none() {
                return Ok(String::new());
            }
        }
    }

    /// Puts a delivery that has come to its end without arriving into the queue once more, if something permits it now.
    pub(crate) async fn retry_delivery(
        &self,
        operator: &str,
        request: Valid<RetryDeliveryRequest>,
    ) -> Result<DeliveryAct, Error> {
        let message = message_of(&request.get().message)?;
        let (_alone, row) = self.delivery_alone(message).await?;
        let (person, now) = (self.person(row.youth).await?, self.now());
        let mut change = Change::announced_by(0);
        let next = match row.state {
            DeliveryState::Queued | DeliveryState::Retrying if row.leased_until.is_none() => {
                let next = DeliveryRow { due: self.on_timer(now), ..row.clone() };
                change.deliveries.push(DeliveryWrite { row: next.clone(), expected_fence: row.fence });
                next
            }
            DeliveryState::Rejected | DeliveryState::Stopped | DeliveryState::Expired => {
                if let Some(refused) = self.look_once_more(&person, &row, now).await? {
                    return Err(self.note_refused_retry(operator, &person, refused, now).await?);
                }
                change.tasks = self.close_tasks_about(&person, &row, now).await?;
                self.rerun(&person, row, Word::NotArrived, &mut change, now).await?
            }
            DeliveryState::InDoubt => {
                return Err(Error::RecordState {
                    expected: "a delivery in doubt is resolved: ask the agency first whether it has arrived",
                });
            }
            DeliveryState::Unspecified
            | DeliveryState::Queued
            | DeliveryState::Sending
            | DeliveryState::Delivered
            | DeliveryState::Retrying => {
                return Err(Error::RecordState {
                    expected: "a delivery that waits, was refused or stopped, or has expired",
                });
            }
        };
        self.act(operator, &person, ("retry", next), change, now).await
    }

    /// A delivery, of which nobody else changes anything meanwhile.
    async fn delivery_alone(&self, message: MessageId) -> Result<(Alone, DeliveryRow), Error> {
        let youth = self.store.delivery(message).await?.ok_or(Error::NotFound)?.youth;
        let alone = self.alone_with(youth).await?;
        let row = self.store.delivery(message).await?.ok_or(Error::NotFound)?;
        Ok((alone, row))
    }

    /// Settles a delivery in doubt by what the agency has said.
    pub(crate) async fn resolve_delivery(
        &self,
        operator: &str,
        request: Valid<ResolveDeliveryRequest>,
    ) -> Result<DeliveryAct, Error> {
        let request = request.into_inner();
        let message = message_of(&request.message)?;
        let (act, word) = match request.fate() {
            Fate::Arrived => ("arrived", Word::Arrived(request.reference)),
            Fate::NotArrived | Fate::Unspecified if request.reference.is_empty() => {
                ("not_arrived", Word::NotArrived)
            }
            Fate::NotArrived | Fate::Unspecified => {
                return Err(Error::Field {
                    field: "reference",
                    reason: "INVALID_FIELDS",
                    expected: "nothing, where it has not arrived",
                });
            }
        };
        let (_alone, row) = self.delivery_alone(message).await?;
        if row.state != DeliveryState::InDoubt {
            return Err(Error::RecordState { expected: "a delivery in doubt" });
        }
        let (person, now) = (self.person(row.youth).await?, self.now());
        let mut change = Change::announced_by(0);
        change.tasks = self.close_tasks_about(&person, &row, now).await?;
        let next = self.rerun(&person, row, word, &mut change, now).await?;
        self.act(operator, &person, (act, next), change, now).await
    }

    async fn act(
        &self,
        operator: &str,
        person: &Person,
        (act, next): (&str, DeliveryRow),
        change: Change,
        now: Timestamp,
    ) -> Result<DeliveryAct, Error> {
        let mut entry = Entry::of(Event::Administration, person.id).by_operator(operator);
        if let (DeliveryState::Delivered, Some(intent)) = (next.state, next.intent) {
            entry = entry.refers_to(intent);
        }
        let noted = self.note_act(entry, operator, person, (act, &next), change, now).await?;
        Ok(DeliveryAct { delivery: Some(self.to_operator(&next)?), receipt: Some(receipt(&noted)) })
    }

    /// Writes down what an operator does, and does it.
    async fn note_act(
        &self,
        entry: Entry<'_>,
        operator: &str,
        person: &Person,
        (act, row): (&str, &DeliveryRow),
        mut change: Change,
        now: Timestamp,
    ) -> Result<Receipt, Error> {
        let details = json!({
            "act": act,
            "operator": operator,
            "message": row.message.to_string(),
            "agency": row.agency.as_str(),
            "state": row.state.as_str_name(),
        });
        let announced = self.announce(entry, person, &details, now).await?;
        change.leaf = announced.receipt.sequence;
        change.detail = announced.detail;
        self.commit(change).await?;
        Ok(announced.receipt)
    }

    async fn note_refused_retry(
        &self,
        operator: &str,
        person: &Person,
        refused: NoMore,
        now: Timestamp,
    ) -> Result<Error, Error> {
        let NoMore { name, decision, purpose, channel } = refused;
        let entry = Entry::of(Event::Refusal, person.id)
            .by_operator(operator)
            .decided(purpose, &decision)
            .of_what(&name);
        self.note_refusal(entry, Some(person), &channel, &decision, now).await?;
        Ok(Error::refused(decision))
    }

    fn to_operator(&self, row: &DeliveryRow) -> Result<QueuedDelivery, Error> {
        let content = match row.item {
            DeliveryItem::Handover => Content::Referral,
            DeliveryItem::StateChange => Content::StateChange,
            DeliveryItem::Information(_) => Content::Information,
            DeliveryItem::ConsentWithdrawn => Content::ConsentWithdrawn,
            DeliveryItem::DisclosureNotice { .. } => Content::DisclosureNotice,
            DeliveryItem::PlanPart => Content::PlanPart,
            DeliveryItem::PlanEnded => Content::PlanEnded,
        };
        Ok(QueuedDelivery {
            message: row.message.to_string(),
            agency: row.agency.to_string(),
            content: content as i32,
            state: row.state as i32,
            attempts: i32::try_from(row.attempts).unwrap_or(i32::MAX),
            queue_time: Some(wire_time(self.queued_at(row))?),
            due_time: Some(wire_time(row.due)?),
            deadline: Some(row.deadline)
                .filter(|deadline| *deadline != NO_DEADLINE)
                .map(wire_time)
                .transpose()?,
            reference: row.reference.clone().unwrap_or_default(),
            urgent: row.priority == Priority::Urgent,
            last_error: String::new(),
        })
    }
}

/// A place in the queue that the store can have.
fn page_place(token: &str) -> Result<u64, Error> {
    let place: i64 = token.parse().map_err(|_| page::WRONG)?;
    u64::try_from(place).map_err(|_| page::WRONG)
}

fn message_of(id: &str) -> Result<MessageId, Error> {
    id.parse().map_err(|_| Error::NotFound)
}
