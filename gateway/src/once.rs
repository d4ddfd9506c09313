//! How does a repeated call have the effect and the answer of the first one?
//!
//! Every call with a side effect carries a `request_id`. The first call's answer is kept, sealed, in the same commit
//! as its effect. A repetition finds it; a different call with the same id is refused.

use jiff::Timestamp;
use prost::Message;
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
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

    /// The answer of the first call, if this is a repetition.
    ///
    /// # Errors
    /// [`Error::RequestIdReused`] when the first call was another one.
    pub(crate) async fn earlier<A: Message + Default>(
        &self,
        call: &Call<'_>,
        person: &Person,
    ) -> Result<Option<A>, Error> {
        let Some(row) = self.store.request(&call.key).await? else { return Ok(None) };
        if row.fingerprint != call.fingerprint || row.youth != person.id {
            return Err(Error::RequestIdReused);
        }
        let plain = person.key().open(answer_place(&call.key), &row.sealed_answer)?;
        A::decode(plain.as_slice()).map(Some).map_err(|_| Error::Inconsistent("a kept answer is unreadable"))
    }
}

impl Call<'_> {
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

fn answer_place(key: &RequestKey) -> Place<'static> {
    Place { table: "request", row: key.request, column: "sealed_answer", version: 1 }
}
