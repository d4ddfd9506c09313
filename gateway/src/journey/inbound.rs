//! An agency tells something in its own protocol: the same use cases, another way in.

use async_trait::async_trait;
use polku_adapters::{
    Inbound, InboundChange, InboundError, InboundEvent, InboundMatter, InboundOutcome, InboundReferral,
    Received, ReplyContext, Retry,
};
use polku_proto::identity::has_hetu;
use polku_proto::v1::{
    self, DeliveryState, IdentifyYouthRequest, InformationExchange, Outcome, ReferralNotice, RejectionReason,
    SendReferralRequest, actor,
};
use polku_proto::{AgencyId, ReferralId, ReferralName, Valid, YouthId, YouthName};
use tracing::Instrument as _;
use uuid::Uuid;

use super::respond::{Action, Respond};
use crate::caller::{Actor, Caller, CallerError};
use crate::error::Error;
use crate::front::{Answer, InboundHandler, MethodClass};
use crate::gateway::Gateway;
use crate::once::Call;
use crate::record::wire_time;
use crate::services::status;
use crate::store::{DeliveryItem, DeliveryRow, ReferralRow};

const WRONG_READER: Error = Error::Inconsistent("an answer was authorised for another reader or instant");

/// The role of an official whose own system speaks: the contract of the agency, not the registry, vouches for it.
const ROLE: &str = "official";

#[async_trait]
impl InboundHandler for Gateway {
    async fn inbound(&self, agency: &AgencyId, inbound: Inbound<'_>) -> Option<Answer> {
        let adapter = self.adapter(agency)?;
        // A refusal names it where the agency's protocol has a place for it, as X-Road's faults have.
        let log_id = self.new_opaque_id().unwrap_or_default();
        let span = tracing::error_span!("inbound", %agency, %log_id);
        let (outcome, context) = self.take_inbound(agency, adapter.receive(&inbound)).instrument(span).await;
        let reply = adapter.reply(&context, &outcome, log_id);
        Some(match outcome {
            InboundOutcome::Unreadable(InboundError::Unauthenticated { .. }) => Answer::Stranger(reply),
            InboundOutcome::Unreadable(InboundError::Malformed { .. })
            | InboundOutcome::Applied { .. }
            | InboundOutcome::Sent { .. }
            | InboundOutcome::PlanTaken { .. }
            | InboundOutcome::Refused { .. } => Answer::Agency(reply),
        })
    }
}

impl Gateway {
    async fn take_inbound(
        &self,
        agency: &AgencyId,
        received: Result<Received, InboundError>,
    ) -> (InboundOutcome, ReplyContext) {
        let (outcome, context) = match received {
            Ok(Received { event, context }) => match self.take_event(agency, event).await {
                Ok(outcome) => (outcome, context),
                Err(error) => {
                    status::log(&error);
                    return (refused(&error), context);
                }
            },
            Err(error) => (InboundOutcome::Unreadable(error), ReplyContext::default()),
        };
        let reason = match &outcome {
            InboundOutcome::Unreadable(error) => inbound_code(error),
            InboundOutcome::Refused { reason, .. } => reason,
            InboundOutcome::Applied { .. }
            | InboundOutcome::Sent { .. }
            | InboundOutcome::PlanTaken { .. } => {
                return (outcome, context);
            }
        };
        tracing::info!(reason, "inbound message not taken in");
        (outcome, context)
    }

    pub(crate) async fn take_event(
        &self,
        agency: &AgencyId,
        event: InboundEvent,
    ) -> Result<InboundOutcome, Error> {
        let professional = v1::Professional { id: event.official, unit: event.unit, role: ROLE.to_owned() };
        let who = v1::Actor { who: Some(actor::Who::Professional(professional.clone())) };
        Valid::check(who)?;
        let v1::Professional { id, unit, role } = professional;
        // Logs and leaves name the actor.
        if has_hetu(&id) || has_hetu(&unit) {
            return Err(CallerError::ActorUnreadable.into());
        }
        let caller = Caller { agency: agency.clone(), actor: Actor::Professional { id, unit, role } };
        // A message counts as what it comes to over gRPC.
        let counted = self.quotas.check(&caller.party(), MethodClass::Writes);
        counted.map_err(|limit| Error::Quota { after: limit.0 })?;
        match event.matter {
            InboundMatter::Change { referral, change } => {
                self.take_change(&caller, event.message, referral, change).await
            }
            InboundMatter::Referral(referral) => self.take_referral(&caller, event.message, *referral).await,
            InboundMatter::PlanPart(plan) => self.take_plan(&caller, event.message, *plan).await,
        }
    }

