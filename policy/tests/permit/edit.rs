//! The payload of a permit cannot be edited.

use polku_policy::Authorised;
use polku_proto::v1::Delivery;

fn field(mut permit: Authorised<Delivery>) {
    permit.payload.recipient = "elsewhere".to_owned();
}

fn through_deref(mut permit: Authorised<Delivery>) {
    permit.recipient = "elsewhere".to_owned();
}

fn through_as_mut(mut permit: Authorised<Delivery>) {
    let delivery: &mut Delivery = permit.as_mut();
    delivery.recipient = "elsewhere".to_owned();
}

fn main() {
    let _ = (field, through_deref, through_as_mut);
}
