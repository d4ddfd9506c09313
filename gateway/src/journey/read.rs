//! A party reads a referral, or a list of them.

use std::cmp::Reverse;
use std::str::FromStr;

use jiff::Timestamp;
use polku_policy::Authorised;
use polku_proto::v1::{GetReferralRequest, ListReferralsRequest, ListReferralsResponse, Purpose, Referral};
use polku_proto::{ReferralId, ReferralName, Valid, YouthId, YouthName};
use serde_json::json;

use super::{page, refer::mismatch};
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::record::ReferralRecord;
use crate::store::{InstrumentRow, ReferralFilter, ReferralRow};
use crate::trail::{Entry, Note};

/// What is recorded of a person under one id: consents, prohibitions and legal statuses, sealed.
pub(crate) struct Recorded {
    pub(crate) person: Person,
    pub(crate) rows: Vec<InstrumentRow>,
}

impl Gateway {
    /// What is recorded under each id that this caller looks at by asking for this one; nothing when there is no such
    /// person.
    pub(crate) async fn recorded(&self, caller: &Caller, youth: YouthId) -> Result<Vec<Recorded>, Error> {
        self.recorded_under(&self.ids_seen(caller, youth)).await
    }

    /// The same under these ids.
    pub(crate) async fn recorded_under(&self, ids: &[YouthId]) -> Result<Vec<Recorded>, Error> {
        let mut recorded = Vec::with_capacity(ids.len());
        for id in ids {
            match self.person(*id).await {
                Ok(person) => {
                    let rows = self.store.instruments_of(*id).await?;
                    recorded.push(Recorded { person, rows });
                }
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(recorded)
    }

    /// Reads one referral.
    pub(crate) async fn get_referral(
        &self,
        caller: &Caller,
        request: Valid<GetReferralRequest>,
    ) -> Result<Authorised<Referral>, Error> {
        let now = self.now();
        let name: ReferralName = name(&request.get().name, "name")?;
        let person = self.person(name.youth).await?;
        let record = self.referral_of(&person, name).await?;
        let view = self.view(caller, &person, &record, now)?;
        self.note_referral(caller, &record, &view).await?;
        Ok(view)
    }

    /// Lists referrals.
    pub(crate) async fn list_referrals(
        &self,
        caller: &Caller,
        request: Valid<ListReferralsRequest>,
    ) -> Result<Authorised<ListReferralsResponse>, Error> {
        let request = request.into_inner();
        let now = self.now();
        let youth = match request.parent.as_str() {
            "youths/-" => None,
            parent => Some(youth_id(parent, "parent")?),
        };
        if !self.has_access(caller)? {
            return self.shell(caller, ListReferralsResponse::default());
        }
        let party = match (&caller.actor, youth) {
            (Actor::Professional { .. }, _) => Some(caller.agency.clone()),
            (Actor::Subject(_) | Actor::Representative { .. }, Some(asked)) => {
                self.check_subject(caller, asked)?;
                None
            }
            (Actor::Subject(_) | Actor::Representative { .. }, None) => return Err(Error::NotFound),
        };
        let size = page::size(request.page_size);
        let before = page::position(self, caller, &request.parent, &request.page_token)?
            .map(|bytes| page::place_of(&bytes))
            .transpose()?
            .map(|(created, id)| (created, ReferralId::from_uuid(id)));
        let filter = ReferralFilter { party, youth, before, limit: size.saturating_add(1) };
        let ids = match youth {
            Some(youth) => self.ids_seen(caller, youth),
            None => Vec::new(),
        };
        let mut rows = self.referrals_of(&filter, &ids).await?;
        let fitting = page::fitting(&rows, size);
        let more = rows.len() > fitting;
        rows.truncate(fitting);
        let next_page_token = match rows.last() {
            Some(last) if more => {
                page::token(self, caller, &request.parent, &page::bytes_of(last.created, last.id.uuid()))?
            }
            _ => String::new(),
        };
        let mut answer =
            self.shell(caller, ListReferralsResponse { referrals: Vec::new(), next_page_token })?;
        for row in rows {
            if let Some(view) = self.read_row(caller, row, now).await? {
                answer = answer.gather(view).map_err(mismatch)?;
            }
        }
        Ok(answer)
    }

    /// Referrals as the filter has them, under any of these ids; none: of everybody. Newest first.
    pub(crate) async fn referrals_of(
        &self,
        filter: &ReferralFilter,
        ids: &[YouthId],
    ) -> Result<Vec<ReferralRow>, Error> {
        let [first, others @ ..] = ids else { return Ok(self.store.referrals(filter).await?) };
        let of = |youth: YouthId| ReferralFilter { youth: Some(youth), ..filter.clone() };
        let mut rows = self.store.referrals(&of(*first)).await?;
        for id in others {
            rows.append(&mut self.store.referrals(&of(*id)).await?);
        }
        if !others.is_empty() {
            rows.sort_by_key(|row| Reverse((row.created, row.id)));
            rows.truncate(usize::try_from(filter.limit).unwrap_or(usize::MAX));
        }
        Ok(rows)
    }

    /// A referral by its name. A name with another person's id is nobody's name.
    pub(crate) async fn referral_of(
        &self,
        person: &Person,
        name: ReferralName,
    ) -> Result<ReferralRecord, Error> {
        let row = self.store.referral(name.referral).await?.ok_or(Error::NotFound)?;
        if row.youth != name.youth || row.youth != person.id {
            return Err(Error::NotFound);
        }
        ReferralRecord::open(person, row)
    }

    /// One of several referrals; nothing, where the caller may not know of it yet.
    pub(crate) async fn read_row(
        &self,
        caller: &Caller,
        row: ReferralRow,
        now: Timestamp,
    ) -> Result<Option<Authorised<Referral>>, Error> {
        let Some((record, view)) = self.view_row(caller, row, now).await? else { return Ok(None) };
        self.note_referral(caller, &record, &view).await?;
        Ok(Some(view))
    }

    /// The same, with nothing written down yet.
    pub(crate) async fn view_row(
        &self,
        caller: &Caller,
        row: ReferralRow,
        now: Timestamp,
    ) -> Result<Option<(ReferralRecord, Authorised<Referral>)>, Error> {
        let person = self.person(row.youth).await?;
        let record = ReferralRecord::open(&person, row)?;
        match self.view(caller, &person, &record, now) {
            Err(Error::NotFound) => Ok(None),
            view => Ok(Some((record, view?))),
        }
    }

    /// Every reading has its leaf before it is answered (906/2019 section 17).
    pub(crate) async fn note_reading<X>(
        &self,
        caller: &Caller,
        youth: YouthId,
        name: &str,
        view: &Authorised<X>,
    ) -> Result<(), Error> {
        self.note_all(vec![reading(caller, youth, name, view)], self.now()).await
    }

    /// The same of several things that are read in one call, each under its name.
    pub(crate) async fn note_readings<X>(
        &self,
        caller: &Caller,
        views: &[(YouthId, String, Authorised<X>)],
    ) -> Result<(), Error> {
        let notes = views.iter().map(|(youth, name, view)| reading(caller, *youth, name, view));
        self.note_all(notes.collect(), self.now()).await
    }
}

fn reading<'a, X>(caller: &'a Caller, youth: YouthId, name: &'a str, view: &'a Authorised<X>) -> Note<'a> {
    let purpose = view.purpose().unwrap_or(Purpose::Unspecified);
    let entry = Entry::of(Event::Read, youth).by(caller).decided(purpose, view.decision()).of_what(name);
    Note { entry, youth, details: Some(json!({})) }
}

/// A resource name in a request.
pub(crate) fn name<N: FromStr>(text: &str, field: &'static str) -> Result<N, Error> {
    text.parse().map_err(|_| Error::Field {
        field,
        reason: "INVALID_FIELDS",
        expected: "a resource name with UUIDs in lower case, as an earlier answer gave it",
    })
}

/// The id in `youths/{youth}`.
pub(crate) fn youth_id(text: &str, field: &'static str) -> Result<YouthId, Error> {
    Ok(name::<YouthName>(text, field)?.youth)
}
