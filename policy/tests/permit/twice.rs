//! A permit is used up when it is spent.

use jiff::Timestamp;
use polku_policy::{Authorised, Reader};
use polku_proto::v1::Delivery;

fn twice(permit: Authorised<Delivery>, reader: &Reader, now: Timestamp) {
    let _first = permit.spend(reader, now);
    let _second = permit.spend(reader, now);
}

fn main() {
    let _ = twice;
}
