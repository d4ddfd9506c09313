//! An agency reads what waits for its decision, and follows it.

use std::sync::Arc;

use jiff::Timestamp;
use polku_policy::Authorised;
use polku_proto::v1::{ListTasksRequest, ListTasksResponse, Task, TaskEvent, WatchTasksRequest};
use polku_proto::{TaskId, Valid, YouthId};

use super::record::PlanRecord;
use super::task::TaskRecord;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::page;
use crate::journey::read::youth_id;
use crate::journey::refer::mismatch;
use crate::journey::watch::{Feed, Watch};
use crate::news::Topic;
use crate::outbox::{Lock, Reading, Shown};
use crate::record::wire_time;
use crate::store::{TaskEventRow, TaskFilter, TaskRow, TaskStates};

/// How many tasks are read at once.
const BATCH: u32 = 50;

/// What comes up and is decided.
#[derive(Debug)]
pub(crate) struct Tasks;

/// A task as somebody may see it, of which nobody has written down yet that it was read.
struct SeenTask {
    youth: YouthId,
    name: String,
    view: Authorised<Task>,
    told: Vec<Shown>,
}

impl Gateway {
    /// Lists the tasks of the caller's agency, oldest first.
    pub(crate) async fn list_tasks(
        &self,
        caller: &Caller,
        request: Valid<ListTasksRequest>,
    ) -> Result<Authorised<ListTasksResponse>, Error> {
        let request = request.into_inner();
        let Actor::Professional { .. } = caller.actor else {
            return Err(Error::ActorNotAllowed {
                expected: "a professional reads the tasks of the own agency",
            });
        };
        let youth = match request.parent.as_str() {
            "youths/-" => None,
            parent => Some(youth_id(parent, "parent")?),
        };
        let states = if request.show_resolved { TaskStates::All } else { TaskStates::Open };
        let worker = request.responsible_worker.as_str();
        let list = format!("tasks/{}/{}/{worker}", request.parent, request.show_resolved);
        let after = page::position(self, caller, &list, &request.page_token)?
            .map(|bytes| page::place_of(&bytes))
            .transpose()?
            .map(|(created, id)| (created, TaskId::from_uuid(id)));
        let agency = caller.agency.clone();
        let filter = TaskFilter { agency, youth, states, after, limit: BATCH };
        let (page, rest) = self.tasks_shown(caller, (filter, worker), page::size(request.page_size)).await?;
        let next_page_token = match rest {
            Some((created, id)) => page::token(self, caller, &list, &page::bytes_of(created, id.uuid()))?,
            None => String::new(),
        };
        let mut answer = self.shell(caller, ListTasksResponse { tasks: Vec::new(), next_page_token })?;
        for task in page {
            let task = self.note_task(caller, task).await?;
            answer = answer.gather(task).map_err(mismatch)?;
        }
        Ok(answer)
    }

