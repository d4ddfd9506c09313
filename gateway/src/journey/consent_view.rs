//! Who may read a consent, and what of it?

use jiff::Timestamp;
use polku_policy::Authorised;
use polku_proto::v1::{
    Consent, ConsentChange, ConsentTerms, GetConsentRequest, ListConsentsRequest, ListConsentsResponse,
    Purpose,
};
use polku_proto::{ConsentId, ConsentName, Valid};

use super::consent::expire;
use super::page;
use super::read::{Recorded, name, youth_id};
use super::refer::mismatch;
use super::terms::names;
use super::view::own_record;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::record::ConsentRecord;
use crate::services::status;
use crate::store::InstrumentKind;

impl Gateway {
    /// Reads one consent.
    pub(crate) async fn get_consent(
        &self,
        caller: &Caller,
        request: Valid<GetConsentRequest>,
    ) -> Result<Authorised<Consent>, Error> {
        let now = self.now();
        let name: ConsentName = name(&request.get().name, "name")?;
        self.check_reader(caller, name.youth)?;
        let person = self.person(name.youth).await?;
        let record = self.consent_of(&person, name, now).await?;
        if !may_read(caller, &record.message) {
            return Err(Error::NotFound);
        }
        let view = self.view_consent(caller, &person, record.message, now)?;
        self.note_reading(caller, name.youth, &name.to_string(), &view).await?;
        Ok(view)
    }

    /// Lists a person's consents, oldest first.
    pub(crate) async fn list_consents(
        &self,
        caller: &Caller,
        request: Valid<ListConsentsRequest>,
    ) -> Result<Authorised<ListConsentsResponse>, Error> {
        let request = request.into_inner();
        let list = format!("{}/consents", request.parent);
        let youth = youth_id(&request.parent, "parent")?;
        self.check_reader(caller, youth)?;
        let size = usize::try_from(page::size(request.page_size)).unwrap_or(usize::MAX);
        let seen = match page::position(self, caller, &list, &request.page_token)? {
            Some(bytes) => usize::from(u16::from_be_bytes(bytes.try_into().map_err(|_| page::WRONG)?)),
            None => 0,
        };
        // Consents are never deleted and the list only grows at its end: a count is a place.
        let all = self.consents_for(caller, &self.recorded(caller, youth).await?)?;
        let next = seen.saturating_add(size);
        let next_page_token = match u16::try_from(next) {
            Ok(place) if next < all.len() => page::token(self, caller, &list, &place.to_be_bytes())?,
            _ => String::new(),
        };
        let mut answer =
            self.shell(caller, ListConsentsResponse { consents: Vec::new(), next_page_token })?;
        let views = all.into_iter().skip(seen).take(size);
        let views: Vec<_> = views.map(|(name, view)| (name.youth, name.to_string(), view)).collect();
        self.note_readings(caller, &views).await?;
        for (_, _, view) in views {
            answer = answer.gather(view).map_err(mismatch)?;
        }
        Ok(answer)
    }

    /// The consents among these that this caller may read, oldest first, by name.
    pub(crate) fn consents_for(
        &self,
        caller: &Caller,
        recorded: &[Recorded],
    ) -> Result<Vec<(ConsentName, Authorised<Consent>)>, Error> {
        let now = self.now();
        let mut views = Vec::new();
        for Recorded { person, rows } in recorded {
            for row in rows.iter().filter(|row| row.kind == InstrumentKind::Consent) {
                let record = ConsentRecord::open(person.key(), row.clone())?;
                if may_read(caller, &record.message) {
                    let name = ConsentName { youth: person.id, consent: ConsentId::from_uuid(row.id) };
                    views.push((name, self.view_consent(caller, person, record.message, now)?));
                }
            }
        }
        views.sort_by_key(|(name, _)| page::made_in(name.consent.uuid()));
        Ok(views)
    }

    /// The answer of an earlier call, as it may be seen now.
    pub(super) fn consent_again(
        &self,
        caller: &Caller,
        person: &Person,
        mut earlier: ConsentChange,
        now: Timestamp,
    ) -> Result<Authorised<ConsentChange>, Error> {
        let consent = earlier.consent.take().ok_or(Error::Inconsistent("a kept answer has no consent"))?;
        let shell = self.shell(caller, earlier)?;
        match self.view_consent(caller, person, consent, now) {
            Ok(view) => shell.gather(view).map_err(mismatch),
            // What has been changed is: whoever takes back what they gave is told that it counts.
            Err(error @ Error::RulesFailed) => {
                status::log(&error);
                Ok(shell)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn view_consent(
        &self,
        caller: &Caller,
        person: &Person,
        mut consent: Consent,
        now: Timestamp,
    ) -> Result<Authorised<Consent>, Error> {
        expire(&mut consent, person, now)?;
        if !may_read(caller, &consent) {
            // A recipient that changes a consent learns that it has changed, not who else is named in it.
            let Consent { name, etag, state, .. } = consent;
            consent = Consent { name, etag, state, ..Consent::default() };
        }
        // Who is named in what was given need not be in what was asked for.
        let asks = |asked: &ConsentTerms| may_read_terms(caller, &consent.recorder, Some(asked));
        for event in &mut consent.events {
            event.requested_terms = event.requested_terms.take().filter(asks);
        }
        let purpose =
            consent.terms.as_ref().and_then(|terms| terms.purposes().next()).unwrap_or(Purpose::Unspecified);
        self.view_record(consent, &own_record(caller, person.id, purpose, now))
    }
}

/// Disclosers and the recorder read a consent, and the young person with whoever represents them. A recipient learns by
/// verification what concerns it, not who else is named.
pub(super) fn may_read(caller: &Caller, consent: &Consent) -> bool {
    may_read_terms(caller, &consent.recorder, consent.terms.as_ref())
}

fn may_read_terms(caller: &Caller, recorder: &str, terms: Option<&ConsentTerms>) -> bool {
    match caller.actor {
        Actor::Subject(_) | Actor::Representative { .. } => true,
        Actor::Professional { .. } => {
            recorder == caller.agency.as_str()
                || terms.is_some_and(|terms| names(&terms.disclosers, &caller.agency))
        }
    }
}
