//! What does each agency hold on the young person?
//!
//! All are asked at once. Whoever has not answered when the caller's time is up is named, and does not delay the rest.
//! Each is asked only for what it may tell this reader; what it answers is decided on anew when it is shown.

use std::collections::BTreeMap;

use jiff::Timestamp;
use polku_adapters::{Adapter, AdapterError};
use polku_policy::{Authorised, Channel, Question, Viewer};
use polku_proto::identity::Hetu;
use polku_proto::v1::{AgencyFacts, DataCategory, FactsQuery, Purpose};
use polku_proto::{AgencyId, CategorySet, Disclose, Party, Valid, YouthName};
use prost::Message;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::sight::Look;
use crate::audit::Event;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::outbox::{Shown, TOLD};
use crate::person::Person;
use crate::seal::Place;
use crate::store::{About, Change, FactsRow};
use crate::trail::Entry;

/// What an agency can be asked for. What became of a referral is told by referrals.
pub(super) const ASKABLE: CategorySet = CategorySet::ALL
    .difference(CategorySet::ENVELOPE)
    .difference(CategorySet::of(&[DataCategory::ReferralStatus]));

/// What is wanted of the agencies.
pub(super) struct Asking<'a> {
    pub(super) look: Look<'a>,
    pub(super) wanted: CategorySet,
    /// Answers that are no older than this are used again.
    pub(super) oldest: Timestamp,
    /// When the caller's time is up.
    pub(super) until: Instant,
}

/// An answer as it is kept: for whom and for which purpose the agency has given it. The same question of somebody else, or
/// for something else, it may answer differently.
#[derive(Clone, PartialEq, Message)]
struct Kept {
    /// Agency id.
    #[prost(string, tag = "101")]
    requester: String,
    #[prost(enumeration = "Purpose", tag = "102")]
    purpose: i32,
    #[prost(message, optional, tag = "103")]
    facts: Option<AgencyFacts>,
}

impl Kept {
    /// What was answered, if it was to this agency and for this purpose.
    fn to(self, look: &Look<'_>) -> Option<AgencyFacts> {
        let is_same = self.requester == look.caller.agency.as_str() && self.purpose() == look.purpose;
        self.facts.filter(|_| is_same)
    }
}

/// What the agencies hold, by agency id.
#[derive(Default)]
pub(super) struct Held {
    pub(super) facts: Vec<ShownFacts>,
    pub(super) unreachable: Vec<AgencyId>,
}

/// What an agency holds, as the caller may see it, with the notices that this makes.
pub(super) type ShownFacts = (AgencyId, Authorised<AgencyFacts>, Option<Shown>);

impl Gateway {
    /// What the agencies hold, as far as the caller may be told.
    pub(super) async fn held(&self, person: &Person, asking: &Asking<'_>) -> Result<Held, Error> {
        let kept = self.store.facts_of(person.id).await?;
        let mut answers: BTreeMap<AgencyId, Option<AgencyFacts>> = BTreeMap::new();
        let mut missing = BTreeMap::new();
        for (agency, system) in self.sources() {
            let wanted = asking.wanted.intersection(system.fetches).intersection(ASKABLE);
            let told = self.told_by(&asking.look, agency, wanted)?;
            if told.is_empty() {
                continue;
            }
            let fresh = kept.iter().filter(|row| {
                row.agency == *agency && row.answered >= asking.oldest && told.is_subset(row.asked)
            });
            // Of several that answer the question, the newest is what the agency says now.
            let mut newest: Option<(Timestamp, AgencyFacts)> = None;
            for row in fresh {
                if newest.as_ref().is_none_or(|(answered, _)| *answered <= row.answered)
                    && let Some(facts) = opened(person, row)?.to(&asking.look)
                {
                    newest = Some((row.answered, facts));
                }
            }
            match newest {
                Some((_, facts)) => drop(answers.insert(agency.clone(), Some(facts))),
                None if !self.may_be_asked(&asking.look, agency)? => {}
                None => drop(missing.insert(agency.clone(), told)),
            }
        }
        if !missing.is_empty() {
            answers.extend(self.ask(person, asking, &missing).await?);
        }
        let mut held = Held::default();
        for (agency, answer) in answers {
            match answer {
                Some(facts) => held.facts.extend(self.shown_facts(asking, &agency, facts)?),
                None => held.unreachable.push(agency),
            }
        }
        Ok(held)
    }

