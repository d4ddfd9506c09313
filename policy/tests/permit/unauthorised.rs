//! Whoever delivers wants a permit: a message alone does not do, be it valid or not.

use polku_policy::{Authorised, ConsentIndex, Denied, Engine, Question};
use polku_proto::v1::Delivery;
use polku_proto::{CategorySet, Valid};

fn deliver(_permit: Authorised<Delivery>) {}

fn plain(delivery: Delivery) {
    deliver(delivery);
}

fn valid(delivery: Valid<Delivery>) {
    deliver(delivery);
}

fn unchecked(
    engine: &Engine,
    index: &ConsentIndex,
    question: &Question,
    delivery: Delivery,
) -> Result<Authorised<Delivery>, Denied> {
    engine.authorise(index, delivery, CategorySet::EMPTY, question)
}

fn main() {
    let _ = (plain, valid, unchecked);
}