    /// A step in a referral that the agency sent or received.
    async fn take_change(
        &self,
        caller: &Caller,
        message: Uuid,
        referral: ReferralId,
        change: InboundChange,
    ) -> Result<InboundOutcome, Error> {
        let call = self.call_of(caller, message, referral, &change)?;
        let row = self.store.referral(referral).await?.ok_or(Error::NotFound)?;
        if row.recipient == caller.agency && !row.reached_recipient && self.is_under_way(&row).await? {
            return Ok(too_early());
        }
        let name = ReferralName { youth: row.youth, referral: row.id };
        let action = action(change);
        let change = self.respond(&call, Respond { name, etag: String::new(), action }).await?.change;
        let (change, _) = change.spend(&super::view::reader(caller), self.now()).map_err(|_| WRONG_READER)?;
        let (Some(referral), Some(receipt)) = (change.referral, change.receipt) else {
            return Err(Error::Inconsistent("a change without referral or receipt"));
        };
        Ok(InboundOutcome::Applied { state: referral.state(), sequence: receipt.sequence })
    }

    /// The message as a call, checked by the contract's rules: what is said is compared with a repetition.
    fn call_of<'a>(
        &self,
        caller: &'a Caller,
        message: Uuid,
        referral: ReferralId,
        change: &InboundChange,
    ) -> Result<Call<'a>, Error> {
        let method = format!("inbound/{:?}/{referral}", action(change.clone()).step());
        let id = message.to_string();
        if let InboundChange::ProvideInformation { answer, origin } = change {
            let (answer, origin) = (Some(*answer.clone()), origin.clone());
            let told = InformationExchange { answer, origin, ..InformationExchange::default() };
            return self.call(caller, &method, &id, Valid::check(told)?.get());
        }
        self.call(caller, &method, &id, Valid::check(words(change))?.get())
    }

    /// A new referral: the person is identified as by `IdentifyYouth`, and the referral sent as by `SendReferral`.
    async fn take_referral(
        &self,
        caller: &Caller,
        message: Uuid,
        inbound: InboundReferral,
    ) -> Result<InboundOutcome, Error> {
        let InboundReferral { identity, recipient, purpose, content, respond_by, claim, origin, redacted } =
            inbound;
        let mut request = SendReferralRequest {
            request_id: message.to_string(),
            youth: YouthName { youth: YouthId::from_uuid(Uuid::nil()) }.to_string(),
            recipient: recipient.to_string(),
            purpose: purpose as i32,
            content: Some(content),
            respond_by: respond_by.map(wire_time).transpose()?,
            wait_for_delivery: false,
            validate_only: false,
            claim,
            origin,
            redacted,
        };
        // Nobody becomes known here by a message that breaks the contract, or that could not be sent about anybody.
        Valid::check(request.clone())?;
        let identification = self.identification(message);
        let identify = IdentifyYouthRequest {
            request_id: identification.to_string(),
            identity_code: identity.expose().to_owned(),
            temporary_id: String::new(),
        };
        if !self.is_known_request(caller, identification).await? {
            self.check_sending(caller, &request)?;
        }
        request.youth = self.identify(caller, Valid::check(identify)?).await?.youth;
        let sent = self.send_referral(caller, Valid::check(request)?).await?;
        let (Some(view), Some(receipt)) = (sent.view, sent.envelope.receipt) else {
            return Err(Error::Inconsistent("a sent referral without view or receipt"));
        };
        let (referral, _) = view.spend(&super::view::reader(caller), self.now()).map_err(|_| WRONG_READER)?;
        let name: ReferralName =
            referral.name.parse().map_err(|_| Error::Inconsistent("a referral without its name"))?;
        let (referral, state) = (name.referral, referral.state());
        Ok(InboundOutcome::Sent { referral, state, sequence: receipt.sequence })
    }

    /// The request id of the identification that a message asks for beside its own matter: the same for a repetition.
    fn identification(&self, message: Uuid) -> Uuid {
        let hash = self.keys.pseudonym(b"identification", message.as_bytes());
        let half = hash.first_chunk().copied().unwrap_or_default();
        uuid::Builder::from_custom_bytes(half).into_uuid()
    }

    /// Whether the referral is on its way to the agency that already knows its id: it was quicker than our own state.
    async fn is_under_way(&self, row: &ReferralRow) -> Result<bool, Error> {
        let deliveries = self.store.deliveries_about(row.id).await?;
        let sending =
            |row: &DeliveryRow| row.item == DeliveryItem::Handover && row.state == DeliveryState::Sending;
        Ok(deliveries.iter().any(sending))
    }
}