    /// Asks these agencies, each for what it may tell, and keeps what they answer. That they are asked is durable before
    /// the first one is.
    async fn ask(
        &self,
        person: &Person,
        asking: &Asking<'_>,
        missing: &BTreeMap<AgencyId, CategorySet>,
    ) -> Result<BTreeMap<AgencyId, Option<AgencyFacts>>, Error> {
        let Look { caller, purpose, now, .. } = asking.look;
        let Some(identity) = person.identity_code()? else {
            // No agency knows them by what they are known by here: nobody can be asked.
            return Ok(missing.keys().map(|agency| (agency.clone(), None)).collect());
        };
        let agencies: BTreeMap<&str, Vec<i32>> =
            missing.iter().map(|(agency, asked)| (agency.as_str(), asked.to_wire())).collect();
        let told = self.told_by_asking(&asking.look, missing.iter())?;
        let notices = told.len();
        let told = self.told_details(person, told, now).await?;
        let details = json!({"asked": agencies, "purpose": purpose.as_str_name(), TOLD: told});
        let entry = Entry::of(Event::FactsQuery, person.id).by(caller).for_purpose(purpose);
        let announced = self.announce(entry, person, &details, now).await?;
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        // Before anybody is asked: a notice must not be lost with an answer. A leaf has one commit, so that the answers
        // to such a question are not kept.
        let change = match notices {
            0 => Some(change),
            _ => {
                self.notify_of_asking(&mut change, caller, notices, person.id, now)?;
                self.commit(change).await?;
                None
            }
        };
        let mut questions = JoinSet::new();
        for (agency, asked) in missing {
            let Some(adapter) = self.adapter(agency).cloned() else { continue };
            let query = match self.query(&identity, asking, agency, *asked) {
                Ok(query) => query,
                // Who cannot be asked does not keep the others from being shown.
                Err(error) => {
                    tracing::warn!(%agency, %error, "an agency cannot be asked");
                    continue;
                }
            };
            let (agency, until) = (agency.clone(), asking.until);
            questions.spawn(async move {
                let answer = timeout_at(until, adapter.fetch(query, now)).await;
                let answer = answer.map(|answer| usable(&*adapter, answer));
                (agency, answer.ok().flatten())
            });
        }
        let mut answers: BTreeMap<AgencyId, Option<AgencyFacts>> =
            missing.keys().map(|agency| (agency.clone(), None)).collect();
        let mut kept = Vec::new();
        while let Some(answered) = questions.join_next().await {
            // A question that ended abnormally is one without an answer.
            let Ok((agency, Some(mut facts))) = answered else { continue };
            let asked = missing.get(&agency).copied().unwrap_or(CategorySet::EMPTY);
            facts.restrict(asked.union(CategorySet::ENVELOPE));
            let requester = caller.agency.to_string();
            let whole = Kept { requester, purpose: purpose as i32, facts: Some(facts.clone()) };
            let sealed = person.key().seal(place(person, &agency, asked), &whole.encode_to_vec())?;
            let row =
                FactsRow { youth: person.id, agency: agency.clone(), asked, answered: self.now(), sealed };
            kept.push(row);
            answers.insert(agency, Some(facts));
        }
        if let Some(change) = change {
            self.commit(Change { facts: kept, ..change }).await?;
        }
        Ok(answers)
    }

    /// The question to one agency, about a customer of its own.
    fn query(
        &self,
        identity: &Hetu,
        asking: &Asking<'_>,
        agency: &AgencyId,
        asked: CategorySet,
    ) -> Result<Authorised<FactsQuery>, Error> {
        let Look { caller, youth, purpose, now } = asking.look;
        let query = FactsQuery {
            query_id: self.new_id(now)?.to_string(),
            requester: caller.agency.to_string(),
            professional: caller.professional().to_owned(),
            purpose: purpose as i32,
            categories: asked.to_wire(),
            identity_code: identity.expose().to_owned(),
        };
        let own = Party::whole(agency.clone());
        let channel = Channel { from: own.clone(), to: own };
        let question = Question::new(youth, channel, Viewer::Author, purpose, now);
        self.engine()
            .authorise(&self.index(), Valid::check(query)?, CategorySet::EMPTY, &question)
            .map_err(|denied| Error::NotPermitted(Box::new(denied.into_decision())))
    }

    /// What an agency has answered, as the caller may see it now.
    fn shown_facts(
        &self,
        asking: &Asking<'_>,
        agency: &AgencyId,
        facts: AgencyFacts,
    ) -> Result<Option<ShownFacts>, Error> {
        // Time has passed since the question.
        let look = Look { now: self.now(), ..asking.look };
        let mut facts = facts;
        facts.restrict(asking.wanted.intersection(ASKABLE).union(CategorySet::ENVELOPE));
        let Some(question) = look.question(agency, false) else { return Ok(None) };
        let holds = facts.categories();
        let facts =
            self.engine().authorise(&self.index(), Valid::check(facts)?, CategorySet::EMPTY, &question);
        let Ok(facts) = facts else { return Ok(None) };
        let told = self.owed_notice(About::Journey, holds, &question, facts.decision(), look.now)?;
        Ok(Some((agency.clone(), facts, told)))
    }
}

/// An answer that follows the contract and is about the agency that was asked.
fn usable(adapter: &dyn Adapter, answer: Result<AgencyFacts, AdapterError>) -> Option<AgencyFacts> {
    let agency = adapter.agency();
    match answer {
        Ok(facts) if facts.agency == agency.as_str() && Valid::check(facts.clone()).is_ok() => Some(facts),
        Ok(_) => {
            tracing::warn!(%agency, "facts of an agency do not follow the contract");
            None
        }
        Err(error) => {
            tracing::info!(%agency, kind = %error.kind, "facts not fetched");
            None
        }
    }
}

fn opened(person: &Person, row: &FactsRow) -> Result<Kept, Error> {
    let plain = person.key().open(place(person, &row.agency, row.asked), &row.sealed)?;
    Kept::decode(plain.as_slice()).map_err(|_| Error::Inconsistent("sealed facts are unreadable"))
}

pub(super) fn facts_name(person: &Person) -> String {
    format!("{}/facts", YouthName { youth: person.id })
}

fn place<'a>(person: &Person, agency: &'a AgencyId, asked: CategorySet) -> Place<'a> {
    let version = u64::from(asked.bits());
    Place { table: "agency_facts", row: person.id.uuid(), column: agency.as_str(), version }
}
