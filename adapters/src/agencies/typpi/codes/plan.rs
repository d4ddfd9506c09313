//! Which codes stand in plans?

use polku_proto::v1::{Achievement, ActionState, DataCategory, GoalState, MeetingState, PlanState};

/// `tietoluokka`.
pub(in crate::agencies::typpi) fn category(category: DataCategory) -> Option<&'static str> {
    Some(match category {
        DataCategory::Unspecified | DataCategory::Envelope => return None,
        DataCategory::IdentityContact => "HENKILOTIEDOT",
        DataCategory::AddressContact => "OSOITETIEDOT",
        DataCategory::ServiceAttendance => "ASIAKKUUS",
        DataCategory::EducationWork => "KOULUTUS_JA_TYO",
        DataCategory::SocialSituation => "SOSIAALINEN_TILANNE",
        DataCategory::HealthCapacity => "TERVEYS_JA_TOIMINTAKYKY",
        DataCategory::ServiceNeeds => "PALVELUTARPEET",
        DataCategory::JointPlan => "SUUNNITELMA",
        DataCategory::GuidanceNotes => "OHJAUSMUISTIINPANOT",
        DataCategory::Housing => "ASUMINEN",
        DataCategory::BenefitsIncome => "TOIMEENTULO",
        DataCategory::OutcomeMeasures => "TULOSMITTARIT",
        DataCategory::QualityOfLife => "ELAMANLAATU",
        DataCategory::ReferralStatus => "LAHETTEEN_VAIHEET",
    })
}

/// `suunnitelmanTila`.
pub(in crate::agencies::typpi) fn plan(state: PlanState) -> Option<&'static str> {
    Some(match state {
        PlanState::Unspecified => return None,
        PlanState::Draft => "LUONNOS",
        PlanState::Active => "VOIMASSA",
        PlanState::OnHold => "TAUOLLA",
        PlanState::Revoked => "PERUTTU",
        PlanState::Completed => "TOTEUTETTU",
        PlanState::EnteredInError => "KIRJATTU_VIRHEELLISESTI",
    })
}

/// `tavoitteenTila`.
pub(in crate::agencies::typpi) fn goal(state: GoalState) -> Option<&'static str> {
    Some(match state {
        GoalState::Unspecified => return None,
        GoalState::Proposed => "EHDOTETTU",
        GoalState::Planned => "SUUNNITELTU",
        GoalState::Accepted => "HYVAKSYTTY",
        GoalState::Active => "TAVOITELLAAN",
        GoalState::OnHold => "TAUOLLA",
        GoalState::Completed => "PAATETTY",
        GoalState::Cancelled => "PERUTTU",
        GoalState::EnteredInError => "KIRJATTU_VIRHEELLISESTI",
        GoalState::Rejected => "TORJUTTU",
    })
}

/// `saavuttaminen`.
pub(in crate::agencies::typpi) fn achievement(achievement: Achievement) -> Option<&'static str> {
    Some(match achievement {
        Achievement::Unspecified => return None,
        Achievement::InProgress => "KESKEN",
        Achievement::Improving => "PAREMPI",
        Achievement::Worsening => "HUONOMPI",
        Achievement::NoChange => "ENNALLAAN",
        Achievement::Achieved => "SAAVUTETTU",
        Achievement::Sustaining => "SAILYY",
        Achievement::NotAchieved => "EI_SAAVUTETTU",
        Achievement::NoProgress => "EI_EDISTYNYT",
        Achievement::NotAttainable => "EI_SAAVUTETTAVISSA",
    })
}

/// `palvelunTila`.
pub(in crate::agencies::typpi) fn action(state: ActionState) -> Option<&'static str> {
    Some(match state {
        ActionState::Unspecified => return None,
        ActionState::Proposed => "EHDOTETTU",
        ActionState::Agreed => "SOVITTU",
        ActionState::InProgress => "KAYNNISSA",
        ActionState::Done => "TEHTY",
        ActionState::NotDone => "JAI_TEKEMATTA",
        ActionState::Dropped => "LUOVUTTU",
    })
}

/// What the dates of a service are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::agencies::typpi) enum Dates {
    /// `suunniteltu`.
    Planned,
    /// `toteutunut`.
    Realised,
}

/// Says what the dates of a service in this state are.
pub(in crate::agencies::typpi) fn dates(state: ActionState) -> Dates {
    match state {
        ActionState::Unspecified
        | ActionState::Proposed
        | ActionState::Agreed
        | ActionState::NotDone
        | ActionState::Dropped => Dates::Planned,
        ActionState::InProgress | ActionState::Done => Dates::Realised,
    }
}

/// `tapaamisenTila`.
pub(in crate::agencies::typpi) fn meeting(state: MeetingState) -> Option<&'static str> {
    Some(match state {
        MeetingState::Unspecified => return None,
        MeetingState::Planned => "SOVITTU",
        MeetingState::Held => "PIDETTY",
        MeetingState::Cancelled => "PERUTTU",
    })
}
