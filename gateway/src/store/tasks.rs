//! What is kept of what waits for a person's decision?

use jiff::Timestamp;
use polku_proto::v1::task::State;
use polku_proto::{AgencyId, PlanId, TaskId, YouthId};

/// One thing to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRow {
    /// Opaque id.
    pub id: TaskId,
    /// About whom.
    pub youth: YouthId,
    /// Who decides. Changes when a plan is handed over.
    pub agency: AgencyId,
    /// About which joint plan, if it is about one.
    pub plan: Option<PlanId>,
    /// Whether it has been decided.
    pub state: State,
    /// Counts changes, from 1.
    pub version: u64,
    /// When it came up.
    pub created: Timestamp,
    /// When last changed.
    pub updated: Timestamp,
    /// The contract's `Task`, sealed.
    pub sealed: Vec<u8>,
}

/// A task as it shall be. Its agency is told of it, at the time of `row.updated`.
#[derive(Debug)]
pub struct TaskWrite {
    /// The new row. About whom and what a task is, and when it came up, never changes.
    pub row: TaskRow,
    /// The version that must be there now; `None` for a new task.
    pub expected: Option<u64>,
}

/// Which states of tasks are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskStates {
    /// What is still to be decided.
    Open,
    /// Everything.
    All,
}

/// Which tasks are asked for.
#[derive(Debug, Clone)]
pub struct TaskFilter {
    /// Who decides.
    pub agency: AgencyId,
    /// About one person only.
    pub youth: Option<YouthId>,
    /// In which states.
    pub states: TaskStates,
    /// Only tasks behind this one in the order of the list (creation time and id of the last one seen).
    pub after: Option<(Timestamp, TaskId)>,
    /// At most so many.
    pub limit: u32,
}

/// That a task has come up or has changed, with its place in the one order of all events of tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskEventRow {
    /// From 1, without repetition, in the order of commits.
    pub position: u64,
    /// Which task.
    pub task: TaskId,
    /// When.
    pub time: Timestamp,
}
