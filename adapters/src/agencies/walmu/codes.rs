//! Which codes does the case management use?

use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::referral_notice::Kind;
use polku_proto::v1::{
    Achievement, ActionState, DeliveryState, GoalState, LegalGround, MeetingState, Outcome, PlanState,
    Purpose, ReferralState, RejectionReason,
};

use crate::agencies::event::{self, Action};

/// `kayttotarkoitus`.
pub(super) fn purpose(purpose: Purpose) -> Option<&'static str> {
    Some(match purpose {
        Purpose::Unspecified | Purpose::Statistics => return None,
        Purpose::Guidance => "ohjaus",
        Purpose::EmploymentServices => "tyollisyyspalvelut",
        Purpose::MultiSectorSupport => "monialainen_tuki",
        Purpose::SocialServices => "sosiaalipalvelut",
        Purpose::Rehabilitation => "kuntoutus",
        Purpose::OutreachYouthWork => "etsiva_nuorisotyo",
        Purpose::WorkshopCoaching => "tyopajavalmennus",
    })
}

/// `peruste` of `ilmoitusperuste`.
pub(super) fn ground(ground: LegalGround) -> Option<&'static str> {
    Some(match ground {
        LegalGround::Unspecified => return None,
        LegalGround::OutreachNotice => "etsiva_nuorisotyo",
        LegalGround::SocialCareInability => "kykenematon_huolehtimaan_itsestaan",
        LegalGround::SocialCareChildInterest => "lapsen_etu",
        LegalGround::ChildWelfareNotice => "lastensuojeluilmoitus",
        LegalGround::AssistanceSocialWork => "toimeentulotuki_sosiaalityo",
        LegalGround::AssistanceSupplementary => "toimeentulotuki_taydentava_tai_ehkaiseva",
        LegalGround::AssistanceLowered => "toimeentulotuki_alennettu",
        LegalGround::AssistanceUnemployedYoung => "toimeentulotuki_tyoton_alle_25",
        LegalGround::AssistanceUnemployed => "toimeentulotuki_tyoton_25_tayttanyt",
        LegalGround::AssistanceImmigrant => "toimeentulotuki_maahanmuuttaja",
    })
}

/// `suostumusta` of `ilmoitusperuste`.
pub(super) fn consent_asked(asked: ConsentAsked) -> Option<&'static str> {
    Some(match asked {
        ConsentAsked::Unspecified => return None,
        ConsentAsked::NotGiven => "pyydetty_ei_saatu",
        ConsentAsked::NotReached => "ei_tavoitettu",
        ConsentAsked::No => "ei_pyydetty",
    })
}

/// `laji`.
pub(super) fn kind(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Unspecified => return None,
        Kind::StateChanged => "tila_muuttunut",
        Kind::InformationProvided => "lisatiedot_annettu",
        Kind::ConsentWithdrawn => "lupa_peruttu",
    })
}

/// `tila`.
pub(super) fn state(state: ReferralState) -> Option<&'static str> {
    Some(match state {
        ReferralState::Unspecified => return None,
        ReferralState::Requested => "pyydetty",
        ReferralState::InfoRequested => "lisatietoja_pyydetty",
        ReferralState::Accepted => "hyvaksytty",
        ReferralState::Rejected => "hylatty",
        ReferralState::InProgress => "kaynnissa",
        ReferralState::OnHold => "keskeytetty",
        ReferralState::Completed => "paattynyt",
        ReferralState::Failed => "epaonnistunut",
        ReferralState::CancelRequested => "peruutusta_pyydetty",
        ReferralState::Cancelled => "peruutettu",
        ReferralState::Expired => "vanhentunut",
        ReferralState::ConsentWithdrawn => "lupa_peruttu",
        ReferralState::EnteredInError => "virheellinen",
    })
}

/// `toimitus`: only what a delivery can end in.
pub(super) fn delivery(state: DeliveryState) -> Option<&'static str> {
    Some(match state {
        DeliveryState::Unspecified
        | DeliveryState::Queued
        | DeliveryState::Sending
        | DeliveryState::Retrying => return None,
        DeliveryState::Delivered => "toimitettu",
        DeliveryState::InDoubt => "epaselva",
        DeliveryState::Rejected => "hylatty",
        DeliveryState::Stopped => "pysaytetty",
        DeliveryState::Expired => "vanhentunut",
    })
}

/// `hylkaysSyy`.
pub(super) fn reason(reason: RejectionReason) -> Option<&'static str> {
    Some(match reason {
        RejectionReason::Unspecified => return None,
        RejectionReason::NoCapacity => "ei_kapasiteettia",
        RejectionReason::NotEligible => "ei_tayta_ehtoja",
        RejectionReason::WrongService => "vaara_palvelu",
        RejectionReason::OutsideArea => "alueen_ulkopuolella",
        RejectionReason::InsufficientInformation => "puutteelliset_tiedot",
        RejectionReason::Other => "muu",
    })
}

