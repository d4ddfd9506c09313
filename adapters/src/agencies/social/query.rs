//! How are social services asked what they hold on a person? The Parameters of `$person-facts`.

use bytes::Bytes;
use polku_proto::v1::{FactsQuery, Purpose};
use polku_proto::{AgencyId, CategorySet, Party};
use serde_json::{Value, json};
use uuid::Uuid;

use super::codes;
use super::organisations::Organisations;
use crate::agencies::envelope::{Unwritable, present};
use crate::formats::fhir::codes as fhir;
use crate::formats::fhir::element::{Writing, coding, hetu_identifier, urn};
use crate::formats::fhir::organisation;

/// A question, ready to be asked.
pub(super) struct Question {
    pub(super) id: Uuid,
    pub(super) requester: AgencyId,
    pub(super) professional: Option<String>,
    pub(super) categories: CategorySet,
    /// The identity code of the person in question.
    pub(super) person: String,
    pub(super) body: Bytes,
}

impl Question {
    pub(super) fn of(query: FactsQuery, organisations: &Organisations) -> Result<Self, Unwritable> {
        let FactsQuery { query_id, requester, professional, purpose, categories, identity_code } = query;
        let id: Uuid = query_id.parse().map_err(|_| Unwritable("query_id"))?;
        let requester: AgencyId = requester.parse().map_err(|_| Unwritable("requester"))?;
        let purpose =
            Purpose::try_from(purpose).ok().and_then(codes::purpose).ok_or(Unwritable("purpose"))?;
        let hetu = present(identity_code).ok_or(Unwritable("identity_code"))?;
        let asked = CategorySet::from_wire(&categories).map_err(|_| Unwritable("categories"))?;
        let party = Party::whole(requester.clone());
        let mut parameters = vec![
            parameter("query", "valueUri", urn(id)),
            parameter("person", "valueIdentifier", hetu_identifier(&hetu)),
            parameter("purpose", "valueCoding", coding(fhir::PURPOSE, purpose)),
            parameter(
                "requester",
                "valueReference",
                organisation(&party, &|agency| organisations.of(agency)),
            ),
        ];
        let personal = asked.difference(CategorySet::ENVELOPE);
        for category in personal.iter() {
            parameters.push(parameter("category", "valueCode", polku_proto::name(category)));
        }
        let question = Writing::resource("Parameters").with("parameter", parameters).done();
        let body = serde_json::to_vec(&question).map_err(|_| Unwritable("json"))?;
        let professional = present(professional);
        Ok(Self { id, requester, professional, categories: personal, person: hetu, body: body.into() })
    }
}

fn parameter(name: &str, kind: &'static str, value: impl Into<Value>) -> Value {
    let Value::Object(mut members) = json!({"name": name}) else { return Value::Null };
    members.insert(kind.to_owned(), value.into());
    Value::Object(members)
}
