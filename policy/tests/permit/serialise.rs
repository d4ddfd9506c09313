//! A permit cannot be written out, so that it cannot be kept.

use polku_policy::Authorised;
use polku_proto::Disclose;
use polku_proto::v1::Delivery;

fn as_message(permit: &Authorised<Delivery>) -> bool {
    permit.categories().is_empty()
}

fn as_bytes(permit: &Authorised<Delivery>) -> Vec<u8> {
    permit.encode_to_vec()
}

fn as_text(permit: &Authorised<Delivery>) -> String {
    permit.to_string()
}

fn main() {
    let _ = (as_message, as_bytes, as_text);
}
