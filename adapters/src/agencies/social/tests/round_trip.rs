//! Is nothing lost of what is permitted? What the adapter writes is read back as if another gateway had sent it.

use std::sync::LazyLock;

use polku_proto::time;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    Achievement, ActionState, ContactDetails, EducationWork, GoalState, LegalClaim, LegalGround,
    MeetingState, PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart, PlanState, ReferralContent,
    ReferralHandover, ReferralNotice, ReferralState, Worker, referral_notice,
};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::{InboundChange, InboundMatter};

/// Anything that people write, and some that machines trip over.
fn text(longest: usize) -> BoxedStrategy<String> {
    let odd = select(vec![
        "]]>",
        "<b>&amp;</b>",
        "\"}],",
        "\\u0041",
        "{{x}}",
        "😀 ääkköset ÅÖ",
        "\u{a0}€\u{2028}x",
        "\t\n a",
        "rivi\r\n\rrivi\r",
        "null",
    ]);
    prop_oneof![
        4 => "[A-ZÅÄÖa-zåäö0-9 .,:;!?'\"<>&/\\\\\\[\\]{}|=+*#%@\n\t-]{1,60}",
        2 => odd.prop_map(str::to_owned),
        1 => Just("ö".repeat(longest)),
    ]
    .prop_filter("says something", |text| !text.trim().is_empty())
    .boxed()
}

fn perhaps(longest: usize) -> BoxedStrategy<String> {
    weighted(0.6, text(longest)).prop_map(Option::unwrap_or_default).boxed()
}

fn word(pattern: &'static str) -> BoxedStrategy<String> {
    weighted(0.6, pattern).prop_map(Option::unwrap_or_default).boxed()
}

fn day() -> BoxedStrategy<String> {
    (1900_i32..2100, 1_u8..13, 1_u8..29)
        .prop_map(|(year, month, day)| format!("{year}-{month:02}-{day:02}"))
        .boxed()
}

fn when() -> BoxedStrategy<Timestamp> {
    let nanos = prop_oneof![Just(0), Just(500_000_000), 0_i32..1_000_000_000];
    (0_i64..4_000_000_000, nanos).prop_map(|(seconds, nanos)| Timestamp::new(seconds, nanos).unwrap()).boxed()
}

fn content() -> BoxedStrategy<ReferralContent> {
    let contact = (
        word("\\+?[0-9 ()-]{5,20}"),
        word("[a-z0-9.]{1,20}@[a-z.]{3,20}"),
        perhaps(200),
        word("[A-Za-z0-9-]{1,10}"),
        perhaps(100),
        word("[0-9]{3}"),
    );
    let contact = contact.prop_filter_map(
        "a phone",
        |(phone, email, street_address, postal_code, city, municipality)| {
            (phone.is_empty() || !phone.trim().is_empty()).then_some(ContactDetails {
                phone,
                email,
                street_address,
                postal_code,
                city,
                municipality,
            })
        },
    );
    let education = (proptest::option::of(0..=9), perhaps(1000), perhaps(2000), word("[0-9]{2}"));
    let education = education.prop_map(|(education_level, education, work_history, job_seeker_status)| {
        EducationWork { education_level, education, work_history, job_seeker_status }
    });
    let person = (perhaps(200), perhaps(200), word("[a-z]{2}"), contact, perhaps(300), perhaps(300));
    let texts = proptest::collection::vec(perhaps(2000), 8);
    let needs = proptest::collection::vec(text(500), 0..4);
    (person, education, texts, needs, perhaps(4000))
        .prop_map(|(person, education, texts, service_needs, reason)| {
            let (given_names, family_name, contact_language, contact, correspondence_address, contact_wish) =
                person;
            let at = |place: usize| texts[place].clone();
            ReferralContent {
                identity_code: "010594Y9032".into(),
                given_names,
                family_name,
                contact_language,
                contact: (contact != ContactDetails::default()).then_some(contact),
                reason,
                service_needs,
                education_work: (education != EducationWork::default()).then_some(education),
                social_situation: at(0),
                health_capacity: at(1),
                housing: at(2),
                benefits_income: at(3),
                joint_plan: at(4),
                service_attendance: at(5),
                outcome_measures: at(6),
                quality_of_life: at(7),
                correspondence_address,
                contact_wish,
            }
        })
        .boxed()
}

// Both take longer to make than a case.
pub(super) static SOCIAL: LazyLock<SocialServices> = LazyLock::new(social);
static DECISION: LazyLock<Decision> =
    LazyLock::new(|| trial::spent(to_social(Item::Handover(trial::handover(None)))).1);

