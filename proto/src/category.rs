//! Which data categories? Sets of them, and their names.

use std::fmt;

use crate::v1::DataCategory;

#[cfg(test)]
mod tests;

/// Every category that a field can have, in the order of the contract.
const CATEGORIES: [DataCategory; 15] = [
    DataCategory::Envelope,
    DataCategory::IdentityContact,
    DataCategory::AddressContact,
    DataCategory::ServiceAttendance,
    DataCategory::EducationWork,
    DataCategory::SocialSituation,
    DataCategory::HealthCapacity,
    DataCategory::ServiceNeeds,
    DataCategory::JointPlan,
    DataCategory::GuidanceNotes,
    DataCategory::Housing,
    DataCategory::BenefitsIncome,
    DataCategory::OutcomeMeasures,
    DataCategory::QualityOfLife,
    DataCategory::ReferralStatus,
];

/// A set of data categories.
///
/// `DataCategory::Unspecified` is no category: it is never a member.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CategorySet(u32);

/// A number on the wire that stands for no data category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{number} is not a data category")]
pub struct UnknownCategory {
    /// The number as it was sent.
    pub number: i32,
}

impl CategorySet {
    /// No category.
    pub const EMPTY: CategorySet = CategorySet(0);

    /// Only the envelope: what both parties of a matter hold anyway.
    pub const ENVELOPE: CategorySet = CategorySet::of(&[DataCategory::Envelope]);

    /// Every category, the envelope included.
    pub const ALL: CategorySet = CategorySet::of(&CATEGORIES);

    /// Makes the set of the given categories.
    #[must_use]
    pub const fn of(categories: &[DataCategory]) -> CategorySet {
        let mut bits = 0;
        let mut rest = categories;
        while let [first, tail @ ..] = rest {
            bits |= bit(*first);
            rest = tail;
        }
        CategorySet(bits)
    }

    /// Reads categories from a message.
    ///
    /// # Errors
    ///
    /// A number that is no category, `DATA_CATEGORY_UNSPECIFIED` included, is refused.
    pub fn from_wire(numbers: &[i32]) -> Result<CategorySet, UnknownCategory> {
        let mut set = CategorySet::EMPTY;
        for &number in numbers {
            match DataCategory::try_from(number) {
                Ok(DataCategory::Unspecified) | Err(_) => return Err(UnknownCategory { number }),
                Ok(category) => set.insert(category),
            }
        }
        Ok(set)
    }

    /// Makes the set of the category that a message names for the whole of itself.
    ///
    /// Empty for a number that is no category, and for the envelope: what is never removed would never be decided on.
    #[must_use]
    pub fn named(number: i32) -> CategorySet {
        match DataCategory::try_from(number) {
            Ok(DataCategory::Unspecified | DataCategory::Envelope) | Err(_) => CategorySet::EMPTY,
            Ok(category) => CategorySet::of(&[category]),
        }
    }

    /// Gives the set as it stands in a message, in ascending order.
    #[must_use]
    pub fn to_wire(self) -> Vec<i32> {
        self.iter().map(i32::from).collect()
    }

    /// Adds a category.
    pub const fn insert(&mut self, category: DataCategory) {
        self.0 |= bit(category);
    }

    /// Adds the categories of another set.
    pub const fn extend(&mut self, other: CategorySet) {
        self.0 |= other.0;
    }

    /// Tells whether the category is a member.
    #[must_use]
    pub const fn contains(self, category: DataCategory) -> bool {
        self.0 & bit(category) != 0
    }

    /// Gives what is in either set.
    #[must_use]
    pub const fn union(self, other: CategorySet) -> CategorySet {
        CategorySet(self.0 | other.0)
    }

    /// Gives what is in both sets.
    #[must_use]
    pub const fn intersection(self, other: CategorySet) -> CategorySet {
        CategorySet(self.0 & other.0)
    }

    /// Gives what is in this set and not in the other.
    #[must_use]
    pub const fn difference(self, other: CategorySet) -> CategorySet {
        CategorySet(self.0 & !other.0)
    }

    /// Tells whether every member is a member of the other set too.
    #[must_use]
    pub const fn is_subset(self, other: CategorySet) -> bool {
        self.difference(other).is_empty()
    }

    /// Tells whether the set has no member.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Counts the members.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Goes through the members in the order of the contract.
    pub fn iter(self) -> impl Iterator<Item = DataCategory> {
        // From member to member, as a set is mostly small.
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let number = i32::try_from(rest.trailing_zeros()).ok().filter(|_| rest != 0)?;
            rest &= rest.wrapping_sub(1);
            DataCategory::try_from(number).ok()
        })
    }

    /// Gives the set as bits: bit n stands for the category with number n.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Makes the set of the given bits; bits that stand for no category are dropped.
    #[must_use]
    pub const fn from_bits_truncate(bits: u32) -> CategorySet {
        CategorySet(bits & CategorySet::ALL.0)
    }
}

impl FromIterator<DataCategory> for CategorySet {
    fn from_iter<I: IntoIterator<Item = DataCategory>>(categories: I) -> CategorySet {
        let mut set = CategorySet::EMPTY;
        for category in categories {
            set.insert(category);
        }
        set
    }
}

impl fmt::Display for CategorySet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, category) in self.iter().enumerate() {
            if index > 0 {
                formatter.write_str(", ")?;
            }
            formatter.write_str(name(category))?;
        }
        Ok(())
    }
}

impl fmt::Debug for CategorySet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CategorySet({self})")
    }
}

/// Gives the name of a category in lower case, as rules, logs and configuration write it.
#[must_use]
pub const fn name(category: DataCategory) -> &'static str {
    match category {
        DataCategory::Unspecified => "unspecified",
        DataCategory::Envelope => "envelope",
        DataCategory::IdentityContact => "identity_contact",
        DataCategory::AddressContact => "address_contact",
        DataCategory::ServiceAttendance => "service_attendance",
        DataCategory::EducationWork => "education_work",
        DataCategory::SocialSituation => "social_situation",
        DataCategory::HealthCapacity => "health_capacity",
        DataCategory::ServiceNeeds => "service_needs",
        DataCategory::JointPlan => "joint_plan",
        DataCategory::GuidanceNotes => "guidance_notes",
        DataCategory::Housing => "housing",
        DataCategory::BenefitsIncome => "benefits_income",
        DataCategory::OutcomeMeasures => "outcome_measures",
        DataCategory::QualityOfLife => "quality_of_life",
        DataCategory::ReferralStatus => "referral_status",
    }
}

/// Finds the category with this lower-case name.
#[must_use]
pub fn named(text: &str) -> Option<DataCategory> {
    CATEGORIES.into_iter().find(|category| name(*category) == text)
}

const fn bit(category: DataCategory) -> u32 {
    match category {
        DataCategory::Unspecified => 0,
        DataCategory::Envelope
        | DataCategory::IdentityContact
        | DataCategory::AddressContact
        | DataCategory::ServiceAttendance
        | DataCategory::EducationWork
        | DataCategory::SocialSituation
        | DataCategory::HealthCapacity
        | DataCategory::ServiceNeeds
        | DataCategory::JointPlan
        | DataCategory::GuidanceNotes
        | DataCategory::Housing
        | DataCategory::BenefitsIncome
        | DataCategory::OutcomeMeasures
        | DataCategory::QualityOfLife
        | DataCategory::ReferralStatus => 1 << (category as u32),
    }
}
