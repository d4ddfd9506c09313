//! What is left of a message in FHIR, which has no text of white space only?

use polku_proto::v1::{
    ContactDetails, EducationWork, PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart, ReferralContent,
    ReferralHandover, ReferralNotice, Worker,
};

/// The text if it says anything.
fn said(text: String) -> String {
    if text.trim().is_empty() { String::new() } else { text }
}

fn all(texts: Vec<String>) -> Vec<String> {
    texts.into_iter().filter(|text| !text.trim().is_empty()).collect()
}

/// What is told of a person; nothing if nothing is left.
pub(super) fn content(content: ReferralContent) -> Option<ReferralContent> {
    let contact = content.contact.map(|contact| ContactDetails {
        phone: said(contact.phone),
        email: said(contact.email),
        street_address: said(contact.street_address),
        postal_code: said(contact.postal_code),
        city: said(contact.city),
        municipality: contact.municipality,
    });
    let work = content.education_work.map(|work| EducationWork {
        education: said(work.education),
        work_history: said(work.work_history),
        ..work
    });
    let left = ReferralContent {
        identity_code: content.identity_code,
        given_names: said(content.given_names),
        family_name: said(content.family_name),
        contact_language: content.contact_language,
        contact: contact.filter(|contact| *contact != ContactDetails::default()),
        reason: said(content.reason),
        service_needs: all(content.service_needs),
        education_work: work.filter(|work| *work != EducationWork::default()),
        social_situation: said(content.social_situation),
        health_capacity: said(content.health_capacity),
        housing: said(content.housing),
        benefits_income: said(content.benefits_income),
        joint_plan: said(content.joint_plan),
        service_attendance: said(content.service_attendance),
        outcome_measures: said(content.outcome_measures),
        quality_of_life: said(content.quality_of_life),
        correspondence_address: said(content.correspondence_address),
        contact_wish: said(content.contact_wish),
    };
    Some(left).filter(|left| *left != ReferralContent::default())
}

pub(super) fn handover(handover: ReferralHandover) -> ReferralHandover {
    let mut handover = handover;
    handover.content = handover.content.and_then(content);
    if let Some(claim) = &mut handover.claim {
        claim.statement = said(std::mem::take(&mut claim.statement));
    }
    handover
}

pub(super) fn notice(notice: ReferralNotice) -> ReferralNotice {
    ReferralNotice {
        status_note: said(notice.status_note),
        sender_note: said(notice.sender_note),
        answer: notice.answer.and_then(content),
        ..notice
    }
}

/// A part of a plan, whose items all say something.
pub(super) fn plan(part: PlanPart) -> PlanPart {
    let worker = part.responsible_worker.map(|worker| Worker {
        name: said(worker.name),
        phone: said(worker.phone),
        email: said(worker.email),
        ..worker
    });
    let action = |action: PlanAction| PlanAction {
        provider: said(action.provider),
        reason: said(action.reason),
        ..action
    };
    let meeting = |meeting: PlanMeeting| PlanMeeting {
        place: said(meeting.place),
        participants: all(meeting.participants),
        note: said(meeting.note),
        ..meeting
    };
    PlanPart {
        background: part.background.and_then(content),
        actions: part.actions.into_iter().map(action).collect(),
        meetings: part.meetings.into_iter().map(meeting).collect(),
        client_view: said(part.client_view),
        worker_view: said(part.worker_view),
        responsible_worker: worker.filter(|worker| *worker != Worker::default()),
        ..part
    }
}

/// The part with a word in each item whose text says nothing: FHIR has none for it.
pub(super) fn worded(part: PlanPart) -> PlanPart {
    let word = |text: &mut String| {
        if text.trim().is_empty() {
            ".".clone_into(text);
        }
    };
    let mut part = part;
    part.needs.iter_mut().for_each(|PlanNeed { text, .. }| word(text));
    part.goals.iter_mut().for_each(|PlanGoal { text, .. }| word(text));
    part.actions.iter_mut().for_each(|PlanAction { text, .. }| word(text));
    part
}
