//! How are referrals and news about them written? A ServiceRequest for what is asked, a Task for how it stands.

use polku_proto::v1::{
    DeliveryState, LegalClaim, LegalGround, Outcome, Purpose, ReferralHandover, ReferralNotice,
    ReferralState, RejectionReason, legal_claim, referral_notice,
};
use polku_proto::{AgencyId, Party, ReferralId, time};
use serde_json::{Value, json};

use super::super::codes::{self, Activity};
use super::content::Written;
use super::patch::Patch;
use super::{Entry, Frame, PATIENT, Told};
use crate::agencies::envelope::{Unwritable, instant, news, optional_instant, present};
use crate::formats::fhir::codes as fhir;
use crate::formats::fhir::element::{
    Writing, coding, identifier, redacted as label, said, urn, uuid_identifier,
};

/// Words a referral.
pub(super) fn handover(
    frame: &Frame<'_>,
    referral: ReferralId,
    sender: &AgencyId,
    handover: ReferralHandover,
) -> Result<Told, Unwritable> {
    let ReferralHandover { purpose, create_time, respond_by, content, recipient_unit, claim, redacted } =
        handover;
    let purpose = Purpose::try_from(purpose).ok().and_then(codes::purpose).ok_or(Unwritable("purpose"))?;
    let created = instant(create_time.as_ref().map(time::from_wire), "create_time")?;
    let respond_by = optional_instant(respond_by.as_ref().map(time::from_wire), "respond_by")?;
    let unit = present(recipient_unit).map(|unit| unit.parse()).transpose();
    let unit = unit.map_err(|_| Unwritable("recipient_unit"))?;
    let owner = frame.party(&Party { agency: frame.own.clone(), unit });
    let requester = frame.agency(sender);
    let (priority, reason) = claim.map(ground).transpose()?.unzip();
    let priority = priority.unwrap_or("routine");

    let (patient, observations) = Written::of(content.unwrap_or_default()).resources(frame);
    let subject = json!({"reference": frame.address(PATIENT)});
    let supporting: Vec<Value> =
        observations.iter().map(|(id, _)| json!({"reference": format!("#{id}")})).collect();
    let identifiers =
        || vec![uuid_identifier(referral.uuid()), identifier(codes::MESSAGE, &frame.message.to_string())];
    let request_address = urn(referral.uuid());
    let request = Writing::resource("ServiceRequest")
        .with("meta", redacted.then(label))
        .with("contained", observations.into_iter().map(|(_, observation)| observation).collect::<Vec<_>>())
        .with("identifier", identifiers())
        .with("status", "active")
        .with("intent", "order")
        .with("category", vec![fhir::concept(fhir::PURPOSE, purpose)])
        .with("priority", priority)
        .with("subject", subject.clone())
        .with("authoredOn", created.to_string())
        .with("requester", requester.clone())
        .with("performer", vec![owner.clone()])
        .with("reasonCode", reason.map(|reason| vec![reason]))
        .with("supportingInfo", supporting);
    let restriction = respond_by.map(|end| json!({"period": {"end": end.to_string()}}));
    let task = Writing::resource("Task")
        .with("identifier", identifiers())
        .with("status", "requested")
        .with("businessStatus", fhir::concept(codes::REFERRAL_STATE, "requested"))
        .with("intent", "order")
        .with("priority", priority)
        .with("code", fhir::concept(codes::TASK_CODE, "fulfill"))
        .with("focus", json!({"reference": request_address}))
        .with("for", subject)
        .with("authoredOn", created.to_string())
        .with("requester", requester)
        .with("owner", owner)
        .with("restriction", restriction);
    let task_address = urn(frame.message.uuid());
    Ok(Told {
        activity: Activity::ReferralSent,
        issue: referral.to_string(),
        speaker: sender.clone(),
        occurred: Some(created),
        entries: vec![
            patient,
            Entry::create(request_address, "ServiceRequest", request.done(), frame),
            Entry::create(task_address, "Task", task.done(), frame),
        ],
    })
}

/// The ground in law: how urgent it makes the referral, and how it is written.
fn ground(claim: LegalClaim) -> Result<(&'static str, Value), Unwritable> {
    let LegalClaim { ground, statement, consent_asked } = claim;
    let ground = LegalGround::try_from(ground).map_err(|_| Unwritable("ground"))?;
    let asked = legal_claim::ConsentAsked::try_from(consent_asked).ok().and_then(codes::consent_asked);
    let asked = asked.ok_or(Unwritable("consent_asked"))?;
    let code = codes::ground(ground).ok_or(Unwritable("ground"))?;
    let priority = codes::priority(ground).ok_or(Unwritable("ground"))?;
    let concept = Writing::part()
        .with("extension", json!([{"url": codes::CONSENT_ASKED, "valueCode": asked}]))
        .with("coding", vec![coding(codes::LEGAL_GROUND, code)])
        .with("text", said(statement));
    Ok((priority, concept.done()))
}

