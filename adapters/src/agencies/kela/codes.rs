//! Which codes does Kela use?

pub(super) mod facts;
pub(super) mod plan;

use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::referral_notice::Kind;
use polku_proto::v1::{DeliveryState, LegalGround, Outcome, Purpose, ReferralState, RejectionReason};

use crate::agencies::event::Action;

/// `kayttotarkoitus`.
pub(super) fn purpose(purpose: Purpose) -> Option<&'static str> {
    Some(match purpose {
        Purpose::Unspecified | Purpose::Statistics => return None,
        Purpose::Guidance => "OHJAUS",
        Purpose::EmploymentServices => "TYOLLISYYSPALVELUT",
        Purpose::MultiSectorSupport => "MONIALAINEN_TUKI",
        Purpose::SocialServices => "SOSIAALIPALVELUT",
        Purpose::Rehabilitation => "KUNTOUTUS",
        Purpose::OutreachYouthWork => "ETSIVA_NUORISOTYO",
        Purpose::WorkshopCoaching => "TYOPAJAVALMENNUS",
    })
}

/// `peruste` of `ilmoitusperuste`; those of social assistance are `ilmoitusTyyppi` as well.
pub(super) fn ground(ground: LegalGround) -> Option<&'static str> {
    Some(match ground {
        LegalGround::Unspecified => return None,
        LegalGround::OutreachNotice => "ETSIVA_NUORISOTYO",
        LegalGround::SocialCareInability => "KYKENEMATON_HUOLEHTIMAAN_ITSESTAAN",
        LegalGround::SocialCareChildInterest => "LAPSEN_ETU",
        LegalGround::ChildWelfareNotice => "LASTENSUOJELUILMOITUS",
        LegalGround::AssistanceSocialWork => "TOIMEENTULOTUKI_SOSIAALITYO",
        LegalGround::AssistanceSupplementary => "TOIMEENTULOTUKI_TAYDENTAVA_TAI_EHKAISEVA",
        LegalGround::AssistanceLowered => "TOIMEENTULOTUKI_ALENNETTU",
        LegalGround::AssistanceUnemployedYoung => "TOIMEENTULOTUKI_TYOTON_ALLE_25",
        LegalGround::AssistanceUnemployed => "TOIMEENTULOTUKI_TYOTON_25_TAYTTANYT",
        LegalGround::AssistanceImmigrant => "TOIMEENTULOTUKI_MAAHANMUUTTAJA",
    })
}

/// `suostumusta` of `ilmoitusperuste`.
pub(super) fn consent_asked(asked: ConsentAsked) -> Option<&'static str> {
    Some(match asked {
        ConsentAsked::Unspecified => return None,
        ConsentAsked::NotGiven => "PYYDETTY_EI_SAATU",
        ConsentAsked::NotReached => "EI_TAVOITETTU",
        ConsentAsked::No => "EI_PYYDETTY",
    })
}

/// `laji`.
pub(super) fn kind(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Unspecified => return None,
        Kind::StateChanged => "TILA_MUUTTUNUT",
        Kind::InformationProvided => "LISATIEDOT_ANNETTU",
        Kind::ConsentWithdrawn => "LUPA_PERUTTU",
    })
}

/// `tila`.
pub(super) fn state(state: ReferralState) -> Option<&'static str> {
    Some(match state {
        ReferralState::Unspecified => return None,
        ReferralState::Requested => "PYYDETTY",
        ReferralState::InfoRequested => "LISATIETOJA_PYYDETTY",
        ReferralState::Accepted => "HYVAKSYTTY",
        ReferralState::Rejected => "HYLATTY",
        ReferralState::InProgress => "KAYNNISSA",
        ReferralState::OnHold => "KESKEYTETTY",
        ReferralState::Completed => "PAATTYNYT",
        ReferralState::Failed => "EPAONNISTUNUT",
        ReferralState::CancelRequested => "PERUUTUSTA_PYYDETTY",
        ReferralState::Cancelled => "PERUUTETTU",
        ReferralState::Expired => "VANHENTUNUT",
        ReferralState::ConsentWithdrawn => "LUPA_PERUTTU",
        ReferralState::EnteredInError => "VIRHEELLINEN",
    })
}

