//! Do sets of categories behave as sets, and do names and numbers agree with the contract?

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{CategorySet, UnknownCategory, name, named};
use crate::v1::DataCategory;

#[test]
fn every_category_of_the_contract_is_known() {
    let numbers: Vec<i32> = (-1..64).filter(|number| DataCategory::try_from(*number).is_ok()).collect();
    assert_eq!(numbers[0], 0);
    assert_eq!(CategorySet::ALL.to_wire(), numbers[1..]);
}

#[test]
fn names_are_those_of_the_contract() {
    for category in CategorySet::ALL.iter() {
        let upper = format!("DATA_CATEGORY_{}", name(category).to_uppercase());
        assert_eq!(category.as_str_name(), upper);
        assert_eq!(named(name(category)), Some(category));
    }
    assert_eq!(named("unspecified"), None);
    assert_eq!(named("Housing"), None);
}

#[test]
fn unspecified_is_never_a_member() {
    let mut set = CategorySet::of(&[DataCategory::Unspecified]);
    set.insert(DataCategory::Unspecified);
    assert!(set.is_empty());
    assert!(!CategorySet::ALL.contains(DataCategory::Unspecified));
}

#[test]
fn numbers_that_are_no_category_are_refused() {
    assert_eq!(CategorySet::from_wire(&[2, 0]), Err(UnknownCategory { number: 0 }));
    assert_eq!(CategorySet::from_wire(&[16]), Err(UnknownCategory { number: 16 }));
    assert_eq!(CategorySet::from_wire(&[-1]), Err(UnknownCategory { number: -1 }));
    assert_eq!(CategorySet::from_wire(&[i32::MAX]), Err(UnknownCategory { number: i32::MAX }));
    assert_eq!(
        CategorySet::from_wire(&[11, 2, 11]),
        Ok(CategorySet::of(&[DataCategory::IdentityContact, DataCategory::Housing]))
    );
}

#[test]
fn sets_are_written_as_names() {
    let set = CategorySet::of(&[DataCategory::Housing, DataCategory::IdentityContact]);
    assert_eq!(set.to_string(), "identity_contact, housing");
    assert_eq!(format!("{set:?}"), "CategorySet(identity_contact, housing)");
    assert_eq!(CategorySet::EMPTY.to_string(), "");
}

proptest! {
    #[test]
    fn sets_are_sets(left in any::<u32>(), right in any::<u32>()) {
        let left = CategorySet::from_bits_truncate(left);
        let right = CategorySet::from_bits_truncate(right);
        for category in CategorySet::ALL.iter() {
            let (in_left, in_right) = (left.contains(category), right.contains(category));
            prop_assert_eq!(left.union(right).contains(category), in_left || in_right);
            prop_assert_eq!(left.intersection(right).contains(category), in_left && in_right);
            prop_assert_eq!(left.difference(right).contains(category), in_left && !in_right);
        }
        prop_assert!(left.is_subset(left.union(right)));
        prop_assert_eq!(left.is_subset(right), left.intersection(right) == left);
        prop_assert_eq!(left.iter().collect::<CategorySet>(), left);
        prop_assert_eq!(CategorySet::from_wire(&left.to_wire()), Ok(left));
        prop_assert_eq!(CategorySet::from_bits_truncate(left.bits()), left);
        prop_assert_eq!(left.iter().count(), usize::try_from(left.len()).unwrap());
    }
}
