//! What does a FHIRPath Patch change in a resource of the county's register?
//!
//! From FHIR R4, fhirpatch.html: the operations are applied in their order, each to what the one before has left; a path
//! leads to one element, to none only where something is deleted; what is there already is not added once more. Of FHIRPath
//! what a path is made of: names, and `where` with equalities.

use serde_json::{Map, Value};

use super::contents::{Complaint, text};

/// Elements of a Task that a message may change, their data type, and whether they repeat. A type without name stands as
/// its parts.
const ELEMENTS: [(&str, &str, bool); 6] = [
    ("status", "valueCode", false),
    ("businessStatus", "valueCodeableConcept", false),
    ("statusReason", "valueCodeableConcept", false),
    ("lastModified", "valueDateTime", false),
    ("input", "part", true),
    ("output", "part", true),
];

/// A path within an element of a list, and the text that stands there.
type Equality = (Vec<String>, String);

/// An operation that keeps to the page.
enum Operation {
    Replace(String, Value),
    Add(&'static str, bool, Value),
    Delete(String, Vec<Equality>),
}

/// Applies a patch to a Task.
pub(super) fn apply(patch: &Value, task: &mut Value) -> Result<(), Complaint> {
    let task = task.as_object_mut().ok_or("Task")?;
    for operation in operations(patch)? {
        match operation {
            Operation::Replace(name, value) => {
                *task.get_mut(&name).ok_or("a path that leads nowhere")? = value;
            }
            Operation::Add(name, true, value) => {
                let list = task.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                list.as_array_mut().ok_or("a list")?.push(value);
            }
            Operation::Add(name, false, value) => {
                if task.insert(name.to_owned(), value).is_some() {
                    return Err(format!("{name} is there already"));
                }
            }
            Operation::Delete(name, conditions) => delete(task, &name, &conditions)?,
        }
    }
    Ok(())
}

/// Checks what does not depend on the Task.
pub(super) fn check(patch: &Value) -> Result<(), Complaint> {
    operations(patch).map(|_| ())
}

fn delete(task: &mut Map<String, Value>, name: &str, conditions: &[Equality]) -> Result<(), Complaint> {
    let Some(found) = task.get_mut(name) else { return Ok(()) };
    let Some(list) = found.as_array_mut() else {
        task.remove(name);
        return Ok(());
    };
    let fits = |item: &Value| conditions.iter().all(|(path, wanted)| values(item, path) == [wanted.as_str()]);
    let before = list.len();
    list.retain(|item| !fits(item));
    let (removed, is_empty) = (before - list.len(), list.is_empty());
    if is_empty {
        task.remove(name);
    }
    if removed > 1 { Err(format!("a path to {removed} of {name}")) } else { Ok(()) }
}

/// The texts at a path: through lists as well.
fn values<'v>(value: &'v Value, path: &[String]) -> Vec<&'v str> {
    match (value, path) {
        (Value::Array(items), _) => items.iter().flat_map(|item| values(item, path)).collect(),
        (Value::Object(members), [first, rest @ ..]) => {
            // An element of many types has the type in its name, and in a path not.
            let is_first = |name: &str| {
                name == first
                    || first == "value"
                        && name
                            .strip_prefix(first.as_str())
                            .is_some_and(|kind| kind.starts_with(char::is_uppercase))
            };
            let found = members.iter().filter(|(name, _)| is_first(name));
            found.flat_map(|(_, member)| values(member, rest)).collect()
        }
        (Value::String(text), []) => vec![text.as_str()],
        _ => Vec::new(),
    }
}

fn operations(patch: &Value) -> Result<Vec<Operation>, Complaint> {
    let parameters = patch.get("parameter").and_then(Value::as_array).ok_or("parameter")?;
    parameters
        .iter()
        .map(|parameter| {
            let is_operation = text(parameter, "/name")? == "operation";
            let parts = parameter.get("part").and_then(Value::as_array).filter(|_| is_operation);
            let parts = parts.ok_or("operation")?;
            let part =
                |name: &str| parts.iter().find(|part| text(part, "/name").is_ok_and(|found| found == name));
            let named = |name: &str| text(part(name).ok_or(name)?, "/valueString");
            let path = named("path")?;
            let operation = match (text(part("type").ok_or("type")?, "/valueCode")?, parts.len()) {
                ("replace", 3) => {
                    let (name, conditions) = place(path)?;
                    let (known, repeats) = element(&name)?;
                    if repeats || !conditions.is_empty() {
                        return Err("a list in place of another".to_owned());
                    }
                    Operation::Replace(name, value(part("value").ok_or("value")?, known)?)
                }
                ("add", 4) if path == "Task" => {
                    let name = named("name")?;
                    let (name, known, repeats) =
                        *ELEMENTS.iter().find(|(found, ..)| *found == name).ok_or("another element")?;
                    Operation::Add(name, repeats, value(part("value").ok_or("value")?, known)?)
                }
                ("delete", 2) => {
                    let (name, conditions) = place(path)?;
                    if name == "status" || element(&name)?.1 == conditions.is_empty() {
                        return Err("a path to what must stay".to_owned());
                    }
                    Operation::Delete(name, conditions)
                }
                _ => return Err("operation".to_owned()),
            };
            Ok(operation)
        })
        .collect()
}

fn element(name: &str) -> Result<(&'static str, bool), Complaint> {
    let found = ELEMENTS.iter().find(|(known, ..)| *known == name);
    found
        .map(|(_, kind, repeats)| (*kind, *repeats))
        .ok_or_else(|| format!("Task.{name} is the county's own"))
}

/// A value of this data type; one without name is put together from its parts.
fn value(part: &Value, kind: &str) -> Result<Value, Complaint> {
    let found = part.get(kind).ok_or_else(|| format!("no {kind}"))?;
    if kind != "part" {
        return Ok(found.clone());
    }
    let mut members = Map::new();
    for part in found.as_array().ok_or("part")? {
        let (name, member) = match text(part, "/name")? {
            "type" => ("type", "valueCodeableConcept"),
            "value" if part.get("valueReference").is_some() => ("valueReference", "valueReference"),
            "value" => ("valueCodeableConcept", "valueCodeableConcept"),
            other => return Err(other.to_owned()),
        };
        members.insert(name.to_owned(), part.get(member).ok_or(member)?.clone());
    }
    if members.len() == 2 { Ok(Value::Object(members)) } else { Err("type and value".to_owned()) }
}

/// Reads `Task.NAME` or `Task.NAME.where(A.B = 'X' and C = 'Y')`.
fn place(path: &str) -> Result<(String, Vec<Equality>), Complaint> {
    let wrong = || format!("the path {path}");
    let rest = path.strip_prefix("Task.").ok_or_else(wrong)?;
    let Some((name, conditions)) = rest.split_once(".where(") else {
        return Ok((rest.to_owned(), Vec::new()));
    };
    let conditions = conditions.strip_suffix(')').ok_or_else(wrong)?;
    let conditions = conditions.split(" and ").map(|condition| {
        let (path, value) = condition.split_once(" = ").ok_or_else(wrong)?;
        let value = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\'')).ok_or_else(wrong)?;
        Ok((path.split('.').map(str::to_owned).collect(), value.to_owned()))
    });
    Ok((name.to_owned(), conditions.collect::<Result<_, Complaint>>()?))
}
