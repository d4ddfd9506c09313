//! How is a disclosure that was made of social services' data told to them? An AuditEvent, one for each disclosure.

use polku_proto::identity::Hetu;
use polku_proto::v1::disclosure_notice::Arrival;
use polku_proto::v1::{Basis, Consent, DisclosureNotice, Origin, Purpose, basis};
use polku_proto::{AgencyId, ConsentName, Party, ReferralId, time};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::codes::{self, Activity};
use super::{Entry, Frame, Told, tag};
use crate::agencies::envelope::{Unwritable, instant};
use crate::formats::fhir::codes as fhir;
use crate::formats::fhir::element::{
    Writing, coding, hetu_identifier, identifier, said, temporary_identifier, urn, uuid_identifier,
};
use crate::formats::fhir::{Recorder, export, provenance, sote};

/// Words a disclosure notice.
pub(super) fn told(
    frame: &Frame<'_>,
    referral: Option<ReferralId>,
    notice: DisclosureNotice,
) -> Result<Told, Unwritable> {
    let DisclosureNotice {
        identity_code,
        disclose_time,
        disclosed_message,
        told_to,
        purpose,
        data_sets,
        bases,
        origin,
        consents,
        arrival,
        temporary_id,
    } = notice;
    let disclosed = instant(disclose_time.as_ref().map(time::from_wire), "disclose_time")?;
    let disclosed_message: Uuid = disclosed_message.parse().map_err(|_| Unwritable("disclosed_message"))?;
    let recipient: Party = told_to.parse().map_err(|_| Unwritable("told_to"))?;
    let purpose = Purpose::try_from(purpose).ok().and_then(codes::purpose).ok_or(Unwritable("purpose"))?;
    let data_sets = data_sets.iter().map(|number| codes::category(*number).ok_or(Unwritable("data_sets")));
    let data_sets = data_sets.collect::<Result<Vec<_>, _>>()?;
    if data_sets.is_empty() {
        return Err(Unwritable("data_sets"));
    }

    let mut extensions = vec![json!({"url": codes::DISCLOSED_MESSAGE, "valueUri": urn(disclosed_message)})];
    if let Some(referral) = referral {
        extensions.push(json!({"url": codes::REFERRAL, "valueUri": urn(referral.uuid())}));
    }
    let mut policies = Vec::new();
    let version = |consent: &Consent| {
        let ground = bases.iter().find(|ground| ground.consent == consent.name);
        ground.map(|ground| ground.consent_version).ok_or(Unwritable("consents"))
    };
    let consents: Vec<(&Consent, u64)> =
        consents.iter().map(|consent| Ok((consent, version(consent)?))).collect::<Result<_, _>>()?;
    for ground in bases {
        let (extension, policy) = grounds(ground)?;
        for extension in extension {
            if !extensions.contains(&extension) {
                extensions.push(extension);
            }
        }
        policies.extend(policy);
    }
    policies.sort_unstable();
    policies.dedup();
    extensions.extend(origin.map(stems_from).unwrap_or_default());

    let (outcome, description) = match Arrival::try_from(arrival) {
        Ok(Arrival::Known) => ("0", None),
        Ok(Arrival::InDoubt) => ("4", Some(codes::IN_DOUBT)),
        Ok(Arrival::Unspecified) | Err(_) => return Err(Unwritable("arrival")),
    };

    let discloser = Writing::part()
        .with("type", fhir::concept(fhir::PARTICIPATION, "CST"))
        .with("who", frame.agency(frame.own))
        .with("requestor", false)
        .with("policy", policies);
    let receiver = Writing::part()
        .with("type", fhir::concept(fhir::PARTICIPATION, "IRCP"))
        .with("who", frame.party(&recipient))
        .with("requestor", true);
    let mut entities = Vec::new();
    let hetu: Option<Hetu> =
        said(identity_code).map(|code| code.parse().map_err(|_| Unwritable("identity_code"))).transpose()?;
    let who = match (&hetu, said(temporary_id)) {
        (Some(hetu), _) => Some(hetu_identifier(hetu.expose())),
        (None, Some(id)) => {
            let id = id.parse().map_err(|_| Unwritable("temporary_id"))?;
            Some(temporary_identifier(&id).ok_or(Unwritable("temporary_id"))?)
        }
        (None, None) => None,
    };
    entities.extend(who.map(|who| entity("1", "1", json!({"type": "Patient", "identifier": who}))));
    for category in data_sets {
        let name = polku_proto::name(category);
        let what = json!({"identifier": {"system": fhir::DATA_CATEGORY, "value": name}});
        entities.push(entity("2", "3", what));
    }
    let event = Writing::resource("AuditEvent")
        .with("meta", tag(frame))
        .with("extension", extensions)
        .with("type", coding(codes::LIFECYCLE, "disclose"))
        .with("action", "R")
        .with("period", json!({"start": disclosed.to_string()}))
        .with("recorded", frame.now.to_string())
        .with("outcome", outcome)
        .with("outcomeDesc", description)
        .with("purposeOfEvent", vec![fhir::concept(fhir::PURPOSE, purpose)])
        .with("agent", vec![discloser.done(), receiver.done()])
        .with("source", json!({"observer": {"type": "Device", "display": "Polku"}}))
        .with("entity", entities);
    let address = urn(frame.message.uuid());
    let mut entries = vec![Entry::create(address, "AuditEvent", event.done(), frame)];
    for (consent, version) in consents {
        entries.extend(permission(consent, version, hetu.as_ref(), frame)?);
    }
    Ok(Told {
        activity: Activity::DataDisclosed,
        issue: referral.map_or_else(|| disclosed_message.to_string(), |referral| referral.to_string()),
        speaker: frame.own.clone(),
        occurred: Some(disclosed),
        entries,
    })
}

