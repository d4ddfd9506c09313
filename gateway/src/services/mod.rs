//! How do gRPC calls reach the use cases, and their outcomes the wire?
//!
//! Each method here does the same four things: find out who calls, check the quota, check the message, call the use
//! case. Nothing is decided here. The front carries every call to its end, also when its caller hangs up.

mod consent;
mod deadline;
mod directory;
mod journey;
mod legal_status;
mod operations;
mod plan;
mod referral;
pub(crate) mod status;
mod stream;
mod task;

use std::num::NonZeroU32;
use std::sync::Arc;

use polku_proto::v1::BatchVerifyConsentsRequest;
use polku_proto::v1::consent_service_server::ConsentServiceServer;
use polku_proto::v1::directory_service_server::DirectoryServiceServer;
use polku_proto::v1::journey_service_server::JourneyServiceServer;
use polku_proto::v1::legal_status_service_server::LegalStatusServiceServer;
use polku_proto::v1::operations_service_server::OperationsServiceServer;
use polku_proto::v1::plan_service_server::PlanServiceServer;
use polku_proto::v1::referral_service_server::ReferralServiceServer;
use polku_proto::v1::task_service_server::TaskServiceServer;
use polku_proto::{Valid, Validate};
use tonic::Request;
use tonic::service::Routes;

use crate::caller::{Caller, Callers};
use crate::error::Error;
use crate::front::{Excess, LARGEST_MESSAGE, LARGEST_PLAN, MethodClass};
use crate::gateway::Gateway;
use crate::journey::Question;
use stream::{Stream, stream};

/// What every service needs.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    gateway: Arc<Gateway>,
    callers: Arc<Callers>,
}

impl Desk {
    /// Who calls, and a message that follows the contract.
    fn open<X: Validate>(&self, request: Request<X>) -> Result<(Caller, Valid<X>), Error> {
        let caller = self.callers.caller(&request)?;
        let checked = self.gateway.quotas.check(&caller.party(), class(&request));
        checked.map_err(|limit| Error::Quota { after: limit.0 })?;
        Ok((caller, Valid::check(request.into_inner())?))
    }

    /// Which operator calls, and a message that follows the contract.
    fn open_for_operator<X: Validate>(&self, request: Request<X>) -> Result<(String, Valid<X>), Error> {
        let operator = self.callers.operator(&request)?.to_owned();
        let checked = self.gateway.quotas.check_operator(&operator);
        checked.map_err(|limit| Error::Quota { after: limit.0 })?;
        Ok((operator, Valid::check(request.into_inner())?))
    }

    /// The same for a batch of questions: each counts as a call, and is well formed or not by itself.
    fn open_batch(
        &self,
        request: Request<BatchVerifyConsentsRequest>,
    ) -> Result<(Caller, Vec<Question>), Error> {
        let caller = self.callers.caller(&request)?;
        let class = class(&request);
        let batch = request.into_inner();
        let questions = u32::try_from(batch.requests.len()).ok().and_then(NonZeroU32::new);
        let questions = questions.unwrap_or(NonZeroU32::MIN);
        let counted = self.gateway.quotas.check_many(&caller.party(), class, questions);
        if let Err(Excess::ForNow(limit)) = counted {
            return Err(Error::Quota { after: limit.0 });
        }
        let requests = match Valid::check(batch.clone()) {
            Ok(batch) => batch.into_inner().requests,
            Err(violations) if violations.iter().any(|violation| violation.field == "requests") => {
                return Err(violations.into());
            }
            Err(_) => batch.requests,
        };
        if counted.is_err() {
            return Err(Error::Field {
                field: "requests",
                reason: "BATCH_TOO_LARGE",
                expected: "no more questions than the quota of the organisation lets through at once",
            });
        }
        Ok((caller, requests.into_iter().map(Valid::check).collect()))
    }
}

/// The kind of the method, as the front has found it.
fn class<X>(request: &Request<X>) -> MethodClass {
    request.extensions().get().copied().unwrap_or(MethodClass::Writes)
}

/// The services of the contract, ready to be served.
#[must_use]
pub(crate) fn routes(gateway: Arc<Gateway>, callers: Arc<Callers>) -> Routes {
    let desk = Desk { gateway, callers };
    let journey = JourneyServiceServer::new(journey::Service(desk.clone()));
    let referral = ReferralServiceServer::new(referral::Service(desk.clone()));
    let consent = ConsentServiceServer::new(consent::Service(desk.clone()));
    let status = LegalStatusServiceServer::new(legal_status::Service(desk.clone()));
    let plan = PlanServiceServer::new(plan::Service(desk.clone()));
    let task = TaskServiceServer::new(task::Service(desk.clone()));
    let operations = OperationsServiceServer::new(operations::Service(desk.clone()));
    let directory = DirectoryServiceServer::new(directory::Directory(desk));
    Routes::new(journey.max_decoding_message_size(LARGEST_MESSAGE))
        .add_service(referral.max_decoding_message_size(LARGEST_MESSAGE))
        .add_service(consent.max_decoding_message_size(LARGEST_MESSAGE))
        .add_service(status.max_decoding_message_size(LARGEST_MESSAGE))
        .add_service(plan.max_decoding_message_size(LARGEST_PLAN))
        .add_service(task.max_decoding_message_size(LARGEST_PLAN))
        .add_service(operations.max_decoding_message_size(LARGEST_MESSAGE))
        .add_service(directory.max_decoding_message_size(LARGEST_MESSAGE))
}
