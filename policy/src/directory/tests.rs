//! What a directory takes in and what it refuses.

use super::*;

fn id(text: &str) -> AgencyId {
    text.parse().unwrap()
}

fn agency(text: &str) -> Agency {
    Agency { id: id(text), sector: Sector::Employment, standing: Standing::Authority }
}

fn channel(from: &str, to: &str) -> Channel {
    Channel { from: id(from), to: id(to) }
}

#[test]
fn an_agreement_has_a_direction() {
    let directory = Directory::new(vec![agency("te"), agency("kela")], vec![channel("te", "kela")]).unwrap();
    assert!(directory.agreed(&channel("te", "kela")));
    assert!(!directory.agreed(&channel("kela", "te")));
}

#[test]
fn only_a_listed_authority_is_one() {
    let ngo = Agency { id: id("vamos"), sector: Sector::Ngo, standing: Standing::NotAuthority };
    let directory = Directory::new(vec![agency("te"), ngo], Vec::new()).unwrap();
    assert!(directory.is_authority(&id("te")));
    assert!(!directory.is_authority(&id("vamos")));
    assert!(!directory.is_authority(&id("kela")));
}

#[test]
fn contradictions_are_refused() {
    let twice = Directory::new(vec![agency("te"), agency("te")], Vec::new());
    assert_eq!(twice, Err(DirectoryError::ListedTwice(id("te"))));
    let stranger = Directory::new(vec![agency("te")], vec![channel("te", "kela")]);
    assert_eq!(stranger, Err(DirectoryError::NotListed(id("kela"))));
    let itself = Directory::new(vec![agency("te")], vec![channel("te", "te")]);
    assert_eq!(itself, Err(DirectoryError::WithItself(id("te"))));
}

#[test]
fn the_canonical_text_does_not_depend_on_the_order() {
    let agreements = vec![channel("te", "kela"), channel("kela", "te")];
    let mut reversed = agreements.clone();
    reversed.reverse();
    let one = Directory::new(vec![agency("te"), agency("kela")], agreements).unwrap();
    let other = Directory::new(vec![agency("kela"), agency("te")], reversed).unwrap();
    assert_eq!(one.canonical(), other.canonical());
    assert_eq!(
        one.canonical(),
        "agency kela Employment Authority\nagency te Employment Authority\nagreement kela te\nagreement te kela\n"
    );
}
