//! Which opaque id has the person with this identity?

use polku_proto::identity::Hetu;
use polku_proto::v1::{IdentifyYouthRequest, IdentifyYouthResponse};
use polku_proto::{Valid, YouthId, YouthName};
use serde_json::json;

use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::once;
use crate::person::{Person, identity_place};
use crate::seal::random_bytes;
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
        let identity = parse_identity(&request.identity_code, now)?;
        let hash = self.keys.identity_index(&identity);
        let _alone = self.alone_with_identity(hash.as_bytes()).await?;
        let earlier = self.request_of(&call).await?;

        let (person, new) = match self.store.youth_by_identity(&hash).await? {
            Some(row) => (Person::new(self, row)?, None),
            None => {
                // Without a time in it: the id does not tell since when the person has been known.
                let id = YouthId::from_uuid(uuid::Builder::from_random_bytes(random_bytes()?).into_uuid());
                let (key, wrapped) = self.keys.new_person_key(id)?;
                let sealed_identity = key.seal(identity_place(id), identity.expose().as_bytes())?;
                let row = YouthRow { id, identity: hash, key: wrapped, sealed_identity, created: now };
                (Person::new(self, row.clone())?, Some(row))
            }
        };
        if let Some(row) = &earlier {
            return once::earlier(row, &person);
        }
        let answer = IdentifyYouthResponse { youth: YouthName { youth: person.id }.to_string() };
        let entry = Entry::of(Event::IdentifyYouth, person.id).by(caller);
        let details = json!({"method": "IdentifyYouth", "request_id": request.request_id});
        let announced = self.announce(entry, &person, &details, now).await?;
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        change.request = Some(call.answered(&person, &answer, now)?);
        change.youth = new;
        self.commit(change).await?;
        self.index_mut().put_person(person.id, identity.birth_date());
        Ok(answer)
    }
}

fn parse_identity(code: &str, now: jiff::Timestamp) -> Result<Hetu, Error> {
    const WRONG: Error = Error::Field {
        field: "identity_code",
        reason: "IDENTITY_CODE_INVALID",
        expected: "a personal identity code: DDMMYY, a century sign (one of + - U V W X Y A B C D E F), three digits \
                   and the check character, with a real date of birth that is not in the future",
    };
    let identity: Hetu = code.parse().map_err(|_| WRONG)?;
    let today = now.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(2))).date();
    if identity.born_after(today) {
        return Err(WRONG);
    }
    Ok(identity)
}
