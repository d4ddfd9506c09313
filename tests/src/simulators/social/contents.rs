//! Does a message to social services keep to their document, and which values stand in it?
//!
//! Checked against the document only: which members each resource may have, which codes there are, and that resources
//! point to one another as they should.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::patch;
use super::tables::{GROUNDS, MEMBERS, STATES};
use crate::simulators::ledger::TakenInKind;

/// Every value with its path.
pub(crate) type Fields = Vec<(String, String)>;

/// A message that keeps to the document.
pub(crate) struct Document {
    pub(crate) kind: TakenInKind,
    pub(crate) message_id: String,
    /// The referral, or the plan's part.
    pub(crate) about: String,
    /// The agency whose word it is, where it is named by its id.
    pub(crate) sender: Option<String>,
    /// Its own id of the professional.
    pub(crate) professional: Option<String>,
    pub(crate) entries: usize,
    pub(crate) fields: Fields,
}

/// What is wrong, without the value.
pub(crate) type Complaint = String;

/// Reads a message.
pub(crate) fn read(bundle: &Value) -> Result<Document, Complaint> {
    nothing_empty(bundle, "Bundle")?;
    members(bundle)?;
    is(bundle, "/resourceType", "Bundle")?;
    is(bundle, "/type", "transaction")?;
    is(bundle, "/identifier/system", "urn:ietf:rfc:3986")?;
    let message_id = text(bundle, "/identifier/value")?.strip_prefix("urn:uuid:").ok_or("identifier")?;
    let entries = bundle.get("entry").and_then(Value::as_array).ok_or("entry")?;
    let addresses = requests(entries, message_id)?;
    let (provenance, others) = entries.split_last().ok_or("entry")?;
    let resources: Vec<&Value> = others.iter().filter_map(|entry| entry.get("resource")).collect();
    let provenance = provenance.get("resource").ok_or("Provenance")?;
    let activity = word(provenance, message_id, &addresses)?;
    for resource in &resources {
        hangs_together(resource, &addresses)?;
    }
    let kinds: Vec<&str> =
        resources.iter().filter_map(|resource| resource.get("resourceType")?.as_str()).collect();
    let (kind, about) = match (activity, kinds.as_slice()) {
        ("referral-sent", ["Patient", "ServiceRequest", "Task"]) => {
            (TakenInKind::Referral, referral(&resources, message_id)?)
        }
        (
            "state-changed" | "information-provided" | "consent-withdrawn",
            ["Patient", answers @ .., "Parameters"] | [answers @ .., "Parameters"],
        ) if answers.iter().all(|kind| *kind == "Observation") => {
            (TakenInKind::Notice, notice(others, provenance)?)
        }
        ("plan-told" | "consent-withdrawn", ["Patient", "CarePlan"]) => {
            (TakenInKind::PlanPart, plan(resources.last().ok_or("CarePlan")?)?)
        }
        ("data-disclosed", ["AuditEvent", grounds @ ..]) => {
            let (event, others) = resources.split_first().ok_or("AuditEvent")?;
            permissions(event, others, grounds)?;
            (TakenInKind::Disclosure, disclosure(event)?)
        }
        _ => return Err("resources that do not go with the activity".to_owned()),
    };
    let mut fields = Fields::new();
    flatten(bundle, &mut String::new(), &mut fields);
    if fields.iter().any(|(_, value)| value == "TURVAKIELTO") {
        return Err("meta.security".to_owned());
    }
    let who = provenance.pointer("/agent/0/who").ok_or("who")?;
    let professional = who.pointer("/identifier/value").and_then(Value::as_str);
    let professional =
        professional.filter(|_| who.get("type").and_then(Value::as_str) == Some("Practitioner"));
    let speaker = provenance.pointer("/agent/0/onBehalfOf").unwrap_or(who);
    Ok(Document {
        kind,
        message_id: message_id.to_owned(),
        about,
        sender: party(speaker).map(str::to_owned),
        professional: professional.map(str::to_owned),
        entries: entries.len(),
        fields,
    })
}

