//! How does a row of a table become a row of the store, and back?

use jiff::Timestamp;
use polku_proto::v1::{DeliveryState, ReferralState};
use polku_proto::{AgencyId, MessageId, PlanId, ReferralId, YouthId};
use uuid::Uuid;

use super::value::{FromCell, Row};
use crate::seal::{IdentityIndex, WrappedKey};
use crate::store::{
    About, BatchItem, DeliveryItem, DeliveryRow, DetailRow, EventRow, InstrumentKind, InstrumentRow,
    NewEvent, NewNotice, NoticeRow, Priority, Reconciled, ReferralRow, RequestKey, RequestRow, StoreError,
    YouthRow,
};

/// The columns that [`youth`] reads.
pub(super) const YOUTH: &str = "id, identity, wrapped_key, coalesce(
    (SELECT sealed FROM linked_identity WHERE linked_identity.youth = youth.id ORDER BY link DESC LIMIT 1),
    sealed_identity), created";

/// The columns that [`request`] reads.
pub(super) const REQUEST: &str = "organisation, request, fingerprint, youth, sealed_answer, time";

/// The columns that [`referral`] reads.
pub(super) const REFERRAL: &str =
    "id, youth, sender, recipient, state, version, created, updated, respond_by,
    reached_recipient, delivery_ended, holds_content, sealed";

/// The columns that [`instrument`] reads.
pub(super) const INSTRUMENT: &str = "id, youth, kind, version, in_force, revision, sealed";

/// The columns that [`event`] reads.
pub(super) const EVENT: &str = "position, kind, referral, sender, recipient, time";

/// The columns that [`notice`] reads.
pub(super) const NOTICE: &str = "position, youth, agency, revision, time";

/// The columns that [`batch_item`] reads.
pub(super) const BATCH_ITEM: &str = "subject, bytes";

/// The columns that [`delivery`] reads.
pub(super) const DELIVERY: &str =
    "message, item, item_index, item_place, referral, plan, owner, youth, agency, state, attempts, due,
    deadline, fence, leased_until, intent, reference, priority";

/// Reads a person.
pub(super) fn youth(row: &dyn Row) -> Result<YouthRow, StoreError> {
    youth_of(&mut Columns::new(row, "youth"))
}

/// Reads the same from its first column on.
pub(super) fn youth_of(columns: &mut Columns<'_>) -> Result<YouthRow, StoreError> {
    Ok(YouthRow {
        id: YouthId::from_uuid(columns.id()?),
        identity: IdentityIndex::from_bytes(columns.bytes()?),
        key: WrappedKey::from_bytes(columns.bytes()?),
        sealed_identity: columns.next()?,
        created: columns.instant()?,
    })
}

/// Reads a call.
pub(super) fn request(row: &dyn Row) -> Result<RequestRow, StoreError> {
    let mut columns = Columns::new(row, "request");
    Ok(RequestRow {
        key: RequestKey { organisation: columns.agency()?, request: columns.id()? },
        fingerprint: columns.bytes()?,
        youth: YouthId::from_uuid(columns.id()?),
        sealed_answer: columns.next()?,
        time: columns.instant()?,
    })
}

/// Reads a referral.
pub(super) fn referral(row: &dyn Row) -> Result<ReferralRow, StoreError> {
    let mut columns = Columns::new(row, "referral");
    Ok(ReferralRow {
        id: ReferralId::from_uuid(columns.id()?),
        youth: YouthId::from_uuid(columns.id()?),
        sender: columns.agency()?,
        recipient: columns.agency()?,
        state: columns.converted(|state: i32| ReferralState::try_from(state).ok())?,
        version: columns.number()?,
        created: columns.instant()?,
        updated: columns.instant()?,
        respond_by: columns.instant()?,
        reached_recipient: columns.next()?,
        delivery_ended: columns.optional_instant()?,
        holds_content: columns.next()?,
        sealed: columns.next()?,
    })
}

/// Reads an instant alone.
pub(in crate::store) fn only_instant(row: &dyn Row) -> Result<Timestamp, StoreError> {
    Columns::new(row, "time").instant()
}

/// Reads a consent, permit, prohibition or legal status.
pub(super) fn instrument(row: &dyn Row) -> Result<InstrumentRow, StoreError> {
    instrument_of(&mut Columns::new(row, "instrument"))
}

/// Reads the same, with the number of the row behind it.
pub(super) fn instrument_and_number(row: &dyn Row) -> Result<(InstrumentRow, u64), StoreError> {
    let mut columns = Columns::new(row, "instrument");
    Ok((instrument_of(&mut columns)?, columns.number()?))
}

