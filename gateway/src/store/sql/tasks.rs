//! How do tasks stand on disk?

use polku_proto::v1::task::State;
use polku_proto::{AgencyId, PlanId, TaskId, YouthId};
use uuid::Uuid;

use super::read::{newest, select};
use super::rows::{Columns, blob, instant, number};
use super::value::{Row, params};
use super::{Query, Step};
use crate::store::{StoreError, TaskEventRow, TaskFilter, TaskRow, TaskStates, TaskWrite};

/// The columns that [`task_row`] reads.
pub(super) const TASK: &str = "id, youth, agency, plan, state, version, created, updated, sealed";

/// See [`crate::store::Store::task`].
pub(super) fn task(task: TaskId) -> Query<TaskRow> {
    Query { sql: select(TASK, "task WHERE id = ?1"), values: params![blob(task.uuid())], read: task_row }
}

/// See [`crate::store::Store::tasks`].
pub(super) fn tasks(filter: &TaskFilter) -> Query<TaskRow> {
    let (after, after_id) = match filter.after {
        Some((created, id)) => (instant(created), id.uuid()),
        None => (i64::MIN, Uuid::nil()),
    };
    let mut values = params![filter.agency.as_str().to_owned(), after, blob(after_id), filter.limit];
    let person = match filter.youth {
        Some(youth) => {
            values.extend(params![blob(youth.uuid())]);
            "AND youth = ?5"
        }
        None => "",
    };
    let state = match filter.states {
        // As a constant: the index of what is open is used for nothing else.
        TaskStates::Open => "AND state = 1",
        TaskStates::All => "",
    };
    let condition = format!(
        "task WHERE agency = ?1 {person} {state} AND (created, id) > (?2, ?3) ORDER BY created, id LIMIT ?4"
    );
    Query { sql: select(TASK, &condition), values, read: task_row }
}

/// See [`crate::store::Store::open_tasks_of_plan`].
pub(super) fn open_tasks_of_plan(plan: PlanId) -> Query<TaskRow> {
    let sql = select(TASK, "task WHERE plan = ?1 AND state = 1 ORDER BY created, id");
    Query { sql, values: params![blob(plan.uuid())], read: task_row }
}

/// See [`crate::store::Store::task_events_after`].
pub(super) fn task_events_after(
    position: u64,
    agency: &AgencyId,
    limit: u32,
) -> Result<Query<TaskEventRow>, StoreError> {
    let condition = "task_event WHERE agency = ?1 AND position > ?2 ORDER BY position LIMIT ?3";
    let values = params![agency.as_str().to_owned(), number(position)?, limit];
    Ok(Query { sql: select("position, task, time", condition), values, read: event_row })
}

/// See [`crate::store::Store::last_task_event`].
pub(super) fn last_task_event() -> Query<u64> {
    newest("task_event")
}

/// Makes a task, or moves it on, and tells its agency.
pub(super) fn write_task(write: &TaskWrite) -> Result<[Step<'_>; 2], StoreError> {
    let row = &write.row;
    let written = match write.expected {
        None => {
            let sql = "INSERT INTO task (id, youth, agency, plan, state, version, created, updated, sealed)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
            let values = params![
                blob(row.id.uuid()),
                blob(row.youth.uuid()),
                row.agency.as_str(),
                row.plan.map(|plan| blob(plan.uuid())),
                row.state as i32,
                number(row.version)?,
                instant(row.created),
                instant(row.updated),
                &row.sealed,
            ];
            Step::any(sql, values)
        }
        Some(expected) => {
            let sql = "UPDATE task SET agency = ?3, state = ?4, version = ?5, updated = ?6, sealed = ?7
                WHERE id = ?1 AND version = ?2";
            let values = params![
                blob(row.id.uuid()),
                number(expected)?,
                row.agency.as_str(),
                row.state as i32,
                number(row.version)?,
                instant(row.updated),
                &row.sealed,
            ];
            Step::one(sql, values)
        }
    };
    let sql = "INSERT INTO task_event (task, agency, time) VALUES (?1, ?2, ?3)";
    let values = params![blob(row.id.uuid()), row.agency.as_str(), instant(row.updated)];
    Ok([written, Step::any(sql, values)])
}

pub(super) fn task_row(row: &dyn Row) -> Result<TaskRow, StoreError> {
    let mut columns = Columns::new(row, "task");
    Ok(TaskRow {
        id: TaskId::from_uuid(columns.id()?),
        youth: YouthId::from_uuid(columns.id()?),
        agency: columns.agency()?,
        plan: columns.optional_id()?.map(PlanId::from_uuid),
        state: columns.converted(|state: i32| State::try_from(state).ok())?,
        version: columns.number()?,
        created: columns.instant()?,
        updated: columns.instant()?,
        sealed: columns.next()?,
    })
}

fn event_row(row: &dyn Row) -> Result<TaskEventRow, StoreError> {
    let mut columns = Columns::new(row, "task_event");
    Ok(TaskEventRow {
        position: columns.number()?,
        task: TaskId::from_uuid(columns.id()?),
        time: columns.instant()?,
    })
}
