//! How do gRPC calls reach the use cases, and their outcomes the wire?
//!
//! Each method here does the same four things: find out who calls, check the quota, check the message, call the use
//! case. Nothing is decided here. The front carries every call to its end, also when its caller hangs up.

mod consent;
mod deadline;
mod journey;
mod legal_status;
mod referral;
pub(crate) mod status;

use std::sync::Arc;

use polku_proto::v1::consent_service_server::ConsentServiceServer;
use polku_proto::v1::journey_service_server::JourneyServiceServer;
use polku_proto::v1::legal_status_service_server::LegalStatusServiceServer;
use polku_proto::v1::referral_service_server::ReferralServiceServer;
use polku_proto::{Valid, Validate};
use tonic::Request;
use tonic::service::Routes;

use crate::caller::{Caller, Callers};
use crate::error::Error;
use crate::front::{LARGEST_MESSAGE, Quotas};
use crate::gateway::Gateway;

/// What every service needs.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    gateway: Arc<Gateway>,
    callers: Arc<Callers>,
    quotas: Arc<Quotas>,
}

impl Desk {
    /// Who calls, and a message that follows the contract.
    fn open<X: Validate>(&self, request: Request<X>) -> Result<(Caller, Valid<X>), Error> {
        let caller = self.callers.caller(&request)?;
        self.quotas.check(&caller.agency).map_err(|limit| Error::Quota { after: limit.0 })?;
        Ok((caller, Valid::check(request.into_inner())?))
    }
}

/// The services of the contract, ready to be served.
#[must_use]
pub(crate) fn routes(gateway: Arc<Gateway>, callers: Arc<Callers>, quotas: Arc<Quotas>) -> Routes {
    let desk = Desk { gateway, callers, quotas };
    let journey = JourneyServiceServer::new(journey::Service(desk.clone()));
    let referral = ReferralServiceServer::new(referral::Service(desk.clone()));
    let consent = ConsentServiceServer::new(consent::Service(desk.clone()));
    let status = LegalStatusServiceServer::new(legal_status::Service(desk));
    Routes::new(journey.max_decoding_message_size(LARGEST_MESSAGE))
        .add_service(referral.max_decoding_message_size(LARGEST_MESSAGE))
        .add_service(consent.max_decoding_message_size(LARGEST_MESSAGE))
        .add_service(status.max_decoding_message_size(LARGEST_MESSAGE))
}
