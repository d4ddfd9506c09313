//! What do agencies have codes for?
//!
//! Each simulator has the codes of its agency's page, in the order of the contract's numbers: an adapter that reads its own
//! words back would agree with itself whatever they are.

/// What a message tells by a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coded {
    /// What a referral is for.
    Purpose,
    /// On which ground in law it is told.
    Ground,
    /// Whether the young person was asked first.
    ConsentAsked,
    /// What news are about.
    Notice,
    /// What has become of a referral.
    State,
    /// How its delivery has ended.
    Delivery,
    /// Why it was declined.
    Reason,
    /// With what it has ended.
    Outcome,
    /// What has become of a plan.
    Plan,
    /// Of a goal.
    Goal,
    /// How far that has been reached.
    Achievement,
    /// What has become of an action.
    Action,
    /// Of a meeting.
    Meeting,
    /// Which data category something is of.
    Category,
    /// Which sort of meeting was held.
    Record,
    /// Who was missing from it.
    Seat,
    /// What an item of the plan is.
    Item,
    /// How two of them belong together.
    Link,
}

impl Coded {
    /// All of them, in the order in which a page has them.
    pub const ALL: [Self; 18] = [
        Self::Purpose,
        Self::Ground,
        Self::ConsentAsked,
        Self::Notice,
        Self::State,
        Self::Delivery,
        Self::Reason,
        Self::Outcome,
        Self::Plan,
        Self::Goal,
        Self::Achievement,
        Self::Action,
        Self::Meeting,
        Self::Category,
        Self::Record,
        Self::Seat,
        Self::Item,
        Self::Link,
    ];
}

/// The codes of one thing, and where they stand: the end of their path in the agency's document, or the system that is
/// named right before them. An empty one is not written.
pub type PageCodes = (Coded, &'static str, Vec<&'static str>);

/// The data categories, where an agency has no words of its own for them.
pub(crate) const CATEGORIES: &[&str] = &[
    "identity_contact",
    "address_contact",
    "service_attendance",
    "education_work",
    "social_situation",
    "health_capacity",
    "service_needs",
    "joint_plan",
    "guidance_notes",
    "housing",
    "benefits_income",
    "outcome_measures",
    "quality_of_life",
    "referral_status",
];
