//! A permit cannot be turned to another reader, nor its decision changed.

use polku_policy::{Authorised, Reader};
use polku_proto::CategorySet;
use polku_proto::v1::Delivery;

fn reader(mut permit: Authorised<Delivery>, other: Reader) {
    permit.reader = other;
}

fn decision(permit: &Authorised<Delivery>) {
    permit.decision().permitted = CategorySet::ALL;
}

fn main() {
    let _ = (reader, decision);
}
