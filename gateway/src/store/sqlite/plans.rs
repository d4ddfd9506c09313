//! How do joint plans stand on disk?
//!
//! What a plan says is kept once, with its revision; the plan itself knows which revision is the present one.

use jiff::Timestamp;
use polku_proto::{AgencyId, PlanId, YouthId};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::changes::{execute, expect_one};
use super::read::{all, newest, one, select};
use super::rows::{Columns, blob, instant, number};
use crate::store::{MarkTold, NewPlanEvent, PlanEventRow, PlanRevisionRow, PlanRow, PlanWrite, StoreError};

/// The columns that [`plan_row`] reads.
const PLAN: &str = "plan.id, plan.youth, plan.coordinator, plan.parties, plan.revision, plan.created,
    plan.updated, plan.ended, plan.look_at, plan_revision.sealed";

/// Where they come from.
const PRESENT: &str = "plan JOIN plan_revision ON plan_revision.plan = plan.id
    AND plan_revision.revision = plan.revision";

/// See [`crate::store::Store::plan`].
pub(super) fn plan(connection: &Connection, plan: PlanId) -> Result<Option<PlanRow>, StoreError> {
    let sql = select(PLAN, &format!("{PRESENT} WHERE plan.id = ?1"));
    one(connection, &sql, params![blob(plan.uuid())], plan_row)
}

/// See [`crate::store::Store::plans_of`].
pub(super) fn plans_of(connection: &Connection, youth: YouthId) -> Result<Vec<PlanRow>, StoreError> {
    let condition = format!("{PRESENT} WHERE plan.youth = ?1 ORDER BY plan.created DESC, plan.id DESC");
    all(connection, &select(PLAN, &condition), params![blob(youth.uuid())], plan_row)
}

