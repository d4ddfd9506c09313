//! The young person's journey in one window: what has happened, who is beside them, what each agency holds.

mod add;
mod answers;
mod asking;
mod concern;
mod entry;
mod facts;
mod figures;
mod follow_up;
mod former;
mod get;
mod kept;
mod lasting;
mod matter;
mod next_step;
mod sight;
mod telling;
mod worker;

pub(crate) use answers::Answers;
pub(in crate::journey) use follow_up::LookedAfter;
pub(crate) use follow_up::PutOff;
