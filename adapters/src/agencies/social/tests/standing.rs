//! Does it arrive whole where a part stands in the joint plan? Read as README.md has it.

use jiff::Timestamp;
use polku_proto::time;
use polku_proto::v1::{
    DataCategory, MeetingRecord, PlanCommitment, PlanItem, PlanLink, PlanPart, PlanStanding,
};

use super::super::write::standing as codes;
use super::*;
use crate::agencies::event::read_code;

#[test]
fn where_it_stands() {
    let (_, decision) = trial::spent(plan_to_social());
    trial::try_every_standing(|part| {
        let delivery = Delivery { referral: String::new(), ..to_social(Item::PlanPart(part)) };
        let bundle: Value = serde_json::from_slice(&written(delivery, &decision).unwrap().body).unwrap();
        read(&bundle["entry"][1]["resource"])
    });
}

#[test]
fn a_plan_that_stands_nowhere_says_nothing_of_it() {
    let delivery = to_social(Item::PlanPart(PlanPart { standing: None, ..trial::plan_part() }));
    let bundle = bundle(Delivery { referral: String::new(), ..delivery });
    let urls: Vec<_> = parts(&bundle["entry"][1]["resource"]).map(url).collect();
    assert_eq!(urls, [super::super::codes::PLAN_REVISION, super::super::codes::NEXT_REVIEW]);
}

fn read(plan: &Value) -> PlanStanding {
    let mut standing = PlanStanding::default();
    for extension in parts(plan) {
        match url(extension) {
            "urn:polku:plan-revision" | "urn:polku:next-review" => {}
            "urn:polku:accepted" => standing.accept_time = time::to_wire(moment(extension)).ok(),
            "urn:polku:changed-since-acceptance" => standing.changed_since_acceptance = flag(extension),
            "urn:polku:acknowledged" => {
                let mut commitment = PlanCommitment::default();
                for inner in parts(extension) {
                    match url(inner) {
                        "item" => commitment.action = text(inner),
                        "time" => commitment.acknowledge_time = time::to_wire(moment(inner)).ok(),
                        other => panic!("{other}"),
                    }
                }
                standing.commitments.push(commitment);
            }
            "urn:polku:meeting-record" => standing.meetings.push(record(extension)),
            "urn:polku:next-step" => standing.step = Some(item(extension)),
            "urn:polku:plan-link" => {
                let mut link = PlanLink::default();
                for inner in parts(extension) {
                    match url(inner) {
                        "kind" => link.kind = code(inner, codes::link_kind),
                        "first" => link.first = Some(item(inner)),
                        "second" => link.second = Some(item(inner)),
                        other => panic!("{other}"),
                    }
                }
                standing.links.push(link);
            }
            other => panic!("{other}"),
        }
    }
    standing
}

fn record(extension: &Value) -> MeetingRecord {
    let mut record = MeetingRecord { category: DataCategory::JointPlan.into(), ..MeetingRecord::default() };
    for inner in parts(extension) {
        match url(inner) {
            "item" => record.meeting = text(inner),
            "kind" => record.kind = code(inner, codes::record_kind),
            "attended" => record.attended.push(text(inner)),
            "client-attended" => record.client_attended = flag(inner),
            "missing" => record.missing.push(code(inner, codes::seat)),
            "questionnaire-before" => record.questionnaire_before = flag(inner),
            other => panic!("{other}"),
        }
    }
    record
}

fn item(extension: &Value) -> PlanItem {
    let mut item = PlanItem::default();
    for inner in parts(extension) {
        match url(inner) {
            "owner" => item.owner = text(inner),
            "kind" => item.kind = code(inner, codes::item_kind),
            "item" => item.id = text(inner),
            other => panic!("{other}"),
        }
    }
    item
}

fn parts(value: &Value) -> impl Iterator<Item = &Value> {
    value["extension"].as_array().into_iter().flatten()
}

fn url(extension: &Value) -> &str {
    extension["url"].as_str().unwrap()
}

fn text(extension: &Value) -> String {
    extension["valueString"].as_str().unwrap().to_owned()
}

fn flag(extension: &Value) -> bool {
    extension["valueBoolean"].as_bool().unwrap()
}

fn moment(extension: &Value) -> Timestamp {
    extension["valueDateTime"].as_str().unwrap().parse().unwrap()
}

fn code<T: Copy + TryFrom<i32> + Into<i32>>(extension: &Value, of: fn(T) -> Option<&'static str>) -> i32 {
    read_code(extension["valueCode"].as_str().unwrap(), of).map(T::into).unwrap()
}