fn instrument_of(columns: &mut Columns<'_>) -> Result<InstrumentRow, StoreError> {
    Ok(InstrumentRow {
        id: columns.id()?,
        youth: YouthId::from_uuid(columns.id()?),
        kind: columns.converted(kind)?,
        version: columns.number()?,
        in_force: columns.next()?,
        revision: columns.number()?,
        sealed: columns.next()?,
    })
}

/// Reads how far the audit log has been compared.
pub(super) fn reconciled(row: &dyn Row) -> Result<Reconciled, StoreError> {
    let mut columns = Columns::new(row, "reconciled");
    Ok(Reconciled { until: columns.number()?, root: columns.bytes()? })
}

/// Reads an event.
pub(super) fn event(row: &dyn Row) -> Result<EventRow, StoreError> {
    let mut columns = Columns::new(row, "event");
    let position = columns.number()?;
    let event = NewEvent {
        kind: columns.next()?,
        referral: ReferralId::from_uuid(columns.id()?),
        sender: columns.agency()?,
        recipient: columns.optional_agency()?,
        time: columns.instant()?,
    };
    Ok(EventRow { position, event })
}

/// Reads a notice.
pub(super) fn notice(row: &dyn Row) -> Result<NoticeRow, StoreError> {
    let mut columns = Columns::new(row, "consent_notice");
    let position = columns.number()?;
    let notice = NewNotice {
        youth: YouthId::from_uuid(columns.id()?),
        agency: columns.bytes()?,
        revision: columns.number()?,
        time: columns.instant()?,
    };
    Ok(NoticeRow { position, notice })
}

/// Reads an item of a batch.
pub(super) fn batch_item(row: &dyn Row) -> Result<BatchItem, StoreError> {
    let mut columns = Columns::new(row, "batch_item");
    Ok(BatchItem { subject: columns.bytes()?, bytes: columns.next()? })
}

/// Reads a delivery.
pub(super) fn delivery(row: &dyn Row) -> Result<DeliveryRow, StoreError> {
    delivery_of(&mut Columns::new(row, "delivery"))
}

/// Reads the same from its first column on.
pub(super) fn delivery_of(columns: &mut Columns<'_>) -> Result<DeliveryRow, StoreError> {
    Ok(DeliveryRow {
        message: MessageId::from_uuid(columns.id()?),
        item: {
            let item: i32 = columns.next()?;
            let (index, place) = (columns.number()?, columns.next()?);
            delivery_item(item, index, place).ok_or(StoreError::Unreadable { table: "delivery" })?
        },
        about: {
            let (referral, plan) = (columns.optional_id()?, columns.optional_id()?);
            about(referral, plan, columns.next()?).ok_or(StoreError::Unreadable { table: "delivery" })?
        },
        youth: YouthId::from_uuid(columns.id()?),
        agency: columns.agency()?,
        state: columns.converted(|state: i32| DeliveryState::try_from(state).ok())?,
        attempts: columns.next()?,
        due: columns.instant()?,
        deadline: columns.instant()?,
        fence: columns.number()?,
        leased_until: columns.optional_instant()?,
        intent: columns.optional_number()?,
        reference: columns.next()?,
        priority: columns.converted(priority)?,
    })
}

/// Reads the details of a leaf: nothing, if it was committed without.
pub(super) fn detail(row: &dyn Row) -> Result<Option<DetailRow>, StoreError> {
    let mut columns = Columns::new(row, "audit_detail");
    let youth: Option<[u8; 16]> = columns.next()?;
    let sealed: Option<Vec<u8>> = columns.next()?;
    let youth = youth.map(|bytes| YouthId::from_uuid(Uuid::from_bytes(bytes)));
    Ok(youth.zip(sealed).map(|(youth, sealed)| DetailRow { youth, sealed }))
}

/// Reads a row of one number that is not negative.
pub(in crate::store) fn only_number(row: &dyn Row) -> Result<u64, StoreError> {
    Columns::new(row, "number").number()
}

/// An id as it is stored.
pub(super) fn blob(id: Uuid) -> [u8; 16] {
    id.into_bytes()
}

/// An instant as it is stored.
pub(super) fn instant(instant: Timestamp) -> i64 {
    instant.as_millisecond()
}

/// A count as it is stored.
pub(super) fn number(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(StoreError::failed)
}

/// The kind of an instrument as it is stored: consent 1, prohibition 2.
pub(super) fn kind_number(kind: InstrumentKind) -> i32 {
    match kind {
        InstrumentKind::Consent => 1,
        InstrumentKind::Prohibition => 2,
        InstrumentKind::LegalStatus => 3,
    }
}

fn kind(number: i32) -> Option<InstrumentKind> {
    match number {
        1 => Some(InstrumentKind::Consent),
        2 => Some(InstrumentKind::Prohibition),
        3 => Some(InstrumentKind::LegalStatus),
        _ => None,
    }
}

