//! How does the queue of deliveries stand on disk?
//!
//! A delivery that waits wakes when it is due; one that is leased wakes when its lease runs out. A lease changes no
//! state: only its holder knows when the sending begins. The index of what is pending is ordered by agency, priority and
//! wake, so that an agency that is down, with a long queue, costs nothing when others are served.

use std::collections::HashMap;

use jiff::Timestamp;
use polku_proto::{AgencyId, MessageId, PlanId, ReferralId, YouthId};

use super::read::select;
use super::rows::{
    self, Columns, DELIVERY, about_columns, blob, instant, item_numbers, number, priority_number,
};
use super::value::{Row, params};
use super::{Query, Session, Step};
use crate::store::{DeliveryFilter, DeliveryItem, DeliveryRow, DeliveryWrite, LeaseRequest, StoreError};

/// See [`crate::store::Store::lease_due`].
pub(super) async fn lease_due<S: Session>(
    session: &S,
    lease: &LeaseRequest,
) -> Result<Vec<DeliveryRow>, StoreError> {
    let mut due = Vec::new();
    let mut rooms: HashMap<AgencyId, u32> = HashMap::new();
    let mut passed: Option<Lane> = None;
    while let Some(lane) = session.first(next_lane(passed.as_ref())).await? {
        let room = rooms.entry(lane.agency.clone()).or_insert_with(|| {
            let busy = lease.under_way.iter().find(|(other, _)| *other == lane.agency);
            lease.per_agency.saturating_sub(busy.map_or(0, |(_, count)| *count)).min(lease.limit)
        });
        let held = lease.held.iter().find(|(other, _)| *other == lane.agency);
        // Once for each agency.
        if held.is_some() && passed.as_ref().is_none_or(|passed| passed.agency != lane.agency) {
            let found = session.find(overdue(&lane.agency, lease, *room)).await?;
            due.extend(found.into_iter().map(|(wake, number)| (lane.priority, wake, number)));
            *room = held.map_or(*room, |(_, more)| (*more).min(*room));
        }
        if *room > 0 && lane.wake <= lease.now {
            let found = session.find(due_in(&lane, lease.now, *room)).await?;
            *room = room.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
            due.extend(found.into_iter().map(|(wake, number)| (lane.priority, wake, number)));
        }
        passed = Some(lane);
    }
    due.sort_unstable_by_key(|(_, _, number)| *number);
    // One that is past its deadline may have been found among what is due as well.
    due.dedup_by_key(|(_, _, number)| *number);
    due.sort_unstable();
    due.truncate(usize::try_from(lease.limit).unwrap_or(usize::MAX));
    let mut leased = Vec::new();
    for (_, _, number) in due {
        let row = session.first(take(number, lease.until)).await?;
        leased.push(row.ok_or(StoreError::Conflict)?);
    }
    Ok(leased)
}

/// See [`crate::store::Store::release`].
pub(super) fn release(message: MessageId, fence: u64, due: Timestamp) -> Result<Step<'static>, StoreError> {
    let sql = "UPDATE delivery SET due = ?3, leased_until = NULL
        WHERE message = ?1 AND fence = ?2 AND state IN (1, 2, 4)";
    Ok(Step::any(sql, params![blob(message.uuid()), number(fence)?, instant(due)]))
}

/// See [`crate::store::Store::delivery`].
pub(super) fn delivery(message: MessageId) -> Query<DeliveryRow> {
    let sql = select(DELIVERY, "delivery WHERE message = ?1");
    Query { sql, values: params![blob(message.uuid())], read: rows::delivery }
}

/// See [`crate::store::Store::deliveries`].
pub(super) fn deliveries(filter: &DeliveryFilter) -> Result<Query<(u64, DeliveryRow)>, StoreError> {
    let mut values = params![filter.limit];
    let mut condition = String::from("delivery WHERE state <> 3");
    // As constants: there are few of them, and no list is a value.
    let states: Vec<String> = filter.states.iter().map(|state| (*state as i32).to_string()).collect();
    condition.push_str(&format!(" AND state IN ({})", states.join(", ")));
    if let Some(agency) = &filter.agency {
        values.extend(params![agency.as_str().to_owned()]);
        condition.push_str(&format!(" AND agency = ?{}", values.len()));
    }
    if let Some(after) = filter.after {
        values.extend(params![number(after)?]);
        condition.push_str(&format!(" AND number > ?{}", values.len()));
    }
    condition.push_str(" ORDER BY number LIMIT ?1");
    Ok(Query { sql: select(&format!("number, {DELIVERY}"), &condition), values, read: listed })
}

