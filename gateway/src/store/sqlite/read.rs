//! How are rows found?

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use polku_proto::{AgencyId, ReferralId, YouthId};
use rusqlite::{Connection, Params, Row, params};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::rows::{
    self, BATCH_ITEM, EVENT, INSTRUMENT, NOTICE, REFERRAL, REQUEST, YOUTH, blob, instant, number, only_number,
};
use super::{failed, schema};
use crate::store::{
    BatchItem, DetailRow, EventRow, InForce, InForcePage, InstrumentRow, NoticeRow, Reconciled,
    ReferralFilter, ReferralRow, RequestKey, RequestRow, StoreError, YouthRow,
};

/// How many read at the same time.
const READERS: usize = 4;

/// The connections that only read.
#[derive(Debug)]
pub(super) struct Readers {
    free: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

/// There are as many connections as permits: this cannot happen.
#[derive(Debug, thiserror::Error)]
#[error("no connection is free")]
struct NoConnection;

impl Readers {
    pub(super) fn open(path: &Path) -> Result<Readers, StoreError> {
        let idle = (0..READERS).map(|_| schema::connect_reader(path)).collect::<Result<_, _>>()?;
        Ok(Readers { free: Arc::new(Semaphore::new(READERS)), idle: Arc::new(Mutex::new(idle)) })
    }

    /// Runs a query where it may block.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        // The permit goes along: the caller may stop waiting, the connection is in use all the same.
        let permit = Arc::clone(&self.free).acquire_owned().await.map_err(failed)?;
        let idle = Arc::clone(&self.idle);
        let answered = spawn_blocking(move || {
            let taken = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = taken.ok_or_else(|| failed(NoConnection))?;
            let answer = query(&connection);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            drop(permit);
            answer
        });
        answered.await.map_err(failed)?
    }
}

/// See [`crate::store::Store::request`].
pub(super) fn request(connection: &Connection, key: &RequestKey) -> Result<Option<RequestRow>, StoreError> {
    let sql = select(REQUEST, "request WHERE organisation = ?1 AND request = ?2");
    one(connection, &sql, params![key.organisation.as_str(), blob(key.request)], rows::request)
}

/// See [`crate::store::Store::youth`].
pub(super) fn youth(connection: &Connection, youth: YouthId) -> Result<Option<YouthRow>, StoreError> {
    one(connection, &select(YOUTH, "youth WHERE id = ?1"), params![blob(youth.uuid())], rows::youth)
}

/// See [`crate::store::Store::youths`].
pub(super) fn youths(connection: &Connection, after: Uuid, limit: u32) -> Result<Vec<YouthRow>, StoreError> {
    let sql = select(YOUTH, "youth WHERE id > ?1 ORDER BY id LIMIT ?2");
    all(connection, &sql, params![blob(after), limit], rows::youth)
}

/// See [`crate::store::Store::referral`].
pub(super) fn referral(
    connection: &Connection,
    referral: ReferralId,
) -> Result<Option<ReferralRow>, StoreError> {
    one(
        connection,
        &select(REFERRAL, "referral WHERE id = ?1"),
        params![blob(referral.uuid())],
        rows::referral,
    )
}

/// See [`crate::store::Store::referrals`].
pub(super) fn referrals(
    connection: &Connection,
    filter: &ReferralFilter,
) -> Result<Vec<ReferralRow>, StoreError> {
    let (before, before_id) = match filter.before {
        Some((created, id)) => (instant(created), id.uuid()),
        None => (i64::MAX, Uuid::max()),
    };
    let (before_id, limit) = (blob(before_id), filter.limit);
    let find = |condition: &str, values: &[&dyn rusqlite::ToSql]| {
        let condition = format!(
            "referral WHERE {condition} AND (created, id) < (?1, ?2) ORDER BY created DESC, id DESC LIMIT ?3"
        );
        all(connection, &select(REFERRAL, &condition), values, rows::referral)
    };
    let party = filter.party.as_ref().map(AgencyId::as_str);
    match (filter.youth.map(|youth| blob(youth.uuid())), party) {
        (Some(youth), Some(party)) => {
            let condition = "youth = ?4 AND (sender = ?5 OR (recipient = ?5 AND reached_recipient = 1))";
            find(condition, params![before, before_id, limit, youth, party])
        }
        (Some(youth), None) => find("youth = ?4", params![before, before_id, limit, youth]),
        (None, Some(party)) => {
            // Two searches, each in the order of its own index, instead of one that sorts everything.
            let mut found = find("sender = ?4", params![before, before_id, limit, party])?;
            let received = "recipient = ?4 AND reached_recipient = 1 AND sender <> ?4";
            found.extend(find(received, params![before, before_id, limit, party])?);
            found.sort_by_key(|row| std::cmp::Reverse((row.created, row.id)));
            found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            Ok(found)
        }
        (None, None) => find("TRUE", params![before, before_id, limit]),
    }
}

