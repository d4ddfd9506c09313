//! How are rows found?

use jiff::Timestamp;
use polku_proto::{AgencyId, ReferralId, YouthId};
use uuid::Uuid;

use super::Query;
use super::rows::{
    self, BATCH_ITEM, EVENT, INSTRUMENT, NOTICE, REFERRAL, REQUEST, YOUTH, blob, instant, number, only_number,
};
use super::value::{Value, params};
use crate::store::{
    BatchItem, DetailRow, EventRow, InForce, InstrumentRow, NoticeRow, Reconciled, ReferralFilter,
    ReferralRow, RequestKey, RequestRow, StoreError, YouthRow,
};

/// See [`crate::store::Store::request`].
pub(super) fn request(key: &RequestKey) -> Query<RequestRow> {
    let sql = select(REQUEST, "request WHERE organisation = ?1 AND request = ?2");
    let values = params![key.organisation.as_str().to_owned(), blob(key.request)];
    Query { sql, values, read: rows::request }
}

/// See [`crate::store::Store::youth`].
pub(super) fn youth(youth: YouthId) -> Query<YouthRow> {
    Query {
        sql: select(YOUTH, "youth WHERE id = ?1"),
        values: params![blob(youth.uuid())],
        read: rows::youth,
    }
}

/// See [`crate::store::Store::youths`].
pub(super) fn youths(after: Uuid, limit: u32) -> Query<YouthRow> {
    let sql = select(YOUTH, "youth WHERE id > ?1 ORDER BY id LIMIT ?2");
    Query { sql, values: params![blob(after), limit], read: rows::youth }
}

/// See [`crate::store::Store::referral`].
pub(super) fn referral(referral: ReferralId) -> Query<ReferralRow> {
    let sql = select(REFERRAL, "referral WHERE id = ?1");
    Query { sql, values: params![blob(referral.uuid())], read: rows::referral }
}

/// See [`crate::store::Store::referrals`]: one search or two, whose answers have to be put in order and cut together.
/// Two searches, each in the order of its own index, instead of one that sorts everything.
pub(super) fn referrals(filter: &ReferralFilter) -> Vec<Query<ReferralRow>> {
    let (before, before_id) = match filter.before {
        Some((created, id)) => (instant(created), id.uuid()),
        None => (i64::MAX, Uuid::max()),
    };
    let find = |condition: &str, more: Vec<Value<'static>>| {
        let condition = format!(
            "referral WHERE {condition} AND (created, id) < (?1, ?2) ORDER BY created DESC, id DESC LIMIT ?3"
        );
        let mut values = params![before, blob(before_id), filter.limit];
        values.extend(more);
        Query { sql: select(REFERRAL, &condition), values, read: rows::referral }
    };
    let party = filter.party.as_ref().map(|party| party.as_str().to_owned());
    match (filter.youth.map(|youth| blob(youth.uuid())), party) {
        (Some(youth), Some(party)) => {
            let condition = "youth = ?4 AND (sender = ?5 OR (recipient = ?5 AND reached_recipient = 1))";
            vec![find(condition, params![youth, party])]
        }
        (Some(youth), None) => vec![find("youth = ?4", params![youth])],
        (None, Some(party)) => {
            let received = "recipient = ?4 AND reached_recipient = 1 AND sender <> ?4";
            vec![find("sender = ?4", params![party.clone()]), find(received, params![party])]
        }
        (None, None) => vec![find("TRUE", Vec::new())],
    }
}

/// See [`crate::store::Store::overdue_referrals`].
pub(super) fn overdue_referrals(now: Timestamp, limit: u32) -> Query<ReferralRow> {
    let sql =
        select(REFERRAL, "referral WHERE state IN (1, 2) AND respond_by <= ?1 ORDER BY respond_by LIMIT ?2");
    Query { sql, values: params![instant(now), limit], read: rows::referral }
}

/// See [`crate::store::Store::erasable_referrals`].
pub(super) fn erasable_referrals(before: Timestamp, limit: u32) -> Query<ReferralRow> {
    // Deliveries that are open, but for those that tell nothing of the content.
    let condition = "referral WHERE holds_content = 1 AND delivery_ended IS NOT NULL AND delivery_ended < ?1
        AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.referral = referral.id
            AND delivery.state IN (1, 2, 4) AND delivery.item NOT IN (4, 5))
        ORDER BY delivery_ended LIMIT ?2";
    Query { sql: select(REFERRAL, condition), values: params![instant(before), limit], read: rows::referral }
}

