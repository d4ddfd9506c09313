//! Does the county keep what is its own in a Task, and make a transaction whole or not at all?

use serde_json::{Value, json};

use super::{MESSAGE, REFERRAL, referral};
use crate::simulators::social::register::{Refusal, Register};

fn part(name: &str, kind: &str, value: Value) -> Value {
    let mut part = json!({"name": name});
    part[kind] = value;
    part
}

fn operation(parts: &[Value]) -> Value {
    json!({"name": "operation", "part": parts})
}

fn delete(path: &str) -> Value {
    operation(&[part("type", "valueCode", json!("delete")), part("path", "valueString", json!(path))])
}

fn replace(path: &str, value: &str) -> Value {
    operation(&[
        part("type", "valueCode", json!("replace")),
        part("path", "valueString", json!(path)),
        part("value", "valueCode", json!(value)),
    ])
}

fn add(name: &str, value: Value) -> Value {
    operation(&[
        part("type", "valueCode", json!("add")),
        part("path", "valueString", json!("Task")),
        part("name", "valueString", json!(name)),
        value,
    ])
}

fn concept(system: &str, code: &str) -> Value {
    json!({"coding": [{"system": system, "code": code}]})
}

fn output(code: &str) -> Value {
    add(
        "output",
        json!({"name": "value", "part": [
            {"name": "type", "valueCodeableConcept": concept("urn:polku:task-part", "delivery")},
            {"name": "value", "valueCodeableConcept": concept("urn:polku:delivery-state", code)},
        ]}),
    )
}

const EARLIER: &str =
    "Task.output.where(type.coding.system = 'urn:polku:task-part' and type.coding.code = 'delivery')";

/// A transaction of one entry that changes the Task of a referral.
fn change(method: &str, referral: &str, resource: &Value) -> Value {
    let url = format!("Task?identifier=urn:ietf:rfc:3986|urn:uuid:{referral}");
    json!({"entry": [{"resource": resource, "request": {"method": method, "url": url}}]})
}

fn patch(operations: &[Value]) -> Value {
    change("PATCH", REFERRAL, &json!({"resourceType": "Parameters", "parameter": operations}))
}

fn working() -> Register {
    let register = Register::default();
    register.carry_out(&referral()).unwrap();
    register
}

fn task(register: &Register) -> Value {
    let tasks = register.of("Task");
    assert_eq!(tasks.len(), 1);
    tasks[0].clone()
}

const OWN: [&str; 3] = ["owner", "executionPeriod", "note"];

#[test]
fn a_patch_leaves_what_is_the_countys_own_and_an_update_does_not() {
    let register = working();
    let before = task(&register);
    assert_ne!(before["owner"]["identifier"]["value"], "social", "somebody sees to it");
    let accepted = [
        replace("Task.status", "accepted"),
        delete("Task.statusReason"),
        delete("Task.lastModified"),
        add("lastModified", part("value", "valueDateTime", json!("2026-11-21T10:00:00Z"))),
        delete(EARLIER),
        output("in-doubt"),
    ];
    register.carry_out(&patch(&accepted)).unwrap();
    register.carry_out(&patch(&[delete(EARLIER), output("delivered")])).unwrap();
    let after = task(&register);
    assert_eq!(
        (&after["status"], &after["lastModified"]),
        (&json!("accepted"), &json!("2026-11-21T10:00:00Z"))
    );
    assert_eq!(after["output"].as_array().unwrap().len(), 1);
    assert_eq!(after["output"][0]["valueCodeableConcept"]["coding"][0]["code"], "delivered");
    for name in OWN.into_iter().chain(["requester", "focus", "for", "identifier"]) {
        assert_eq!(after[name], before[name], "{name}");
    }

    let partial = json!({
        "resourceType": "Task",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{REFERRAL}")}],
        "status": "completed",
        "intent": "order",
    });
    register.carry_out(&change("PUT", REFERRAL, &partial)).unwrap();
    for name in OWN {
        assert_eq!(task(&register).get(name), None, "an update replaces {name}");
    }
}

#[test]
fn an_input_is_found_again_by_what_it_points_to() {
    let register = working();
    let input = |category: &str, ends: &str| {
        let answer = json!({
            "reference": format!("Observation/{ends}"),
            "identifier": {"system": "urn:polku:answer", "value": format!("{MESSAGE}/{category}")},
        });
        let which = format!(
            "value.identifier.system = 'urn:polku:answer' and value.identifier.value = '{MESSAGE}/{category}'"
        );
        let parts = json!({"name": "value", "part": [
            {"name": "type", "valueCodeableConcept": concept("urn:polku:task-part", "answer")},
            {"name": "value", "valueReference": answer},
        ]});
        [delete(&format!("Task.input.where({which})")), add("input", parts)]
    };
    for ends in ["1", "2"] {
        register.carry_out(&patch(&input("housing", ends))).unwrap();
        register.carry_out(&patch(&input("guidance-notes", ends))).unwrap();
    }
    let inputs = task(&register)["input"].as_array().unwrap().clone();
    let pointed: Vec<&Value> = inputs.iter().map(|input| &input["valueReference"]["reference"]).collect();
    assert_eq!(pointed, ["Observation/2", "Observation/2"]);
}

#[test]
fn a_transaction_is_made_whole_or_not_at_all() {
    let register = working();
    let before = task(&register);
    let refused = |register: &Register, transaction: &Value, refusal: Refusal| {
        assert_eq!(register.rehearse(transaction), Err(refusal));
        assert_eq!(register.carry_out(transaction), Err(refusal));
    };
    let nobodys = change("PATCH", MESSAGE, &json!({"parameter": [replace("Task.status", "accepted")]}));
    refused(&register, &nobodys, Refusal::NoMatch);
    let wrong = [
        delete("Task.note"),
        delete("Task.status"),
        delete("Task.output"),
        replace("Task.statusReason", "x"),
        replace("Task.owner", "x"),
        add("businessStatus", part("value", "valueCodeableConcept", json!({"text": "x"}))),
        add("note", part("value", "valueString", json!("x"))),
        add("lastModified", part("value", "valueString", json!("x"))),
        operation(&[part("type", "valueCode", json!("move"))]),
    ];
    for operation in wrong {
        refused(&register, &patch(&[replace("Task.status", "accepted"), operation]), Refusal::Patch);
    }
    assert_eq!(task(&register), before);

    register.has_sent(MESSAGE);
    register.has_sent(MESSAGE);
    assert_eq!(register.of("Task").len(), 2, "one for each referral");
    register.carry_out(&nobodys).unwrap();
}
