//! Which resources does the county's server keep, and what is its own in them?
//!
//! Of the interactions of FHIR R4 those that stand in transactions (http.html, 3.1.0.11.2: what is created comes first): a
//! create that is not made where something fits its condition already (3.1.0.8.1), an update that replaces what its
//! condition finds (3.1.0.4.3), and a patch of what its condition finds, which has to be one (3.1.0.6.1). All of them are
//! made, or none.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::contents::{identifier, text};
use super::patch;

/// Why a transaction is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nothing fits the condition of a patch.
    NoMatch,
    /// More than one thing does.
    ManyMatches,
    /// A patch that cannot be applied to what is kept.
    Patch,
}

/// The resources, oldest first. Clones hold the same ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Register(Arc<Mutex<Vec<Value>>>);

impl Register {
    /// Does what each entry of a transaction asks for; of one that cannot be made, nothing.
    pub(crate) fn carry_out(&self, transaction: &Value) -> Result<(), Refusal> {
        let mut kept = self.kept();
        let patched = patched(&kept, transaction)?;
        create(&mut kept, transaction);
        replace(&mut kept, transaction);
        for (place, resource) in patched {
            if let Some(known) = kept.get_mut(place) {
                *known = resource;
            }
        }
        Ok(())
    }

    /// Says whether a transaction can be made, and makes nothing.
    pub(crate) fn rehearse(&self, transaction: &Value) -> Result<(), Refusal> {
        patched(&self.kept(), transaction).map(|_| ())
    }

    /// The county has a referral of its own: its system has had a Task for it since it was sent.
    pub(crate) fn has_sent(&self, referral: &str) {
        let of_referral = format!("identifier=urn:ietf:rfc:3986|urn:uuid:{referral}");
        let mut kept = self.kept();
        if !kept.iter().any(|known| is(known, "Task") && fits(known, &of_referral)) {
            kept.push(worked_on(json!({
                "resourceType": "Task",
                "identifier": [{"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{referral}")}],
                "status": "requested",
                "intent": "order",
            })));
        }
    }

    /// Those of a type.
    pub(crate) fn of(&self, kind: &str) -> Vec<Value> {
        self.kept().iter().filter(|resource| is(resource, kind)).cloned().collect()
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The entries of a transaction with this method: their resources, and what is asked of each.
fn entries<'t>(transaction: &'t Value, method: &'static str) -> impl Iterator<Item = (&'t Value, &'t Value)> {
    let entries = transaction.get("entry").and_then(Value::as_array).into_iter().flatten();
    let entries = entries.filter_map(|entry| Some((entry.get("resource")?, entry.get("request")?)));
    entries.filter(move |(_, request)| text(request, "/method").is_ok_and(|found| found == method))
}

/// The type of what an entry changes, and its condition.
fn search(request: &Value) -> (&str, &str) {
    text(request, "/url").ok().and_then(|url| url.split_once('?')).unwrap_or_default()
}

/// What the patches of a transaction make, and of which of the resources.
fn patched(kept: &[Value], transaction: &Value) -> Result<Vec<(usize, Value)>, Refusal> {
    let patches = entries(transaction, "PATCH").map(|(patch, request)| {
        let (kind, condition) = search(request);
        let found: Vec<usize> = (0..)
            .zip(kept)
            .filter(|(_, known)| is(known, kind) && fits(known, condition))
            .map(|(at, _)| at)
            .collect();
        let place = match found.as_slice() {
            [place] => *place,
            [] => return Err(Refusal::NoMatch),
            _ => return Err(Refusal::ManyMatches),
        };
        let mut resource = kept.get(place).cloned().unwrap_or_default();
        patch::apply(patch, &mut resource).map_err(|_| Refusal::Patch)?;
        Ok((place, resource))
    });
    patches.collect()
}

fn create(kept: &mut Vec<Value>, transaction: &Value) {
    for (resource, request) in entries(transaction, "POST") {
        let condition = text(request, "/ifNoneExist").ok();
        let is_known = |known: &Value| {
            known.get("resourceType") == resource.get("resourceType")
                && (condition.is_some_and(|condition| fits(known, condition)) || is_task_of(known, resource))
        };
        if !kept.iter().any(is_known) {
            let resource = resource.clone();
            kept.push(if is(&resource, "Task") { worked_on(resource) } else { resource });
        }
    }
}

fn replace(kept: &mut Vec<Value>, transaction: &Value) {
    for (resource, request) in entries(transaction, "PUT") {
        let (kind, condition) = search(request);
        match kept.iter_mut().find(|known| is(known, kind) && fits(known, condition)) {
            Some(known) => known.clone_from(resource),
            None => kept.push(resource.clone()),
        }
    }
}

/// Says whether both are Tasks of one referral: in the county's system there is one for each.
fn is_task_of(known: &Value, resource: &Value) -> bool {
    let referral = |task| identifier(task, "urn:ietf:rfc:3986").ok();
    is(resource, "Task") && referral(known).is_some_and(|found| referral(resource) == Some(found))
}

/// What the county's own officials write into a Task: who of them sees to it, since when, and a word of theirs.
fn worked_on(mut task: Value) -> Value {
    if let Some(members) = task.as_object_mut() {
        members.insert("owner".to_owned(), json!({"display": "nuorten sosiaalityö, sosiaaliohjaaja-1"}));
        members.insert("executionPeriod".to_owned(), json!({"start": "2026-11-21T10:00:00+02:00"}));
        members.insert("note".to_owned(), json!([{"text": "Soitettu, sovittu käynti."}]));
    }
    task
}

fn is(resource: &Value, kind: &str) -> bool {
    text(resource, "/resourceType").is_ok_and(|found| found == kind)
}

/// Tells whether a search finds the resource: `identifier=SYSTEM|VALUE` or `_tag=SYSTEM|CODE`.
fn fits(resource: &Value, condition: &str) -> bool {
    let Some((parameter, token)) = condition.split_once('=') else { return false };
    let Some((system, value)) = token.split_once('|') else { return false };
    let (place, member) = match parameter {
        "identifier" => ("/identifier", "/value"),
        "_tag" => ("/meta/tag", "/code"),
        _ => return false,
    };
    let known = resource.pointer(place).and_then(Value::as_array).into_iter().flatten();
    known.into_iter().any(|known| {
        text(known, "/system").is_ok_and(|found| found == system)
            && text(known, member).is_ok_and(|found| found == value)
    })
}
