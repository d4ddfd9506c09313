//! How do joint plans stand on disk?
//!
//! What a plan says is kept once, with its revision; the plan itself knows which revision is the present one.

use jiff::Timestamp;
use polku_proto::{AgencyId, PlanId, YouthId};
use uuid::Uuid;

use super::read::{newest, select};
use super::rows::{Columns, blob, instant, number};
use super::value::{Row, params};
use super::{Query, Step};
use crate::store::{MarkTold, NewPlanEvent, PlanEventRow, PlanRevisionRow, PlanRow, PlanWrite, StoreError};

/// The columns that [`plan_row`] reads.
pub(super) const PLAN: &str =
    "plan.id, plan.youth, plan.coordinator, plan.parties, plan.revision, plan.created,
    plan.updated, plan.ended, plan.look_at, plan_revision.sealed";

/// Where they come from.
pub(super) const PRESENT: &str = "plan JOIN plan_revision ON plan_revision.plan = plan.id
    AND plan_revision.revision = plan.revision";

/// See [`crate::store::Store::plan`].
pub(super) fn plan(plan: PlanId) -> Query<PlanRow> {
    let sql = select(PLAN, &format!("{PRESENT} WHERE plan.id = ?1"));
    Query { sql, values: params![blob(plan.uuid())], read: plan_row }
}

/// See [`crate::store::Store::plans_of`].
pub(super) fn plans_of(youth: YouthId) -> Query<PlanRow> {
    let condition = format!("{PRESENT} WHERE plan.youth = ?1 ORDER BY plan.created DESC, plan.id DESC");
    Query { sql: select(PLAN, &condition), values: params![blob(youth.uuid())], read: plan_row }
}

/// See [`crate::store::Store::plans_to_look_at`].
pub(super) fn plans_to_look_at(now: Timestamp, limit: u32) -> Query<PlanRow> {
    let condition = format!("{PRESENT} WHERE plan.look_at <= ?1 ORDER BY plan.look_at LIMIT ?2");
    Query { sql: select(PLAN, &condition), values: params![instant(now), limit], read: plan_row }
}

/// See [`crate::store::Store::look_at_plan`].
pub(super) fn look_at_plan(
    plan: PlanId,
    revision: u64,
    when: Option<Timestamp>,
) -> Result<Step<'static>, StoreError> {
    let sql = "UPDATE plan SET look_at = ?3 WHERE id = ?1 AND revision = ?2";
    Ok(Step::any(sql, params![blob(plan.uuid()), number(revision)?, when.map(instant)]))
}

/// See [`crate::store::Store::look_at_all_plans`].
pub(super) fn look_at_all_plans(when: Timestamp) -> Step<'static> {
    Step::any("UPDATE plan SET look_at = ?1", params![instant(when)])
}

/// Lets all plans of a person be looked at.
pub(super) fn look_at_plans_of(youth: YouthId, when: Timestamp) -> Step<'static> {
    Step::any("UPDATE plan SET look_at = ?2 WHERE youth = ?1", params![blob(youth.uuid()), instant(when)])
}

/// See [`crate::store::Store::coordinated_by`].
pub(super) fn coordinated_by(agency: &AgencyId) -> Query<YouthId> {
    let sql = select("DISTINCT youth", "plan WHERE coordinator = ?1 ORDER BY youth");
    let read = |row: &dyn Row| Ok(YouthId::from_uuid(Columns::new(row, "plan").id()?));
    Query { sql, values: params![agency.as_str().to_owned()], read }
}

/// See [`crate::store::Store::plan_revision`].
pub(super) fn plan_revision(plan: PlanId, revision: u64) -> Result<Query<PlanRevisionRow>, StoreError> {
    let sql = select("plan, revision, time, sealed", "plan_revision WHERE plan = ?1 AND revision = ?2");
    Ok(Query { sql, values: params![blob(plan.uuid()), number(revision)?], read: revision_row })
}

