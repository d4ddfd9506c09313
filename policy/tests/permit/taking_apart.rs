//! A permit cannot be taken apart.

use polku_policy::Authorised;
use polku_proto::v1::Delivery;

fn take_apart(permit: Authorised<Delivery>) -> Delivery {
    let Authorised { payload, .. } = permit;
    payload
}

fn main() {
    let _ = take_apart;
}
