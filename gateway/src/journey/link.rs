//! Somebody who was known by another identity has this one now: how do all of theirs lead to one person? And how does a link
//! end that was made by mistake?
//!
//! Where nobody has the identity code yet, the person keeps the id. Where somebody has it, that one and this are the same
//! person: what was written under the former id stays there, sealed as it was and under its own names, and the former
//! identities lead to the other id from now on. An agency that has nothing to do with that one goes on with the id that it
//! knows, as if nobody had had the code: so neither answer tells whether somebody is known here.
//!
//! A temporary id is given by whoever wants to, and proves nothing: it links two people only by the word of an agency that has
//! to do with both of them. To all others nobody has it.
//!
//! A link is never changed. What ends it is written down beside it, and all is as if it had not been made.

use jiff::Timestamp;
use polku_proto::identity::{Hetu, Identity};
use polku_proto::v1::{
    LinkIdentityRequest, LinkIdentityResponse, UnlinkIdentityRequest, UnlinkIdentityResponse,
};
use polku_proto::{Valid, YouthId, YouthName};
use serde_json::json;

use super::evidence::of_age_since;
use super::identify::asked_for;
use super::plan::PlanRecord;
use super::read::youth_id;
use super::rebuild::put_person;
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::once::Begun;
use crate::person::Person;
use crate::record::ConsentRecord;
use crate::store::{Change, IdentityLink, InstrumentKind, ReferralFilter};
use crate::trail::{self, Entry};

const NO_SUCH_LINK: Error = Error::RecordState {
    expected: "an identity code that the own agency has linked to this person, and whose link it has not ended",
};
const LINKED_ALREADY: Error = Error::RecordState {
    expected: "an identity code that this person has not had: it leads to them already",
};
const CODE_COUNTS: Error = Error::RecordState {
    expected: "somebody without identity code: link the code of this one to whoever goes by the temporary id",
};
const FORMER: Error = Error::RecordState {
    expected: "the id that the person is called by now: identify them again, by any identity of theirs",
};

impl Gateway {
    /// Links an identity to a customer of the caller's agency.
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
        let identity = asked_for((&request.identity_code, &request.temporary_id), self.now())?;
        let Begun { person, earlier, now, alone } = self.begin(&call, youth).await?;
        if let Some(earlier) = earlier {
            return Ok(earlier);
        }
        if !self.is_customer(caller, &person).await? {
            return Err(Error::NotFound);
        }
        let hash = self.keys.index_of(&identity);
        let tying = self.alone_with_ties().await?;
        let holder = self.store.youth_by_identity(&hash).await?.map(|row| row.id);
        let ids = self.ids_of(youth);
        let present = ids.first().copied().unwrap_or(youth);
        if holder == Some(present) {
            return Err(LINKED_ALREADY);
        }
        if present != youth && self.has_to_do(caller, present).await? {
            return Err(FORMER);
        }