/// `toimitus`: only what a delivery can end in.
pub(super) fn delivery(state: DeliveryState) -> Option<&'static str> {
    Some(match state {
        DeliveryState::Unspecified
        | DeliveryState::Queued
        | DeliveryState::Sending
        | DeliveryState::Retrying => return None,
        DeliveryState::Delivered => "TOIMITETTU",
        DeliveryState::InDoubt => "EPASELVA",
        DeliveryState::Rejected => "HYLATTY",
        DeliveryState::Stopped => "PYSAYTETTY",
        DeliveryState::Expired => "VANHENTUNUT",
    })
}

/// `hylkaysSyy`.
pub(super) fn reason(reason: RejectionReason) -> Option<&'static str> {
    Some(match reason {
        RejectionReason::Unspecified => return None,
        RejectionReason::NoCapacity => "EI_KAPASITEETTIA",
        RejectionReason::NotEligible => "EI_TAYTA_EHTOJA",
        RejectionReason::WrongService => "VAARA_PALVELU",
        RejectionReason::OutsideArea => "ALUEEN_ULKOPUOLELLA",
        RejectionReason::InsufficientInformation => "PUUTTEELLISET_TIEDOT",
        RejectionReason::Other => "MUU",
    })
}

/// `tulos`.
pub(super) fn outcome(outcome: Outcome) -> Option<&'static str> {
    Some(match outcome {
        Outcome::Unspecified => return None,
        Outcome::GotService => "SAI_PALVELUN",
        Outcome::ReferredElsewhere => "OHJATTU_MUUALLE",
        Outcome::CouldNotContact => "EI_TAVOITETTU",
        Outcome::NotEligible => "EI_TAYTA_EHTOJA",
        Outcome::NoCapacity => "EI_KAPASITEETTIA",
        Outcome::NoLongerInterested => "EI_ENAA_KIINNOSTUNUT",
        Outcome::WithdrewConsent => "PERUI_LUVAN",
        Outcome::Unknown => "EI_TIEDOSSA",
    })
}

/// `toimenpide`, read. The answer to a question stands apart: it comes with data.
pub(super) fn read_action(code: &str) -> Option<Action> {
    Some(match code {
        "HYVAKSY" => Action::Accept,
        "HYLKAA" => Action::Reject,
        "PYYDA_LISATIETOJA" => Action::RequestInformation,
        "ALOITA" => Action::Start,
        "KESKEYTA" => Action::Hold,
        "PAATA" => Action::Complete,
        "EPAONNISTUI" => Action::Fail,
        "PERUUTA" => Action::Cancel,
        "VAHVISTA_PERUUTUS" => Action::ConfirmCancellation,
        _ => return None,
    })
}

/// `toimenpide` with which a question is answered.
pub(super) const GIVE_INFORMATION: &str = "ANNA_LISATIEDOT";

/// `kiireellisyys` of a notice about social assistance; no other ground has one.
pub(super) fn urgency(ground: LegalGround) -> Option<&'static str> {
    Some(match ground {
        LegalGround::Unspecified
        | LegalGround::OutreachNotice
        | LegalGround::SocialCareInability
        | LegalGround::SocialCareChildInterest
        | LegalGround::ChildWelfareNotice => return None,
        LegalGround::AssistanceSocialWork | LegalGround::AssistanceSupplementary => "HETI",
        LegalGround::AssistanceLowered => "PAATOSTA_SEURAAVANA_PAIVANA",
        LegalGround::AssistanceUnemployedYoung
        | LegalGround::AssistanceUnemployed
        | LegalGround::AssistanceImmigrant => "SAMANA_PAIVANA",
    })
}