/// Words news about a referral: what changes in the Task that the county keeps of it. All else in it is the county's.
pub(super) fn notice(
    frame: &Frame<'_>,
    referral: ReferralId,
    sender: &AgencyId,
    notice: ReferralNotice,
) -> Result<Told, Unwritable> {
    let ReferralNotice {
        kind,
        state,
        time,
        rejection_reason,
        outcome,
        status_note,
        answer,
        sender_note,
        delivery_state,
    } = notice;
    let activity = match referral_notice::Kind::try_from(kind) {
        Ok(referral_notice::Kind::StateChanged) => Activity::StateChanged,
        Ok(referral_notice::Kind::InformationProvided) => Activity::InformationProvided,
        Ok(referral_notice::Kind::ConsentWithdrawn) => Activity::ConsentWithdrawn,
        Ok(referral_notice::Kind::Unspecified) | Err(_) => return Err(Unwritable("kind")),
    };
    let state = ReferralState::try_from(state).map_err(|_| Unwritable("state"))?;
    let status = codes::task_status(state).ok_or(Unwritable("state"))?;
    let business_status = codes::state(state).ok_or(Unwritable("state"))?;
    let changed = instant(time.as_ref().map(time::from_wire), "time")?;
    let reason = RejectionReason::try_from(rejection_reason).map_err(|_| Unwritable("rejection_reason"))?;
    let outcome = Outcome::try_from(outcome).map_err(|_| Unwritable("outcome"))?;
    let delivery = DeliveryState::try_from(delivery_state).map_err(|_| Unwritable("delivery_state"))?;
    let note = news(frame.own, sender, status_note, sender_note).and_then(said);

    let mut task = Patch::of("Task");
    task.replace("status", ("valueCode", status.into()));
    let concept = |system: &str, code: &str| ("valueCodeableConcept", fhir::concept(system, code));
    task.say("businessStatus", Some(concept(codes::REFERRAL_STATE, business_status)));
    let reason = status_reason(reason, note).map(|reason| ("valueCodeableConcept", reason));
    task.say("statusReason", reason);
    task.say("lastModified", Some(("valueDateTime", changed.to_string().into())));
    let outputs = [
        ("outcome", codes::OUTCOME, codes::outcome(outcome)),
        ("delivery", codes::DELIVERY_STATE, codes::delivery(delivery)),
    ];
    for (kind, system, code) in outputs {
        let Some(code) = code else { continue };
        let part = codes::TASK_PART;
        let earlier = format!("type.coding.system = '{part}' and type.coding.code = '{kind}'");
        let parts = vec![("type", concept(part, kind)), ("value", concept(system, code))];
        task.put("output", &earlier, parts);
    }
    let mut entries = Vec::new();
    for ((system, value), entry) in
        answer.map(|answer| Written::of(answer).entries(frame)).unwrap_or_default()
    {
        // The server puts an address of its own in place of the reference; the identifier stays.
        let told = json!({"reference": entry.address, "identifier": identifier(system, &value)});
        let again = format!("value.identifier.system = '{system}' and value.identifier.value = '{value}'");
        let parts = vec![("type", concept(codes::TASK_PART, "answer")), ("value", ("valueReference", told))];
        task.put("input", &again, parts);
        entries.push(entry);
    }
    let (address, referral_urn) = (urn(frame.message.uuid()), urn(referral.uuid()));
    entries.push(Entry::patch(address, task, fhir::URI, &referral_urn));
    let speaker = if frame.own == sender { frame.other } else { sender };
    Ok(Told {
        activity,
        issue: referral.to_string(),
        speaker: speaker.clone(),
        occurred: Some(changed),
        entries,
    })
}

/// Gravity asks for a text wherever there is a reason: without one, the code's own.
fn status_reason(reason: RejectionReason, note: Option<String>) -> Option<Value> {
    let code = codes::reason(reason);
    let text = note.or_else(|| code.map(|code| code.replace('-', " ")))?;
    let codings = code.map(|code| vec![coding(codes::REJECTION_REASON, code)]);
    Some(Writing::part().with("coding", codings).with("text", text).done())
}
