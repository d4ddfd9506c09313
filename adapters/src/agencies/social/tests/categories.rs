//! Does no value reach social services whose category the permit does not have?

use super::*;
use crate::agencies::trial::Places;

const PLACES: Places = Places {
    contact_language: "\"communication\"",
    education_level: "\"education_level\"",
    job_seeker_status: "urn:polku:job-seeker-status",
    rejection_reason: "urn:polku:rejection-reason",
    outcome: "urn:polku:outcome",
};

#[test]
fn every_set_of_categories() {
    let social = social();
    trial::try_every_referral("social", &PLACES, |delivery, decision| {
        social.message(delivery, decision, trial::now()).unwrap().body.into()
    });
}

#[test]
fn every_set_of_categories_of_a_plan() {
    let social = social();
    trial::try_every_plan("social", &PLACES, |delivery, decision| {
        social.message(delivery, decision, trial::now()).unwrap().body.into()
    });
}
