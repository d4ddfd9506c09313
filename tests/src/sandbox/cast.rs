//! Who is in the story, and what is told about her? All of it is invented.

use polku_proto::v1::actor::Who;
use polku_proto::v1::{
    Actor, ConsentTerms, ContactDetails, DataCategory, EducationWork, Purpose, ReferralContent, SubjectActor,
};

use crate::world::{OHJAAMO, PEOPLE, terms};

/// The city's employment unit, with the joint register of multi-sector support.
pub(super) const CITY: &str = "kaupunki";
/// The wellbeing services county's social services.
pub(super) const SOCIAL: &str = "sosiaali";
/// The star that Ohjaamo works with, and its areas.
pub(super) const STAR: &str = "nuori";
pub(super) const AREAS: [&str; 3] = ["toiveet", "arki", "hyvinvointi"];

/// She is 22 years old.
pub(super) const IDENTITY_CODE: &str = PEOPLE[19];
pub(super) const GIVEN_NAME: &str = "Aino";
pub(super) const FAMILY_NAME: &str = "Esimerkki";
/// What she wants, in her words.
pub(super) const MATTER: &str = "haluaisin joskus omaan kahvilaan töihin";
/// What Kela is asked for.
pub(super) const COACHING: &str = "Nuotti-valmennus";
/// The step that comes next.
pub(super) const STEP: &str = "soitetaan yhdessä asuntotoimistoon";
/// What the employment services are not to know, in the first referral and in the third.
pub(super) const SOCIAL_SITUATION: &str = "nukkuu kaverin sohvalla";
pub(super) const HEALTH: &str = "uupumusta keväästä lähtien";
pub(super) const NOTE: &str = "jännittää uusia ihmisiä";
pub(super) const SECOND_THOUGHTS: &str = "velkaa entiselle vuokranantajalle";

/// The young person herself, through the front that has identified her.
pub(super) fn herself(youth: &str) -> Actor {
    Actor { who: Some(Who::Subject(SubjectActor { youth: youth.to_owned() })) }
}

/// What Aino lets the employment services know. Health is among it, but not named explicitly.
pub(super) fn employment_terms(recipient: &str) -> ConsentTerms {
    let categories = [
        DataCategory::IdentityContact,
        DataCategory::AddressContact,
        DataCategory::EducationWork,
        DataCategory::ServiceNeeds,
        DataCategory::HealthCapacity,
        DataCategory::ReferralStatus,
    ];
    let terms = terms(OHJAAMO, recipient, Purpose::EmploymentServices, &categories);
    ConsentTerms { explicit_categories: Vec::new(), ..terms }
}

/// What she lets the workshop know.
pub(super) fn workshop_terms(recipient: &str) -> ConsentTerms {
    let categories = [
        DataCategory::IdentityContact,
        DataCategory::ServiceNeeds,
        DataCategory::GuidanceNotes,
        DataCategory::ReferralStatus,
    ];
    terms(OHJAAMO, recipient, Purpose::WorkshopCoaching, &categories)
}

/// What she lets the employment services know besides, and thinks better of.
pub(super) fn support_terms(recipient: &str) -> ConsentTerms {
    let categories =
        [DataCategory::IdentityContact, DataCategory::SocialSituation, DataCategory::ReferralStatus];
    terms(OHJAAMO, recipient, Purpose::MultiSectorSupport, &categories)
}

pub(super) fn employment_content() -> ReferralContent {
    ReferralContent {
        contact: Some(ContactDetails {
            phone: "+358 40 0000000".into(),
            city: "Espoo".into(),
            ..ContactDetails::default()
        }),
        reason: NOTE.into(),
        service_needs: vec!["apua työnhakuun".into(), "palkkatuki".into()],
        education_work: Some(EducationWork {
            education_level: Some(3),
            education: "ravintola-alan perustutkinto kesken".into(),
            work_history: "kesätöitä kahvilassa".into(),
            job_seeker_status: "02".into(),
        }),
        social_situation: SOCIAL_SITUATION.into(),
        health_capacity: HEALTH.into(),
        ..named()
    }
}

pub(super) fn workshop_content() -> ReferralContent {
    ReferralContent {
        reason: NOTE.into(),
        service_needs: vec!["arkirytmi ja ryhmä".into()],
        social_situation: SOCIAL_SITUATION.into(),
        ..named()
    }
}

pub(super) fn support_content() -> ReferralContent {
    ReferralContent { social_situation: SECOND_THOUGHTS.into(), ..named() }
}

fn named() -> ReferralContent {
    ReferralContent {
        given_names: GIVEN_NAME.into(),
        family_name: FAMILY_NAME.into(),
        contact_language: "fi".into(),
        ..ReferralContent::default()
    }
}

/// Without what the recipient says.
pub(super) fn told_by_sender(categories: &[i32]) -> Vec<i32> {
    let is_told = |category: &i32| *category != DataCategory::ReferralStatus as i32;
    categories.iter().copied().filter(is_told).collect()
}

/// Data categories as they are written in the story: `identity_contact`.
pub(super) fn names(categories: &[i32]) -> Vec<String> {
    let known = categories.iter().filter_map(|category| DataCategory::try_from(*category).ok());
    let mut names: Vec<String> = known.map(category_name).collect();
    names.sort();
    names
}

pub(super) fn category_name(category: DataCategory) -> String {
    let name = category.as_str_name();
    name.strip_prefix("DATA_CATEGORY_").unwrap_or(name).to_lowercase()
}

/// Why something was held back, as far as the consent alone tells it.
pub(super) fn why(category: i32, terms: &ConsentTerms) -> &'static str {
    if !terms.categories.contains(&category) {
        "her consent does not name it"
    } else if !terms.explicit_categories.contains(&category) {
        "special data (GDPR article 9): her consent would have to name it explicitly"
    } else {
        "another rule stands against it"
    }
}
