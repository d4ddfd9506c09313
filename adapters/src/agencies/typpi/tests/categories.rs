//! Does no value reach the register whose category the permit does not have?

use polku_proto::{CategorySet, Disclose};

use super::*;
use crate::agencies::trial::Places;

fn bytes(register: &JointRegister, delivery: Delivery, decision: &Decision) -> Vec<u8> {
    register.office.write(&message(delivery, decision)).unwrap()
}

#[test]
fn every_set_of_categories() {
    let register = register();
    let places = Places { outcome: "<tns:lopputulos>", ..trial::FINNISH };
    trial::try_every_referral("typpi", &places, |delivery, decision| bytes(&register, delivery, decision));
}

#[test]
fn any_set_of_categories_of_anything() {
    let register = register();
    trial::try_any_cut("typpi", |delivery, decision| bytes(&register, delivery, decision));
}

#[test]
fn every_set_of_categories_of_a_plan() {
    let register = register();
    trial::try_every_plan("typpi", &trial::FINNISH, |delivery, decision| {
        bytes(&register, delivery, decision)
    });
}

#[test]
fn the_consent_says_what_may_be_told() {
    let told = written(part_of(trial::plan_part()));
    let (consent, _) = told.split_once("</tns:suostumus>").unwrap();
    for category in CategorySet::ALL.difference(CategorySet::ENVELOPE).iter() {
        let code = codes::plan::category(category).unwrap();
        let is_told = Disclose::categories(&trial::plan_part()).contains(category);
        let element = format!("<tns:tietoluokka>{code}</tns:tietoluokka>");
        assert_eq!(consent.contains(&element), is_told, "{code}");
    }
}
