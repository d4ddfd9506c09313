//! The payload of a permit cannot be read without spending it.

use polku_policy::Authorised;
use polku_proto::v1::Delivery;

fn by_reference(permit: &Authorised<Delivery>) -> &Delivery {
    permit.as_ref()
}

fn by_conversion(permit: Authorised<Delivery>) -> Delivery {
    permit.into()
}

fn main() {
    let _ = (by_reference, by_conversion);
}
