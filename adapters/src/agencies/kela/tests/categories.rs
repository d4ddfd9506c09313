//! Does no value reach Kela whose category the permit does not have?

use super::*;

#[test]
fn every_set_of_categories() {
    trial::try_every_subset("kela", r#""tulos""#, |delivery, decision| {
        let message =
            Message::of(Envelope::open(delivery).unwrap(), &trial::agency("kela"), decision, coached());
        message.unwrap().body.to_vec()
    });
}

#[test]
fn any_set_of_categories_of_anything() {
    trial::try_any_cut("kela", |delivery, decision| {
        let message =
            Message::of(Envelope::open(delivery).unwrap(), &trial::agency("kela"), decision, coached());
        message.unwrap().body.to_vec()
    });
}

#[test]
fn every_set_of_categories_of_a_plan() {
    trial::try_every_plan("kela", &trial::FINNISH, |delivery, decision| {
        let message =
            Message::of(Envelope::open(delivery).unwrap(), &trial::agency("kela"), decision, coached());
        message.unwrap().body.to_vec()
    });
}
