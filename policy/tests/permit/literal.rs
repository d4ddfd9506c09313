//! A permit cannot be written down as a literal.

use polku_policy::Authorised;
use polku_proto::v1::Delivery;

fn main() {
    let _forged: Authorised<Delivery> = Authorised {
        payload: Delivery::default(),
    };
}
