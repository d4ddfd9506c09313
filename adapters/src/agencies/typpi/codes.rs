//! Which codes stand in messages about referrals?

pub(super) mod plan;

use polku_policy::BasisKind;
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

/// `saannos` of `lakiperuste`.
pub(super) fn ground(ground: LegalGround) -> Option<&'static str> {
    Some(match ground {
        LegalGround::Unspecified => return None,
        LegalGround::OutreachNotice => "ETSIVA_NUORISOTYO_11",
        LegalGround::SocialCareInability => "SOSIAALIHUOLTO_35_KYKENEMATON",
        LegalGround::SocialCareChildInterest => "SOSIAALIHUOLTO_35_LAPSEN_ETU",
        LegalGround::ChildWelfareNotice => "LASTENSUOJELU_25",
        LegalGround::AssistanceSocialWork => "TOIMEENTULOTUKI_SOSIAALITYO",
        LegalGround::AssistanceSupplementary => "TOIMEENTULOTUKI_TAYDENTAVA",
        LegalGround::AssistanceLowered => "TOIMEENTULOTUKI_ALENNETTU",
        LegalGround::AssistanceUnemployedYoung => "TOIMEENTULOTUKI_NUORI_TYOTON",
        LegalGround::AssistanceUnemployed => "TOIMEENTULOTUKI_TYOTON",
        LegalGround::AssistanceImmigrant => "TOIMEENTULOTUKI_MAAHANMUUTTAJA",
    })
}

/// `suostumuksenKysyminen` of `lakiperuste`.
pub(super) fn consent_asked(asked: ConsentAsked) -> Option<&'static str> {
    Some(match asked {
        ConsentAsked::Unspecified => return None,
        ConsentAsked::NotGiven => "KYSYTTY_EI_SAATU",
        ConsentAsked::NotReached => "EI_TAVOITETTU",
        ConsentAsked::No => "EI_KYSYTTY",
    })
}

/// `laji` of a `peruste` of `suostumus`.
pub(super) fn basis(kind: BasisKind) -> &'static str {
    match kind {
        BasisKind::Consent => "SUOSTUMUS",
        BasisKind::DisclosurePermit => "LUOVUTUSLUPA",
        BasisKind::Statute => "LAKI",
        BasisKind::OwnData => "OMA_TIETO",
    }
}

/// `ilmoituslaji`.
pub(super) fn notice(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Unspecified => return None,
        Kind::StateChanged => "TILAMUUTOS",
        Kind::InformationProvided => "LISATIETO",
        Kind::ConsentWithdrawn => "LUVAN_PERUUTUS",
    })
}

/// `lahetteenTila`.
pub(super) fn state(state: ReferralState) -> Option<&'static str> {
    Some(match state {
        ReferralState::Unspecified => return None,
        ReferralState::Requested => "ODOTTAA",
        ReferralState::InfoRequested => "LISATIETO_PYYDETTY",
        ReferralState::Accepted => "OTETTU_VASTAAN",
        ReferralState::Rejected => "HYLATTY",
        ReferralState::InProgress => "KAYNNISSA",
        ReferralState::OnHold => "TAUOLLA",
        ReferralState::Completed => "PAATETTY",
        ReferralState::Failed => "PAATETTY_TULOKSETTA",
        ReferralState::CancelRequested => "PERUMINEN_PYYDETTY",
        ReferralState::Cancelled => "PERUTTU",
        ReferralState::Expired => "VANHENTUNUT",
        ReferralState::ConsentWithdrawn => "LUPA_PERUUTETTU",
        ReferralState::EnteredInError => "KIRJATTU_VIRHEELLISESTI",
    })
}

/// `toimitustila`: only what a delivery can end in.
pub(super) fn delivery(state: DeliveryState) -> Option<&'static str> {
    Some(match state {
        DeliveryState::Unspecified
        | DeliveryState::Queued
        | DeliveryState::Sending
        | DeliveryState::Retrying => return None,
        DeliveryState::Delivered => "PERILLA",
        DeliveryState::InDoubt => "EPASELVA",
        DeliveryState::Rejected => "TORJUTTU",
        DeliveryState::Stopped => "PYSAYTETTY",
        DeliveryState::Expired => "VANHENTUNUT",
    })
}

/// `hylkaysSyy`.
pub(super) fn reason(reason: RejectionReason) -> Option<&'static str> {
    Some(match reason {
        RejectionReason::Unspecified => return None,
        RejectionReason::NoCapacity => "EI_TILAA",
        RejectionReason::NotEligible => "EI_KUULU_KOHDERYHMAAN",
        RejectionReason::WrongService => "VAARA_PALVELU",
        RejectionReason::OutsideArea => "TOINEN_ALUE",
        RejectionReason::InsufficientInformation => "TIEDOT_PUUTTEELLISET",
        RejectionReason::Other => "MUU_SYY",
    })
}

/// `lopputulos`.
pub(super) fn outcome(outcome: Outcome) -> Option<&'static str> {
    Some(match outcome {
        Outcome::Unspecified => return None,
        Outcome::GotService => "PALVELU_SAATU",
        Outcome::ReferredElsewhere => "OHJATTU_EDELLEEN",
        Outcome::CouldNotContact => "EI_TAVOITETTU",
        Outcome::NotEligible => "EI_KUULU_KOHDERYHMAAN",
        Outcome::NoCapacity => "EI_TILAA",
        Outcome::NoLongerInterested => "EI_HALUA_PALVELUA",
        Outcome::WithdrewConsent => "PERUI_LUVAN",
        Outcome::Unknown => "EI_TIETOA",
    })
}

/// What an official does with a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A step of either party.
    Action(Action),
    /// The register, which has sent the referral, answers a question.
    ProvideInformation,
}

/// `toiminto`, read.
pub(super) fn read_step(code: &str) -> Option<Step> {
    Some(Step::Action(match code {
        "OTA_VASTAAN" => Action::Accept,
        "HYLKAA" => Action::Reject,
        "PYYDA_LISATIETO" => Action::RequestInformation,
        "ANNA_LISATIETO" => return Some(Step::ProvideInformation),
        "KAYNNISTA" => Action::Start,
        "TAUOTA" => Action::Hold,
        "PAATA" => Action::Complete,
        "PAATA_TULOKSETTA" => Action::Fail,
        "PERU" => Action::Cancel,
        "VAHVISTA_PERUMINEN" => Action::ConfirmCancellation,
        _ => return None,
    }))
}