        let code = match identity {
            Identity::Code(code) => Some(code),
            Identity::Temporary(_) => self.code_behind(caller, &person, holder).await?,
        };
        // Every id of the person learns the identity code: what is delivered under a former one names them by it too.
        let mut sealed = Vec::new();
        let code = code.map(Identity::Code);
        if let Some(code) = &code {
            for id in &ids {
                sealed.push((*id, self.person(*id).await?.seal_identity(code)?));
            }
        }
        let called = match holder {
            Some(holder) if self.has_to_do(caller, holder).await? => holder,
            // As it would be if nobody had the code.
            Some(holder) => self.former_known_to(caller, holder).await?.unwrap_or(youth),
            None => youth,
        };
        let answer = LinkIdentityResponse { youth: YouthName { youth: called }.to_string() };
        let entry = Entry::of(Event::IdentityLink, youth).by(caller);
        let details = json!({"method": "LinkIdentity", "request_id": request.request_id});
        let announced = self.announce(entry, &person, &details, now).await?;
        let theirs = holder.map(|holder| self.ids_of(holder)).unwrap_or_default();
        let all = [theirs.as_slice(), ids.as_slice()].concat();
        self.announce_ties(announced.receipt.sequence, caller, youth, &all, now).await?;
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        change.request = Some(call.answered(&person, &answer, now)?);
        let agency = caller.agency.clone();
        change.link = Some(IdentityLink { youth: present, identity: hash, agency, holder, sealed });
        // By the age, which is known now, and by what holds of the other one, more or less may be told than before.
        change.tied.clone_from(&all);
        change.look_at_plans_of = all.iter().map(|id| (*id, now)).collect();
        // By that age it is asked as well whether a guardian's word still stands.
        if let Some(born) = code.as_ref().and_then(Identity::birth_date) {
            let full_age = of_age_since(born)?;
            for id in &ids {
                let follow_ups = self.after_birth_date(&self.person(*id).await?, full_age).await?;
                change.follow_ups.extend(follow_ups);
            }
        }
        // What is prohibited under either id counts for both before the link is durable: too early, never too late.
        self.index_mut().put_ids(&all);
        self.commit(change).await.inspect_err(|error| {
            if error.changed_nothing() {
                let mut index = self.index_mut();
                [&theirs, &ids].into_iter().for_each(|apart| index.put_ids(apart));
            }
        })?;
        self.tie(&all).await?;
        drop(tying);
        self.put_persons(&ids, now).await?;
        // Whatever had begun under the other id, without what is prohibited under this one, has been done by the answer.
        drop(alone);
        drop(self.alone_with(youth).await?);
        Ok(answer)
    }

    /// Ends a link that the caller's agency has made by mistake (GDPR article 16).
    pub(crate) async fn unlink_identity(
        &self,
        caller: &Caller,
        request: Valid<UnlinkIdentityRequest>,
    ) -> Result<UnlinkIdentityResponse, Error> {
        let Actor::Professional { .. } = caller.actor else {
            return Err(Error::ActorNotAllowed { expected: "a professional ends the link of an identity" });
        };
        let request = request.into_inner();
        let youth = youth_id(&request.youth, "youth")?;
        let call = self.call(caller, "UnlinkIdentity", &request.request_id, &request)?;
        let identity = asked_for((&request.identity_code, &request.temporary_id), self.now())?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, youth).await?;
        if let Some(earlier) = earlier {
            return Ok(earlier);
        }
        if !self.is_customer(caller, &person).await? {
            return Err(Error::NotFound);
        }
        let hash = self.keys.index_of(&identity);
        let _tying = self.alone_with_ties().await?;
        let ids = self.ids_of(youth);
        let mut links = Vec::new();
        for id in &ids {
            links.extend(self.store.identity_links(*id).await?);
        }
        links.retain(|link| link.agency == caller.agency && link.identity == hash);
        let last = links.iter().map(|link| link.number).max().ok_or(NO_SUCH_LINK)?;

        let answer = UnlinkIdentityResponse { youth: YouthName { youth }.to_string() };
        let entry = Entry::of(Event::IdentityLink, youth).by(caller);
        let details = json!({"method": "UnlinkIdentity", "request_id": request.request_id});
        let announced = self.announce(entry, &person, &details, now).await?;
        self.announce_ties(announced.receipt.sequence, caller, youth, &ids, now).await?;
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        change.request = Some(call.answered(&person, &answer, now)?);
        change.unlink = Some(last);
        change.tied.clone_from(&ids);
        change.look_at_plans_of = ids.iter().map(|id| (*id, now)).collect();
        self.commit(change).await?;
        self.tie(&ids).await?;
        self.put_persons(&ids, now).await?;
        Ok(answer)
    }

    /// Writes down whose ids a link is about beside the one that it was made with, or that one where there is no other, so
    /// that a link to somebody who was known by one id takes no longer than one to nobody.
    async fn announce_ties(
        &self,
        link: u64,
        caller: &Caller,
        youth: YouthId,
        all: &[YouthId],
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut others: Vec<YouthId> = all.iter().copied().filter(|id| *id != youth).collect();
        if others.is_empty() {
            others.push(youth);
        }
        let leaves =
            others.into_iter().map(|id| trail::tied(link, &caller.agency, self.subject_pseudonym(id), now));
        Ok(self.audit.append_all(leaves.collect()).await.map(drop)?)
    }

    /// The identity code of who has a temporary id, if they have one by now. The caller's agency has to do with them as well
    /// as with this person, who has none.
    async fn code_behind(
        &self,
        caller: &Caller,
        person: &Person,
        holder: Option<YouthId>,
    ) -> Result<Option<Hetu>, Error> {
        let holder = self.person(holder.ok_or(Error::NotFound)?).await?;
        if !self.is_customer(caller, &holder).await? {
            return Err(Error::NotFound);
        }
        match person.identity_code()? {
            Some(_) => Err(CODE_COUNTS),
            None => holder.identity_code(),
        }
    }

    /// The index learns which of these are the ids of one person now.
    async fn tie(&self, ids: &[YouthId]) -> Result<(), Error> {
        let mut people = Vec::new();
        for id in ids {
            if self.store.present_youth(*id).await?.is_none() {
                people.push([vec![*id], self.store.former_youths(*id).await?].concat());
            }
        }
        let mut index = self.index_mut();
        people.iter().for_each(|ids| index.put_ids(ids));
        Ok(())
    }

    /// The index learns how old they are by the identities that they have now, and whoever watches their plans looks anew.
    async fn put_persons(&self, ids: &[YouthId], now: Timestamp) -> Result<(), Error> {
        for id in ids {
            let born = self.person(*id).await?.birth_date()?;
            put_person(&mut self.index_mut(), *id, born);
            self.wake_all(*id, now).await?;
        }
        Ok(())
    }

    /// The former id by which this caller's agency knows the person, when it has nothing to do with the present one: to it
    /// the person is called so, or else it would learn that others know the person too. The one that was linked first.
    pub(super) async fn former_known_to(
        &self,
        caller: &Caller,
        present: YouthId,
    ) -> Result<Option<YouthId>, Error> {
        let ids = self.ids_of(present);
        let Some((_, former)) =
            ids.split_first().filter(|(first, former)| **first == present && !former.is_empty())
        else {
            return Ok(None);
        };
        if self.has_to_do(caller, present).await? {
            return Ok(None);
        }
        for former in former {
            if self.is_customer(caller, &self.person(*former).await?).await? {
                return Ok(Some(*former));
            }
        }
        Ok(None)
    }

    /// Whether the caller's agency has anything to do with who has this id, or is named by a consent of theirs.
    async fn has_to_do(&self, caller: &Caller, youth: YouthId) -> Result<bool, Error> {
        let person = self.person(youth).await?;
        if self.is_customer(caller, &person).await? {
            return Ok(true);
        }
        for row in self.store.instruments_of(youth).await? {
            if row.kind != InstrumentKind::Consent {
                continue;
            }
            let terms = ConsentRecord::open(person.key(), row)?.message.terms.unwrap_or_default();
            if terms.recipients.iter().any(|party| party.split('/').next() == Some(caller.agency.as_str())) {
                return Ok(true);
            }
        }
        Ok(false)
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
        let recorded = self.recorded_under(&[person.id]).await?;
        Ok(!self.consents_for(caller, &recorded)?.is_empty())
    }
}
