//! A part keeps its place.

use super::Gather;
use crate::v1::{Journey, ListReferralsResponse, Referral, ReferralChange};

fn referral(name: &str) -> Referral {
    Referral { name: name.to_owned(), ..Referral::default() }
}

#[test]
fn lists_keep_the_order_of_their_parts() {
    let mut list = ListReferralsResponse::default();
    list.gather(referral("first"));
    list.gather(referral("second"));
    let names: Vec<&str> = list.referrals.iter().map(|referral| referral.name.as_str()).collect();
    assert_eq!(names, ["first", "second"]);

    let mut journey = Journey::default();
    journey.gather(referral("only"));
    assert_eq!(journey.referrals.len(), 1);
    assert!(journey.consents.is_empty());
}

#[test]
fn a_single_place_holds_the_last_part() {
    let mut change = ReferralChange::default();
    change.gather(referral("first"));
    change.gather(referral("second"));
    assert_eq!(change.referral.map(|referral| referral.name), Some("second".to_owned()));
}
