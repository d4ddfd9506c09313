//! The constructor of a permit is the engine's alone.

use polku_policy::{Authorised, Decision, PurposeSet, Reader};
use polku_proto::v1::Delivery;

fn forge(reader: Reader, decision: Decision) -> Authorised<Delivery> {
    Authorised::new(Delivery::default(), reader, PurposeSet::ALL, decision, None)
}

fn main() {
    let _ = forge;
}