/// See [`crate::store::Store::open_deliveries_of`].
pub(super) fn open_deliveries_of(youth: YouthId) -> Query<DeliveryRow> {
    let sql = select(DELIVERY, "delivery WHERE youth = ?1 AND state IN (1, 2, 4, 5) ORDER BY number");
    Query { sql, values: params![blob(youth.uuid())], read: rows::delivery }
}

/// See [`crate::store::Store::deliveries_about`].
pub(super) fn deliveries_about(referral: ReferralId) -> Query<DeliveryRow> {
    let sql = select(DELIVERY, "delivery WHERE referral = ?1 ORDER BY number");
    Query { sql, values: params![blob(referral.uuid())], read: rows::delivery }
}

/// See [`crate::store::Store::parts_told`].
pub(super) fn parts_told(plan: PlanId, owner: &str, agency: &AgencyId) -> Query<u64> {
    let condition =
        "delivery WHERE plan = ?1 AND owner = ?2 AND agency = ?3 AND item IN (6, 7) AND state IN (3, 5)";
    let values = params![blob(plan.uuid()), owner.to_owned(), agency.as_str().to_owned()];
    Query { sql: select("count(*)", condition), values, read: rows::only_number }
}

/// Puts a delivery into the queue, unless it is a part of a plan and one of the same section waits for the same agency.
/// That one tells the section as it is when it is sent. With something of the plan behind it, it would tell a later change
/// before an earlier one: it goes behind all of that, be it that it has been tried and is not there, and is due as it was.
/// Whoever holds it finds another fence then. Of two that wait beside each other, the first for its next attempt, that is
/// the second: the first is not told any more. In which order the sections of a plan go is seen to at the sending
/// (`crate::outbox`).
pub(super) fn enqueue(row: &DeliveryRow) -> Result<Vec<Step<'_>>, StoreError> {
    let (referral, plan, owner) = about_columns(&row.about);
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
        row.reference.as_deref(),
        priority_number(row.priority),
        item_place,
    ];
    if row.item != DeliveryItem::PlanPart {
        let sql = "INSERT INTO delivery (message, item, item_index, referral, plan, owner, youth, agency, state, attempts,
                due, deadline, fence, leased_until, intent, reference, priority, item_place)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";
        return Ok(vec![Step::any(sql, values)]);
    }
    // What is open about one person is little. Written so that neither the plan nor what all wait for an agency is searched.
    let overtaken = "UPDATE delivery
        SET number = (SELECT max(number) + 1 FROM delivery), fence = fence + 1, leased_until = NULL, state = 1
        WHERE plan = ?1 AND owner = ?2 AND agency = ?3 AND item = 6 AND state IN (1, 4)
            AND (state = 1 OR NOT EXISTS (SELECT 1 FROM delivery other
                WHERE other.plan = ?1 AND other.owner = ?2 AND other.agency = ?3 AND other.item = 6
                    AND other.state IN (1, 4) AND (other.state = 1 OR other.number > delivery.number)))
            AND EXISTS (SELECT 1 FROM delivery behind
                WHERE behind.youth = delivery.youth AND behind.state IN (1, 2, 4, 5) AND behind.state <> 5
                    AND behind.number > delivery.number AND NOT behind.plan <> ?1 AND behind.agency = ?3
                    AND behind.item IN (6, 7))";
    let wait = "UPDATE delivery SET deadline = CASE WHEN deadline < ?4 THEN ?4 ELSE deadline END
        WHERE plan = ?1 AND owner = ?2 AND agency = ?3 AND item = 6 AND state IN (1, 4)";
    let place = params![plan, owner, row.agency.as_str()];
    let section = params![plan, owner, row.agency.as_str(), instant(row.deadline)];
    let sql = "INSERT INTO delivery (message, item, item_index, referral, plan, owner, youth, agency, state, attempts,
            due, deadline, fence, leased_until, intent, reference, priority, item_place)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18
        WHERE NOT EXISTS (SELECT 1 FROM delivery
            WHERE plan = ?5 AND owner = ?6 AND agency = ?8 AND item = 6 AND state IN (1, 4))";
    Ok(vec![Step::any(overtaken, place), Step::any(wait, section), Step::any(sql, values)])
}

