//! From which state to which can a plan, a goal or an action go?

use polku_proto::v1::{ActionState, GoalState, PlanState};

/// Says whether a plan in this state has come to its end.
#[must_use]
pub fn is_over(state: PlanState) -> bool {
    state.is_final()
}

/// States with an order of their own.
pub(super) trait Lifecycle: Copy + PartialEq + 'static {
    /// The states that can follow at once.
    fn next(self) -> &'static [Self];

    /// Says whether nothing but the word that it was a mistake can follow.
    fn is_final(self) -> bool;

    /// What stands in the message.
    fn read(number: i32) -> Option<Self>;

    /// Says whether a state can follow, be it after others in between.
    fn leads_to(self, to: Self) -> bool {
        let mut reached = vec![self];
        let mut done = 0;
        while let Some(from) = reached.get(done).copied() {
            done += 1;
            for next in from.next() {
                if *next == to {
                    return true;
                }
                if !reached.contains(next) {
                    reached.push(*next);
                }
            }
        }
        false
    }
}

impl Lifecycle for PlanState {
    fn next(self) -> &'static [Self] {
        match self {
            Self::Unspecified => &[Self::Draft, Self::Active, Self::OnHold],
            Self::Draft => &[Self::Active, Self::Revoked, Self::EnteredInError],
            Self::Active => &[Self::OnHold, Self::Revoked, Self::Completed, Self::EnteredInError],
            Self::OnHold => &[Self::Active, Self::Revoked, Self::Completed, Self::EnteredInError],
            Self::Revoked | Self::Completed => &[Self::EnteredInError],
            Self::EnteredInError => &[],
        }
    }

    fn is_final(self) -> bool {
        matches!(self, Self::Revoked | Self::Completed | Self::EnteredInError)
    }

    fn read(number: i32) -> Option<Self> {
        Self::try_from(number).ok()
    }
}

// The lifecycle of FHIR's Goal.
impl Lifecycle for GoalState {
    fn next(self) -> &'static [Self] {
        match self {
            Self::Unspecified => &[Self::Proposed, Self::Planned, Self::Accepted, Self::Active, Self::OnHold],
            Self::Proposed => &[
                Self::Planned,
                Self::Accepted,
                Self::Active,
                Self::Rejected,
                Self::Cancelled,
                Self::EnteredInError,
            ],
            Self::Planned => &[
                Self::Accepted,
                Self::Active,
                Self::OnHold,
                Self::Rejected,
                Self::Cancelled,
                Self::EnteredInError,
            ],
            Self::Accepted => &[
                Self::Planned,
                Self::Active,
                Self::OnHold,
                Self::Completed,
                Self::Cancelled,
                Self::EnteredInError,
            ],
            Self::Active => &[Self::OnHold, Self::Completed, Self::Cancelled, Self::EnteredInError],
            Self::OnHold => {
                &[Self::Planned, Self::Active, Self::Completed, Self::Cancelled, Self::EnteredInError]
            }
            Self::Completed | Self::Cancelled | Self::Rejected => &[Self::EnteredInError],
            Self::EnteredInError => &[],
        }
    }

    fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Rejected | Self::EnteredInError)
    }

    fn read(number: i32) -> Option<Self> {
        Self::try_from(number).ok()
    }
}

impl Lifecycle for ActionState {
    fn next(self) -> &'static [Self] {
        match self {
            Self::Unspecified => &[Self::Proposed, Self::Agreed, Self::InProgress],
            Self::Proposed => &[Self::Agreed, Self::Dropped],
            Self::Agreed => &[Self::InProgress, Self::Done, Self::NotDone, Self::Dropped],
            Self::InProgress => &[Self::Done, Self::NotDone, Self::Dropped],
            Self::Done | Self::NotDone | Self::Dropped => &[],
        }
    }

    fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::NotDone | Self::Dropped)
    }

    fn read(number: i32) -> Option<Self> {
        Self::try_from(number).ok()
    }
}
