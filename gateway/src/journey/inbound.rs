//! An agency tells something in its own protocol: the same use cases, another way in.

use async_trait::async_trait;
use polku_adapters::{
    Inbound, InboundChange, InboundError, InboundEvent, InboundMatter, InboundOutcome, Reply, Retry,
};
use polku_proto::v1::{self, DeliveryState, Outcome, ReferralNotice, RejectionReason, actor};
use polku_proto::{AgencyId, ReferralName, Valid};

use super::respond::{Action, Respond};
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::front::InboundHandler;
use crate::gateway::Gateway;
use crate::services::status;
use crate::store::{DeliveryItem, DeliveryRow, ReferralRow};

/// The role of an official whose own system speaks: the contract of the agency, not the registry, vouches for it.
const ROLE: &str = "official";

#[async_trait]
impl InboundHandler for Gateway {
    async fn inbound(&self, agency: &AgencyId, inbound: Inbound<'_>) -> Option<Reply> {
        let adapter = self.adapter(agency)?;
        let outcome = match adapter.receive(&inbound) {
            Ok(event) => match self.take_event(agency, event).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    status::log(&error);
                    refused(&error)
                }
            },
            Err(error) => {
                tracing::info!(%agency, reason = inbound_code(&error), "inbound message not taken in");
                InboundOutcome::Unreadable(error)
            }
        };
        Some(adapter.reply(&inbound, &outcome))
    }
}

impl Gateway {
    async fn take_event(&self, agency: &AgencyId, event: InboundEvent) -> Result<InboundOutcome, Error> {
        let professional = v1::Professional { id: event.official, unit: event.unit, role: ROLE.to_owned() };
        let who = v1::Actor { who: Some(actor::Who::Professional(professional.clone())) };
        Valid::check(who)?;
        let v1::Professional { id, unit, role } = professional;
        let caller = Caller { agency: agency.clone(), actor: Actor::Professional { id, unit, role } };

        let (referral, change) = match event.matter {
            InboundMatter::Change { referral, change } => (referral, change),
            InboundMatter::Referral(_) | InboundMatter::PlanPart(_) => return Ok(not_offered()),
        };
        let content = Valid::check(content(&change))?;
        let action = action(change);
        let row = self.store.referral(referral).await?.ok_or(Error::NotFound)?;
        if row.recipient == *agency && !row.reached_recipient && self.is_under_way(&row).await? {
            return Ok(too_early());
        }
        let name = ReferralName { youth: row.youth, referral: row.id };
        let method = format!("inbound/{:?}/{referral}", action.step());
        let call = self.call(&caller, &method, &event.message.to_string(), content.get())?;
        let change = self.respond(&call, Respond { name, etag: String::new(), action }).await?;
        let (change, _) = change
            .spend(&super::view::reader(&caller), self.now())
            .map_err(|_| Error::Inconsistent("an answer was authorised for another reader or instant"))?;
        let (Some(referral), Some(receipt)) = (change.referral, change.receipt) else {
            return Err(Error::Inconsistent("a change without referral or receipt"));
        };
        Ok(InboundOutcome::Applied { state: referral.state(), sequence: receipt.sequence })
    }
}

impl Gateway {
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

/// Messages that the gateway does not take in yet.
fn not_offered() -> InboundOutcome {
    let hint = "send this through the contract".to_owned();
    InboundOutcome::Refused { reason: "NOT_OFFERED", hint, retry: Retry::Never }
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

/// What the message says, in the contract's words: checked by the contract's rules, and compared with a repetition.
fn content(change: &InboundChange) -> ReferralNotice {
    let (reason, outcome, note) = match change {
        InboundChange::ProvideInformation { answer, .. } => {
            return ReferralNotice { answer: Some(*answer.clone()), ..ReferralNotice::default() };
        }
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
        Error::Store(_)
        | Error::Audit(_)
        | Error::ConsentStale
        | Error::EtagMismatch
        | Error::Seal(_)
        | Error::Inconsistent(_) => Retry::Backoff,
        Error::Quota { after } => Retry::After(*after),
        Error::Caller(_)
        | Error::Unreadable { .. }
        | Error::Invalid(_)
        | Error::Field { .. }
        | Error::Document(_)
        | Error::RequestIdReused
        | Error::NotFound
        | Error::NotPermitted(_)
        | Error::ActorNotAllowed { .. }
        | Error::TransitionNotAllowed { .. }
        | Error::RecordState { .. } => Retry::Never,
    };
    InboundOutcome::Refused { reason: error.reason(), hint: error.hint(), retry }
}

fn inbound_code(error: &InboundError) -> &str {
    match error {
        InboundError::Unauthenticated { .. } => "UNAUTHENTICATED",
        InboundError::Malformed { code, .. } => code,
    }
}
