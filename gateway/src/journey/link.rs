//! Somebody who was known by another identity has this one now: how do all of theirs lead to one person?
//!
//! Where nobody has the identity code yet, the person keeps the id. Where somebody has it, that one and this are the same
//! person: what was written under the former id stays there, sealed as it was and under its own names, and the former
//! identities lead to the other id from now on.

use polku_proto::identity::Identity;
use polku_proto::v1::{LinkIdentityRequest, LinkIdentityResponse};
use polku_proto::{Valid, YouthName};
use serde_json::json;

use super::evidence::of_age_since;
use super::identify::parse_code;
use super::plan::PlanRecord;
use super::read::youth_id;
use super::rebuild::put_person;
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::once::Begun;
use crate::person::Person;
use crate::store::{Change, IdentityLink, ReferralFilter};
use crate::trail::Entry;

const LINKED_ALREADY: Error = Error::RecordState {
    expected: "an identity code that this person has not had: it leads to them already",
};
const FORMER: Error = Error::RecordState {
    expected: "the id that the person is called by now: identify them again, by any identity of theirs",
};

impl Gateway {
    /// Links an identity code to a customer of the caller's agency.
    pub(crate) async fn link_identity(
        &self,
        caller: &Caller,
        request: Valid<LinkIdentityRequest>,
    ) -> Result<LinkIdentityResponse, Error> {
        let Actor::Professional { .. } = caller.actor else {
            return Err(Error::ActorNotAllowed { expected: "a professional links an identity" });
        };
        let request = request.into_inner();
        let youth = youth_id(&request.youth, "youth")?;
        let call = self.call(caller, "LinkIdentity", &request.request_id, &request)?;
        let identity = Identity::Code(parse_code(&request.identity_code, self.now())?);
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, youth).await?;
        if let Some(earlier) = earlier {
            return Ok(earlier);
        }
        if !self.is_customer(caller, &person).await? {
            return Err(Error::NotFound);
        }
        let hash = self.keys.index_of(&identity);
        let holder = self.store.youth_by_identity(&hash).await?.map(|row| row.id);
        let present = self.store.present_youth(youth).await?;
        if holder == Some(present.unwrap_or(youth)) {
            return Err(LINKED_ALREADY);
        }
        if present.is_some() {
            return Err(FORMER);
        }

        // Every id of the person learns the identity code: what is delivered under a former one names them by it too.
        let mut sealed = vec![(youth, person.seal_identity(&identity)?)];
        for former in self.store.former_youths(youth).await? {
            sealed.push((former, self.person(former).await?.seal_identity(&identity)?));
        }
        let ids: Vec<_> = sealed.iter().map(|(id, _)| *id).collect();
        let answer = LinkIdentityResponse { youth: YouthName { youth: holder.unwrap_or(youth) }.to_string() };
        let entry = Entry::of(Event::IdentifyYouth, youth).by(caller);
        let details = json!({"method": "LinkIdentity", "request_id": request.request_id});
        let announced = self.announce(entry, &person, &details, now).await?;
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        change.request = Some(call.answered(&person, &answer, now)?);
        change.link = Some(IdentityLink { youth, identity: hash, holder, sealed });
        // By the age, which is known now, more or less may be told than before.
        change.look_at_plans_of = Some((youth, now));
        // By that age it is asked as well whether a guardian's word still stands.
        if let Some(born) = identity.birth_date() {
            let full_age = of_age_since(born)?;
            for id in &ids {
                let follow_ups = self.after_birth_date(&self.person(*id).await?, full_age).await?;
                change.follow_ups.extend(follow_ups);
            }
        }
        self.commit(change).await?;
        for id in ids {
            put_person(&mut self.index_mut(), id, identity.birth_date());
            self.wake_all(id, now).await?;
        }
        Ok(answer)
    }

    /// Whether the caller's agency has anything to do with the person: an entry of its own, a referral, a consent or a
    /// joint plan.
    async fn is_customer(&self, caller: &Caller, person: &Person) -> Result<bool, Error> {
        if self.has_written(&caller.agency, person).await? {
            return Ok(true);
        }
        let party = Some(caller.agency.clone());
        let filter = ReferralFilter { party, youth: Some(person.id), before: None, limit: 1 };
        if !self.store.referrals(&filter).await?.is_empty() {
            return Ok(true);
        }
        for row in self.store.plans_of(person.id).await? {
            if self.eyes(caller, &PlanRecord::open(person, row)?).is_ok() {
                return Ok(true);
            }
        }
        Ok(!self.consents_for(caller, person.id).await?.is_empty())
    }
}
