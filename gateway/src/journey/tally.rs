//! Somebody has come, or says what they think, and gives no name: how is that kept without anybody in it?
//!
//! What is kept is the day, the agency and what was told. No row refers to a person, and the leaf names none: also not
//! the young person through whose front a form comes.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use polku_proto::time::finnish_date;
use polku_proto::v1::{
    CountWalkInRequest, CountWalkInResponse, Feedback, GiveFeedbackRequest, GiveFeedbackResponse, Purpose,
};
use polku_proto::{AgencyId, Valid, YouthId};
use prost::Message;
use uuid::Uuid;

use super::view::own_record;
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::once::Call;
use crate::store::{Change, TallyKind, TallyRow};
use crate::trail::Entry;

impl Gateway {
    /// Counts somebody who has come without a name.
    pub(crate) async fn count_walk_in(
        &self,
        caller: &Caller,
        request: Valid<CountWalkInRequest>,
    ) -> Result<CountWalkInResponse, Error> {
        self.check_counts(caller)?;
        let request = request.into_inner();
        let call = self.call(caller, "CountWalkIn", &request.request_id, &request)?;
        let only = CountWalkInRequest { channel: request.channel, ..CountWalkInRequest::default() };
        let tally = TallyRow {
            key: call.key().clone(),
            agency: caller.agency.clone(),
            day: day(&request.day, self.now())?,
            kind: TallyKind::WalkIn,
            content: only.encode_to_vec(),
        };
        self.keep_tally(&call, tally, Entry::of_many(Event::Tally).by(caller)).await?;
        Ok(CountWalkInResponse {})
    }

    /// Takes in a form without a name.
    pub(crate) async fn give_feedback(
        &self,
        caller: &Caller,
        request: Valid<GiveFeedbackRequest>,
    ) -> Result<GiveFeedbackResponse, Error> {
        let entry = Entry::of_many(Event::Tally);
        let entry = match caller.actor {
            Actor::Professional { .. } => {
                self.check_counts(caller)?;
                entry.by(caller)
            }
            // The leaf has the front that the form came through, and not who filled it in.
            Actor::Subject(_) => entry.towards(&caller.agency),
            Actor::Representative { .. } => {
                return Err(Error::ActorNotAllowed {
                    expected: "the young person, or a professional of the agency",
                });
            }
        };
        let request = request.into_inner();
        let call = self.call(caller, "GiveFeedback", &request.request_id, &request)?;
        let form = request.feedback.unwrap_or_default();
        let Feedback { grade, listened_to, supported, took_part, plans_clearer, .. } = form;
        // Who somebody is, is no answer.
        if [grade, listened_to, supported, took_part, plans_clearer].iter().all(Option::is_none) {
            return Err(Error::Field {
                field: "feedback",
                reason: "INVALID_FIELDS",
                expected: "a grade, or an answer to at least one statement",
            });
        }
        let tally = TallyRow {
            key: call.key().clone(),
            agency: self.judged(caller, &request.agency)?,
            day: day(&request.day, self.now())?,
            kind: TallyKind::Feedback,
            content: form.encode_to_vec(),
        };
        self.keep_tally(&call, tally, entry).await?;
        Ok(GiveFeedbackResponse {})
    }

    /// Only a professional in a role with access counts, and reads what was counted.
    pub(super) fn check_counts(&self, caller: &Caller) -> Result<(), Error> {
        let Actor::Professional { .. } = caller.actor else {
            return Err(Error::ActorNotAllowed { expected: "a professional of the agency" });
        };
        let nobody = YouthId::from_uuid(Uuid::nil());
        self.check_own_word(caller, own_record(caller, nobody, Purpose::Unspecified, self.now()))
    }

    /// About whose service a form is. An agency passes on what it is told about itself only.
    fn judged(&self, caller: &Caller, agency: &str) -> Result<AgencyId, Error> {
        if agency.is_empty() || agency == caller.agency.as_str() {
            return Ok(caller.agency.clone());
        }
        let known = agency.parse().ok().filter(|agency| self.directory.agency(agency).is_some());
        let is_front = matches!(caller.actor, Actor::Subject(_));
        known.filter(|_| is_front).ok_or(Error::Field {
            field: "agency",
            reason: "UNKNOWN_AGENCY",
            expected: "an agency that is registered with this gateway; of a professional the own one, or empty",
        })
    }

    /// Keeps what was told, once.
    async fn keep_tally(&self, call: &Call<'_>, tally: TallyRow, entry: Entry<'_>) -> Result<(), Error> {
        let _alone = self.alone_with_request(call.id()).await?;
        match self.store.tally(&tally.key).await? {
            Some(earlier) if earlier == tally => return Ok(()),
            Some(_) => return Err(Error::RequestIdReused),
            None if self.is_known_request(call.caller, call.id()).await? => {
                return Err(Error::RequestIdReused);
            }
            None => {}
        }
        let noted = self.note(entry, self.now()).await?;
        let mut change = Change::announced_by(noted.sequence);
        change.tallies.push(tally);
        self.commit(change).await
    }
}

/// The day that is told: not in the future, and at most a year ago.
fn day(text: &str, now: Timestamp) -> Result<Date, Error> {
    let today = finnish_date(now);
    let days = today.saturating_sub(1.year())..=today;
    text.parse().ok().filter(|day| days.contains(day)).ok_or(Error::Field {
        field: "day",
        reason: "INVALID_FIELDS",
        expected: "a day in Finland that is not in the future and at most a year ago",
    })
}