/// The agency answers a referral whose delivery is not written down yet.
fn too_early() -> InboundOutcome {
    let hint =
        "repeat the message in a moment: the delivery of this referral is still being completed".to_owned();
    InboundOutcome::Refused { reason: "DELIVERY_UNDER_WAY", hint, retry: Retry::Backoff }
}

fn action(change: InboundChange) -> Action {
    match change {
        InboundChange::Accept { note } => Action::Accept { note },
        InboundChange::Reject { reason, note } => Action::Reject { reason, note },
        InboundChange::RequestInformation { question } => Action::RequestInformation { question },
        InboundChange::ProvideInformation { answer, origin } => Action::ProvideInformation { answer, origin },
        InboundChange::Start { note } => Action::Start { note },
        InboundChange::Hold { note } => Action::Hold { note },
        InboundChange::Complete { outcome, note } => Action::Complete { outcome, note },
        InboundChange::Fail { outcome, note } => Action::Fail { outcome, note },
        InboundChange::Cancel { note } => Action::Cancel { note },
        InboundChange::ConfirmCancellation { note } => Action::ConfirmCancellation { note },
    }
}

/// What the message says about the state, in the contract's words.
fn words(change: &InboundChange) -> ReferralNotice {
    let (reason, outcome, note) = match change {
        InboundChange::ProvideInformation { .. } => return ReferralNotice::default(),
        InboundChange::Reject { reason, note } => (*reason, Outcome::Unspecified, note),
        InboundChange::Complete { outcome, note } | InboundChange::Fail { outcome, note } => {
            (RejectionReason::Unspecified, *outcome, note)
        }
        InboundChange::RequestInformation { question: note }
        | InboundChange::Accept { note }
        | InboundChange::Start { note }
        | InboundChange::Hold { note }
        | InboundChange::Cancel { note }
        | InboundChange::ConfirmCancellation { note } => {
            (RejectionReason::Unspecified, Outcome::Unspecified, note)
        }
    };
    ReferralNotice {
        rejection_reason: reason as i32,
        outcome: outcome as i32,
        status_note: note.clone(),
        ..ReferralNotice::default()
    }
}

fn refused(error: &Error) -> InboundOutcome {
    let retry = match error {
        Error::RulesFailed
        | Error::Store(_)
        | Error::Audit(_)
        | Error::ConsentStale
        | Error::EtagMismatch
        | Error::MasterKeyMissing { .. }
        | Error::Seal(_)
        | Error::Unreachable
        | Error::Inconsistent(_) => Retry::Backoff,
        Error::Quota { after } => Retry::After(*after),
        Error::Caller(_)
        | Error::Unreadable { .. }
        | Error::Invalid(_)
        | Error::Field { .. }
        | Error::Plan(_)
        | Error::Unusable
        | Error::Document(_)
        | Error::RequestIdReused
        | Error::NotFound
        | Error::NotPermitted(_)
        | Error::ActorNotAllowed { .. }
        | Error::TransitionNotAllowed { .. }
        | Error::RecordState { .. }
        | Error::PlanEmpty
        | Error::IdentityCodeMissing => Retry::Never,
    };
    InboundOutcome::Refused { reason: error.reason(), hint: error.hint(), retry }
}

fn inbound_code(error: &InboundError) -> &str {
    match error {
        InboundError::Unauthenticated { .. } => "UNAUTHENTICATED",
        InboundError::Malformed { code, .. } => code,
    }
}
