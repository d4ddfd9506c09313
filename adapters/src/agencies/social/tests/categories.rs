//! Does no value reach social services whose category the permit does not have?

use polku_proto::v1::{DataCategory, Origin};

use super::*;
use crate::agencies::trial::Places;

const PLACES: Places = Places {
    contact_language: "\"communication\"",
    education_level: "\"education_level\"",
    job_seeker_status: "urn:polku:job-seeker-status",
    rejection_reason: "urn:polku:rejection-reason",
    outcome: "urn:polku:outcome",
    questionnaire: "questionnaire-before",
};

#[test]
fn every_set_of_categories() {
    let social = social();
    trial::try_every_referral("social", &PLACES, |delivery, decision| {
        social.message(delivery, decision, trial::now()).unwrap().body.into()
    });
}

#[test]
fn any_set_of_categories_of_anything() {
    let social = social();
    trial::try_any_cut("social", |delivery, decision| {
        // Not everything can be written in FHIR: then nothing is.
        social
            .message(delivery, decision, trial::now())
            .map(|message| message.body.into())
            .unwrap_or_default()
    });
}

#[test]
fn every_set_of_categories_of_a_plan() {
    let social = social();
    trial::try_every_plan("social", &PLACES, |delivery, decision| {
        social.message(delivery, decision, trial::now()).unwrap().body.into()
    });
}

#[test]
fn every_set_of_categories_of_a_disclosure_notice() {
    use DataCategory::{ServiceAttendance, SocialSituation};
    let social = social();
    let full = |text: &mut dyn FnMut(DataCategory) -> String| {
        let mut notice = disclosures::notice();
        notice.origin =
            Some(Origin { service_task: text(SocialSituation), documents: vec![text(SocialSituation)] });
        notice.consents[0].recorder_professional = text(ServiceAttendance);
        notice
    };
    trial::try_every_disclosure("social", full, |delivery, decision| {
        social.message(delivery, decision, trial::now()).unwrap().body.into()
    });
}
