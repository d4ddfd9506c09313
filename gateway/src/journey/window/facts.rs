//! What does each agency hold on the young person?
//!
//! All are asked at once. Whoever has not answered when the caller's time is up is named, and does not delay the rest.
//! Each is asked only for what it may tell this reader; what it answers is decided on anew when it is shown.

use std::collections::BTreeMap;

use jiff::Timestamp;
use polku_adapters::{Adapter, AdapterError};
use polku_policy::{Authorised, Channel, Question, Viewer};
use polku_proto::identity::Hetu;
use polku_proto::v1::{AgencyFacts, DataCategory, FactsQuery, JourneyEntry};
use polku_proto::{AgencyId, CategorySet, Disclose, Party, UnitId, Valid, YouthName};
use prost::Message;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::answers::Answer;
use super::entry::standing;
use super::matter::open_matters;
use super::sight::{Look, Looks as _, holder};
use crate::audit::Event;
use crate::error::{Error, check_refused};
use crate::gateway::Gateway;
use crate::hex::hex;
use crate::outbox::{Shown, TOLD};
use crate::person::Person;
use crate::seal::Place;
use crate::store::{About, Change};
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
    /// What is written of the person under the ids that are looked at.
    pub(super) written: Vec<&'a JourneyEntry>,
}

/// What the agencies hold, by agency id.
#[derive(Default)]
pub(super) struct Held {
    pub(super) facts: Vec<ShownFacts>,
    pub(super) unreachable: Vec<AgencyId>,
    /// What somebody could be asked for, and may not tell.
    pub(super) withheld: CategorySet,
}

/// What an agency holds, as the caller may see it, with the notices that this makes.
pub(super) type ShownFacts = (AgencyId, Authorised<AgencyFacts>, Option<Shown>);

impl Asking<'_> {
    /// With whom it is what this agency's system holds. To others the agency as a whole tells it; in the own agency it is
    /// with the units that have a matter (P17), and otherwise with none, so that only who reads of every unit reads it.
    fn holder(&self, agency: &AgencyId) -> Result<Party, Error> {
        let whole = Party::whole(agency.clone());
        let Look { caller, .. } = self.look;
        if self.look.is_own_side() || caller.agency != *agency {
            return Ok(whole);
        }
        let own =
            standing(self.written.iter().copied().filter(|entry| entry.agency == agency.as_str()).collect());
        for opening in open_matters(&own) {
            let unit = holder(opening)?.unit;
            if unit.is_none() || unit == caller.party().unit {
                return Ok(whole);
            }
        }
        Ok(Party { unit: Some(UnitId::unknown()), ..whole })
    }
}

impl Gateway {
    /// What the agencies hold, as far as the caller may be told.
    pub(super) async fn held(&self, person: &Person, asking: &Asking<'_>) -> Result<Held, Error> {
        let identity = person.identity_code()?;
        let asker = self.asker(&asking.look, identity.as_ref());
        let kept = self.answers.of(person.id, asker);
        let mut answers: BTreeMap<AgencyId, Option<AgencyFacts>> = BTreeMap::new();
        let mut missing = BTreeMap::new();
        let mut held = Held::default();
        for (agency, system) in self.sources() {
            let wanted = asking.wanted.intersection(system.fetches).intersection(ASKABLE);
            let told = self.told_by(&asking.look, &asking.holder(agency)?, wanted)?;
            held.withheld.extend(wanted.difference(told));
            if told.is_empty() {
                continue;
            }
            let fresh = kept.iter().filter(|kept| {
                kept.agency == *agency && kept.answered >= asking.oldest && told.is_subset(kept.asked)
            });
            // Of several that answer the question, the newest is what the agency says now.
            match fresh.max_by_key(|kept| kept.answered) {
                Some(kept) => drop(answers.insert(agency.clone(), Some(opened(person, &asker, kept)?))),
                None if !self.may_be_asked(&asking.look, agency)? => held.withheld.extend(told),
                None => drop(missing.insert(agency.clone(), told)),
            }
        }
        if !missing.is_empty() {
            answers.extend(self.ask((person, identity), asking, asker, &missing).await?);
            self.learn().await?;
        }
        for (agency, answer) in answers {
            let answer = match answer {
                Some(facts) => Some(facts),
                // What it said before is told with its day, and that it has not answered now.
                None => {
                    let earlier =
                        kept.iter().filter(|kept| kept.agency == agency && kept.is_of_a_day(asking.look.now));
                    let earlier = earlier.max_by_key(|kept| kept.answered);
                    held.unreachable.push(agency.clone());
                    earlier.map(|kept| opened(person, &asker, kept)).transpose()?
                }
            };
            if let Some(facts) = answer {
                held.facts.extend(self.shown_facts(asking, &agency, facts)?);
            }
        }
        Ok(held)
    }

