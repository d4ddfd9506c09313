//! Does no value reach the office whose category the permit does not have?

use super::*;

#[test]
fn every_set_of_categories() {
    let office = office();
    trial::try_every_subset("te", "<tns:tulos>", |delivery, _| {
        let message = Message::of(Envelope::open(delivery).unwrap(), &trial::agency("te")).unwrap();
        office.office.write(&message).unwrap()
    });
}
