//! What comes of a message that changes a Task, at a county that has worked on it?

use polku_proto::v1::{DeliveryState, ReferralNotice, ReferralState};

use super::*;

/// The Task of the referral as the county has it: asked about, answered, and with much of its own.
pub(super) fn worked_on() -> Value {
    let task_part = |code: &str| json!({"coding": [{"system": "urn:polku:task-part", "code": code}]});
    let task = json!({
        "resourceType": "Task",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{}", trial::REFERRAL)}],
        "statusReason": {"text": "Vanha sana."},
        "intent": "order",
        "owner": {"display": "nuorten sosiaalityö"},
        "executionPeriod": {"start": "2026-11-20T08:00:00+02:00"},
        "lastModified": "2026-11-20T06:00:00Z",
        "note": [{"text": "Soitettu."}],
        "output": [
            {"type": {"text": "oma"}, "valueString": "Oma tulos."},
            {
                "type": task_part("delivery"),
                "valueCodeableConcept": {"coding": [{"system": "urn:polku:delivery-state", "code": "expired"}]},
            },
        ],
    });
    and(task, state("requested", "info-requested"))
}

/// Applies the operations of a patch, as far as this gateway writes them.
pub(super) fn patched(patch: &Value, mut task: Value) -> Value {
    for operation in patch["parameter"].as_array().unwrap() {
        let part =
            |name: &str| operation["part"].as_array().unwrap().iter().find(|part| part["name"] == name);
        let path = part("path").unwrap()["valueString"].as_str().unwrap();
        let object = task.as_object_mut().unwrap();
        match part("type").unwrap()["valueCode"].as_str().unwrap() {
            "replace" => {
                let known = object.get_mut(path.strip_prefix("Task.").unwrap()).unwrap();
                *known = value_of(part("value").unwrap()).1;
            }
            "delete" => match path.split_once(".where(") {
                None => drop(object.remove(path.strip_prefix("Task.").unwrap())),
                Some((list, fits)) => {
                    let Some(list) = object.get_mut(list.strip_prefix("Task.").unwrap()) else { continue };
                    list.as_array_mut().unwrap().retain(|item| !meets(item, fits.strip_suffix(')').unwrap()));
                }
            },
            "add" => {
                assert_eq!(path, "Task");
                let name = part("name").unwrap()["valueString"].as_str().unwrap();
                let value = part("value").unwrap();
                if let Some(parts) = value.get("part") {
                    let parts = parts.as_array().unwrap().iter();
                    let element = parts.map(|part| {
                        let (kind, value) = value_of(part);
                        (
                            if part["name"] == "value" {
                                kind
                            } else {
                                part["name"].as_str().unwrap().into()
                            },
                            value,
                        )
                    });
                    let list = object.entry(name).or_insert_with(|| json!([]));
                    list.as_array_mut().unwrap().push(Value::Object(element.collect()));
                } else {
                    assert_eq!(
                        object.insert(name.to_owned(), value_of(value).1),
                        None,
                        "{name} is there already"
                    );
                }
            }
            other => panic!("{other}"),
        }
    }
    task
}

/// Tells whether an element of a list has every text that a condition asks for.
fn meets(item: &Value, condition: &str) -> bool {
    condition.split(" and ").all(|equality| {
        let (path, text) = equality.split_once(" = ").unwrap();
        let path =
            path.replace("coding", "coding/0").replace("value.identifier", "valueReference/identifier");
        let found = item.pointer(&format!("/{}", path.replace('.', "/")));
        found.is_some_and(|found| text == format!("'{}'", found.as_str().unwrap()))
    })
}

/// The value of a part, and the name of its type.
fn value_of(part: &Value) -> (String, Value) {
    let mut members = part.as_object().unwrap().iter().filter(|(name, _)| *name != "name");
    let (kind, value) = members.next().unwrap();
    assert!(members.next().is_none());
    (kind.clone(), value.clone())
}

/// The patch in news.
fn patch_of(bundle: &Value) -> &Value {
    let entries = bundle["entry"].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry["request"]["method"] == "PATCH").unwrap();
    let found = format!("Task?identifier=urn:ietf:rfc:3986|urn:uuid:{}", trial::REFERRAL);
    assert_eq!(entry["request"]["url"], found);
    &entry["resource"]
}

/// The Task that comes of news, at such a county.
pub(super) fn task_after(bundle: &Value) -> Value {
    patched(patch_of(bundle), worked_on())
}

/// The answer to the first time is lost, and the county's server knows the entries and not the message.
#[test]
fn what_comes_again_stands_there_once() {
    let notice = ReferralNotice {
        delivery_state: DeliveryState::InDoubt.into(),
        answer: Some(trial::content()),
        ..trial::notice()
    };
    let told = bundle(to_social(Item::Notice(notice)));
    let once = task_after(&told);
    let inputs = once["input"].as_array().unwrap().len();
    assert!(inputs > 2);
    assert_eq!(patched(patch_of(&told), once.clone()), once);
    // What another message has answered stays beside it.
    let other = told.to_string().replace(trial::MESSAGE, "0193c5a0-0000-7000-8000-00000000000a");
    let both = patched(patch_of(&other.parse().unwrap()), once);
    assert_eq!(both["input"].as_array().unwrap().len(), 2 * inputs);
}

#[test]
fn what_is_the_countys_own_stays() {
    let outcome = ReferralNotice { delivery_state: DeliveryState::InDoubt.into(), ..trial::notice() };
    let silent = ReferralNotice { outcome: 0, delivery_state: 0, ..outcome.clone() };
    let (_, decision) = trial::spent(to_social(Item::Notice(trial::notice())));
    for (notice, outputs) in [(outcome, 3), (silent, 2)] {
        let message = written(to_social(Item::Notice(notice)), &decision).unwrap();
        let bundle: Value = serde_json::from_slice(&message.body).unwrap();
        let (before, after) = (worked_on(), task_after(&bundle));
        for name in ["identifier", "intent", "owner", "executionPeriod", "note"] {
            assert_eq!(after[name], before[name], "{name}");
        }
        assert_eq!(after["output"][0], before["output"][0]);
        assert_eq!(after["output"].as_array().unwrap().len(), outputs);
        assert_ne!(after["statusReason"], before["statusReason"]);
        assert_eq!(after["lastModified"], "2026-11-21T09:30:00Z");
    }
}

/// Of a state without reason the reason of the one before it must not be read.
#[test]
fn a_reason_goes_with_its_state() {
    let notice = ReferralNotice {
        state: ReferralState::Accepted.into(),
        rejection_reason: 0,
        outcome: 0,
        status_note: String::new(),
        sender_note: String::new(),
        ..trial::notice()
    };
    let after = task_after(&bundle(to_social(Item::Notice(notice))));
    assert_eq!(after.get("statusReason"), None);
    assert_eq!(after["status"], "accepted");
}
