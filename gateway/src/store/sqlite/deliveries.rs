//! How does the queue of deliveries stand on disk?
//!
//! A delivery that waits wakes when it is due; one that is leased wakes when its lease runs out. A lease changes no
//! state: only its holder knows when the sending begins. The index of what is pending is ordered by agency, priority and
//! wake, so that an agency that is down, with a long queue, costs nothing when others are served.

use std::collections::HashMap;

use jiff::Timestamp;
use polku_proto::{AgencyId, MessageId, PlanId, ReferralId, YouthId};
use rusqlite::{Connection, params};

use super::changes::{execute, expect_one};
use super::read::{all, one, select};
use super::rows::{self, DELIVERY, about_columns, blob, instant, item_numbers, number, priority_number};
use crate::store::{DeliveryItem, DeliveryRow, DeliveryWrite, LeaseRequest, StoreError};

/// See [`crate::store::Store::lease_due`].
pub(super) fn lease_due(
    connection: &Connection,
    lease: &LeaseRequest,
) -> Result<Vec<DeliveryRow>, StoreError> {
    let mut due = Vec::new();
    let mut rooms: HashMap<AgencyId, u32> = HashMap::new();
    for lane in lanes(connection)? {
        let room = rooms.entry(lane.agency.clone()).or_insert_with(|| {
            let busy = lease.under_way.iter().find(|(other, _)| *other == lane.agency);
            lease.per_agency.saturating_sub(busy.map_or(0, |(_, count)| *count)).min(lease.limit)
        });
        if *room == 0 || lane.wake > instant(lease.now) {
            continue;
        }
        let sql =
            "SELECT wake, number FROM delivery WHERE state IN (1, 2, 4) AND agency = ?1 AND priority = ?2
                AND wake <= ?3 ORDER BY wake, number LIMIT ?4";
        let values = params![lane.agency.as_str(), lane.priority, instant(lease.now), *room];
        let found = all(connection, sql, values, two_numbers)?;
        *room = room.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
        due.extend(found.into_iter().map(|(wake, number)| (lane.priority, wake, number)));
    }
    due.sort_unstable();
    due.truncate(usize::try_from(lease.limit).unwrap_or(usize::MAX));
    due.into_iter().map(|(_, _, number)| take(connection, number, lease.until)).collect()
}

/// See [`crate::store::Store::release`].
pub(super) fn release(
    connection: &Connection,
    message: MessageId,
    fence: u64,
    due: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE delivery SET due = ?3, leased_until = NULL
        WHERE message = ?1 AND fence = ?2 AND state IN (1, 2, 4)";
    execute(connection, sql, params![blob(message.uuid()), number(fence)?, instant(due)]).map(drop)
}

/// See [`crate::store::Store::next_due`].
pub(super) fn next_due(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let wakes = lanes(connection)?.into_iter().map(|lane| lane.wake);
    let earliest = wakes.min().map(Timestamp::from_millisecond).transpose();
    earliest.map_err(|_| StoreError::Unreadable { table: "delivery" })
}

/// See [`crate::store::Store::delivery`].
pub(super) fn delivery(
    connection: &Connection,
    message: MessageId,
) -> Result<Option<DeliveryRow>, StoreError> {
    one(
        connection,
        &select(DELIVERY, "delivery WHERE message = ?1"),
        params![blob(message.uuid())],
        rows::delivery,
    )
}

/// See [`crate::store::Store::open_deliveries_of`].
pub(super) fn open_deliveries_of(
    connection: &Connection,
    youth: YouthId,
) -> Result<Vec<DeliveryRow>, StoreError> {
    let sql = select(DELIVERY, "delivery WHERE youth = ?1 AND state IN (1, 2, 4, 5) ORDER BY number");
    all(connection, &sql, params![blob(youth.uuid())], rows::delivery)
}

/// See [`crate::store::Store::deliveries_about`].
pub(super) fn deliveries_about(
    connection: &Connection,
    referral: ReferralId,
) -> Result<Vec<DeliveryRow>, StoreError> {
    let sql = select(DELIVERY, "delivery WHERE referral = ?1 ORDER BY number");
    all(connection, &sql, params![blob(referral.uuid())], rows::delivery)
}

/// See [`crate::store::Store::parts_told`].
pub(super) fn parts_told(
    connection: &Connection,
    plan: PlanId,
    owner: &str,
    agency: &AgencyId,
) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM delivery
        WHERE plan = ?1 AND owner = ?2 AND agency = ?3 AND item IN (6, 7) AND state IN (3, 5)";
    let values = params![blob(plan.uuid()), owner, agency.as_str()];
    let count = one(connection, sql, values, |row| rows::Columns::new(row, "delivery").number())?;
    Ok(count.unwrap_or_default())
}

