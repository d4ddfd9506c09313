//! Does no value reach the workshop whose category the permit does not have?

use polku_policy::Decision;
use polku_proto::v1::Delivery;

use super::*;

fn written(delivery: Delivery, decision: &Decision) -> Vec<u8> {
    Message::of(Envelope::open(delivery).unwrap(), &trial::agency("walmu"), decision).unwrap().body
}

#[test]
fn every_set_of_categories() {
    trial::try_every_subset("walmu", r#""tulos""#, written);
}

#[test]
fn any_set_of_categories_of_anything() {
    trial::try_any_cut("walmu", written);
}

#[test]
fn every_set_of_categories_of_a_plan() {
    trial::try_every_plan("walmu", &trial::FINNISH, written);
}