/// Checks what is asked of each entry, and gives their addresses.
fn requests<'b>(entries: &'b [Value], message_id: &str) -> Result<BTreeSet<&'b str>, Complaint> {
    let mut addresses = BTreeSet::new();
    for entry in entries {
        let resource = entry.get("resource").ok_or("entry.resource")?;
        members(resource)?;
        let kind = text(resource, "/resourceType")?;
        if kind != "Provenance" {
            let address = text(entry, "/fullUrl")?;
            if !address.starts_with("urn:uuid:") || !addresses.insert(address) {
                return Err("entry.fullUrl".to_owned());
            }
        }
        let (method, url) = (text(entry, "/request/method")?, text(entry, "/request/url")?);
        if method == "PATCH" {
            // What is patched has no address in the bundle.
            addresses.remove(text(entry, "/fullUrl")?);
            if kind != "Parameters"
                || !url.starts_with(KNOWN_TASK)
                || entry.pointer("/request/ifNoneExist").is_some()
            {
                return Err("entry.request".to_owned());
            }
            patch::check(resource)?;
            continue;
        }
        if kind == "Observation" {
            let value = identifier(resource, "urn:polku:answer")?;
            let condition = format!("identifier=urn:polku:answer|{value}");
            let own = value.strip_prefix(message_id).is_some_and(|rest| rest.starts_with('/'));
            if !own || (method, url) != ("POST", kind) || text(entry, "/request/ifNoneExist")? != condition {
                return Err("entry.request".to_owned());
            }
            continue;
        }
        if method == "PUT" {
            let replaces = url.strip_prefix(kind).is_some_and(|rest| rest.starts_with("?identifier="));
            if !replaces || entry.pointer("/request/ifNoneExist").is_some() {
                return Err("entry.request".to_owned());
            }
            continue;
        }
        if let Some((system, value)) = permission(resource, kind) {
            let parameter = if kind == "Consent" { "identifier" } else { "_tag" };
            let condition = format!("{parameter}={system}|{value}");
            if (method, url) != ("POST", kind) || text(entry, "/request/ifNoneExist")? != condition {
                return Err("entry.request".to_owned());
            }
            continue;
        }
        let parameter = if matches!(kind, "Provenance" | "AuditEvent") { "_tag" } else { "identifier" };
        let condition = format!("{parameter}=urn:polku:message|{message_id}");
        if (method, url) != ("POST", kind) || text(entry, "/request/ifNoneExist")? != condition {
            return Err("entry.request".to_owned());
        }
        let finds = match parameter {
            "_tag" => resource.pointer("/meta/tag/0/code").and_then(Value::as_str) == Some(message_id),
            _ => identifier(resource, "urn:polku:message").is_ok_and(|value| value == message_id),
        };
        if !finds {
            return Err("a condition that does not find the resource".to_owned());
        }
    }
    Ok(addresses)
}

/// The Task of a referral, as news find it.
const KNOWN_TASK: &str = "Task?identifier=urn:ietf:rfc:3986|urn:uuid:";

/// One version of a consent.
const VERSION: &str = "urn:polku:consent-at-version";

/// How a consent that a disclosure rests on, or whoever recorded it, is found again: by the version.
fn permission<'b>(resource: &'b Value, kind: &str) -> Option<(&'static str, &'b str)> {
    match kind {
        "Consent" => Some((VERSION, identifier(resource, VERSION).ok()?)),
        "Provenance" if text(resource, "/meta/tag/0/system").ok()? == VERSION => {
            Some((VERSION, text(resource, "/meta/tag/0/code").ok()?))
        }
        _ => None,
    }
}