/// Turns a message to social services into one of the sender's own system to its gateway: there, a professional of a
/// unit stands behind it.
pub(super) fn turned(delivery: Delivery) -> Value {
    let message = SOCIAL.message(delivery, &DECISION, trial::now()).map_err(|failure| failure.kind).unwrap();
    let mut bundle: Value = serde_json::from_slice(&message.body).unwrap();
    let agent = bundle.pointer_mut(&format!("/entry/{}/resource/agent/0", message.entries - 1)).unwrap();
    agent["onBehalfOf"]["identifier"] = json!({"system": "urn:polku:agency", "value": "ohjaamo/keskusta"});
    bundle
}

fn read(bundle: &Value) -> InboundMatter {
    let own = trial::agency("ohjaamo");
    let event = inbound::reader(&own, &SOCIAL.organisations).event(bundle.to_string().as_bytes());
    event.unwrap_or_else(|error| panic!("{error}\n{bundle:#}")).matter
}

pub(super) fn from_professional(item: Item) -> Delivery {
    Delivery { professional: "ohjaaja-7".into(), ..to_social(item) }
}

fn bare(content: &ReferralContent) -> ReferralContent {
    ReferralContent { identity_code: String::new(), ..content.clone() }
}

fn item_category() -> BoxedStrategy<i32> {
    (2..=15_i32).boxed()
}

fn item_id() -> &'static str {
    "[A-Za-z0-9._:-]{1,64}"
}

