//! Which codes does Kela use for plans?

use polku_proto::v1::{Achievement, ActionState, GoalState, MeetingState, PlanState};

/// `tila` of a plan.
pub(in crate::agencies::kela) fn plan(state: PlanState) -> Option<&'static str> {
    Some(match state {
        PlanState::Unspecified => return None,
        PlanState::Draft => "LUONNOS",
        PlanState::Active => "VOIMASSA",
        PlanState::OnHold => "KESKEYTETTY",
        PlanState::Revoked => "PERUTTU",
        PlanState::Completed => "PAATTYNYT",
        PlanState::EnteredInError => "VIRHEELLINEN",
    })
}

/// `tila` of a goal.
pub(in crate::agencies::kela) fn goal(state: GoalState) -> Option<&'static str> {
    Some(match state {
        GoalState::Unspecified => return None,
        GoalState::Proposed => "EHDOTETTU",
        GoalState::Planned => "SUUNNITELTU",
        GoalState::Accepted => "HYVAKSYTTY",
        GoalState::Active => "KAYNNISSA",
        GoalState::OnHold => "KESKEYTETTY",
        GoalState::Completed => "PAATTYNYT",
        GoalState::Cancelled => "PERUTTU",
        GoalState::EnteredInError => "VIRHEELLINEN",
        GoalState::Rejected => "HYLATTY",
    })
}

/// `toteutuminen`.
pub(in crate::agencies::kela) fn achievement(achievement: Achievement) -> Option<&'static str> {
    Some(match achievement {
        Achievement::Unspecified => return None,
        Achievement::InProgress => "KESKEN",
        Achievement::Improving => "PARANEE",
        Achievement::Worsening => "HEIKKENEE",
        Achievement::NoChange => "ENNALLAAN",
        Achievement::Achieved => "SAAVUTETTU",
        Achievement::Sustaining => "SAILYY",
        Achievement::NotAchieved => "EI_SAAVUTETTU",
        Achievement::NoProgress => "EI_EDISTYNYT",
        Achievement::NotAttainable => "EI_SAAVUTETTAVISSA",
    })
}

/// `tila` of what somebody has undertaken.
pub(in crate::agencies::kela) fn action(state: ActionState) -> Option<&'static str> {
    Some(match state {
        ActionState::Unspecified => return None,
        ActionState::Proposed => "EHDOTETTU",
        ActionState::Agreed => "SOVITTU",
        ActionState::InProgress => "KAYNNISSA",
        ActionState::Done => "TEHTY",
        ActionState::NotDone => "TEKEMATTA",
        ActionState::Dropped => "LUOVUTTU",
    })
}

/// `tila` of a meeting.
pub(in crate::agencies::kela) fn meeting(state: MeetingState) -> Option<&'static str> {
    Some(match state {
        MeetingState::Unspecified => return None,
        MeetingState::Planned => "SUUNNITELTU",
        MeetingState::Held => "PIDETTY",
        MeetingState::Cancelled => "PERUTTU",
    })
}
