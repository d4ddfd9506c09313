//! Which payloads can there be at all? Strategies over the whole of what the contract allows.

mod moment;
mod plan;
mod referral;
#[cfg(test)]
mod tests;
mod words;

use polku_proto::v1::{ContactDetails, EducationWork, ReferralContent};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub(in crate::agencies) use moment::{Moment, date, instant, maybe_date, moment, period};
pub(in crate::agencies) use plan::{plan, standing};
pub(in crate::agencies) use referral::{handover, news, step};
pub(in crate::agencies) use words::{maybe_words, words};

/// An id of the contract's, for a unit or an item.
const ID: &str = "[A-Za-z._:-][A-Za-z0-9._:-]{0,9}";

/// Few cases, each of them large.
pub(in crate::agencies) fn config() -> ProptestConfig {
    ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() }
}

/// An id, as the pattern allows it.
pub(in crate::agencies) fn maybe(pattern: &'static str) -> BoxedStrategy<String> {
    prop_oneof![1 => Just(String::new()), 3 => pattern].boxed()
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
