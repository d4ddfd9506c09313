//! What a directory takes in and what it refuses.

use super::*;

fn id(text: &str) -> AgencyId {
    text.parse().unwrap()
}

fn agency(text: &str) -> Agency {
    Agency::new(id(text), Sector::Employment, Standing::Authority)
}

fn agreement(from: &str, to: &str) -> Agreement {
    Agreement { from: id(from), to: id(to) }
}

#[test]
fn an_agreement_has_a_direction() {
    let directory =
        Directory::new(vec![agency("te"), agency("kela")], vec![agreement("te", "kela")]).unwrap();
    assert!(directory.agreed(&id("te"), &id("kela")));
    assert!(!directory.agreed(&id("kela"), &id("te")));
}

#[test]
fn only_a_listed_authority_is_one() {
    let ngo = Agency::new(id("vamos"), Sector::Ngo, Standing::NotAuthority);
    let directory = Directory::new(vec![agency("te"), ngo], Vec::new()).unwrap();
    assert!(directory.is_authority(&id("te")));
    assert!(!directory.is_authority(&id("vamos")));
    assert!(!directory.is_authority(&id("kela")));
}

#[test]
fn contradictions_are_refused() {
    let twice = Directory::new(vec![agency("te"), agency("te")], Vec::new());
    assert_eq!(twice, Err(DirectoryError::ListedTwice(id("te"))));
    let stranger = Directory::new(vec![agency("te")], vec![agreement("te", "kela")]);
    assert_eq!(stranger, Err(DirectoryError::NotListed(id("kela"))));
    let itself = Directory::new(vec![agency("te")], vec![agreement("te", "te")]);
    assert_eq!(itself, Err(DirectoryError::WithItself(id("te"))));
}

#[test]
fn the_canonical_text_does_not_depend_on_the_order() {
    let agreements = vec![agreement("te", "kela"), agreement("kela", "te")];
    let mut reversed = agreements.clone();
    reversed.reverse();
    let one = Directory::new(vec![agency("te"), agency("kela")], agreements).unwrap();
    let other = Directory::new(vec![agency("kela"), agency("te")], reversed).unwrap();
    assert_eq!(one.canonical(), other.canonical());
    assert_eq!(
        one.canonical(),
        "agency kela Employment Authority {} 0\nagency te Employment Authority {} 0\n\
         agreement kela te\nagreement te kela\n"
    );
}

#[test]
fn the_canonical_text_tells_every_part_of_an_agency_apart() {
    let canonical = |agency: Agency| Directory::new(vec![agency], Vec::new()).unwrap().canonical();
    let plain = agency("te");
    let others = [
        agency("kela"),
        Agency { sector: Sector::Social, ..plain.clone() },
        Agency { standing: Standing::NotAuthority, ..plain.clone() },
        Agency { tasks: BTreeSet::from([Task::OutreachYouthWork]), ..plain.clone() },
        Agency { tasks: BTreeSet::from([Task::ProtectedAddresses]), ..plain.clone() },
        Agency { requires: CategorySet::ALL, ..plain.clone() },
        Agency { municipalities: BTreeSet::from(["049".parse().unwrap()]), ..plain.clone() },
    ];
    let texts: BTreeSet<String> = others.into_iter().chain([plain]).map(canonical).collect();
    assert_eq!(texts.len(), 8);
}

#[test]
fn names_of_sectors_and_tasks_are_unique() {
    assert_eq!(Sector::ALL.map(Sector::name).into_iter().collect::<BTreeSet<_>>().len(), 7);
    assert_eq!(Task::ALL.map(Task::name).into_iter().collect::<BTreeSet<_>>().len(), 2);
}
