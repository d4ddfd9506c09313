//! A message is not valid before it has been checked.

use polku_proto::Valid;
use polku_proto::v1::Delivery;

fn literal() -> Valid<Delivery> {
    Valid(Delivery::default())
}

fn nothing() -> Valid<Delivery> {
    Valid::default()
}

fn converted() -> Valid<Delivery> {
    Delivery::default().into()
}

fn main() {
    let _ = (literal, nothing, converted);
}