/// See [`crate::store::Store::plans_to_look_at`].
pub(super) fn plans_to_look_at(
    connection: &Connection,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<PlanRow>, StoreError> {
    let condition = format!("{PRESENT} WHERE plan.look_at <= ?1 ORDER BY plan.look_at LIMIT ?2");
    all(connection, &select(PLAN, &condition), params![instant(now), limit], plan_row)
}

/// See [`crate::store::Store::look_at_plan`].
pub(super) fn look_at_plan(
    connection: &Connection,
    plan: PlanId,
    revision: u64,
    when: Option<Timestamp>,
) -> Result<(), StoreError> {
    let sql = "UPDATE plan SET look_at = ?3 WHERE id = ?1 AND revision = ?2";
    execute(connection, sql, params![blob(plan.uuid()), number(revision)?, when.map(instant)]).map(drop)
}

/// See [`crate::store::Store::look_at_all_plans`].
pub(super) fn look_at_all_plans(connection: &Connection, when: Timestamp) -> Result<(), StoreError> {
    execute(connection, "UPDATE plan SET look_at = ?1", params![instant(when)]).map(drop)
}

/// Lets all plans of a person be looked at.
pub(super) fn look_at_plans_of(
    connection: &Connection,
    youth: YouthId,
    when: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE plan SET look_at = ?2 WHERE youth = ?1";
    execute(connection, sql, params![blob(youth.uuid()), instant(when)]).map(drop)
}

/// See [`crate::store::Store::coordinated_by`].
pub(super) fn coordinated_by(connection: &Connection, agency: &AgencyId) -> Result<Vec<YouthId>, StoreError> {
    let sql = select("DISTINCT youth", "plan WHERE coordinator = ?1 ORDER BY youth");
    all(connection, &sql, params![agency.as_str()], |row| {
        Ok(YouthId::from_uuid(Columns::new(row, "plan").id()?))
    })
}

/// See [`crate::store::Store::plan_revision`].
pub(super) fn plan_revision(
    connection: &Connection,
    plan: PlanId,
    revision: u64,
) -> Result<Option<PlanRevisionRow>, StoreError> {
    let sql = "SELECT plan, revision, time, sealed FROM plan_revision WHERE plan = ?1 AND revision = ?2";
    one(connection, sql, params![blob(plan.uuid()), number(revision)?], revision_row)
}

/// See [`crate::store::Store::plan_revisions`].
pub(super) fn plan_revisions(
    connection: &Connection,
    plan: PlanId,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<PlanRevisionRow>, StoreError> {
    let before = before.map_or(Ok(i64::MAX), number)?;
    let sql = "SELECT plan, revision, time, sealed FROM plan_revision WHERE plan = ?1 AND revision < ?2
        ORDER BY revision DESC LIMIT ?3";
    all(connection, sql, params![blob(plan.uuid()), before, limit], revision_row)
}

/// See [`crate::store::Store::plan_events_after`].
pub(super) fn plan_events_after(
    connection: &Connection,
    position: u64,
    agency: &AgencyId,
    plan: Option<PlanId>,
    limit: u32,
) -> Result<Vec<PlanEventRow>, StoreError> {
    let columns = "position, plan, youth, revision, agency, time,
        (SELECT revision FROM plan WHERE plan.id = plan_event.plan)";
    let (position, agency) = (number(position)?, agency.as_str());
    match plan {
        Some(plan) => {
            let condition = "plan_event WHERE agency = ?1 AND plan = ?2 AND position > ?3
                ORDER BY position LIMIT ?4";
            let values = params![agency, blob(plan.uuid()), position, limit];
            all(connection, &select(columns, condition), values, event_row)
        }
        None => {
            let condition = "plan_event WHERE agency = ?1 AND position > ?2 ORDER BY position LIMIT ?3";
            let values = params![agency, position, limit];
            all(connection, &select(columns, condition), values, event_row)
        }
    }
}

/// See [`crate::store::Store::last_plan_event`].
pub(super) fn last_plan_event(connection: &Connection) -> Result<u64, StoreError> {
    newest(connection, "SELECT ifnull(max(position), 0) FROM plan_event")
}

/// Makes a plan, or moves it on, and keeps the revision.
pub(super) fn write_plan(connection: &Connection, write: &PlanWrite) -> Result<(), StoreError> {
    let row = &write.row;
    let parties: Vec<&str> = row.parties.iter().map(AgencyId::as_str).collect();
    let parties = parties.join(" ");
    match write.expected {
        None => {
            let sql = "INSERT INTO plan (id, youth, coordinator, parties, revision, created, updated, ended, look_at)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
            let values = params![
                blob(row.id.uuid()),
                blob(row.youth.uuid()),
                row.coordinator.as_str(),
                parties,
                number(row.revision)?,
                instant(row.created),
                instant(row.updated),
                row.ended,
                row.look_at.map(instant),
            ];
            execute(connection, sql, values)?;
        }
        Some(expected) => {
            let sql =
                "UPDATE plan SET coordinator = ?3, parties = ?4, revision = ?5, updated = ?6, ended = ?7,
                look_at = ?8 WHERE id = ?1 AND revision = ?2";
            let values = params![
                blob(row.id.uuid()),
                number(expected)?,
                row.coordinator.as_str(),
                parties,
                number(row.revision)?,
                instant(row.updated),
                row.ended,
                row.look_at.map(instant),
            ];
            expect_one(execute(connection, sql, values)?)?;
        }
    }
    let sql = "INSERT INTO plan_revision (plan, revision, time, sealed) VALUES (?1, ?2, ?3, ?4)";
    let values = params![blob(row.id.uuid()), number(row.revision)?, instant(row.updated), row.sealed];
    execute(connection, sql, values).map(drop)
}

/// See [`crate::store::Store::marks_told`].
pub(super) fn marks_told(
    connection: &Connection,
    about: Uuid,
    marks: &[[u8; 32]],
) -> Result<Vec<[u8; 32]>, StoreError> {
    let mut told = Vec::new();
    for mark in marks {
        let sql = select("mark", "told WHERE about = ?1 AND mark = ?2");
        let read = |row: &Row<'_>| Columns::new(row, "told").bytes();
        told.extend(one(connection, &sql, params![blob(about), mark], read)?);
    }
    Ok(told)
}

pub(super) fn add_mark_told(connection: &Connection, told: &MarkTold) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO told (about, mark) VALUES (?1, ?2)";
    execute(connection, sql, params![blob(told.about), told.mark]).map(drop)
}

/// Tells an agency of a plan.
pub(super) fn add_plan_event(connection: &Connection, event: &NewPlanEvent) -> Result<(), StoreError> {
    let sql = "INSERT INTO plan_event (plan, youth, revision, agency, time) VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![
        blob(event.plan.uuid()),
        blob(event.youth.uuid()),
        number(event.revision)?,
        event.agency.as_str(),
        instant(event.time),
    ];
    execute(connection, sql, values).map(drop)
}

fn plan_row(row: &Row<'_>) -> Result<PlanRow, StoreError> {
    let mut columns = Columns::new(row, "plan");
    Ok(PlanRow {
        id: PlanId::from_uuid(columns.id()?),
        youth: YouthId::from_uuid(columns.id()?),
        coordinator: columns.agency()?,
        parties: columns.converted(|parties: String| {
            parties.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().ok()
        })?,
        revision: columns.number()?,
        created: columns.instant()?,
        updated: columns.instant()?,
        ended: columns.next()?,
        look_at: columns.optional_instant()?,
        sealed: columns.next()?,
    })
}

fn revision_row(row: &Row<'_>) -> Result<PlanRevisionRow, StoreError> {
    let mut columns = Columns::new(row, "plan_revision");
    Ok(PlanRevisionRow {
        plan: PlanId::from_uuid(columns.id()?),
        revision: columns.number()?,
        time: columns.instant()?,
        sealed: columns.next()?,
    })
}

fn event_row(row: &Row<'_>) -> Result<PlanEventRow, StoreError> {
    let mut columns = Columns::new(row, "plan_event");
    let position = columns.number()?;
    let event = NewPlanEvent {
        plan: PlanId::from_uuid(columns.id()?),
        youth: YouthId::from_uuid(columns.id()?),
        revision: columns.number()?,
        agency: columns.agency()?,
        time: columns.instant()?,
    };
    Ok(PlanEventRow { position, event, present: columns.number()? })
}
