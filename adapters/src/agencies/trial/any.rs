//! Which payloads can there be at all? Strategies over the whole of what the contract allows.

use jiff::Timestamp;
use jiff::civil::Date;
use polku_proto::v1::{
    ContactDetails, EducationWork, PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart, ReferralContent,
    Worker,
};
use polku_proto::{CategorySet, Disclose as _, time};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::plan_part;

/// Few cases, each of them large.
pub(in crate::agencies) fn config() -> ProptestConfig {
    ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() }
}

/// Texts of one to `max` characters: of Finland, of any script, with what looks like markup, and the longest.
pub(in crate::agencies) fn words(max: usize) -> BoxedStrategy<String> {
    let some = prop_oneof![
        4 => "[a-zåäöA-ZÅÄÖ0-9 .,–]{1,40}",
        2 => "\\PC{1,40}",
        1 => Just(" <![CDATA[ä]]> ]]> &amp; &#0; <b a='1'/> \"{}\\u0000 ".to_owned()),
        1 => Just("\r\nrivi\r\n\r\rrivi\n\r".to_owned()),
        1 => Just("\t\n reunat\u{a0}\u{85} \n\u{2028}\u{ad}\u{e000}\u{10ffff}".to_owned()),
        1 => Just("Ö".repeat(max)),
    ];
    // The contract takes no character that XML cannot express.
    some.prop_map(move |text| {
        text.chars().filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).take(max).collect()
    })
    .prop_filter("a text", |text: &String| !text.is_empty())
    .boxed()
}

/// The same, or nothing.
pub(in crate::agencies) fn maybe_words(max: usize) -> BoxedStrategy<String> {
    prop_oneof![1 => Just(String::new()), 3 => words(max)].boxed()
}

/// An id, as the pattern allows it.
pub(in crate::agencies) fn maybe(pattern: &'static str) -> BoxedStrategy<String> {
    prop_oneof![1 => Just(String::new()), 3 => pattern].boxed()
}

/// Dates of the calendar, leap days among them.
pub(in crate::agencies) fn maybe_date() -> BoxedStrategy<String> {
    let year = prop_oneof![3 => 1900_i16..=2100, 1 => 1_i16..=9999];
    let date = prop_oneof![6 => (year, 1_i8..=12, 1_i8..=31), 1 => ((1_i16..=2499).prop_map(|year| year * 4), Just(2), Just(29))];
    let date = date.prop_filter_map("a date", |(year, month, day)| {
        Date::new(year, month, day).ok().map(|date| date.to_string())
    });
    prop_oneof![1 => Just(String::new()), 3 => date].boxed()
}

/// The first and the last day of something, either of which may be missing.
pub(in crate::agencies) fn period() -> BoxedStrategy<(String, String)> {
    let ordered = |(one, other): (String, String)| {
        if other.is_empty() || one <= other { (one, other) } else { (other, one) }
    };
    (maybe_date(), maybe_date()).prop_map(ordered).boxed()
}

/// Instants of the years that the contract can express, of every precision.
pub(in crate::agencies) fn instant() -> BoxedStrategy<Timestamp> {
    let nanos = prop_oneof![Just(0), Just(500_000_000), 0..1_000_000_000_i32];
    (-62_135_596_800..253_402_207_199_i64, nanos)
        .prop_filter_map("an instant", |(seconds, nanos)| Timestamp::new(seconds, nanos).ok())
        .prop_filter("of the contract", |instant| time::to_wire(*instant).is_ok())
        .boxed()
}

/// What can be told of a person.
pub(in crate::agencies) fn content() -> BoxedStrategy<ReferralContent> {
    let contact =
        (
            maybe("\\+?[0-9 ()-]{5,20}"),
            maybe_words(254),
            maybe_words(200),
            maybe("[A-Za-z0-9 -]{1,10}"),
            maybe_words(100),
            maybe("[0-9]{3}"),
        )
            .prop_map(|(phone, email, street_address, postal_code, city, municipality)| {
                ContactDetails { phone, email, street_address, postal_code, city, municipality }
            });
    let work = (option::of(0..=9_i32), maybe_words(1000), maybe_words(2000), maybe("[0-9]{2}")).prop_map(
        |(education_level, education, work_history, job_seeker_status)| EducationWork {
            education_level,
            education,
            work_history,
            job_seeker_status,
        },
    );
    let person = (maybe("[a-z]{2}"), maybe_words(200), maybe_words(200), maybe_words(300), maybe_words(300));
    let texts = vec(maybe_words(2000), 9);
    (person, option::of(contact), option::of(work), vec(words(500), 0..4), texts)
        .prop_map(
            |(
                (contact_language, given_names, family_name, correspondence_address, contact_wish),
                contact,
                work,
                needs,
                texts,
            )| {
                let [reason, social, health, housing, benefits, plan, attendance, measures, quality] =
                    <[String; 9]>::try_from(texts).unwrap();
                ReferralContent {
                    identity_code: "010594Y9032".into(),
                    given_names,
                    family_name,
                    contact_language,
                    contact: contact.filter(|contact| *contact != ContactDetails::default()),
                    reason,
                    service_needs: needs,
                    education_work: work.filter(|work| *work != EducationWork::default()),
                    social_situation: social,
                    health_capacity: health,
                    housing,
                    benefits_income: benefits,
                    joint_plan: plan,
                    service_attendance: attendance,
                    outcome_measures: measures,
                    quality_of_life: quality,
                    correspondence_address,
                    contact_wish,
                }
            },
        )
        .boxed()
}

