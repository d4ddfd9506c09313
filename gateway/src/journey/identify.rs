//! Which opaque id has the person with this identity?

use jiff::Timestamp;
use polku_proto::identity::{Hetu, Identity, TemporaryId};
use polku_proto::time::finnish_date;
use polku_proto::v1::{IdentifyYouthRequest, IdentifyYouthResponse};
use polku_proto::{Valid, YouthId, YouthName};
use serde_json::json;

use super::rebuild::put_person;
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::once;
use crate::person::{Person, identity_place};
use crate::store::{Change, YouthRow};
use crate::trail::Entry;

impl Gateway {
    /// Finds or makes the id. Whether the person was known before does not show in the answer.
    pub(crate) async fn identify(
        &self,
        caller: &Caller,
        request: Valid<IdentifyYouthRequest>,
    ) -> Result<IdentifyYouthResponse, Error> {
        let Actor::Professional { .. } = caller.actor else {
            return Err(Error::ActorNotAllowed { expected: "a professional identifies a young person" });
        };
        let request = request.into_inner();
        let now = self.now();
        let call = self.call(caller, "IdentifyYouth", &request.request_id, &request)?;
        let identity = asked_for((&request.identity_code, &request.temporary_id), now)?;
        let hash = self.keys.index_of(&identity);
        let _alone = self.alone_with_identity(hash.as_bytes()).await?;
        if let Some(row) = self.request_of(&call).await? {
            // The person may have been linked to another identity since.
            return once::earlier(&row, &self.person(row.youth).await?);
        }

        let (person, new) = match self.store.youth_by_identity(&hash).await? {
            Some(row) => match self.former_known_to(caller, row.id).await? {
                Some(former) => (self.person(former).await?, None),
                None => (Person::new(self, row)?, None),
            },
            None => {
                // Without a time in it: the id does not tell since when the person has been known.
                let id = YouthId::from_uuid(self.new_opaque_id()?);
                let (key, wrapped) = self.keys.new_person_key(id)?;
                let sealed_identity = key.seal(identity_place(id), identity.expose().as_bytes())?;
                let row = YouthRow { id, identity: hash, key: wrapped, sealed_identity, created: now };
                (Person::new(self, row.clone())?, Some(row))
            }
        };
        let answer = IdentifyYouthResponse { youth: YouthName { youth: person.id }.to_string() };
        let entry = Entry::of(Event::IdentifyYouth, person.id).by(caller);
        let details = json!({"method": "IdentifyYouth", "request_id": request.request_id});
        let announced = self.announce(entry, &person, &details, now).await?;
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        change.request = Some(call.answered(&person, &answer, now)?);
        change.youth = new;
        self.commit(change).await?;
        put_person(&mut self.index_mut(), person.id, person.birth_date()?);
        Ok(answer)
    }
}

/// The identity that is meant: by its code, or by a temporary id.
pub(super) fn asked_for((code, temporary): (&str, &str), now: Timestamp) -> Result<Identity, Error> {
    match (code, temporary) {
        ("", "") => Err(NOT_ONE),
        (code, "") => parse_code(code, now).map(Identity::Code),
        ("", id) => parse_temporary(id, now).map(Identity::Temporary),
        (_, _) => Err(NOT_ONE),
    }
}

const NOT_ONE: Error = Error::Field {
    field: "identity_code",
    reason: "INVALID_FIELDS",
    expected: "either this or temporary_id: one of the two, and not both",
};

/// The personal identity code of somebody who has been born.
fn parse_code(code: &str, now: Timestamp) -> Result<Hetu, Error> {
    const WRONG: Error = Error::Field {
        field: "identity_code",
        reason: "IDENTITY_CODE_INVALID",
        expected: "a personal identity code: DDMMYY, a century sign (one of + - U V W X Y A B C D E F), three digits \
                   and the check character, with a real date of birth that is not in the future",
    };
    let identity: Hetu = code.parse().map_err(|_| WRONG)?;
    if identity.born_after(finnish_date(now)) {
        return Err(WRONG);
    }
    Ok(identity)
}

fn parse_temporary(id: &str, now: Timestamp) -> Result<TemporaryId, Error> {
    const WRONG: Error = Error::Field {
        field: "temporary_id",
        reason: "TEMPORARY_ID_INVALID",
        expected: "a temporary id: 1.2.246.10.{business id}.22.{year}.{number}, the business id with its right check \
                   digit, without hyphen and leading zeros, a year that is not in the future, and a number without \
                   leading zeros",
    };
    let id: TemporaryId = id.parse().map_err(|_| WRONG)?;
    if id.given_after(finnish_date(now)) {
        return Err(WRONG);
    }
    Ok(id)
}