/// See [`crate::store::Store::instrument`].
pub(super) fn instrument(id: Uuid) -> Query<InstrumentRow> {
    let sql = select(INSTRUMENT, "instrument WHERE id = ?1");
    Query { sql, values: params![blob(id)], read: rows::instrument }
}

/// See [`crate::store::Store::instruments_of`].
pub(super) fn instruments_of(youth: YouthId) -> Query<InstrumentRow> {
    let sql = select(INSTRUMENT, "instrument WHERE youth = ?1 ORDER BY number");
    Query { sql, values: params![blob(youth.uuid())], read: rows::instrument }
}

/// See [`crate::store::Store::instruments_in_force`]. The table is read as it lies on disk, what is not in force too:
/// a row that has to be searched for costs more than one that is passed over.
pub(super) fn instruments_in_force(
    after: InForce,
    limit: u32,
) -> Result<Query<(InstrumentRow, u64)>, StoreError> {
    let columns = format!("{INSTRUMENT}, number");
    let sql = select(&columns, "instrument WHERE number > ?1 AND in_force = 1 ORDER BY number LIMIT ?2");
    Ok(Query { sql, values: params![number(after.0)?, limit], read: rows::instrument_and_number })
}

/// See [`crate::store::Store::events_after`].
pub(super) fn events_after(
    position: u64,
    party: &AgencyId,
    limit: u32,
) -> Result<Query<EventRow>, StoreError> {
    let condition =
        "event WHERE position > ?1 AND (sender = ?2 OR recipient = ?2) ORDER BY position LIMIT ?3";
    let values = params![number(position)?, party.as_str().to_owned(), limit];
    Ok(Query { sql: select(EVENT, condition), values, read: rows::event })
}

/// See [`crate::store::Store::last_event`].
pub(super) fn last_event() -> Query<u64> {
    newest("event")
}

/// See [`crate::store::Store::notices_after`].
pub(super) fn notices_after(
    position: u64,
    agency: &[u8; 32],
    limit: u32,
) -> Result<Query<NoticeRow>, StoreError> {
    let condition = "consent_notice WHERE agency = ?1 AND position > ?2 ORDER BY position LIMIT ?3";
    let values = params![*agency, number(position)?, limit];
    Ok(Query { sql: select(NOTICE, condition), values, read: rows::notice })
}

/// See [`crate::store::Store::last_notice`].
pub(super) fn last_notice() -> Query<u64> {
    newest("consent_notice")
}

/// See [`crate::store::Store::batch_items`].
pub(super) fn batch_items(leaf: u64) -> Result<Query<BatchItem>, StoreError> {
    let sql = select(BATCH_ITEM, "batch_item WHERE leaf = ?1 ORDER BY item");
    Ok(Query { sql, values: params![number(leaf)?], read: rows::batch_item })
}

/// See [`crate::store::Store::batches_about`].
pub(super) fn batches_about(subject: &[u8; 32]) -> Query<u64> {
    let sql = select("DISTINCT leaf", "batch_item WHERE subject = ?1 ORDER BY leaf");
    Query { sql, values: params![*subject], read: only_number }
}

/// See [`crate::store::Store::committed_leaves`].
pub(super) fn committed_leaves(from: u64) -> Result<Query<u64>, StoreError> {
    let sql = select("sequence", "audit_detail WHERE sequence >= ?1 ORDER BY sequence");
    Ok(Query { sql, values: params![number(from)?], read: only_number })
}

/// See [`crate::store::Store::audit_detail`].
pub(super) fn audit_detail(sequence: u64) -> Result<Query<Option<DetailRow>>, StoreError> {
    let sql = select("youth, sealed", "audit_detail WHERE sequence = ?1");
    Ok(Query { sql, values: params![number(sequence)?], read: rows::detail })
}

/// See [`crate::store::Store::reconciled`].
pub(super) fn reconciled() -> Query<Reconciled> {
    Query { sql: select("until, root", "reconciled"), values: Vec::new(), read: rows::reconciled }
}

/// The newest position in a table; 0 if there is none.
pub(super) fn newest(table: &str) -> Query<u64> {
    let sql = select("coalesce(max(position), 0)", table);
    Query { sql, values: Vec::new(), read: only_number }
}

/// A query for all columns of a table.
pub(super) fn select(columns: &str, from: &str) -> String {
    format!("SELECT {columns} FROM {from}")
}
