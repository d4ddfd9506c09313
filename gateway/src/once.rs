//! How does a repeated call have the effect and the answer of the first one?
//!
//! Every call with a side effect carries a `request_id`, but for operators' and the counting of figures. The first call's answer is kept, sealed, in the same commit
//! as its effect. A repetition finds it; a different call with the same id is refused, and so is a repetition that comes
//! when the answer has been erased: an agency's queue may hold a message for longer than that.

use jiff::Timestamp;
use polku_proto::YouthId;
use polku_proto::v1::Purpose;
use prost::Message;
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::own_record;
use crate::person::{Alone, Person};
use crate::seal::Place;
use crate::store::{RequestKey, RequestRow};

/// One call with a side effect.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) caller: &'a Caller,
    key: RequestKey,
    fingerprint: [u8; 32],
}

impl Gateway {
    /// Names a call by its caller, its request id and its content.
    pub(crate) fn call<'a>(
        &self,
        caller: &'a Caller,
        method: &str,
        request_id: &str,
        request: &impl Message,
    ) -> Result<Call<'a>, Error> {
        let request_id = Uuid::try_parse(request_id).map_err(|_| Error::Field {
            field: "request_id",
            reason: "INVALID_FIELDS",
            expected: "a UUID",
        })?;
        let mut content = method.as_bytes().to_vec();
        content.push(0);
        request.encode(&mut content).map_err(|_| Error::Inconsistent("a request does not encode"))?;
        // Keyed, because a request can hold an identity code: a plain hash of it could be searched.
        let fingerprint = self.keys.pseudonym(b"request", &content);
        Ok(Call {
            caller,
            key: RequestKey { organisation: caller.agency.clone(), request: request_id },
            fingerprint,
        })
    }

    /// Begins a change about a person: nobody else changes anything about them until it is dropped, and a repetition
    /// finds the answer of the first call.
    ///
    /// # Errors
    /// [`Error::RequestIdReused`] when the first call with this id was another one, or is too long ago; that is looked at
    /// before the person, so that it does not tell whether there is one. [`Error::NotFound`] when there is no such person.
    /// [`Error::ActorNotAllowed`] for a role without access.
    pub(crate) async fn begin<A: Message + Default>(
        &self,
        call: &Call<'_>,
        youth: YouthId,
    ) -> Result<Begun<A>, Error> {
        let own = own_record(call.caller, youth, Purpose::Unspecified, self.now());
        self.check_own_word(call.caller, own)?;
        let alone = self.alone_with(youth).await?;
        let row = self.request_of(call).await?;
        let person = self.person(youth).await?;
        let earlier = match row {
            // The first call may have been answered under a former id of the person.
            Some(row) => Some(earlier(&row, &self.person(row.youth).await?)?),
            None => None,
        };
        Ok(Begun { person, earlier, now: self.now(), alone })
    }

    /// Whether a call of this caller has had this request id, whatever it was about.
    pub(crate) async fn is_known_request(&self, caller: &Caller, request: Uuid) -> Result<bool, Error> {
        let key = RequestKey { organisation: caller.agency.clone(), request };
        Ok(self.store.request(&key).await?.is_some())
    }

    /// The first call with this request id, if there was one, it was the same, and its answer is still kept.
    pub(crate) async fn request_of(&self, call: &Call<'_>) -> Result<Option<RequestRow>, Error> {
        match self.store.request(&call.key).await? {
            Some(row) if row.fingerprint != call.fingerprint || row.sealed_answer.is_empty() => {
                Err(Error::RequestIdReused)
            }
            row => Ok(row),
        }
    }
}

/// The answer of the first call, opened.
pub(crate) fn earlier<A: Message + Default>(row: &RequestRow, person: &Person) -> Result<A, Error> {
    let plain = person.key().open(answer_place(&row.key), &row.sealed_answer)?;
    A::decode(plain.as_slice()).map_err(|_| Error::Inconsistent("a kept answer is unreadable"))
}

/// A change about a person that has begun.
#[derive(Debug)]
pub(crate) struct Begun<A> {
    pub(crate) person: Person,
    /// The answer of the first call, if this is a repetition.
    pub(crate) earlier: Option<A>,
    /// The instant of the change: after all that came before it.
    pub(crate) now: Timestamp,
    /// To be held until the change is made.
    pub(crate) alone: Alone,
}

impl Call<'_> {
    /// Whose call it is, and which.
    pub(crate) fn key(&self) -> &RequestKey {
        &self.key
    }

    /// The caller's id of the call.
    pub(crate) fn id(&self) -> Uuid {
        self.key.request
    }

    /// The row that keeps the answer.
    pub(crate) fn answered(
        &self,
        person: &Person,
        answer: &impl Message,
        now: Timestamp,
    ) -> Result<RequestRow, Error> {
        Ok(RequestRow {
            key: self.key.clone(),
            fingerprint: self.fingerprint,
            youth: person.id,
            sealed_answer: person.key().seal(answer_place(&self.key), &answer.encode_to_vec())?,
            time: now,
        })
    }
}

fn answer_place(key: &RequestKey) -> Place<'_> {
    // Two organisations may choose the same id.
    Place { table: "request", row: key.request, column: key.organisation.as_str(), version: 1 }
}