/// See [`crate::store::Store::plan_revisions`].
pub(super) fn plan_revisions(
    plan: PlanId,
    before: Option<u64>,
    limit: u32,
) -> Result<Query<PlanRevisionRow>, StoreError> {
    let before = before.map_or(Ok(i64::MAX), number)?;
    let condition = "plan_revision WHERE plan = ?1 AND revision < ?2 ORDER BY revision DESC LIMIT ?3";
    let sql = select("plan, revision, time, sealed", condition);
    Ok(Query { sql, values: params![blob(plan.uuid()), before, limit], read: revision_row })
}

/// See [`crate::store::Store::plan_events_after`].
pub(super) fn plan_events_after(
    position: u64,
    agency: &AgencyId,
    plan: Option<PlanId>,
    limit: u32,
) -> Result<Query<PlanEventRow>, StoreError> {
    let columns = "position, plan, youth, revision, agency, time,
        (SELECT revision FROM plan WHERE plan.id = plan_event.plan)";
    let mut values = params![agency.as_str().to_owned(), number(position)?, limit];
    let of_plan = match plan {
        Some(plan) => {
            values.extend(params![blob(plan.uuid())]);
            "AND plan = ?4"
        }
        None => "",
    };
    let condition =
        format!("plan_event WHERE agency = ?1 {of_plan} AND position > ?2 ORDER BY position LIMIT ?3");
    Ok(Query { sql: select(columns, &condition), values, read: event_row })
}

/// See [`crate::store::Store::last_plan_event`].
pub(super) fn last_plan_event() -> Query<u64> {
    newest("plan_event")
}

/// Whether one of [`crate::store::Store::marks_told`] is there.
pub(super) fn mark_told(about: Uuid, mark: [u8; 32]) -> Query<[u8; 32]> {
    let sql = select("mark", "told WHERE about = ?1 AND mark = ?2");
    let read = |row: &dyn Row| Columns::new(row, "told").bytes();
    Query { sql, values: params![blob(about), mark], read }
}

/// Makes a plan, or moves it on, and keeps the revision.
pub(super) fn write_plan(write: &PlanWrite) -> Result<[Step<'_>; 2], StoreError> {
    let row = &write.row;
    let parties: Vec<&str> = row.parties.iter().map(AgencyId::as_str).collect();
    let parties = parties.join(" ");
    let written = match write.expected {
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
            Step::any(sql, values)
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
            Step::one(sql, values)
        }
    };
    let sql = "INSERT INTO plan_revision (plan, revision, time, sealed) VALUES (?1, ?2, ?3, ?4)";
    let values = params![blob(row.id.uuid()), number(row.revision)?, instant(row.updated), &row.sealed];
    Ok([written, Step::any(sql, values)])
}

pub(super) fn add_mark_told(told: &MarkTold) -> Step<'_> {
    let sql = "INSERT INTO told (about, mark) VALUES (?1, ?2) ON CONFLICT (about, mark) DO NOTHING";
    Step::any(sql, params![blob(told.about), told.mark])
}

/// Tells an agency of a plan.
pub(super) fn add_plan_event(event: &NewPlanEvent) -> Result<Step<'_>, StoreError> {
    let sql = "INSERT INTO plan_event (plan, youth, revision, agency, time) VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![
        blob(event.plan.uuid()),
        blob(event.youth.uuid()),
        number(event.revision)?,
        event.agency.as_str(),
        instant(event.time),
    ];
    Ok(Step::any(sql, values))
}

pub(super) fn plan_row(row: &dyn Row) -> Result<PlanRow, StoreError> {
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

fn revision_row(row: &dyn Row) -> Result<PlanRevisionRow, StoreError> {
    let mut columns = Columns::new(row, "plan_revision");
    Ok(PlanRevisionRow {
        plan: PlanId::from_uuid(columns.id()?),
        revision: columns.number()?,
        time: columns.instant()?,
        sealed: columns.next()?,
    })
}

fn event_row(row: &dyn Row) -> Result<PlanEventRow, StoreError> {
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
