//! A valid message is not a permitted one.

use polku_policy::Authorised;
use polku_proto::Valid;
use polku_proto::v1::Delivery;

fn as_tuple(valid: Valid<Delivery>) -> Authorised<Delivery> {
    Authorised(valid.into_inner())
}

fn by_conversion(valid: Valid<Delivery>) -> Authorised<Delivery> {
    valid.into()
}

fn main() {
    let _ = (as_tuple, by_conversion);
}