/// What is delivered, as it is stored: a number, an index where there is one, and a place within that.
pub(super) fn item_numbers(item: DeliveryItem) -> (i32, u64, u32) {
    match item {
        DeliveryItem::Handover => (1, 0, 0),
        DeliveryItem::StateChange => (2, 0, 0),
        DeliveryItem::Information(index) => (3, u64::from(index), 0),
        DeliveryItem::ConsentWithdrawn => (4, 0, 0),
        DeliveryItem::DisclosureNotice { leaf, index } => (5, leaf, index),
        DeliveryItem::PlanPart => (6, 0, 0),
        DeliveryItem::PlanEnded => (7, 0, 0),
    }
}

fn delivery_item(item: i32, index: u64, place: u32) -> Option<DeliveryItem> {
    match item {
        1 => Some(DeliveryItem::Handover),
        2 => Some(DeliveryItem::StateChange),
        3 => u32::try_from(index).ok().map(DeliveryItem::Information),
        4 => Some(DeliveryItem::ConsentWithdrawn),
        5 => Some(DeliveryItem::DisclosureNotice { leaf: index, index: place }),
        6 => Some(DeliveryItem::PlanPart),
        7 => Some(DeliveryItem::PlanEnded),
        _ => None,
    }
}

/// What a delivery is about, as it is stored: a referral, a plan and the owner of a section, or neither.
pub(super) fn about_columns(about: &About) -> (Option<[u8; 16]>, Option<[u8; 16]>, Option<&str>) {
    match about {
        About::Referral(referral) => (Some(blob(referral.uuid())), None, None),
        About::Plan { plan, owner } => (None, Some(blob(plan.uuid())), Some(owner)),
        About::Journey => (None, None, None),
    }
}

fn about(referral: Option<Uuid>, plan: Option<Uuid>, owner: Option<String>) -> Option<About> {
    match (referral, plan, owner) {
        (Some(referral), None, None) => Some(About::Referral(ReferralId::from_uuid(referral))),
        (None, Some(plan), Some(owner)) => Some(About::Plan { plan: PlanId::from_uuid(plan), owner }),
        (None, None, None) => Some(About::Journey),
        _ => None,
    }
}

/// The priority of a delivery as it is stored: the smaller number goes first.
pub(super) fn priority_number(priority: Priority) -> i32 {
    match priority {
        Priority::Urgent => 1,
        Priority::Ordinary => 2,
    }
}

fn priority(number: i32) -> Option<Priority> {
    match number {
        1 => Some(Priority::Urgent),
        2 => Some(Priority::Ordinary),
        _ => None,
    }
}

/// Reads the columns of a row from left to right.
pub(super) struct Columns<'a> {
    row: &'a dyn Row,
    table: &'static str,
    at: usize,
}

impl<'a> Columns<'a> {
    pub(super) fn new(row: &'a dyn Row, table: &'static str) -> Columns<'a> {
        Columns { row, table, at: 0 }
    }

    pub(super) fn next<T: FromCell>(&mut self) -> Result<T, StoreError> {
        let value = self.row.cell(self.at).and_then(T::from_cell);
        self.at += 1;
        value.ok_or(StoreError::Unreadable { table: self.table })
    }

    pub(super) fn converted<T: FromCell, U>(
        &mut self,
        convert: impl FnOnce(T) -> Option<U>,
    ) -> Result<U, StoreError> {
        let value = self.next()?;
        convert(value).ok_or(StoreError::Unreadable { table: self.table })
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        self.next()
    }

    pub(super) fn id(&mut self) -> Result<Uuid, StoreError> {
        self.bytes().map(Uuid::from_bytes)
    }

    pub(super) fn optional_id(&mut self) -> Result<Option<Uuid>, StoreError> {
        self.next::<Option<[u8; 16]>>().map(|bytes| bytes.map(Uuid::from_bytes))
    }

    pub(super) fn agency(&mut self) -> Result<AgencyId, StoreError> {
        self.converted(|text: String| text.parse().ok())
    }

    pub(super) fn optional_agency(&mut self) -> Result<Option<AgencyId>, StoreError> {
        self.converted(|text: Option<String>| text.map(|text| text.parse()).transpose().ok())
    }

    pub(super) fn number(&mut self) -> Result<u64, StoreError> {
        self.converted(|number: i64| u64::try_from(number).ok())
    }

    pub(super) fn optional_number(&mut self) -> Result<Option<u64>, StoreError> {
        self.converted(|number: Option<i64>| number.map(u64::try_from).transpose().ok())
    }

    pub(super) fn instant(&mut self) -> Result<Timestamp, StoreError> {
        self.converted(|milliseconds: i64| Timestamp::from_millisecond(milliseconds).ok())
    }

    pub(super) fn optional_instant(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.converted(|milliseconds: Option<i64>| {
            milliseconds.map(Timestamp::from_millisecond).transpose().ok()
        })
    }
}