    /// Asks these agencies, each for what it may tell, and keeps what they answer. That they are asked is durable before
    /// the first one is.
    async fn ask(
        &self,
        (person, identity): (&Person, Option<Hetu>),
        asking: &Asking<'_>,
        asker: [u8; 32],
        missing: &BTreeMap<AgencyId, CategorySet>,
    ) -> Result<BTreeMap<AgencyId, Option<AgencyFacts>>, Error> {
        let Look { caller, purpose, now, .. } = asking.look;
        let Some(identity) = identity else {
            // No agency knows them by what they are known by here: nobody can be asked.
            return Ok(nobody_asked(missing));
        };
        if asking.until <= Instant::now() {
            // Nobody is told anything by a question that cannot be answered any more.
            return Ok(nobody_asked(missing));
        }
        let mut answers = nobody_asked(missing);
        // Who may not be asked more for now is as one who does not answer.
        let mut missing = missing.clone();
        missing.retain(|agency, _| {
            let may_ask = self.may_ask(agency);
            if !may_ask {
                tracing::info!(%agency, "an agency is not asked: its quota is used up");
            }
            may_ask
        });
        if missing.is_empty() {
            return Ok(answers);
        }
        let agencies: BTreeMap<&str, Vec<i32>> =
            missing.iter().map(|(agency, asked)| (agency.as_str(), asked.to_wire())).collect();
        let told = self.told_by_asking(&asking.look, missing.iter())?;
        let notices = told.len();
        let told = self.told_details(person, told, now).await?;
        let details = json!({"asked": agencies, "purpose": purpose.as_str_name(), TOLD: told});
        let entry = Entry::of(Event::FactsQuery, person.id).by(caller).for_purpose(purpose);
        if notices == 0 {
            self.note_with(entry, person.id, details, now).await?;
        } else {
            // Before anybody is asked: a notice must not be lost with an answer.
            let announced = self.announce(entry, person, &details, now).await?;
            let mut change = Change::announced_by(announced.receipt.sequence);
            change.detail = announced.detail;
            self.notify_of_asking(&mut change, caller, notices, person.id, now)?;
            self.commit(change).await?;
        }
        let mut questions = JoinSet::new();
        for (agency, asked) in &missing {
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
        let mut kept = Vec::new();
        while let Some(answered) = questions.join_next().await {
            // A question that ended abnormally is one without an answer.
            let Ok((agency, Some(mut facts))) = answered else { continue };
            let asked = missing.get(&agency).copied().unwrap_or(CategorySet::EMPTY);
            facts.restrict(asked.union(CategorySet::ENVELOPE));
            let column = column(&agency, &asker);
            let sealed = person.key().seal(place(person, &column, asked), &facts.encode_to_vec())?;
            kept.push(Answer { agency: agency.clone(), asked, answered: self.now(), sealed });
            answers.insert(agency, Some(facts));
        }
        self.answers.keep(person.id, asker, kept);
        Ok(answers)
    }

    /// Who asks about whom, by all that a question tells of that: by it an agency can answer differently. The person is
    /// named to the agency by the identity code alone: what was answered about one code is none about another one that
    /// the same id has by now.
    fn asker(&self, look: &Look<'_>, identity: Option<&Hetu>) -> [u8; 32] {
        let (party, professional) = (look.caller.party(), look.caller.professional());
        let identity = identity.map_or("", Hetu::expose);
        let asker = format!("{party}\n{professional}\n{}\n{identity}", look.purpose as i32);
        self.keys.pseudonym(b"asker", asker.as_bytes())
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
        Ok(self.engine().authorise(&self.index(), Valid::check(query)?, CategorySet::EMPTY, &question)?)
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
        let Some(question) = look.question(&asking.holder(agency)?, false) else { return Ok(None) };
        let holds = facts.categories();
        let facts =
            self.engine().authorise(&self.index(), Valid::check(facts)?, CategorySet::EMPTY, &question);
        let facts = match facts {
            Ok(facts) => facts,
            Err(denied) => return check_refused(&denied).map(|()| None),
        };
        let told = self.owed_notice(About::Journey, holds, &question, facts.decision(), look.now)?;
        Ok(Some((agency.clone(), facts, told)))
    }
}

/// None of them has answered.
fn nobody_asked(missing: &BTreeMap<AgencyId, CategorySet>) -> BTreeMap<AgencyId, Option<AgencyFacts>> {
    missing.keys().map(|agency| (agency.clone(), None)).collect()
}

/// An answer that follows the contract and is about the agency that was asked.
fn usable(adapter: &dyn Adapter, answer: Result<AgencyFacts, AdapterError>) -> Option<AgencyFacts> {
    let agency = adapter.agency();
    match answer {
        Ok(facts) => {
            let own = Some(facts).filter(|facts| facts.agency == agency.as_str());
            let checked = own.and_then(|facts| Valid::check(facts).ok());
            if checked.is_none() {
                tracing::warn!(%agency, "facts of an agency do not follow the contract");
            }
            checked.map(Valid::into_inner)
        }
        Err(error) => {
            tracing::info!(%agency, kind = %error.kind, "facts not fetched");
            None
        }
    }
}

fn opened(person: &Person, asker: &[u8; 32], answer: &Answer) -> Result<AgencyFacts, Error> {
    let column = column(&answer.agency, asker);
    let plain = person.key().open(place(person, &column, answer.asked), &answer.sealed)?;
    AgencyFacts::decode(plain.as_slice()).map_err(|_| Error::Inconsistent("sealed facts are unreadable"))
}

pub(super) fn facts_name(person: &Person) -> String {
    format!("{}/facts", YouthName { youth: person.id })
}

/// Whose answer to whom it is: one to somebody else does not open here.
fn column(agency: &AgencyId, asker: &[u8; 32]) -> String {
    format!("{agency}/{}", hex(asker))
}

fn place<'a>(person: &Person, column: &'a str, asked: CategorySet) -> Place<'a> {
    Place { table: "agency_facts", row: person.id.uuid(), column, version: u64::from(asked.bits()) }
}