/// Moves a delivery on. What is delivered, about whom, to whom and how urgently never changes.
pub(super) fn update_delivery(write: &DeliveryWrite) -> Result<Step<'_>, StoreError> {
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
        row.reference.as_deref(),
    ];
    Ok(Step::one(sql, values))
}

/// Stops a delivery that waits, whoever holds a lease on it.
pub(super) fn stop(message: MessageId) -> Step<'static> {
    let sql = "UPDATE delivery SET state = 7, fence = fence + 1, leased_until = NULL
        WHERE message = ?1 AND state IN (1, 4)";
    Step::one(sql, params![blob(message.uuid())])
}

/// Takes over what was leased when the process before this one ended. What waited is due at once; what was being sent
/// is looked at when its lease runs out, because the agency may still be at work on it.
pub(in crate::store) fn void_leases() -> Step<'static> {
    let sql =
        "UPDATE delivery SET leased_until = CASE WHEN state = 2 THEN leased_until END, fence = fence + 1
        WHERE leased_until IS NOT NULL";
    Step::any(sql, Vec::new())
}

/// What is pending for one agency with one priority.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) agency: AgencyId,
    priority: i32,
    /// Its earliest wake.
    pub(super) wake: Timestamp,
}

/// Agencies and priorities with something pending, in this order, one at a time: one step in the index for each of them.
/// Not by one comparison of both: where many wait in the lane that is passed, SQLite would look at every one of them.
pub(super) fn next_lane(passed: Option<&Lane>) -> Query<Lane> {
    let (agency, priority) = passed.map_or(("", 0), |lane| (lane.agency.as_str(), lane.priority));
    let sql = "SELECT agency, priority, wake FROM (SELECT agency, priority, wake FROM delivery
            WHERE state IN (1, 2, 4) AND agency = ?1 AND priority > ?2 ORDER BY priority, wake LIMIT 1) AS of_same
        UNION ALL
        SELECT agency, priority, wake FROM (SELECT agency, priority, wake FROM delivery
            WHERE state IN (1, 2, 4) AND agency > ?1 ORDER BY agency, priority, wake LIMIT 1) AS of_next
        ORDER BY agency, priority LIMIT 1";
    Query { sql: sql.to_owned(), values: params![agency.to_owned(), priority], read: lane }
}

/// Wake and number of what is due in a lane.
fn due_in(lane: &Lane, now: Timestamp, limit: u32) -> Query<(i64, i64)> {
    let condition = "delivery WHERE state IN (1, 2, 4) AND agency = ?1 AND priority = ?2
        AND wake <= ?3 ORDER BY wake, number LIMIT ?4";
    let values = params![lane.agency.as_str().to_owned(), lane.priority, instant(now), limit];
    Query { sql: select("wake, number", condition), values, read: two_numbers }
}

/// The same of what is past its deadline, for one agency and whatever the priority.
fn overdue(agency: &AgencyId, lease: &LeaseRequest, limit: u32) -> Query<(i64, i64)> {
    let condition = "delivery WHERE state IN (1, 2, 4) AND agency = ?1 AND deadline <= ?2 AND wake <= ?3
        ORDER BY deadline, number LIMIT ?4";
    let values = params![agency.as_str().to_owned(), instant(lease.time), instant(lease.now), limit];
    Query { sql: select("wake, number", condition), values, read: two_numbers }
}

/// Leases one delivery. Its state stays: it is being sent only once the intent is logged.
fn take(delivery: i64, until: Timestamp) -> Query<DeliveryRow> {
    let sql = format!(
        "UPDATE delivery SET fence = fence + 1, leased_until = ?2 WHERE number = ?1 RETURNING {DELIVERY}"
    );
    Query { sql, values: params![delivery, instant(until)], read: rows::delivery }
}

/// A delivery behind its place in the queue.
fn listed(row: &dyn Row) -> Result<(u64, DeliveryRow), StoreError> {
    let mut columns = Columns::new(row, "delivery");
    Ok((columns.number()?, rows::delivery_of(&mut columns)?))
}

fn lane(row: &dyn Row) -> Result<Lane, StoreError> {
    let mut columns = Columns::new(row, "delivery");
    Ok(Lane { agency: columns.agency()?, priority: columns.next()?, wake: columns.instant()? })
}

fn two_numbers(row: &dyn Row) -> Result<(i64, i64), StoreError> {
    let mut columns = Columns::new(row, "delivery");
    Ok((columns.next()?, columns.next()?))
}
