//! Which plan, and which question, are the adapters tried with?

use polku_policy::Authorised;
use polku_proto::v1::meeting_record::{self, Seat};
use polku_proto::v1::{
    Achievement, ActionState, DataCategory, FactsQuery, GoalState, MeetingRecord, MeetingState, PlanAction,
    PlanCommitment, PlanGoal, PlanItem, PlanLink, PlanMeeting, PlanNeed, PlanPart, PlanStanding, PlanState,
    Purpose, Worker, plan_item, plan_link,
};
use polku_proto::{CategorySet, Valid, time};

use super::{YOUTH, agency, content, engine, index, instant, question};

/// A joint plan.
pub(in crate::agencies) const PLAN: &str = "0193c5a0-0000-7000-8000-000000000005";
/// A question.
pub(in crate::agencies) const QUERY: &str = "0193c5a0-0000-7000-8000-000000000006";

/// A part of the joint plan in which every field is filled, owned by `ohjaamo`.
pub(in crate::agencies) fn plan_part() -> PlanPart {
    PlanPart {
        plan: format!("youths/{YOUTH}/plans/{PLAN}"),
        owner: "ohjaamo".into(),
        reference: "S-17".into(),
        revision: 3,
        update_time: time::to_wire(instant("2026-11-20T08:00:00Z")).ok(),
        state: PlanState::Active.into(),
        redacted: true,
        consent_withdrawn: false,
        background: Some(content()),
        needs: vec![
            PlanNeed {
                id: "n1".into(),
                category: DataCategory::ServiceNeeds.into(),
                text: "Kaipaa \"rytmiä\" & <arkea>.".into(),
                found_in_meeting: true,
            },
            PlanNeed {
                id: "n2".into(),
                category: DataCategory::HealthCapacity.into(),
                text: "Uni.".into(),
                found_in_meeting: false,
            },
        ],
        goals: vec![PlanGoal {
            id: "g1".into(),
            category: DataCategory::JointPlan.into(),
            text: "Oma ala löytyy.".into(),
            state: GoalState::Active.into(),
            achievement: Achievement::Improving.into(),
            due: "2027-03-31".into(),
            needs: vec!["n1".into(), "n2".into()],
        }],
        actions: vec![PlanAction {
            id: "a1".into(),
            category: DataCategory::EducationWork.into(),
            text: "Työkokeilu kirjastossa.".into(),
            state: ActionState::NotDone.into(),
            goal: "g1".into(),
            provider: "Oulun kaupunki".into(),
            ptv_service: "7d4c9f5e-1111-4222-8333-0123456789ab".into(),
            start: "2026-12-01".into(),
            end: "2027-02-28".into(),
            reason: "Paikka peruuntui.".into(),
        }],
        meetings: vec![PlanMeeting {
            id: "m1".into(),
            category: DataCategory::JointPlan.into(),
            time: time::to_wire(instant("2026-12-03T12:30:00Z")).ok(),
            state: MeetingState::Planned.into(),
            place: "Byströmin nuorten palvelut".into(),
            participants: vec!["te".into(), "Nuorten työpaja".into()],
            note: "Mukana myös äiti.\nKahvit.".into(),
        }],
        client_view: "Haluan ulos kotoa.".into(),
        worker_view: "Tarvitsee aikaa.".into(),
        next_review: "2027-01-15".into(),
        responsible_worker: Some(Worker {
            id: "ohjaaja-7".into(),
            name: "Olli Ohjaaja".into(),
            unit: "keskusta".into(),
            phone: "+358 40 7654321".into(),
            email: "olli@example.invalid".into(),
        }),
        standing: Some(standing()),
    }
}

/// Where it stands, every field filled.
fn standing() -> PlanStanding {
    let item = |owner: &str, kind: plan_item::Kind, id: &str| PlanItem {
        owner: owner.into(),
        kind: kind.into(),
        id: id.into(),
    };
    PlanStanding {
        changed_since_acceptance: true,
        commitments: vec![PlanCommitment {
            action: "a1".into(),
            acknowledge_time: time::to_wire(instant("2026-11-19T11:15:00Z")).ok(),
        }],
        meetings: vec![MeetingRecord {
            category: DataCategory::JointPlan.into(),
            meeting: "m1".into(),
            kind: meeting_record::Kind::FourParty.into(),
            attended: vec!["ohjaamo".into(), "te".into()],
            client_attended: true,
            missing: vec![Seat::SocialWork.into()],
            questionnaire_before: true,
        }],
        accept_time: time::to_wire(instant("2026-11-19T07:45:00Z")).ok(),
        step: Some(item("te", plan_item::Kind::Action, "a9")),
        links: vec![PlanLink {
            kind: plan_link::Kind::Serves.into(),
            first: Some(item("te", plan_item::Kind::Action, "a9")),
            second: Some(item("ohjaamo", plan_item::Kind::Goal, "g1")),
        }],
    }
}

/// What `ohjaamo` asks an agency, of these categories.
pub(in crate::agencies) fn facts_query(categories: &[DataCategory]) -> FactsQuery {
    FactsQuery {
        query_id: QUERY.into(),
        requester: "ohjaamo".into(),
        professional: "ohjaaja-7".into(),
        purpose: Purpose::EmploymentServices.into(),
        categories: categories.iter().map(|category| (*category).into()).collect(),
        identity_code: "010594Y9032".into(),
    }
}

/// Has the engine authorise a question to this agency, under a consent for everything.
pub(in crate::agencies) fn query_permit(recipient: &str, query: FactsQuery) -> Authorised<FactsQuery> {
    let recipient = agency(recipient);
    let (index, question) = (index(&recipient), question(&recipient));
    engine(&recipient).authorise(&index, Valid::check(query).unwrap(), CategorySet::EMPTY, &question).unwrap()
}
