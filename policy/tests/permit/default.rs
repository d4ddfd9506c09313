//! There is no permit out of nothing.

use polku_policy::Authorised;
use polku_proto::v1::Delivery;

fn main() {
    let _forged = Authorised::<Delivery>::default();
}
