//! Does nothing of what is withheld stand in an agency's bytes, whatever was written and whatever is permitted?

use std::cell::Cell;
use std::collections::BTreeSet;

use polku_policy::{Decision, Viewer};
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{Delivery, PlanPart};
use polku_proto::{CategorySet, Disclose, Valid};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::any;
use super::subsets::{Trial, Written};
use super::{delivery, plan_part};

/// So many letters and digits in a row are told from chance, and stand in every format as they are.
const LONG: usize = 10;

/// Has any referral, any news of one and any part of a plan written under a consent for any set of categories.
pub(in crate::agencies) fn try_any_cut(
    recipient: &'static str,
    write: impl Fn(Delivery, &Decision) -> Written,
) {
    let (addressee, author) = (Trial::new(recipient), Trial::of_sender(recipient));
    let sent = any::handover()
        .prop_map(move |handover| (delivery(recipient, Item::Handover(handover)), Viewer::Addressee));
    let news = any::news(recipient).prop_map(|(delivery, viewer, _)| (delivery, viewer));
    let plan = (any::plan(), proptest::option::of(any::standing())).prop_map(move |(part, standing)| {
        // A plan that is told has a revision, and the time of it.
        let (revision, update_time) = (part.revision.max(1), part.update_time.or(plan_part().update_time));
        let part = Item::PlanPart(PlanPart { revision, update_time, standing, ..part });
        (Delivery { referral: String::new(), ..delivery(recipient, part) }, Viewer::Addressee)
    });
    let deliveries = prop_oneof![sent, news, plan];
    let (withheld, told) = (Cell::new(0), Cell::new(0));
    let cases = 2 * any::config().cases;
    let config = ProptestConfig { cases, ..any::config() };
    let tried = TestRunner::new(config).run(&(deliveries, any::<u32>()), |((delivery, viewer), bits)| {
        let trial = if viewer == Viewer::Author { &author } else { &addressee };
        let chosen = CategorySet::from_bits_truncate(bits).difference(CategorySet::ENVELOPE);
        let whole = Valid::check(delivery.clone()).unwrap();
        let Some((text, permitted)) = trial.write(chosen, whole, &write) else { return Ok(()) };
        let mut cut = delivery.clone();
        cut.restrict(permitted.union(CategorySet::ENVELOPE));
        let (all, kept) = (runs(&delivery), runs(&cut));
        for run in &all {
            if kept.iter().any(|kept| kept.contains(run.as_str())) {
                told.set(told.get() + u32::from(text.contains(run.as_str())));
            } else {
                withheld.set(withheld.get() + 1);
                prop_assert!(!text.contains(run.as_str()), "{run} under {permitted}\n{text}");
            }
        }
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
    let (withheld, told) = (withheld.get(), told.get());
    assert!(withheld > cases / 4 && told > cases / 4, "{withheld} values were withheld, and {told} told");
}

/// The long runs of letters and digits in the texts of a message.
fn runs<M: Disclose>(message: &M) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    texts(&message.encode_to_vec(), &mut |text| {
        let runs = text.split(|letter: char| !letter.is_alphanumeric());
        found.extend(runs.filter(|run| run.chars().count() >= LONG).map(str::to_owned));
    });
    found
}

/// Goes through a message on the wire. What can be read as a text and as a message is both: that a text is taken apart,
/// too, makes it no less of one.
fn texts(message: &[u8], each: &mut impl FnMut(&str)) {
    let mut rest = message;
    while let Some((tag, after)) = varint(rest) {
        rest = match tag & 7 {
            0 => varint(after).map_or(&[], |(_, after)| after),
            1 => after.get(8..).unwrap_or_default(),
            2 => {
                let Some((length, after)) = varint(after) else { return };
                let Some((field, after)) =
                    usize::try_from(length).ok().and_then(|at| after.split_at_checked(at))
                else {
                    return;
                };
                if let Ok(text) = std::str::from_utf8(field) {
                    each(text);
                }
                texts(field, each);
                after
            }
            5 => after.get(4..).unwrap_or_default(),
            _ => return,
        };
    }
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)? + 1;
    let (number, rest) = bytes.split_at_checked(length)?;
    let value = number.iter().rev().fold(0_u64, |value, byte| (value << 7) | u64::from(byte & 0x7f));
    Some((value, rest))
}
