//! A permit is for one use: it cannot be cloned.

use polku_policy::Authorised;
use polku_proto::v1::Delivery;

fn twice(permit: &Authorised<Delivery>) -> (Authorised<Delivery>, Authorised<Delivery>) {
    (permit.clone(), permit.clone())
}

fn main() {
    let _ = twice;
}