/// Checks that the consents stand there which the disclosure rests on, each once, and who recorded a permit behind it.
fn permissions(event: &Value, resources: &[&Value], kinds: &[&str]) -> Result<(), Complaint> {
    let extensions = event.get("extension").and_then(Value::as_array).ok_or("extension")?;
    let named = extensions
        .iter()
        .filter(|extension| extension.get("url").and_then(Value::as_str) == Some("urn:polku:consent"));
    let wanted: BTreeSet<(&str, &str)> = named
        .filter_map(|extension| {
            let reference = extension.get("valueReference")?;
            let version = reference.pointer("/extension/0/valueString")?.as_str()?;
            Some((reference.pointer("/identifier/value")?.as_str()?, version))
        })
        .collect();
    let people = event.get("entity").and_then(Value::as_array).into_iter().flatten();
    let person = people
        .filter_map(|entity| entity.pointer("/what/identifier"))
        .find(|who| who.get("system").and_then(Value::as_str) == Some("urn:oid:1.2.246.21"));
    let mut found = BTreeSet::new();
    let (mut before, mut versioned) = ("", "");
    for (resource, kind) in resources.iter().zip(kinds) {
        match *kind {
            "Consent" => {
                before = identifier(resource, "urn:ietf:rfc:3986")?;
                is(resource, "/status", "active")?;
                match person {
                    Some(_) if resource.pointer("/patient/identifier") == person => {}
                    Some(_) => return Err("the patient without the personal identity code".to_owned()),
                    None => is(resource, "/patient/identifier/system", "urn:polku:youth")?,
                }
                is(resource, "/provision/provision/0/type", "permit")?;
                versioned = identifier(resource, VERSION)?;
                let (id, version) = versioned.split_once('/').ok_or("identifier")?;
                if before.strip_prefix("urn:uuid:") != Some(id) || !found.insert((before, version)) {
                    return Err("a consent twice".to_owned());
                }
            }
            "Provenance" => {
                is(resource, "/target/0/reference", before)?;
                is(resource, "/meta/tag/0/code", versioned)?;
            }
            _ => return Err("resources that do not go with the activity".to_owned()),
        }
    }
    if found == wanted { Ok(()) } else { Err("consents other than those that it rests on".to_owned()) }
}

/// The agency that a reference names by its id, if it does.
pub(crate) fn party(reference: &Value) -> Option<&str> {
    let identifier = reference.get("identifier")?;
    let named = identifier.get("system")?.as_str()? == "urn:polku:agency";
    identifier.get("value")?.as_str().filter(|_| named)?.split('/').next()
}

/// Checks the Provenance and says what the message is about.
fn word<'b>(
    provenance: &'b Value,
    message_id: &str,
    addresses: &BTreeSet<&str>,
) -> Result<&'b str, Complaint> {
    is(provenance, "/resourceType", "Provenance")?;
    is(provenance, "/meta/tag/0/system", "urn:polku:message")?;
    is(provenance, "/meta/tag/0/code", message_id)?;
    let targets = provenance.get("target").and_then(Value::as_array).ok_or("Provenance.target")?;
    let targets: BTreeSet<&str> =
        targets.iter().filter_map(|target| target.get("reference")?.as_str()).collect();
    if targets != *addresses {
        return Err("Provenance.target".to_owned());
    }
    text(provenance, "/recorded")?;
    let agents = provenance.get("agent").and_then(Value::as_array).ok_or("Provenance.agent")?;
    let [agent] = agents.as_slice() else { return Err("Provenance.agent".to_owned()) };
    is(agent, "/type/coding/0/code", "author")?;
    if text(agent, "/who/type")? == "Practitioner" {
        is(agent, "/who/identifier/system", "urn:polku:professional")?;
        organisation(agent.get("onBehalfOf").ok_or("onBehalfOf")?)?;
    } else {
        organisation(agent.get("who").ok_or("who")?)?;
    }
    is(provenance, "/activity/coding/0/system", "urn:polku:activity")?;
    text(provenance, "/activity/coding/0/code")
}

fn referral(resources: &[&Value], message_id: &str) -> Result<String, Complaint> {
    let [_, request, task] = resources else { return Err("three resources".to_owned()) };
    let id = identifier(request, "urn:ietf:rfc:3986")?.strip_prefix("urn:uuid:").ok_or("identifier")?;
    for resource in [request, task] {
        is(resource, "/intent", "order")?;
        if identifier(resource, "urn:ietf:rfc:3986")?.strip_prefix("urn:uuid:") != Some(id)
            || identifier(resource, "urn:polku:message")? != message_id
        {
            return Err("identifier".to_owned());
        }
    }
    is(request, "/status", "active")?;
    is(task, "/status", "requested")?;
    is(task, "/businessStatus/coding/0/code", "requested")?;
    is(task, "/code/coding/0/code", "fulfill")?;
    is(request, "/category/0/coding/0/system", "urn:polku:purpose")?;
    let ground = request.pointer("/reasonCode/0");
    let priority = match ground {
        None => "routine",
        Some(ground) => {
            is(ground, "/coding/0/system", "urn:polku:legal-ground")?;
            is(ground, "/extension/0/url", "urn:polku:consent-asked")?;
            let asked = text(ground, "/extension/0/valueCode")?;
            let code = text(ground, "/coding/0/code")?;
            let known = GROUNDS.iter().find(|(_, known, _)| *known == code);
            known.filter(|_| ["not-given", "not-reached", "no"].contains(&asked)).ok_or("reasonCode")?.2
        }
    };
    is(request, "/priority", priority)?;
    is(task, "/priority", priority)?;
    let parties =
        [request.get("requester"), request.pointer("/performer/0"), task.get("requester"), task.get("owner")];
    for party in parties {
        organisation(party.ok_or("requester, performer and owner")?)?;
    }
    if request.pointer("/performer/0") != task.get("owner") {
        return Err("performer and owner".to_owned());
    }
    Ok(id.to_owned())
}

