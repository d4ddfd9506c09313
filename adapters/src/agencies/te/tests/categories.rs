//! Does no value reach the office whose category the permit does not have?

use polku_proto::v1::Delivery;

use super::*;

fn written(office: &EmploymentServices, delivery: Delivery) -> Vec<u8> {
    let message = Message::of(Envelope::open(delivery).unwrap(), &office.office.agency).unwrap();
    office.office.write(&message).unwrap()
}

#[test]
fn every_set_of_categories() {
    let office = office();
    let places = trial::Places { outcome: "<tns:tulos>", ..trial::FINNISH };
    trial::try_every_referral("te", &places, |delivery, _| written(&office, delivery));
}

#[test]
fn any_set_of_categories_of_anything() {
    let office = office();
    trial::try_any_cut("te", |delivery, _| written(&office, delivery));
}

#[test]
fn every_set_of_categories_of_a_plan() {
    let office = office();
    trial::try_every_plan("te", &trial::FINNISH, |delivery, _| written(&office, delivery));
}