/// A consent that the disclosure rests on, and who recorded it, if the record says so. A permit to disclose has the shape
/// of SoteConsent, as far as that shape can hold it; all else that of FHIR's Consent. The id stays through a renewal, and
/// an earlier notice may have brought the version before it: both are known by the version.
fn permission(
    consent: &Consent,
    version: u64,
    subject: Option<&Hetu>,
    frame: &Frame<'_>,
) -> Result<Vec<Entry>, Unwritable> {
    let parties = |agency: &AgencyId| frame.organisations.of(agency);
    let name: ConsentName = consent.name.parse().map_err(|_| Unwritable("consents.name"))?;
    let address = urn(name.consent.uuid());
    let versioned = format!("{}/{version}", name.consent);
    let recording = Recorder::of(consent)
        .map(|recorder| provenance(consent, subject, &recorder, &parties))
        .transpose()
        .map_err(|_| Unwritable("consents"))?;
    let shaped = recording.as_ref().and_then(|_| sote(consent, subject, &parties).ok());
    let mut consent: Value = match shaped {
        Some(shaped) => shaped.into(),
        None => {
            let mut plain = export(consent, subject, &parties).map_err(|_| Unwritable("consents"))?;
            // The server gives the id.
            if let Some(members) = plain.as_object_mut() {
                members.remove("id");
            }
            plain
        }
    };
    if let Some(Value::Array(identifiers)) = consent.get_mut("identifier") {
        identifiers.push(identifier(codes::CONSENT_AT, &versioned));
    }
    let condition = format!("identifier={}|{versioned}", codes::CONSENT_AT);
    let mut entries = vec![Entry::unless(address, "Consent", consent, &condition)];
    if let Some(mut provenance) = recording {
        provenance.insert("meta".to_owned(), json!({"tag": [coding(codes::CONSENT_AT, &versioned)]}));
        let found_again = format!("_tag={}|{versioned}", codes::CONSENT_AT);
        entries.push(Entry::unless(String::new(), "Provenance", provenance.into(), &found_again));
    }
    Ok(entries)
}

/// What it rests on: the consent and the section of law as extensions, the rule as a policy.
fn grounds(ground: Basis) -> Result<(Vec<Value>, Option<String>), Unwritable> {
    let Basis { kind, rule, statute, consent, consent_version } = ground;
    let mut extensions = Vec::new();
    match basis::Kind::try_from(kind) {
        Ok(basis::Kind::Consent | basis::Kind::DisclosurePermit) => {
            let name: ConsentName = consent.parse().map_err(|_| Unwritable("bases.consent"))?;
            let reference = Writing::part()
                .with(
                    "extension",
                    json!([{"url": codes::CONSENT_VERSION, "valueString": consent_version.to_string()}]),
                )
                .with("type", "Consent")
                .with("identifier", uuid_identifier(name.consent.uuid()));
            extensions.push(json!({"url": codes::CONSENT, "valueReference": reference.done()}));
        }
        Ok(basis::Kind::Statute | basis::Kind::OwnData) => {}
        Ok(basis::Kind::Unspecified) | Err(_) => return Err(Unwritable("bases.kind")),
    }
    if let Some(statute) = said(statute) {
        extensions.push(json!({"url": codes::STATUTE, "valueString": statute}));
    }
    Ok((extensions, said(rule).map(|rule| format!("{}{rule}", codes::RULE))))
}

/// Service task and documents that the data stem from.
fn stems_from(origin: Origin) -> Vec<Value> {
    let Origin { service_task, documents } = origin;
    let service_task = said(service_task)
        .map(|code| json!({"url": codes::SERVICE_TASK, "valueCoding": coding(codes::SERVICE_TASKS, &code)}));
    let documents =
        documents.into_iter().filter_map(said).map(|id| json!({"url": codes::DOCUMENT, "valueString": id}));
    service_task.into_iter().chain(documents).collect()
}

fn entity(kind: &str, role: &str, what: Value) -> Value {
    Writing::part()
        .with("what", what)
        .with("type", coding(codes::ENTITY_TYPE, kind))
        .with("role", coding(codes::ENTITY_ROLE, role))
        .done()
}