/// Checks news: what they change in the Task of a referral, which they answer what was asked with.
fn notice(entries: &[Value], provenance: &Value) -> Result<String, Complaint> {
    let (patch, answers) = entries.split_last().ok_or("Parameters")?;
    let id = text(patch, "/request/url")?.strip_prefix(KNOWN_TASK).ok_or("entry.request")?;
    let about = provenance.get("target").and_then(Value::as_array).into_iter().flatten();
    let about = about.filter_map(|target| target.get("identifier"));
    if about.map(|named| text(named, "/value")).collect::<Vec<_>>() != [Ok(format!("urn:uuid:{id}").as_str())]
    {
        return Err("Provenance.target".to_owned());
    }
    // A Task on which nobody has worked yet.
    let mut task = serde_json::json!({"status": "requested"});
    let patch = patch.get("resource").ok_or("Parameters")?;
    patch::apply(patch, &mut task)?;
    let once = task.clone();
    patch::apply(patch, &mut task)?;
    if task != once {
        return Err("a patch that changes more when it comes again".to_owned());
    }
    is(&task, "/businessStatus/coding/0/system", "urn:polku:referral-state")?;
    let code = text(&task, "/businessStatus/coding/0/code")?;
    let (_, status) = STATES.iter().find(|(known, _)| *known == code).ok_or("businessStatus")?;
    is(&task, "/status", status)?;
    text(&task, "/lastModified")?;
    if let Some(reason) = task.get("statusReason") {
        text(reason, "/text")?;
    }
    let inputs = task.get("input").and_then(Value::as_array).into_iter().flatten();
    let inputs: Vec<&str> =
        inputs.map(|input| text(input, "/valueReference/reference")).collect::<Result<_, _>>()?;
    let answers: Vec<&str> = answers.iter().map(|entry| text(entry, "/fullUrl")).collect::<Result<_, _>>()?;
    if inputs == answers { Ok(id.to_owned()) } else { Err("Task.input".to_owned()) }
}

fn plan(plan: &Value) -> Result<String, Complaint> {
    is(plan, "/intent", "plan")?;
    let status = text(plan, "/status")?;
    if !["draft", "active", "on-hold", "revoked", "completed", "entered-in-error"].contains(&status) {
        return Err("CarePlan.status".to_owned());
    }
    is(plan, "/extension/0/url", "urn:polku:plan-revision")?;
    plan.pointer("/extension/0/valuePositiveInt").and_then(Value::as_u64).ok_or("plan-revision")?;
    organisation(plan.get("author").ok_or("author")?)?;
    identifier(plan, "urn:polku:plan")?;
    identifier(plan, "urn:polku:plan-part").map(str::to_owned)
}

fn disclosure(event: &Value) -> Result<String, Complaint> {
    is(event, "/type/code", "disclose")?;
    text(event, "/period/start")?;
    text(event, "/recorded")?;
    let agents = event.get("agent").and_then(Value::as_array).ok_or("agent")?;
    let [discloser, receiver] = agents.as_slice() else { return Err("agent".to_owned()) };
    for (agent, role) in [(discloser, "CST"), (receiver, "IRCP")] {
        is(agent, "/type/coding/0/code", role)?;
        organisation(agent.get("who").ok_or("who")?)?;
    }
    let entities = event.get("entity").and_then(Value::as_array).ok_or("entity")?;
    let sets = entities.iter().filter(|entity| {
        entity.pointer("/what/identifier/system").and_then(Value::as_str) == Some("urn:polku:data-category")
    });
    if sets.count() == 0 {
        return Err("entity".to_owned());
    }
    let extensions = event.get("extension").and_then(Value::as_array).ok_or("extension")?;
    let named = |url: &str| {
        extensions.iter().find(|extension| extension.get("url").and_then(Value::as_str) == Some(url))
    };
    let message = named("urn:polku:disclosed-message").ok_or("extension")?;
    // Of a joint plan there is no referral: then the message that told it stands for the matter.
    let about = text(named("urn:polku:referral").unwrap_or(message), "/valueUri")?;
    Ok(about.strip_prefix("urn:uuid:").ok_or("extension")?.to_owned())
}

