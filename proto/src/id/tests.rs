//! Are identifiers and names read strictly and written the same way?

use std::fmt::{Debug, Display};
use std::str::FromStr;

use super::{
    AgencyId, AgencyIdError, ConsentName, IdError, MessageId, NameError, Party, PartyError, ProhibitionName,
    ReferralName, YouthId, YouthName,
};

const ONE: &str = "018f2b6c-7c1e-7d3a-9b1a-0123456789ab";
const TWO: &str = "018f2b6c-7c1e-7d3a-9b1a-ba9876543210";

#[test]
fn only_lower_case_uuids_with_hyphens_are_ids() {
    assert_eq!(ONE.parse::<YouthId>().unwrap().to_string(), ONE);
    for text in [
        "",
        "-",
        &ONE.to_uppercase(),
        &ONE.replace('-', ""),
        &format!("{{{ONE}}}"),
        &format!("urn:uuid:{ONE}"),
        &format!("{ONE} "),
        "018f2b6c-7c1e-7d3a-9b1a-0123456789ag",
        "018f2b6c7-c1e-7d3a-9b1a-0123456789ab",
    ] {
        assert_eq!(text.parse::<MessageId>(), Err(IdError), "{text}");
    }
}

#[test]
fn a_unit_is_no_person() {
    let uuid = "te/aa010594-9032-7d3a-9b1a-010501e90320";
    for text in ["te", "te/nuoret", "te/1.2.246.10.1:a_b", uuid] {
        same::<Party>(text);
    }
    for text in ["te/", "te/a b", "te/010594Y9032", "te/010594y9032", "te/x-010594-9032-1", "Te/nuoret"] {
        assert_eq!(text.parse::<Party>(), Err(PartyError), "{text}");
    }
}

#[test]
fn names_are_read_as_they_are_written() {
    same::<YouthName>(&format!("youths/{ONE}"));
    same::<ReferralName>(&format!("youths/{ONE}/referrals/{TWO}"));
    same::<ConsentName>(&format!("youths/{ONE}/consents/{TWO}"));
    same::<ProhibitionName>(&format!("youths/{ONE}/prohibitions/{TWO}"));
    let name: ReferralName = format!("youths/{ONE}/referrals/{TWO}").parse().unwrap();
    assert_eq!((name.youth.to_string(), name.referral.to_string()), (ONE.to_owned(), TWO.to_owned()));
}

#[test]
fn other_names_are_refused() {
    for text in [
        String::new(),
        format!("youths/{ONE}"),
        format!("youths/{ONE}/consents/{TWO}"),
        format!("youths/{ONE}/referrals/{TWO}/"),
        format!("/youths/{ONE}/referrals/{TWO}"),
        format!("youths/{ONE}/referrals/"),
        format!("youths/-/referrals/{TWO}"),
        format!("youths/{ONE}/referrals/{TWO}/referrals/{TWO}"),
        format!("youths/{}/referrals/{TWO}", ONE.to_uppercase()),
    ] {
        let error = NameError { form: "youths/{youth}/referrals/{referral}" };
        assert_eq!(text.parse::<ReferralName>(), Err(error), "{text}");
    }
    assert!("youths/".parse::<YouthName>().is_err());
    assert!("youths/-".parse::<YouthName>().is_err());
    assert!(ONE.parse::<YouthName>().is_err());
}

#[test]
fn agency_ids() {
    let longest = "a".repeat(32);
    for text in ["te", "kela", "a", "county-1", longest.as_str()] {
        assert_eq!(text.parse::<AgencyId>().unwrap().as_str(), text);
    }
    let too_long = "a".repeat(33);
    for text in ["", "1a", "-a", "Te", "t e", "te\n", "té", "te/kela", too_long.as_str()] {
        assert_eq!(text.parse::<AgencyId>(), Err(AgencyIdError), "{text}");
    }
}

#[track_caller]
fn same<X: FromStr<Err: Debug> + Display>(text: &str) {
    assert_eq!(text.parse::<X>().unwrap().to_string(), text);
}
