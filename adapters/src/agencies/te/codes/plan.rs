//! Which codes stand in plans, and in what is known of a customer?

use polku_proto::v1::{Achievement, ActionState, DataCategory, GoalState, MeetingState, PlanState};

use crate::agencies::event;

/// `tietoryhma`.
pub(in crate::agencies::te) fn category(category: DataCategory) -> Option<&'static str> {
    Some(match category {
        DataCategory::Unspecified | DataCategory::Envelope => return None,
        DataCategory::IdentityContact => "HENKILO_JA_YHTEYSTIEDOT",
        DataCategory::AddressContact => "OSOITETIEDOT",
        DataCategory::ServiceAttendance => "ASIAKKUUS",
        DataCategory::EducationWork => "KOULUTUS_JA_TYO",
        DataCategory::SocialSituation => "SOSIAALINEN_TILANNE",
        DataCategory::HealthCapacity => "TERVEYS_JA_TOIMINTAKYKY",
        DataCategory::ServiceNeeds => "PALVELUTARPEET",
        DataCategory::JointPlan => "SUUNNITELMA",
        DataCategory::GuidanceNotes => "OHJAUSMUISTIINPANOT",
        DataCategory::Housing => "ASUMINEN",
        DataCategory::BenefitsIncome => "ETUUDET_JA_TULOT",
        DataCategory::OutcomeMeasures => "TULOSMITTARIT",
        DataCategory::QualityOfLife => "ELAMANLAATU",
        DataCategory::ReferralStatus => "LAHETTEEN_TILA",
    })
}

/// `tila` of a plan.
pub(in crate::agencies::te) fn plan(state: PlanState) -> Option<&'static str> {
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
pub(in crate::agencies::te) fn goal(state: GoalState) -> Option<&'static str> {
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

/// `toteutuminen` of a goal.
pub(in crate::agencies::te) fn achievement(achievement: Achievement) -> Option<&'static str> {
    Some(match achievement {
        Achievement::Unspecified => return None,
        Achievement::InProgress => "KESKEN",
        Achievement::Improving => "PARANEE",
        Achievement::Worsening => "HEIKKENEE",
        Achievement::NoChange => "ENNALLAAN",
        Achievement::Achieved => "TOTEUTUNUT",
        Achievement::Sustaining => "PYSYY",
        Achievement::NotAchieved => "EI_TOTEUTUNUT",
        Achievement::NoProgress => "EI_EDENNYT",
        Achievement::NotAttainable => "EI_TOTEUTETTAVISSA",
    })
}

/// `tila` of an action.
pub(in crate::agencies::te) fn action(state: ActionState) -> Option<&'static str> {
    Some(match state {
        ActionState::Unspecified => return None,
        ActionState::Proposed => "EHDOTETTU",
        ActionState::Agreed => "SOVITTU",
        ActionState::InProgress => "KAYNNISSA",
        ActionState::Done => "TOTEUTUNUT",
        ActionState::NotDone => "EI_TOTEUTUNUT",
        ActionState::Dropped => "LUOVUTTU",
    })
}

/// `tila` of a meeting.
pub(in crate::agencies::te) fn meeting(state: MeetingState) -> Option<&'static str> {
    Some(match state {
        MeetingState::Unspecified => return None,
        MeetingState::Planned => "SOVITTU",
        MeetingState::Held => "PIDETTY",
        MeetingState::Cancelled => "PERUTTU",
    })
}

/// A code, read, as the number of the contract's value.
pub(in crate::agencies::te) fn read<T>(code: &str, written: fn(T) -> Option<&'static str>) -> Option<i32>
where
    T: Copy + TryFrom<i32> + Into<i32>,
{
    event::read_code(code, written).map(Into::into)
}
