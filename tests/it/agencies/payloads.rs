//! What do the tests send to agencies of every kind? One message for everything that a matter can be about.

use jiff::Timestamp;
use polku_adapters::Matter;
use polku_policy::Viewer;
use polku_proto::time;
use polku_proto::v1::DataCategory::{self, *};
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::disclosure_notice::Arrival;
use polku_proto::v1::meeting_record::{self, Seat};
use polku_proto::v1::referral_notice::Kind;
use polku_proto::v1::{
    Achievement, ActionState, Basis, Consent, ConsentState, ConsentTerms, ContactDetails, Delivery,
    DeliveryState, DisclosureNotice, EducationWork, FactsQuery, GoalState, LegalBasis, MeetingRecord,
    MeetingState, Origin, Outcome, PermitDomain, PlanAction, PlanCommitment, PlanGoal, PlanItem, PlanLink,
    PlanMeeting, PlanNeed, PlanPart, PlanStanding, PlanState, ReferralContent, ReferralHandover,
    ReferralNotice, ReferralState, RejectionReason, Worker, basis, plan_item, plan_link,
};
use polku_tests::simulators::TakenInKind;

use super::bench::{OHJAAMO, PURPOSE};

pub(super) const HETU: &str = "010594Y9032";
pub(super) const YOUTH: &str = "0193c5a0-0000-7000-8000-000000000001";
pub(super) const REFERRAL: &str = "0193c5a0-0000-7000-8000-000000000002";
pub(super) const CONSENT: &str = "0193c5a0-0000-7000-8000-000000000004";
pub(super) const PLAN: &str = "0193c5a0-0000-7000-8000-000000000005";
pub(super) const QUERY: &str = "0193c5a0-0000-7000-8000-000000000006";

