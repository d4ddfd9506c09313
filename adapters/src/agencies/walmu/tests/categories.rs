//! Does no value reach the workshop whose category the permit does not have?

use super::*;

#[test]
fn every_set_of_categories() {
    trial::try_every_subset("walmu", r#""tulos""#, |delivery, decision| {
        let message = Message::of(Envelope::open(delivery).unwrap(), &trial::agency("walmu"), decision);
        message.unwrap().body
    });
}