    /// A page of what the caller may see, and the place behind it where more of that follows: that there are others does
    /// not show, neither by a page that is not full nor by one more. However many they are, they are passed over in this
    /// call, or its deadline passes as that of any call does.
    async fn tasks_shown(
        &self,
        caller: &Caller,
        (mut filter, worker): (TaskFilter, &str),
        size: u32,
    ) -> Result<(Vec<SeenTask>, Option<(Timestamp, TaskId)>), Error> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let mut page = Vec::new();
        loop {
            let rows = self.store.tasks(&filter).await?;
            let is_last = rows.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
            for row in rows {
                let place = (row.created, row.id);
                if let Some(task) = self.seen_task(caller, row, worker).await? {
                    if page.len() == size {
                        return Ok((page, filter.after));
                    }
                    page.push(task);
                }
                filter.after = Some(place);
            }
            if is_last {
                return Ok((page, None));
            }
        }
    }

    /// Begins a watch behind the event of the token, or behind the newest event.
    pub(crate) async fn watch_tasks(
        self: &Arc<Self>,
        caller: Caller,
        request: Valid<WatchTasksRequest>,
    ) -> Result<Watch<Tasks>, Error> {
        self.follow(caller, (), &request.get().resume_token).await
    }

    /// A task as it may be seen now; nothing when its agency is no party to the plan any more, or when the caller's role
    /// or unit has no access to what it is about, or nobody has any more; and where a responsible worker is named and it
    /// is not theirs.
    async fn seen_task(
        &self,
        caller: &Caller,
        row: TaskRow,
        worker: &str,
    ) -> Result<Option<SeenTask>, Error> {
        let person = self.person(row.youth).await?;
        let plan = match row.plan {
            None => None,
            Some(plan) => match self.store.plan(plan).await? {
                Some(plan) => Some(PlanRecord::open(&person, plan)?),
                None => return Ok(None),
            },
        };
        let is_of = |record: &PlanRecord| self.is_worker_of(caller, record, worker);
        if !worker.is_empty() && !plan.as_ref().map(is_of).transpose()?.unwrap_or(false) {
            return Ok(None);
        }
        let task = TaskRecord::open(&person, row)?;
        let name = task.message.name.clone();
        let view = match plan {
            None => self.follow_up_view(caller, &person, task).await.map(|view| (view, Vec::new())),
            Some(record) => self.task_view(caller, &record, task.message, self.now()),
        };
        match view {
            Ok((view, told)) => Ok(Some(SeenTask { youth: person.id, name, view, told })),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the caller may be told that this is the own agency's responsible worker of the plan.
    fn is_worker_of(&self, caller: &Caller, record: &PlanRecord, worker: &str) -> Result<bool, Error> {
        // Few are asked about whom the engine would have to tell.
        let is_named = record.plan()?.responsible_worker.as_ref().is_some_and(|named| named.id == worker);
        if !is_named || caller.agency != record.row.coordinator || record.party(&caller.agency).is_none() {
            return Ok(false);
        }
        match self.seen_by(caller, record) {
            Ok(seen) => Ok(seen.responsible_worker.is_some_and(|told| told.id == worker)),
            Err(Error::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes down that a task was read, with what that has told.
    async fn note_task(&self, caller: &Caller, task: SeenTask) -> Result<Authorised<Task>, Error> {
        let SeenTask { youth, name, view, told } = task;
        let reading = Reading { caller, youth, name: &name, lock: Lock::Free };
        self.note_telling(&reading, &view, told).await?;
        Ok(view)
    }
}

impl Feed for Tasks {
    type Scope = ();
    type Row = TaskEventRow;
    type Item = TaskEvent;

    const TOKEN: &'static str = "watch tasks";
    const FOLLOWERS: &'static str = "a professional's system watches tasks";

    fn topic(_gateway: &Gateway, caller: &Caller, (): &()) -> Topic {
        Topic::Tasks(caller.agency.clone())
    }

    async fn newest(gateway: &Gateway) -> Result<u64, Error> {
        Ok(gateway.store.last_task_event().await?)
    }

    async fn after(
        gateway: &Gateway,
        caller: &Caller,
        (): &(),
        position: u64,
        limit: u32,
    ) -> Result<Vec<(u64, TaskEventRow)>, Error> {
        let rows = gateway.store.task_events_after(position, &caller.agency, limit).await?;
        Ok(rows.into_iter().map(|row| (row.position, row)).collect())
    }

    async fn item(
        gateway: &Gateway,
        caller: &Caller,
        event: TaskEventRow,
        resume_token: String,
    ) -> Result<Option<Authorised<TaskEvent>>, Error> {
        let Some(row) = gateway.store.task(event.task).await? else { return Ok(None) };
        // It has been handed over since.
        if row.agency != caller.agency {
            return Ok(None);
        }
        let Some(task) = gateway.seen_task(caller, row, "").await? else { return Ok(None) };
        let view = gateway.note_task(caller, task).await?;
        let time = Some(wire_time(event.time)?);
        let shell = TaskEvent { resume_token, task: None, time };
        Ok(Some(gateway.shell(caller, shell)?.gather(view).map_err(mismatch)?))
    }
}