/// `tulos`.
pub(super) fn outcome(outcome: Outcome) -> Option<&'static str> {
    Some(match outcome {
        Outcome::Unspecified => return None,
        Outcome::GotService => "sai_palvelun",
        Outcome::ReferredElsewhere => "ohjattu_muualle",
        Outcome::CouldNotContact => "ei_tavoitettu",
        Outcome::NotEligible => "ei_tayta_ehtoja",
        Outcome::NoCapacity => "ei_kapasiteettia",
        Outcome::NoLongerInterested => "ei_enaa_kiinnostunut",
        Outcome::WithdrewConsent => "perui_luvan",
        Outcome::Unknown => "ei_tiedossa",
    })
}

/// `tila` of a plan.
pub(super) fn plan_state(state: PlanState) -> Option<&'static str> {
    Some(match state {
        PlanState::Unspecified => return None,
        PlanState::Draft => "luonnos",
        PlanState::Active => "voimassa",
        PlanState::OnHold => "keskeytetty",
        PlanState::Revoked => "peruttu",
        PlanState::Completed => "paattynyt",
        PlanState::EnteredInError => "virheellinen",
    })
}

/// `tila` of a goal.
pub(super) fn goal_state(state: GoalState) -> Option<&'static str> {
    Some(match state {
        GoalState::Unspecified => return None,
        GoalState::Proposed => "ehdotettu",
        GoalState::Planned => "suunniteltu",
        GoalState::Accepted => "hyvaksytty",
        GoalState::Active => "kaynnissa",
        GoalState::OnHold => "keskeytetty",
        GoalState::Completed => "paattynyt",
        GoalState::Cancelled => "peruttu",
        GoalState::EnteredInError => "virheellinen",
        GoalState::Rejected => "hylatty",
    })
}

/// `toteutuminen` of a goal.
pub(super) fn achievement(achievement: Achievement) -> Option<&'static str> {
    Some(match achievement {
        Achievement::Unspecified => return None,
        Achievement::InProgress => "kesken",
        Achievement::Improving => "edistyy",
        Achievement::Worsening => "heikkenee",
        Achievement::NoChange => "ennallaan",
        Achievement::Achieved => "saavutettu",
        Achievement::Sustaining => "sailyy",
        Achievement::NotAchieved => "ei_saavutettu",
        Achievement::NoProgress => "ei_edistysta",
        Achievement::NotAttainable => "ei_saavutettavissa",
    })
}

/// `tila` of a measure.
pub(super) fn action_state(state: ActionState) -> Option<&'static str> {
    Some(match state {
        ActionState::Unspecified => return None,
        ActionState::Proposed => "ehdotettu",
        ActionState::Agreed => "sovittu",
        ActionState::InProgress => "kaynnissa",
        ActionState::Done => "tehty",
        ActionState::NotDone => "ei_tehty",
        ActionState::Dropped => "rauennut",
    })
}

/// `tila` of a meeting.
pub(super) fn meeting_state(state: MeetingState) -> Option<&'static str> {
    Some(match state {
        MeetingState::Unspecified => return None,
        MeetingState::Planned => "sovittu",
        MeetingState::Held => "pidetty",
        MeetingState::Cancelled => "peruttu",
    })
}

/// `tapahtuma`, read.
pub(super) fn read_action(code: &str) -> Option<Action> {
    Some(match code {
        "hyvaksytty" => Action::Accept,
        "hylatty" => Action::Reject,
        "lisatietoja_pyydetty" => Action::RequestInformation,
        "aloitettu" => Action::Start,
        "keskeytetty" => Action::Hold,
        "paattynyt" => Action::Complete,
        "epaonnistunut" => Action::Fail,
        "peruutettu" => Action::Cancel,
        "peruutus_vahvistettu" => Action::ConfirmCancellation,
        _ => return None,
    })
}

/// `syy`, read.
pub(super) fn read_reason(code: &str) -> Option<RejectionReason> {
    event::read_code(code, reason)
}

/// `tulos`, read.
pub(super) fn read_outcome(code: &str) -> Option<Outcome> {
    event::read_code(code, outcome)
}

/// `kayttotarkoitus`, read.
pub(super) fn read_purpose(code: &str) -> Option<Purpose> {
    event::read_code(code, purpose)
}

/// `peruste` of `ilmoitusperuste`, read.
pub(super) fn read_ground(code: &str) -> Option<LegalGround> {
    event::read_code(code, ground)
}

/// `suostumusta` of `ilmoitusperuste`, read.
pub(super) fn read_consent_asked(code: &str) -> Option<ConsentAsked> {
    event::read_code(code, consent_asked)
}
