//! Where does a part of the joint plan stand? Extensions of its CarePlan: FHIR has no elements for that.

use polku_proto::time;
use polku_proto::v1::meeting_record::{self, Seat};
use polku_proto::v1::{
    MeetingRecord, PlanCommitment, PlanItem, PlanLink, PlanStanding, plan_item, plan_link,
};
use serde_json::{Value, json};

use super::super::codes;
use crate::agencies::envelope::{Unwritable, instant, written_instant};

/// Words where a part stands.
pub(super) fn extensions(standing: PlanStanding) -> Result<Vec<Value>, Unwritable> {
    let PlanStanding { changed_since_acceptance, commitments, meetings, accept_time, step, links } = standing;
    let mut extensions = Vec::new();
    if let Some(accepted) = written_instant(accept_time.as_ref().map(time::from_wire), "accept_time")? {
        extensions.push(json!({"url": codes::ACCEPTED, "valueDateTime": accepted}));
    }
    if changed_since_acceptance {
        extensions.push(json!({"url": codes::CHANGED, "valueBoolean": true}));
    }
    for commitment in commitments {
        extensions.push(acknowledged(commitment)?);
    }
    for record in meetings {
        extensions.push(held(&record)?);
    }
    if let Some(step) = step {
        extensions.push(json!({"url": codes::NEXT_STEP, "extension": item(step)?}));
    }
    for link in links {
        extensions.push(linked(link)?);
    }
    Ok(extensions)
}

fn acknowledged(commitment: PlanCommitment) -> Result<Value, Unwritable> {
    let PlanCommitment { action, acknowledge_time } = commitment;
    let time = instant(acknowledge_time.as_ref().map(time::from_wire), "acknowledge_time")?.to_string();
    let inner = json!([{"url": "item", "valueString": action}, {"url": "time", "valueDateTime": time}]);
    Ok(json!({"url": codes::ACKNOWLEDGED, "extension": inner}))
}

fn held(record: &MeetingRecord) -> Result<Value, Unwritable> {
    let kind = record_kind(record.kind()).ok_or(Unwritable("meetings.kind"))?;
    // One of a newer contract must not go unsaid: without any there was a quorum.
    let missing = record.missing.iter().map(|empty| Seat::try_from(*empty).ok().and_then(seat));
    let missing: Option<Vec<&str>> = missing.collect();
    let mut inner = vec![
        json!({"url": "item", "valueString": record.meeting}),
        json!({"url": "kind", "valueCode": kind}),
    ];
    inner.extend(record.attended.iter().map(|agency| json!({"url": "attended", "valueString": agency})));
    if record.client_attended {
        inner.push(json!({"url": "client-attended", "valueBoolean": true}));
    }
    let missing = missing.ok_or(Unwritable("meetings.missing"))?;
    inner.extend(missing.into_iter().map(|seat| json!({"url": "missing", "valueCode": seat})));
    if record.questionnaire_before {
        inner.push(json!({"url": "questionnaire-before", "valueBoolean": true}));
    }
    Ok(json!({"url": codes::MEETING_RECORD, "extension": inner}))
}

fn linked(link: PlanLink) -> Result<Value, Unwritable> {
    let kind = link_kind(link.kind()).ok_or(Unwritable("links.kind"))?;
    let PlanLink { kind: _, first, second } = link;
    let (first, second) = first.zip(second).ok_or(Unwritable("links"))?;
    let inner = json!([
        {"url": "kind", "valueCode": kind},
        {"url": "first", "extension": item(first)?},
        {"url": "second", "extension": item(second)?},
    ]);
    Ok(json!({"url": codes::PLAN_LINK, "extension": inner}))
}

/// An item of any section: whose it is, what it is, and its id.
fn item(item: PlanItem) -> Result<Value, Unwritable> {
    let kind = item_kind(item.kind()).ok_or(Unwritable("item.kind"))?;
    let PlanItem { owner, kind: _, id } = item;
    Ok(json!([
        {"url": "owner", "valueString": owner},
        {"url": "kind", "valueCode": kind},
        {"url": "item", "valueString": id},
    ]))
}

/// What kind of meeting it was.
pub(in super::super) fn record_kind(kind: meeting_record::Kind) -> Option<&'static str> {
    Some(match kind {
        meeting_record::Kind::Unspecified => return None,
        meeting_record::Kind::FourParty => "four-party",
        meeting_record::Kind::Other => "other",
    })
}

/// Who was missing.
pub(in super::super) fn seat(seat: Seat) -> Option<&'static str> {
    Some(match seat {
        Seat::Unspecified => return None,
        Seat::EmploymentServices => "employment-services",
        Seat::Municipality => "municipality",
        Seat::SocialWork => "social-work",
        Seat::Client => "client",
    })
}

/// What an item is.
pub(in super::super) fn item_kind(kind: plan_item::Kind) -> Option<&'static str> {
    Some(match kind {
        plan_item::Kind::Unspecified => return None,
        plan_item::Kind::Need => "need",
        plan_item::Kind::Goal => "goal",
        plan_item::Kind::Action => "action",
        plan_item::Kind::Meeting => "meeting",
    })
}

/// How two items belong together.
pub(in super::super) fn link_kind(kind: plan_link::Kind) -> Option<&'static str> {
    Some(match kind {
        plan_link::Kind::Unspecified => return None,
        plan_link::Kind::SameAs => "same-as",
        plan_link::Kind::Serves => "serves",
        plan_link::Kind::FoundIn => "found-in",
    })
}