/// See [`crate::store::Store::overdue_referrals`].
pub(super) fn overdue_referrals(
    connection: &Connection,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<ReferralRow>, StoreError> {
    let sql =
        select(REFERRAL, "referral WHERE state IN (1, 2) AND respond_by <= ?1 ORDER BY respond_by LIMIT ?2");
    all(connection, &sql, params![instant(now), limit], rows::referral)
}

/// See [`crate::store::Store::erasable_referrals`].
pub(super) fn erasable_referrals(
    connection: &Connection,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<ReferralRow>, StoreError> {
    let condition = "referral WHERE holds_content = 1 AND delivery_ended IS NOT NULL AND delivery_ended < ?1
        ORDER BY delivery_ended LIMIT ?2";
    all(connection, &select(REFERRAL, condition), params![instant(before), limit], rows::referral)
}

/// See [`crate::store::Store::instrument`].
pub(super) fn instrument(connection: &Connection, id: Uuid) -> Result<Option<InstrumentRow>, StoreError> {
    one(connection, &select(INSTRUMENT, "instrument WHERE id = ?1"), params![blob(id)], rows::instrument)
}

/// See [`crate::store::Store::instruments_of`].
pub(super) fn instruments_of(
    connection: &Connection,
    youth: YouthId,
) -> Result<Vec<InstrumentRow>, StoreError> {
    let sql = select(INSTRUMENT, "instrument WHERE youth = ?1 ORDER BY number");
    all(connection, &sql, params![blob(youth.uuid())], rows::instrument)
}

/// See [`crate::store::Store::instruments_in_force`]. The table is read as it lies on disk, what is not in force too:
/// a row that has to be searched for costs more than one that is passed over.
pub(super) fn instruments_in_force(
    connection: &Connection,
    after: InForce,
    limit: u32,
) -> Result<InForcePage, StoreError> {
    let columns = format!("{INSTRUMENT}, number");
    let sql = select(&columns, "instrument WHERE number > ?1 AND in_force = 1 ORDER BY number LIMIT ?2");
    let found = all(connection, &sql, params![number(after.0)?, limit], rows::instrument_and_number)?;
    let full = found.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    let next = found.last().filter(|_| full).map(|(_, number)| InForce(*number));
    Ok(InForcePage { rows: found.into_iter().map(|(row, _)| row).collect(), next })
}

/// See [`crate::store::Store::events_after`].
pub(super) fn events_after(
    connection: &Connection,
    position: u64,
    party: &AgencyId,
    limit: u32,
) -> Result<Vec<EventRow>, StoreError> {
    let condition =
        "event WHERE position > ?1 AND (sender = ?2 OR recipient = ?2) ORDER BY position LIMIT ?3";
    let values = params![number(position)?, party.as_str(), limit];
    all(connection, &select(EVENT, condition), values, rows::event)
}

/// See [`crate::store::Store::last_event`].
pub(super) fn last_event(connection: &Connection) -> Result<u64, StoreError> {
    newest(connection, "SELECT ifnull(max(position), 0) FROM event")
}

/// See [`crate::store::Store::notices_after`].
pub(super) fn notices_after(
    connection: &Connection,
    position: u64,
    agency: &[u8; 32],
    limit: u32,
) -> Result<Vec<NoticeRow>, StoreError> {
    let condition = "consent_notice WHERE agency = ?1 AND position > ?2 ORDER BY position LIMIT ?3";
    let values = params![agency, number(position)?, limit];
    all(connection, &select(NOTICE, condition), values, rows::notice)
}

/// See [`crate::store::Store::last_notice`].
pub(super) fn last_notice(connection: &Connection) -> Result<u64, StoreError> {
    newest(connection, "SELECT ifnull(max(position), 0) FROM consent_notice")
}

/// See [`crate::store::Store::batch_items`].
pub(super) fn batch_items(connection: &Connection, leaf: u64) -> Result<Vec<BatchItem>, StoreError> {
    let condition = "batch_item WHERE leaf = ?1 ORDER BY item";
    all(connection, &select(BATCH_ITEM, condition), params![number(leaf)?], rows::batch_item)
}

/// See [`crate::store::Store::batches_about`].
pub(super) fn batches_about(connection: &Connection, subject: &[u8; 32]) -> Result<Vec<u64>, StoreError> {
    let sql = "SELECT DISTINCT leaf FROM batch_item WHERE subject = ?1 ORDER BY leaf";
    all(connection, sql, params![subject], only_number)
}

/// See [`crate::store::Store::committed_leaves`].
pub(super) fn committed_leaves(connection: &Connection, from: u64) -> Result<Vec<u64>, StoreError> {
    let sql = "SELECT sequence FROM audit_detail WHERE sequence >= ?1 ORDER BY sequence";
    all(connection, sql, params![number(from)?], only_number)
}

/// See [`crate::store::Store::audit_detail`].
pub(super) fn audit_detail(connection: &Connection, sequence: u64) -> Result<Option<DetailRow>, StoreError> {
    let sql = "SELECT youth, sealed FROM audit_detail WHERE sequence = ?1";
    one(connection, sql, params![number(sequence)?], rows::detail).map(Option::flatten)
}

/// See [`crate::store::Store::reconciled`].
pub(super) fn reconciled(connection: &Connection) -> Result<Reconciled, StoreError> {
    one(connection, "SELECT until, root FROM reconciled", [], rows::reconciled)?
        .ok_or(StoreError::Unreadable { table: "reconciled" })
}

/// The first row that a query finds.
pub(super) fn one<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut found = statement.query(values).map_err(failed)?;
    found.next().map_err(failed)?.map(read).transpose()
}

/// All rows that a query finds.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut found = statement.query(values).map_err(failed)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        rows.push(read(row)?);
    }
    Ok(rows)
}

/// The position that a query finds; 0 if there is none.
pub(super) fn newest(connection: &Connection, sql: &str) -> Result<u64, StoreError> {
    one(connection, sql, [], only_number).map(Option::unwrap_or_default)
}

/// A query for all columns of a table.
pub(super) fn select(columns: &str, from: &str) -> String {
    format!("SELECT {columns} FROM {from}")
}
