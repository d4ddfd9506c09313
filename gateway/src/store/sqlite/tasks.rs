//! How do tasks stand on disk?

use polku_proto::v1::task::State;
use polku_proto::{AgencyId, PlanId, TaskId, YouthId};
use rusqlite::{Connection, Row, ToSql, params};
use uuid::Uuid;

use super::changes::{execute, expect_one};
use super::read::{all, newest, one, select};
use super::rows::{Columns, blob, instant, number};
use crate::store::{StoreError, TaskEventRow, TaskFilter, TaskRow, TaskStates, TaskWrite};

/// The columns that [`task_row`] reads.
const TASK: &str = "id, youth, agency, plan, state, version, created, updated, sealed";

/// See [`crate::store::Store::task`].
pub(super) fn task(connection: &Connection, task: TaskId) -> Result<Option<TaskRow>, StoreError> {
    one(connection, &select(TASK, "task WHERE id = ?1"), params![blob(task.uuid())], task_row)
}

/// See [`crate::store::Store::tasks`].
pub(super) fn tasks(connection: &Connection, filter: &TaskFilter) -> Result<Vec<TaskRow>, StoreError> {
    let (after, after_id) = match filter.after {
        Some((created, id)) => (instant(created), id.uuid()),
        None => (i64::MIN, Uuid::nil()),
    };
    let (agency, after_id) = (filter.agency.as_str(), blob(after_id));
    let state = match filter.states {
        // As a constant: the index of what is open is used for nothing else.
        TaskStates::Open => "AND state = 1",
        TaskStates::All => "",
    };
    let find = |person: &str, values: &[&dyn ToSql]| {
        let condition = format!(
            "task WHERE agency = ?1 {person} {state} AND (created, id) > (?2, ?3) ORDER BY created, id LIMIT ?4"
        );
        all(connection, &select(TASK, &condition), values, task_row)
    };
    match filter.youth {
        Some(youth) => {
            find("AND youth = ?5", params![agency, after, after_id, filter.limit, blob(youth.uuid())])
        }
        None => find("", params![agency, after, after_id, filter.limit]),
    }
}

/// See [`crate::store::Store::open_tasks_of_plan`].
pub(super) fn open_tasks_of_plan(connection: &Connection, plan: PlanId) -> Result<Vec<TaskRow>, StoreError> {
    let sql = select(TASK, "task WHERE plan = ?1 AND state = 1 ORDER BY created, id");
    all(connection, &sql, params![blob(plan.uuid())], task_row)
}

/// See [`crate::store::Store::task_events_after`].
pub(super) fn task_events_after(
    connection: &Connection,
    position: u64,
    agency: &AgencyId,
    limit: u32,
) -> Result<Vec<TaskEventRow>, StoreError> {
    let sql = "SELECT position, task, time FROM task_event WHERE agency = ?1 AND position > ?2
        ORDER BY position LIMIT ?3";
    all(connection, sql, params![agency.as_str(), number(position)?, limit], event_row)
}

/// See [`crate::store::Store::last_task_event`].
pub(super) fn last_task_event(connection: &Connection) -> Result<u64, StoreError> {
    newest(connection, "SELECT ifnull(max(position), 0) FROM task_event")
}

/// Makes a task, or moves it on, and tells its agency.
pub(super) fn write_task(connection: &Connection, write: &TaskWrite) -> Result<(), StoreError> {
    let row = &write.row;
    match write.expected {
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
                row.sealed,
            ];
            execute(connection, sql, values)?;
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
                row.sealed,
            ];
            expect_one(execute(connection, sql, values)?)?;
        }
    }
    let sql = "INSERT INTO task_event (task, agency, time) VALUES (?1, ?2, ?3)";
    let values = params![blob(row.id.uuid()), row.agency.as_str(), instant(row.updated)];
    execute(connection, sql, values).map(drop)
}

fn task_row(row: &Row<'_>) -> Result<TaskRow, StoreError> {
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

fn event_row(row: &Row<'_>) -> Result<TaskEventRow, StoreError> {
    let mut columns = Columns::new(row, "task_event");
    Ok(TaskEventRow {
        position: columns.number()?,
        task: TaskId::from_uuid(columns.id()?),
        time: columns.instant()?,
    })
}