/// A value that nothing else contains.
pub(super) type Canary = (DataCategory, &'static str);

/// The values of the content. Those too short to be told from chance are not among them.
pub(super) const CONTENT: [Canary; 21] = [
    (IdentityContact, "Qaahto Vreemi"),
    (IdentityContact, "Wolpukka-Jax"),
    (IdentityContact, "PL 8817 Zyxlehto"),
    (AddressContact, "+358 99 7150432"),
    (AddressContact, "vq7k@postia.invalid"),
    (AddressContact, "Rhubarbkuja 6174"),
    (AddressContact, "ZK-48 QX"),
    (AddressContact, "Ylibuzzula"),
    (GuidanceNotes, "gn-hq5w2"),
    (ServiceNeeds, "sn-bb81z"),
    (EducationWork, "ew-xo31j"),
    (EducationWork, "ew-kk77v"),
    (SocialSituation, "so-p0tt6"),
    (HealthCapacity, "he-zw9uu"),
    (Housing, "ho-mm4qd"),
    (BenefitsIncome, "be-yr2xk"),
    (JointPlan, "jp-tt0wv"),
    (ServiceAttendance, "at-qq6nb"),
    (ServiceAttendance, "cw-kb3jd"),
    (OutcomeMeasures, "om-zz3hj"),
    (QualityOfLife, "ql-vx5ee"),
];

/// The values of a plan beside those of the background.
pub(super) const PLAN_PART: [Canary; 12] = [
    (JointPlan, "cv-xx0pl"),
    (GuidanceNotes, "wv-yy1pl"),
    (JointPlan, "2027-01-17"),
    (ServiceAttendance, "Rw-Zzuuri"),
    (ServiceAttendance, "rw-91@tyo.invalid"),
    (ServiceAttendance, "+358 99 5550817"),
    (JointPlan, "2026-11-18T08:07:31Z"),
    (JointPlan, "2026-11-18T08:09:47Z"),
    (JointPlan, "wa-hh2pl"),
    (JointPlan, "st-jj4pl"),
    (JointPlan, "fa-kk6pl"),
    (JointPlan, "fm-uu8pl"),
];

/// Where a part stands in the plan.
fn standing() -> PlanStanding {
    let item = |kind: plan_item::Kind, id: &str| {
        Some(PlanItem { owner: "te".into(), kind: kind.into(), id: id.into() })
    };
    PlanStanding {
        changed_since_acceptance: true,
        commitments: vec![PlanCommitment {
            action: "a-1".into(),
            acknowledge_time: wire("2026-11-18T08:07:31Z"),
        }],
        meetings: vec![MeetingRecord {
            category: JointPlan.into(),
            meeting: "m-1".into(),
            kind: meeting_record::Kind::FourParty.into(),
            attended: vec!["wa-hh2pl".into(), "te".into()],
            client_attended: true,
            missing: vec![Seat::Municipality.into(), Seat::SocialWork.into()],
            questionnaire_before: true,
        }],
        accept_time: wire("2026-11-18T08:09:47Z"),
        step: item(plan_item::Kind::Action, "st-jj4pl"),
        links: vec![PlanLink {
            kind: plan_link::Kind::FoundIn.into(),
            first: item(plan_item::Kind::Need, "fa-kk6pl"),
            second: item(plan_item::Kind::Meeting, "fm-uu8pl"),
        }],
    }
}

/// What stands in the items of a plan that name this category: need, goal, action, meeting.
pub(super) fn of_items(category: DataCategory) -> [String; 4] {
    let name = polku_proto::name(category).replace('_', "-");
    ["ne", "go", "ac", "me"].map(|what| format!("{what}.{name}.zq"))
}

/// Where the meeting with items of this category is held. An address as well.
pub(super) fn place(category: DataCategory) -> String {
    format!("pl.{}.zq", polku_proto::name(category).replace('_', "-"))
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The id of a message by its number.
pub(super) fn message(number: u32) -> String {
    format!("0193c5a0-0000-7000-8000-{:012}", 1000 + number)
}

pub(super) fn content() -> ReferralContent {
    ReferralContent {
        identity_code: HETU.into(),
        given_names: "Qaahto Vreemi".into(),
        family_name: "Wolpukka-Jax".into(),
        contact_language: "sv".into(),
        contact: Some(ContactDetails {
            phone: "+358 99 7150432".into(),
            email: "vq7k@postia.invalid".into(),
            street_address: "Rhubarbkuja 6174".into(),
            postal_code: "ZK-48 QX".into(),
            city: "Ylibuzzula".into(),
            municipality: "687".into(),
        }),
        reason: "gn-hq5w2".into(),
        service_needs: vec!["sn-bb81z".into()],
        education_work: Some(EducationWork {
            education_level: Some(7),
            education: "ew-xo31j".into(),
            work_history: "ew-kk77v".into(),
            job_seeker_status: "06".into(),
        }),
        social_situation: "so-p0tt6".into(),
        health_capacity: "he-zw9uu".into(),
        housing: "ho-mm4qd".into(),
        benefits_income: "be-yr2xk".into(),
        joint_plan: "jp-tt0wv".into(),
        service_attendance: "at-qq6nb".into(),
        outcome_measures: "om-zz3hj".into(),
        quality_of_life: "ql-vx5ee".into(),
        correspondence_address: "PL 8817 Zyxlehto".into(),
        contact_wish: "cw-kb3jd".into(),
    }
}

/// A part of a joint plan with an item of every list for each of these categories.
pub(super) fn plan_part(categories: &[DataCategory]) -> PlanPart {
    let mut part = PlanPart {
        plan: format!("youths/{YOUTH}/plans/{PLAN}"),
        owner: OHJAAMO.into(),
        reference: "OHJ-2026:17".into(),
        revision: 3,
        update_time: wire("2026-11-21T09:30:00Z"),
        state: PlanState::Active.into(),
        background: Some(content()),
        client_view: "cv-xx0pl".into(),
        worker_view: "wv-yy1pl".into(),
        next_review: "2027-01-17".into(),
        responsible_worker: Some(Worker {
            id: "ohjaaja-1".into(),
            name: "Rw-Zzuuri".into(),
            unit: "keskusta".into(),
            phone: "+358 99 5550817".into(),
            email: "rw-91@tyo.invalid".into(),
        }),
        standing: Some(standing()),
        ..PlanPart::default()
    };
    for (number, category) in categories.iter().enumerate() {
        let [need, goal, action, meeting] = of_items(*category);
        let number = number + 1;
        let category_number = i32::from(*category);
        part.needs.push(PlanNeed {
            id: format!("n-{number}"),
            category: category_number,
            text: need,
            found_in_meeting: number % 2 == 0,
        });
        part.goals.push(PlanGoal {
            id: format!("g-{number}"),
            category: category_number,
            text: goal,
            state: GoalState::Active.into(),
            achievement: Achievement::Improving.into(),
            due: "2027-03-31".into(),
            needs: vec![format!("n-{number}")],
        });
        part.actions.push(PlanAction {
            id: format!("a-{number}"),
            category: category_number,
            text: action,
            state: ActionState::Agreed.into(),
            goal: format!("g-{number}"),
            provider: "Nuorten paja".into(),
            ptv_service: "0193c5a0-0000-7000-8000-000000000007".into(),
            start: "2026-12-01".into(),
            end: "2027-02-28".into(),
            reason: String::new(),
        });
        part.meetings.push(PlanMeeting {
            id: format!("m-{number}"),
            category: category_number,
            time: wire("2026-12-01T10:00:00Z"),
            state: MeetingState::Planned.into(),
            place: place(*category),
            participants: vec![OHJAAMO.into()],
            note: meeting,
        });
    }
    part
}

pub(super) fn handover() -> Item {
    Item::Handover(ReferralHandover {
        purpose: PURPOSE.into(),
        create_time: wire("2026-11-21T09:30:00Z"),
        respond_by: wire("2026-12-21T09:30:00Z"),
        content: Some(content()),
        ..ReferralHandover::default()
    })
}

fn notice(kind: Kind, state: ReferralState) -> ReferralNotice {
    ReferralNotice {
        kind: kind.into(),
        state: state.into(),
        time: wire("2026-11-21T09:30:30Z"),
        delivery_state: DeliveryState::Unspecified.into(),
        sender_note: SENDER_NOTE.into(),
        ..ReferralNotice::default()
    }
}

/// What the recipient says of a state, which only the sender hears.
pub(super) const STATUS_NOTE: &str = "st-jv6ox";
/// What the sender says of a state, which only the recipient hears.
pub(super) const SENDER_NOTE: &str = "nt-ug4rm";

/// News to the sender of a referral: what has become of it, in the recipient's word.
pub(super) fn news(state: ReferralState, reason: RejectionReason, outcome: Outcome) -> Item {
    Item::Notice(ReferralNotice {
        rejection_reason: reason.into(),
        outcome: outcome.into(),
        status_note: STATUS_NOTE.into(),
        ..notice(Kind::StateChanged, state)
    })
}

/// News to the sender of a referral: how its delivery has ended.
pub(super) fn ended(delivery_state: DeliveryState) -> Item {
    let notice = notice(Kind::StateChanged, ReferralState::Requested);
    Item::Notice(ReferralNotice { delivery_state: delivery_state.into(), ..notice })
}

/// What can be sent to the sender of a referral, each with a name.
pub(super) fn to_sender() -> Vec<(&'static str, Item)> {
    vec![
        ("rejection", news(ReferralState::Rejected, RejectionReason::NoCapacity, Outcome::Unspecified)),
        ("completion", news(ReferralState::Completed, RejectionReason::Unspecified, Outcome::GotService)),
        ("delivery-in-doubt", ended(DeliveryState::InDoubt)),
    ]
}

/// A message to an agency, as the one to whom a matter has been sent or the one who has sent it.
pub(super) struct Parcel {
    pub(super) what: String,
    pub(super) matter: Matter,
    pub(super) viewer: Viewer,
    pub(super) item: Item,
}

impl Parcel {
    pub(super) fn delivery(&self, agency: &str, number: u32) -> Delivery {
        let delivery = delivery(agency, number, self.item.clone());
        match self.viewer {
            Viewer::Author => turned(Delivery { professional: recipients_word(&self.item), ..delivery }),
            Viewer::Addressee | Viewer::Subject => delivery,
        }
    }
}

/// Everything that is sent to an agency of this kind, whichever end of a referral it has.
pub(super) fn parcels(kind: &polku_adapters::Kind) -> Vec<Parcel> {
    let there = kind.delivers.iter().flat_map(|matter| {
        items(*matter).into_iter().map(|(what, item)| Parcel {
            what: what.to_owned(),
            matter: *matter,
            viewer: Viewer::Addressee,
            item,
        })
    });
    let matter = Matter::StateChange;
    let told = kind.delivers.contains(&matter);
    let back = to_sender().into_iter().filter(|_| told);
    there
        .chain(back.map(|(what, item)| Parcel {
            what: what.to_owned(),
            matter,
            viewer: Viewer::Author,
            item,
        }))
        .collect()
}

/// The same to the agency as the one that has sent the referral.
fn turned(delivery: Delivery) -> Delivery {
    let Delivery { sender, recipient, .. } = delivery.clone();
    Delivery { sender: recipient, recipient: sender, ..delivery }
}

/// The message with this number that a matter is about, told to an agency.
pub(super) fn delivery(to: &str, number: u32, item: Item) -> Delivery {
    let referral = match &item {
        Item::PlanPart(_) => String::new(),
        Item::Handover(_) | Item::Notice(_) | Item::Disclosure(_) => {
            format!("youths/{YOUTH}/referrals/{REFERRAL}")
        }
    };
    Delivery {
        message_id: message(number),
        referral,
        sender: OHJAAMO.into(),
        recipient: to.into(),
        professional: senders_word(&item),
        item: Some(item),
    }
}

/// The professional whose word a message to the recipient of a referral is. Of all that comes after the referral itself
/// the gateway speaks, and names nobody.
fn senders_word(item: &Item) -> String {
    match item {
        Item::Handover(_) => "ohjaaja-1".into(),
        Item::Notice(_) | Item::PlanPart(_) | Item::Disclosure(_) => String::new(),
    }
}

/// The same to the sender of a referral: where the recipient has moved it, its professional speaks. How the delivery
/// has ended, and what the young person or the gateway has moved, is nobody's word.
fn recipients_word(item: &Item) -> String {
    let Item::Notice(notice) = item else { return String::new() };
    let moved = match notice.state() {
        ReferralState::InfoRequested
        | ReferralState::Accepted
        | ReferralState::Rejected
        | ReferralState::InProgress
        | ReferralState::OnHold
        | ReferralState::Completed
        | ReferralState::Failed
        | ReferralState::Cancelled => notice.kind() == Kind::StateChanged,
        ReferralState::Unspecified
        | ReferralState::Requested
        | ReferralState::CancelRequested
        | ReferralState::Expired
        | ReferralState::ConsentWithdrawn
        | ReferralState::EnteredInError => false,
    };
    if moved { "virkailija-1".into() } else { String::new() }
}

/// What can be sent in this matter, each with a name.
pub(super) fn items(matter: Matter) -> Vec<(&'static str, Item)> {
    let news = |kind, state| Item::Notice(notice(kind, state));
    match matter {
        Matter::Referral => vec![("referral", handover())],
        Matter::StateChange => vec![
            ("cancellation-asked", news(Kind::StateChanged, ReferralState::CancelRequested)),
            ("cancellation", news(Kind::StateChanged, ReferralState::Cancelled)),
        ],
        Matter::Information => {
            let notice = ReferralNotice {
                answer: Some(content()),
                ..notice(Kind::InformationProvided, ReferralState::Requested)
            };
            vec![("information", Item::Notice(notice))]
        }
        Matter::ConsentWithdrawal => {
            vec![("withdrawal", news(Kind::ConsentWithdrawn, ReferralState::ConsentWithdrawn))]
        }
        Matter::PlanPart => vec![
            ("plan", Item::PlanPart(plan_part(&[ServiceNeeds, JointPlan, ServiceAttendance]))),
            (
                "plan-withdrawn",
                Item::PlanPart(PlanPart {
                    consent_withdrawn: true,
                    revision: 4,
                    state: PlanState::Revoked.into(),
                    background: Some(ReferralContent {
                        identity_code: HETU.into(),
                        ..ReferralContent::default()
                    }),
                    ..PlanPart {
                        client_view: String::new(),
                        worker_view: String::new(),
                        next_review: String::new(),
                        responsible_worker: None,
                        standing: None,
                        ..plan_part(&[])
                    }
                }),
            ),
        ],
        Matter::DisclosureNotice => vec![(
            "disclosure",
            Item::Disclosure(DisclosureNotice {
                identity_code: HETU.into(),
                disclose_time: wire("2026-11-21T09:30:00Z"),
                disclosed_message: message(1),
                told_to: "te/nuoret".into(),
                purpose: PURPOSE.into(),
                data_sets: vec![IdentityContact.into(), SocialSituation.into()],
                bases: vec![Basis {
                    kind: basis::Kind::DisclosurePermit.into(),
                    rule: "disclosure-permit".into(),
                    statute: "703/2023".into(),
                    consent: format!("youths/{YOUTH}/consents/{CONSENT}"),
                    consent_version: 1,
                }],
                origin: Some(Origin { service_task: "2".into(), documents: vec!["1.2.246.10.1.1".into()] }),
                consents: vec![permit()],
                arrival: Arrival::Known.into(),
                temporary_id: String::new(),
            }),
        )],
    }
}

/// The permit to disclose that a notice of a disclosure names, recorded by a professional.
fn permit() -> Consent {
    Consent {
        name: format!("youths/{YOUTH}/consents/{CONSENT}"),
        state: ConsentState::Given.into(),
        terms: Some(ConsentTerms {
            kind: ConsentKind::DisclosurePermit.into(),
            disclosers: vec!["social".into()],
            recipients: vec!["te/nuoret".into()],
            purposes: vec![PURPOSE.into()],
            categories: vec![IdentityContact.into(), SocialSituation.into()],
            explicit_categories: vec![SocialSituation.into()],
            valid_from: wire("2026-11-01T08:00:00Z"),
            legal_basis: LegalBasis::PublicTask.into(),
            permit_domain: PermitDomain::Social.into(),
            ..ConsentTerms::default()
        }),
        recorder: "social".into(),
        recorder_unit: "lapsiperheet".into(),
        recorder_professional: "tt-17".into(),
        create_time: wire("2026-11-01T08:00:00Z"),
        ..Consent::default()
    }
}

/// As what a message in this matter is taken in.
pub(super) fn taken_as(matter: Matter) -> TakenInKind {
    match matter {
        Matter::Referral => TakenInKind::Referral,
        Matter::StateChange | Matter::Information | Matter::ConsentWithdrawal => TakenInKind::Notice,
        Matter::PlanPart => TakenInKind::PlanPart,
        Matter::DisclosureNotice => TakenInKind::Disclosure,
    }
}

/// A question about the person.
pub(super) fn query(categories: &[DataCategory]) -> FactsQuery {
    FactsQuery {
        query_id: QUERY.into(),
        requester: OHJAAMO.into(),
        professional: "ohjaaja-1".into(),
        purpose: PURPOSE.into(),
        categories: categories.iter().map(|category| i32::from(*category)).collect(),
        identity_code: HETU.into(),
    }
}

fn wire(text: &str) -> Option<prost_types::Timestamp> {
    time::to_wire(instant(text)).ok()
}