/// Checks that every reference leads somewhere, and that something leads to whatever is held.
fn hangs_together(resource: &Value, addresses: &BTreeSet<&str>) -> Result<(), Complaint> {
    let held = resource.get("contained").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut ids = BTreeSet::new();
    for inner in &held {
        members(inner)?;
        if !ids.insert(format!("#{}", text(inner, "/id")?)) {
            return Err("contained".to_owned());
        }
    }
    let mut targets = BTreeSet::new();
    references(resource, &mut targets);
    for target in &targets {
        if !ids.contains(target) && !addresses.contains(target.as_str()) {
            return Err("a reference that leads nowhere".to_owned());
        }
    }
    if ids.iter().all(|id| targets.contains(id)) { Ok(()) } else { Err("contained".to_owned()) }
}

fn references(value: &Value, targets: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(target) = members.get("reference").and_then(Value::as_str) {
                targets.insert(target.to_owned());
            }
            members.values().for_each(|member| references(member, targets));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, targets)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn members(resource: &Value) -> Result<(), Complaint> {
    let kind = text(resource, "/resourceType")?;
    let (_, known) = MEMBERS.iter().find(|(known, _)| *known == kind).ok_or("resourceType")?;
    let object: &Map<String, Value> = resource.as_object().ok_or("resourceType")?;
    let unknown = object.keys().find(|name| *name != "resourceType" && !known.contains(&name.as_str()));
    unknown.map_or(Ok(()), |name| Err(format!("{kind}.{name}")))
}

fn organisation(reference: &Value) -> Result<(), Complaint> {
    is(reference, "/type", "Organization")?;
    let value = text(reference, "/identifier/value")?;
    match text(reference, "/identifier/system")? {
        "urn:polku:agency" => Ok(()),
        "urn:ietf:rfc:3986" if value.starts_with("urn:oid:1.2.246.10.") => Ok(()),
        _ => Err("identifier of an organisation".to_owned()),
    }
}

fn nothing_empty(value: &Value, place: &str) -> Result<(), Complaint> {
    match value {
        Value::Null => Err(place.to_owned()),
        Value::String(text) if text.trim().is_empty() => Err(place.to_owned()),
        Value::Array(items) if items.is_empty() => Err(place.to_owned()),
        Value::Object(members) if members.is_empty() => Err(place.to_owned()),
        Value::Array(items) => items.iter().try_for_each(|item| nothing_empty(item, place)),
        Value::Object(members) => members.iter().try_for_each(|(name, member)| nothing_empty(member, name)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn flatten(value: &Value, path: &mut String, fields: &mut Fields) {
    let end = path.len();
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if end > 0 {
                    path.push('.');
                }
                path.push_str(name);
                flatten(member, path, fields);
                path.truncate(end);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| flatten(item, path, fields)),
        Value::String(text) => fields.push((path.clone(), text.clone())),
        Value::Null | Value::Bool(_) | Value::Number(_) => fields.push((path.clone(), value.to_string())),
    }
}

/// The value of the resource's identifier in this system.
pub(crate) fn identifier<'r>(resource: &'r Value, system: &str) -> Result<&'r str, Complaint> {
    let all = resource.get("identifier").and_then(Value::as_array).ok_or("identifier")?;
    let found = all.iter().find(|found| found.get("system").and_then(Value::as_str) == Some(system));
    text(found.ok_or("identifier")?, "/value")
}

pub(crate) fn text<'v>(value: &'v Value, path: &str) -> Result<&'v str, Complaint> {
    value.pointer(path).and_then(Value::as_str).ok_or_else(|| path.to_owned())
}

fn is(value: &Value, path: &str, expected: &str) -> Result<(), Complaint> {
    if text(value, path)? == expected { Ok(()) } else { Err(path.to_owned()) }
}
