//! The use cases: what happens when an agency or a young person calls?
//!
//! Each file reads from top to bottom as the life of one kind of call. Sockets, gRPC and agencies' formats are
//! elsewhere.

mod commit;
mod consent;
mod consent_party;
mod consent_view;
mod disclosures;
mod erase;
mod evidence;
mod exchange;
mod explain;
mod fhir;
mod identify;
mod inbound;
mod legal_status;
mod link;
pub mod machine;
pub(crate) mod page;
mod plan;
mod prohibition;
mod read;
mod rebuild;
mod receipt;
mod refer;
mod relation;
mod respond;
mod retention;
mod suspend;
mod sweep;
mod tally;
mod terms;
mod verify;
mod verify_batch;
mod view;
mod wait;
mod warn;
mod watch;
mod watch_consents;
mod watch_referrals;
mod window;
mod withdraw;

pub(crate) use erase::{Erasure, OpenErasures};
#[cfg(test)]
pub(crate) use plan::{Kept, Plans, TaskRecord};
pub(crate) use plan::{PlanRecord, PlansInHand, SENT, SentPart, ShownPiece, ShownPlan, Tellable, UsedBefore};
pub(crate) use read::name;
pub(crate) use refer::Sent;
pub(crate) use respond::{Action, Respond, Responded, event};
pub(crate) use retention::NextLook;
pub(crate) use verify_batch::Question;
pub(crate) use view::{own_record, reader};
pub(crate) use watch::{Feed, Watch};
pub(crate) use window::{Answers, PutOff};