pub(super) fn plan() -> BoxedStrategy<PlanPart> {
    let need = (item_id(), item_category(), text(2000), any::<bool>());
    let need = need.prop_map(|(id, category, text, found_in_meeting)| PlanNeed {
        id,
        category,
        text,
        found_in_meeting,
    });
    let references = proptest::collection::vec(item_id(), 0..3);
    let goal =
        (item_id(), item_category(), text(2000), 1..=9_i32, 0..=9_i32, weighted(0.5, day()), references);
    let goal = goal.prop_map(|(id, category, text, state, achievement, due, needs)| PlanGoal {
        id,
        category,
        text,
        state: GoalState::try_from(state).unwrap().into(),
        achievement: Achievement::try_from(achievement).unwrap().into(),
        due: due.unwrap_or_default(),
        needs,
    });
    let service = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
    let days = (weighted(0.5, day()), weighted(0.5, day()));
    let action = (
        item_id(),
        item_category(),
        text(2000),
        1..=6_i32,
        word(item_id()),
        perhaps(200),
        word(service),
        days,
        perhaps(1000),
    );
    let action =
        action.prop_map(|(id, category, text, state, goal, provider, ptv_service, (start, end), reason)| {
            let (start, end) = (start.unwrap_or_default(), end.unwrap_or_default());
            let (start, end) = if end.is_empty() || start <= end { (start, end) } else { (end, start) };
            PlanAction {
                id,
                category,
                text,
                state: ActionState::try_from(state).unwrap().into(),
                goal,
                provider,
                ptv_service,
                start,
                end,
                reason,
            }
        });
    let participants = proptest::collection::vec(text(200), 0..3);
    let meeting = (item_id(), item_category(), when(), 1..=3_i32, perhaps(200), participants, perhaps(2000));
    let meeting = meeting.prop_map(|(id, category, when, state, place, participants, note)| PlanMeeting {
        id,
        category,
        time: time::to_wire(when).ok(),
        state: MeetingState::try_from(state).unwrap().into(),
        place,
        participants,
        note,
    });
    let worker = (
        word("[A-Za-z._:@-]{1,64}"),
        perhaps(200),
        word("[A-Za-z0-9._:-]{1,64}"),
        word("\\+[0-9]{5,19}"),
        word("[a-z]{1,9}@[a-z.]{3,20}"),
    );
    let worker = worker.prop_map(|(id, name, unit, phone, email)| Worker { id, name, unit, phone, email });
    let items = (
        proptest::collection::vec(need, 0..4),
        proptest::collection::vec(goal, 0..4),
        proptest::collection::vec(action, 0..4),
        proptest::collection::vec(meeting, 0..3),
    );
    let rest =
        (perhaps(4000), perhaps(4000), weighted(0.5, day()), worker, any::<bool>(), word("[A-Z.:_-]{1,128}"));
    (content(), items, rest, 1..2_147_483_647_u64, 1..=6_i32, when())
        .prop_map(|(background, items, rest, revision, state, update_time)| {
            let (needs, goals, actions, meetings) = items;
            let (client_view, worker_view, next_review, worker, redacted, reference) = rest;
            let (mut needs, mut goals, mut actions, mut meetings) = (needs, goals, actions, meetings);
            // Each stands once among its kind.
            let ids = needs.iter_mut().map(|need| &mut need.id);
            let ids = ids.chain(goals.iter_mut().map(|goal| &mut goal.id));
            let ids = ids.chain(actions.iter_mut().map(|action| &mut action.id));
            let ids = ids.chain(meetings.iter_mut().map(|meeting| &mut meeting.id));
            for (number, id) in ids.enumerate() {
                *id = format!("{}.{number}", id.chars().take(60).collect::<String>());
            }
            for goal in &mut goals {
                let served = needs.iter().map(|need| need.id.clone());
                goal.needs = served.take(goal.needs.len()).collect();
            }
            for action in actions.iter_mut().filter(|action| !action.goal.is_empty()) {
                action.goal = goals.last().map(|goal| goal.id.clone()).unwrap_or_default();
            }
            PlanPart {
                plan: format!("youths/{}/plans/{}", trial::YOUTH, trial::PLAN),
                owner: "ohjaamo".into(),
                reference,
                revision,
                update_time: time::to_wire(update_time).ok(),
                state: PlanState::try_from(state).unwrap().into(),
                redacted,
                consent_withdrawn: false,
                background: Some(background),
                needs,
                goals,
                actions,
                meetings,
                client_view,
                worker_view,
                next_review: next_review.unwrap_or_default(),
                responsible_worker: (worker != Worker::default()).then_some(worker),
            }
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_referral(
        content in content(),
        respond_by in proptest::option::of(when()),
        purpose in 1..=7_i32,
        claim in proptest::option::of((1..=10_i32, perhaps(2000), 1..=3_i32)),
        unit in word("[A-Za-z0-9._:-]{1,64}"),
        redacted in any::<bool>(),
    ) {
        let claim = claim.map(|(ground, statement, asked)| LegalClaim {
            ground: LegalGround::try_from(ground).unwrap().into(),
            statement,
            consent_asked: ConsentAsked::try_from(asked).unwrap().into(),
        });
        let handover = ReferralHandover {
            purpose,
            respond_by: respond_by.and_then(|end| time::to_wire(end).ok()),
            recipient_unit: unit.clone(),
            claim: claim.clone(),
            redacted,
            ..trial::handover(Some(content.clone()))
        };
        let InboundMatter::Referral(read) = read(&turned(from_professional(Item::Handover(handover)))) else {
            panic!("no referral")
        };
        prop_assert!(read.content == bare(&content));
        prop_assert_eq!(read.identity.expose(), "010594Y9032");
        prop_assert_eq!(i32::from(read.purpose), purpose);
        prop_assert!(read.claim == claim);
        prop_assert_eq!((read.respond_by, read.redacted), (respond_by, redacted));
        let recipient = if unit.is_empty() { "social".to_owned() } else { format!("social/{unit}") };
        prop_assert_eq!(read.recipient.to_string(), recipient);
    }

    #[test]
    fn an_answer(content in content()) {
        let answer = bare(&content);
        let notice = ReferralNotice {
            kind: referral_notice::Kind::InformationProvided.into(),
            state: ReferralState::Requested.into(),
            rejection_reason: 0,
            outcome: 0,
            status_note: String::new(),
            sender_note: String::new(),
            answer: Some(answer.clone()),
            ..trial::notice()
        };
        let InboundMatter::Change { referral, change } =
            read(&turned(from_professional(Item::Notice(notice)))) else { panic!("no change") };
        prop_assert_eq!(referral.to_string(), trial::REFERRAL);
        let provided = InboundChange::ProvideInformation { answer: Box::new(answer), origin: None };
        prop_assert!(change == provided);
    }

    #[test]
    fn a_word_on_the_state(note in text(2000), reason in 1..=6_i32) {
        let notice = |state: ReferralState, rejection_reason| ReferralNotice {
            state: state.into(),
            rejection_reason,
            outcome: 0,
            answer: None,
            sender_note: note.clone(),
            ..trial::notice()
        };
        let changed = |notice| {
            let matter = read(&turned(from_professional(Item::Notice(notice))));
            let InboundMatter::Change { change, .. } = matter else { panic!("{matter:?}") };
            change
        };
        let rejected = InboundChange::Reject { reason: reason.try_into().unwrap(), note: note.clone() };
        prop_assert!(changed(notice(ReferralState::Rejected, reason)) == rejected);
        let cancelled = InboundChange::Cancel { note: note.clone() };
        prop_assert!(changed(notice(ReferralState::CancelRequested, 0)) == cancelled);
    }

    #[test]
    fn a_plan(part in plan()) {
        let delivery = Delivery { referral: String::new(), ..from_professional(Item::PlanPart(part.clone())) };
        let InboundMatter::PlanPart(read) = read(&turned(delivery)) else { panic!("no plan") };
        let background = bare(part.background.as_ref().unwrap());
        let background = (background != ReferralContent::default()).then_some(background);
        let expected = PlanPart { background, ..part };
        prop_assert!(read.part == expected, "{:#?}\n{:#?}", read.part, expected);
        prop_assert_eq!(read.identity.expose(), "010594Y9032");
    }
}