const CATEGORIES: std::ops::RangeInclusive<i32> = 2..=15;
const ID: &str = "[A-Za-z._:-][A-Za-z0-9._:-]{0,9}";

fn needs() -> BoxedStrategy<Vec<PlanNeed>> {
    let need = (CATEGORIES, words(2000), any::<bool>());
    vec(need, 0..4)
        .prop_map(|all| {
            let needs = all.into_iter().enumerate().map(|(number, (category, text, found_in_meeting))| {
                PlanNeed { id: format!("n{number}"), category, text, found_in_meeting }
            });
            needs.collect()
        })
        .boxed()
}

fn goals() -> BoxedStrategy<Vec<PlanGoal>> {
    let goal = (CATEGORIES, words(2000), 1..=9_i32, 0..=9_i32, maybe_date(), vec(0..4_usize, 0..3));
    vec(goal, 0..4)
        .prop_map(|all| {
            let goals = all.into_iter().enumerate();
            let goals = goals.map(|(number, (category, text, state, achievement, due, needs))| PlanGoal {
                id: format!("g{number}"),
                category,
                text,
                state,
                achievement,
                due,
                needs: needs.into_iter().map(|number| format!("n{number}")).collect(),
            });
            goals.collect()
        })
        .boxed()
}

fn actions() -> BoxedStrategy<Vec<PlanAction>> {
    let ptv = maybe("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
    let action = (
        CATEGORIES,
        words(2000),
        1..=6_i32,
        option::of(0..4_usize),
        maybe_words(200),
        ptv,
        period(),
        maybe_words(1000),
    );
    vec(action, 0..4)
        .prop_map(|all| {
            let actions = all.into_iter().enumerate();
            let actions = actions.map(
                |(number, (category, text, state, goal, provider, ptv_service, (start, end), reason))| {
                    PlanAction {
                        id: format!("a{number}"),
                        category,
                        text,
                        state,
                        goal: goal.map(|number| format!("g{number}")).unwrap_or_default(),
                        provider,
                        ptv_service,
                        start,
                        end,
                        reason,
                    }
                },
            );
            actions.collect()
        })
        .boxed()
}

fn meetings() -> BoxedStrategy<Vec<PlanMeeting>> {
    let meeting = (
        CATEGORIES,
        option::of(instant()),
        1..=3_i32,
        maybe_words(200),
        vec(words(200), 0..3),
        maybe_words(2000),
    );
    vec(meeting, 0..4)
        .prop_map(|all| {
            let meetings = all.into_iter().enumerate();
            let meetings =
                meetings.map(|(number, (category, time, state, place, participants, note))| PlanMeeting {
                    id: format!("m{number}"),
                    category,
                    time: time.map(|instant| time::to_wire(instant).unwrap()),
                    state,
                    place,
                    participants,
                    note,
                });
            meetings.collect()
        })
        .boxed()
}

fn worker() -> BoxedStrategy<Worker> {
    (
        maybe("[A-Za-z._:@-]{1,64}"),
        maybe_words(200),
        maybe(ID),
        maybe("\\+?[0-9 ()-]{5,20}"),
        maybe_words(254),
    )
        .prop_map(|(id, name, unit, phone, email)| Worker { id, name, unit, phone, email })
        .boxed()
}

/// What a part of a plan can be.
pub(in crate::agencies) fn plan() -> BoxedStrategy<PlanPart> {
    let frame = (
        maybe("[A-Za-z._:-]{1,128}"),
        prop_oneof![1 => Just(0), 5 => 1..=u64::MAX],
        option::of(instant()),
        1..=6_i32,
        any::<bool>(),
    );
    let items = (needs(), goals(), actions(), meetings());
    let views = (maybe_words(4000), maybe_words(4000), maybe_date(), option::of(worker()));
    (frame, option::of(content()), items, views)
        .prop_map(|(frame, background, items, views)| {
            let (reference, revision, update_time, state, redacted) = frame;
            let (needs, goals, actions, meetings) = items;
            let (client_view, worker_view, next_review, responsible_worker) = views;
            let mut part = PlanPart {
                reference,
                revision,
                update_time: update_time.map(|instant| time::to_wire(instant).unwrap()),
                state,
                redacted,
                consent_withdrawn: false,
                background,
                needs,
                goals,
                actions,
                meetings,
                client_view,
                worker_view,
                next_review,
                responsible_worker: responsible_worker.filter(|worker| *worker != Worker::default()),
                ..plan_part()
            };
            // An id of no item in the part is never told.
            part.restrict(CategorySet::ALL);
            part
        })
        .boxed()
}