/// Puts a delivery into the queue, unless it is a part of a plan and one of the same section waits for the same agency.
pub(super) fn enqueue(connection: &Connection, row: &DeliveryRow) -> Result<(), StoreError> {
    let (referral, plan, owner) = about_columns(&row.about);
    if row.item == DeliveryItem::PlanPart {
        let sql = "UPDATE delivery SET deadline = max(deadline, ?4)
            WHERE plan = ?1 AND owner = ?2 AND agency = ?3 AND item = 6 AND state IN (1, 4)";
        if execute(connection, sql, params![plan, owner, row.agency.as_str(), instant(row.deadline)])? > 0 {
            return Ok(());
        }
    }
    let sql =
        "INSERT INTO delivery (message, item, item_index, referral, plan, owner, youth, agency, state, attempts, due,
            deadline, fence, leased_until, intent, reference, priority, item_place)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";
    let (item, item_index, item_place) = item_numbers(row.item);
    let values = params![
        blob(row.message.uuid()),
        item,
        number(item_index)?,
        referral,
        plan,
        owner,
        blob(row.youth.uuid()),
        row.agency.as_str(),
        row.state as i32,
        row.attempts,
        instant(row.due),
        instant(row.deadline),
        number(row.fence)?,
        row.leased_until.map(instant),
        row.intent.map(number).transpose()?,
        row.reference,
        priority_number(row.priority),
        item_place,
    ];
    execute(connection, sql, values).map(drop)
}

/// Moves a delivery on. What is delivered, about whom, to whom and how urgently never changes.
pub(super) fn update_delivery(connection: &Connection, write: &DeliveryWrite) -> Result<(), StoreError> {
    let row = &write.row;
    let sql = "UPDATE delivery SET state = ?3, attempts = ?4, due = ?5, deadline = ?6, fence = ?7, leased_until = ?8,
            intent = ?9, reference = ?10
        WHERE message = ?1 AND fence = ?2";
    let values = params![
        blob(row.message.uuid()),
        number(write.expected_fence)?,
        row.state as i32,
        row.attempts,
        instant(row.due),
        instant(row.deadline),
        number(row.fence)?,
        row.leased_until.map(instant),
        row.intent.map(number).transpose()?,
        row.reference,
    ];
    expect_one(execute(connection, sql, values)?)
}

/// Stops a delivery that waits, whoever holds a lease on it.
pub(super) fn stop(connection: &Connection, message: MessageId) -> Result<(), StoreError> {
    let sql = "UPDATE delivery SET state = 7, fence = fence + 1, leased_until = NULL
        WHERE message = ?1 AND state IN (1, 4)";
    expect_one(execute(connection, sql, params![blob(message.uuid())])?)
}

/// Leases one delivery. Its state stays: it is being sent only once the intent is logged.
fn take(connection: &Connection, delivery: i64, until: Timestamp) -> Result<DeliveryRow, StoreError> {
    let found =
        one(connection, &select(DELIVERY, "delivery WHERE number = ?1"), params![delivery], rows::delivery)?;
    let row = found.ok_or(StoreError::Conflict)?;
    let sql = "UPDATE delivery SET fence = fence + 1, leased_until = ?2 WHERE number = ?1";
    expect_one(execute(connection, sql, params![delivery, instant(until)])?)?;
    Ok(DeliveryRow { fence: row.fence + 1, leased_until: Some(until), ..row })
}

/// Takes over what was leased when the process before this one ended. What waited is due at once; what was being sent
/// is looked at when its lease runs out, because the agency may still be at work on it.
pub(super) fn void_leases(connection: &Connection) -> Result<(), StoreError> {
    let sql = "UPDATE delivery SET leased_until = iif(state = 2, leased_until, NULL), fence = fence + 1
        WHERE leased_until IS NOT NULL";
    execute(connection, sql, []).map(drop)
}

/// What is pending for one agency with one priority.
struct Lane {
    agency: AgencyId,
    priority: i32,
    /// Its earliest wake.
    wake: i64,
}

/// Agencies and priorities with something pending, in this order: one step in the index for each of them.
fn lanes(connection: &Connection) -> Result<Vec<Lane>, StoreError> {
    let sql = "SELECT agency, priority, wake FROM delivery WHERE state IN (1, 2, 4) AND (agency, priority) > (?1, ?2)
        ORDER BY agency, priority, wake LIMIT 1";
    let mut lanes: Vec<Lane> = Vec::new();
    loop {
        let (agency, priority) = lanes.last().map_or(("", 0), |lane| (lane.agency.as_str(), lane.priority));
        match one(connection, sql, params![agency, priority], lane)? {
            Some(next) => lanes.push(next),
            None => return Ok(lanes),
        }
    }
}

fn lane(row: &rusqlite::Row<'_>) -> Result<Lane, StoreError> {
    let unreadable = |_| StoreError::Unreadable { table: "delivery" };
    let agency: String = row.get(0).map_err(unreadable)?;
    Ok(Lane {
        agency: agency.parse().map_err(|_| StoreError::Unreadable { table: "delivery" })?,
        priority: row.get(1).map_err(unreadable)?,
        wake: row.get(2).map_err(unreadable)?,
    })
}

fn two_numbers(row: &rusqlite::Row<'_>) -> Result<(i64, i64), StoreError> {
    let unreadable = |_| StoreError::Unreadable { table: "delivery" };
    Ok((row.get(0).map_err(unreadable)?, row.get(1).map_err(unreadable)?))
}
