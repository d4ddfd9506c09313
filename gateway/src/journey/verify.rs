//! Would this disclosure be permitted now?

use polku_policy::{Channel, Question, Viewer};
use polku_proto::v1::{VerifyConsentRequest, VerifyConsentResponse};
use polku_proto::{CategorySet, Party, Valid};

use super::read::youth_id;
use crate::answer::wire_decision;
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::record::origin;
use crate::trail::{Entry, receipt};

impl Gateway {
    /// Decides without disclosing. An unknown person has no consents: the answer is the same as for a known one
    /// without permission, and takes the same way.
    pub(crate) async fn verify_consent(
        &self,
        caller: &Caller,
        request: Valid<VerifyConsentRequest>,
    ) -> Result<VerifyConsentResponse, Error> {
        let request = request.into_inner();
        let now = self.now();
        let youth = youth_id(&request.youth, "youth")?;
        self.check_subject(caller, youth)?;
        let channel = Channel {
            from: self.known_party(&request.discloser, "discloser")?,
            to: self.known_party(&request.recipient, "recipient")?,
        };
        let is_party = caller.agency == channel.from.agency || caller.agency == channel.to.agency;
        if matches!(caller.actor, Actor::Professional { .. }) && !is_party {
            return Err(Error::ActorNotAllowed { expected: "the discloser or the recipient asks" });
        }
        let asked = CategorySet::from_wire(&request.categories).map_err(|_| Error::Field {
            field: "categories",
            reason: "INVALID_FIELDS",
            expected: "data categories of the contract",
        })?;
        let purpose = request.purpose();
        let question = Question {
            actor: caller.role(),
            ground: request.ground(),
            origin: origin(request.origin.as_ref()),
            ..Question::new(youth, channel, Viewer::Addressee, purpose, now)
        };
        let decision = {
            let index = self.index();
            if index.revision() < request.min_revision {
                return Err(Error::ConsentStale);
            }
            self.engine().verify(&index, asked, &question)
        };
        let entry = Entry::of(Event::VerifyConsent, youth).by(caller).decided(purpose, &decision);
        let noted = self.note(entry, now).await?;
        Ok(VerifyConsentResponse {
            decision: Some(wire_decision(&decision, youth, &noted)?),
            receipt: Some(receipt(&noted)),
        })
    }

    fn known_party(&self, text: &str, field: &'static str) -> Result<Party, Error> {
        let party: Option<Party> = text.parse().ok();
        let known = party.filter(|party| self.directory.agency(&party.agency).is_some());
        known.ok_or(Error::Field {
            field,
            reason: "UNKNOWN_AGENCY",
            expected: "an agency that is registered with this gateway, as {agency} or {agency}/{unit}",
        })
    }
}
