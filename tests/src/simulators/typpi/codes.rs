//! Which codes does the register's document have, and what do they mean?

use anyhow::{Context, Result};
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    Achievement, ActionState, DataCategory, GoalState, LegalGround, MeetingState, Outcome, PlanState,
    Purpose, ReferralState, RejectionReason,
};

/// Codes with their meanings.
pub(crate) type Words<T> = &'static [(T, &'static str)];

/// The code of this meaning.
///
/// # Errors
/// When there is none.
pub(crate) fn code<T: PartialEq>(words: Words<T>, meaning: &T) -> Result<&'static str> {
    let found = words.iter().find(|(known, _)| known == meaning);
    found.map(|(_, code)| *code).context("the register has no word for this")
}

/// The meaning of this code.
pub(crate) fn meaning<T: Copy>(words: Words<T>, code: &str) -> Option<T> {
    words.iter().find(|(_, known)| *known == code).map(|(meaning, _)| *meaning)
}

/// `kayttotarkoitus`.
pub(crate) const PURPOSES: Words<Purpose> = &[
    (Purpose::Guidance, "OHJAUS"),
    (Purpose::EmploymentServices, "TYOLLISYYSPALVELUT"),
    (Purpose::MultiSectorSupport, "MONIALAINEN_TUKI"),
    (Purpose::SocialServices, "SOSIAALIPALVELUT"),
    (Purpose::Rehabilitation, "KUNTOUTUS"),
    (Purpose::OutreachYouthWork, "ETSIVA_NUORISOTYO"),
    (Purpose::WorkshopCoaching, "TYOPAJAVALMENNUS"),
];

/// `lahetteenTila`.
pub(crate) const STATES: Words<ReferralState> = &[
    (ReferralState::Requested, "ODOTTAA"),
    (ReferralState::InfoRequested, "LISATIETO_PYYDETTY"),
    (ReferralState::Accepted, "OTETTU_VASTAAN"),
    (ReferralState::Rejected, "HYLATTY"),
    (ReferralState::InProgress, "KAYNNISSA"),
    (ReferralState::OnHold, "TAUOLLA"),
    (ReferralState::Completed, "PAATETTY"),
    (ReferralState::Failed, "PAATETTY_TULOKSETTA"),
    (ReferralState::CancelRequested, "PERUMINEN_PYYDETTY"),
    (ReferralState::Cancelled, "PERUTTU"),
    (ReferralState::Expired, "VANHENTUNUT"),
    (ReferralState::ConsentWithdrawn, "LUPA_PERUUTETTU"),
    (ReferralState::EnteredInError, "KIRJATTU_VIRHEELLISESTI"),
];

/// `hylkaysSyy`.
pub(crate) const REASONS: Words<RejectionReason> = &[
    (RejectionReason::NoCapacity, "EI_TILAA"),
    (RejectionReason::NotEligible, "EI_KUULU_KOHDERYHMAAN"),
    (RejectionReason::WrongService, "VAARA_PALVELU"),
    (RejectionReason::OutsideArea, "TOINEN_ALUE"),
    (RejectionReason::InsufficientInformation, "TIEDOT_PUUTTEELLISET"),
    (RejectionReason::Other, "MUU_SYY"),
];

/// `lopputulos`.
pub(crate) const OUTCOMES: Words<Outcome> = &[
    (Outcome::GotService, "PALVELU_SAATU"),
    (Outcome::ReferredElsewhere, "OHJATTU_EDELLEEN"),
    (Outcome::CouldNotContact, "EI_TAVOITETTU"),
    (Outcome::NotEligible, "EI_KUULU_KOHDERYHMAAN"),
    (Outcome::NoCapacity, "EI_TILAA"),
    (Outcome::NoLongerInterested, "EI_HALUA_PALVELUA"),
    (Outcome::WithdrewConsent, "PERUI_LUVAN"),
    (Outcome::Unknown, "EI_TIETOA"),
];

/// `tietoluokka`.
pub(crate) const CATEGORIES: Words<DataCategory> = &[
    (DataCategory::IdentityContact, "HENKILOTIEDOT"),
    (DataCategory::AddressContact, "OSOITETIEDOT"),
    (DataCategory::ServiceAttendance, "ASIAKKUUS"),
    (DataCategory::EducationWork, "KOULUTUS_JA_TYO"),
    (DataCategory::SocialSituation, "SOSIAALINEN_TILANNE"),
    (DataCategory::HealthCapacity, "TERVEYS_JA_TOIMINTAKYKY"),
    (DataCategory::ServiceNeeds, "PALVELUTARPEET"),
    (DataCategory::JointPlan, "SUUNNITELMA"),
    (DataCategory::GuidanceNotes, "OHJAUSMUISTIINPANOT"),
    (DataCategory::Housing, "ASUMINEN"),
    (DataCategory::BenefitsIncome, "TOIMEENTULO"),
    (DataCategory::OutcomeMeasures, "TULOSMITTARIT"),
    (DataCategory::QualityOfLife, "ELAMANLAATU"),
    (DataCategory::ReferralStatus, "LAHETTEEN_VAIHEET"),
];

/// `suunnitelmanTila`.
pub(crate) const PLAN_STATES: Words<PlanState> = &[
    (PlanState::Draft, "LUONNOS"),
    (PlanState::Active, "VOIMASSA"),
    (PlanState::OnHold, "TAUOLLA"),
    (PlanState::Revoked, "PERUTTU"),
    (PlanState::Completed, "TOTEUTETTU"),
    (PlanState::EnteredInError, "KIRJATTU_VIRHEELLISESTI"),
];

/// `tavoitteenTila`.
pub(crate) const GOAL_STATES: Words<GoalState> = &[
    (GoalState::Proposed, "EHDOTETTU"),
    (GoalState::Planned, "SUUNNITELTU"),
    (GoalState::Accepted, "HYVAKSYTTY"),
    (GoalState::Active, "TAVOITELLAAN"),
    (GoalState::OnHold, "TAUOLLA"),
    (GoalState::Completed, "PAATETTY"),
    (GoalState::Cancelled, "PERUTTU"),
    (GoalState::EnteredInError, "KIRJATTU_VIRHEELLISESTI"),
    (GoalState::Rejected, "TORJUTTU"),
];

/// `saavuttaminen`.
pub(crate) const ACHIEVEMENTS: Words<Achievement> = &[
    (Achievement::InProgress, "KESKEN"),
    (Achievement::Improving, "PAREMPI"),
    (Achievement::Worsening, "HUONOMPI"),
    (Achievement::NoChange, "ENNALLAAN"),
    (Achievement::Achieved, "SAAVUTETTU"),
    (Achievement::Sustaining, "SAILYY"),
    (Achievement::NotAchieved, "EI_SAAVUTETTU"),
    (Achievement::NoProgress, "EI_EDISTYNYT"),
    (Achievement::NotAttainable, "EI_SAAVUTETTAVISSA"),
];

/// `palvelunTila`.
pub(crate) const ACTION_STATES: Words<ActionState> = &[
    (ActionState::Proposed, "EHDOTETTU"),
    (ActionState::Agreed, "SOVITTU"),
    (ActionState::InProgress, "KAYNNISSA"),
    (ActionState::Done, "TEHTY"),
    (ActionState::NotDone, "JAI_TEKEMATTA"),
    (ActionState::Dropped, "LUOVUTTU"),
];

/// `tapaamisenTila`.
pub(crate) const MEETING_STATES: Words<MeetingState> = &[
    (MeetingState::Planned, "SOVITTU"),
    (MeetingState::Held, "PIDETTY"),
    (MeetingState::Cancelled, "PERUTTU"),
];

/// `laji` of a `kirjaus`.
pub(crate) const RECORDED: Words<()> = &[((), "NELIKANTA"), ((), "MUU")];

/// `puuttuu`.
pub(crate) const SEATS: Words<()> =
    &[((), "TYOLLISYYSPALVELUT"), ((), "KUNTA"), ((), "SOSIAALITYO"), ((), "ASIAKAS")];

/// `laji` of an item of the joint plan.
pub(crate) const ITEMS: Words<()> = &[((), "TARVE"), ((), "TAVOITE"), ((), "TOIMI"), ((), "TAPAAMINEN")];

/// `laji` of a `yhteys`.
pub(crate) const LINKS: Words<()> = &[((), "SAMA"), ((), "PALVELEE"), ((), "TODETTU")];

/// `laji` of a `peruste`.
pub(crate) const BASES: Words<()> =
    &[((), "SUOSTUMUS"), ((), "LUOVUTUSLUPA"), ((), "LAKI"), ((), "OMA_TIETO")];

/// `ilmoituslaji`.
pub(crate) const NEWS: Words<()> = &[((), "TILAMUUTOS"), ((), "LISATIETO"), ((), "LUVAN_PERUUTUS")];

/// `toimitustila`.
pub(crate) const DELIVERIES: Words<()> =
    &[((), "PERILLA"), ((), "EPASELVA"), ((), "TORJUTTU"), ((), "PYSAYTETTY"), ((), "VANHENTUNUT")];

/// `suostumuksenKysyminen`.
pub(crate) const ASKED: Words<ConsentAsked> = &[
    (ConsentAsked::NotGiven, "KYSYTTY_EI_SAATU"),
    (ConsentAsked::NotReached, "EI_TAVOITETTU"),
    (ConsentAsked::No, "EI_KYSYTTY"),
];

/// `saannos`.
pub(crate) const GROUNDS: Words<LegalGround> = &[
    (LegalGround::OutreachNotice, "ETSIVA_NUORISOTYO_11"),
    (LegalGround::SocialCareInability, "SOSIAALIHUOLTO_35_KYKENEMATON"),
    (LegalGround::SocialCareChildInterest, "SOSIAALIHUOLTO_35_LAPSEN_ETU"),
    (LegalGround::ChildWelfareNotice, "LASTENSUOJELU_25"),
    (LegalGround::AssistanceSocialWork, "TOIMEENTULOTUKI_SOSIAALITYO"),
    (LegalGround::AssistanceSupplementary, "TOIMEENTULOTUKI_TAYDENTAVA"),
    (LegalGround::AssistanceLowered, "TOIMEENTULOTUKI_ALENNETTU"),
    (LegalGround::AssistanceUnemployedYoung, "TOIMEENTULOTUKI_NUORI_TYOTON"),
    (LegalGround::AssistanceUnemployed, "TOIMEENTULOTUKI_TYOTON"),
    (LegalGround::AssistanceImmigrant, "TOIMEENTULOTUKI_MAAHANMUUTTAJA"),
];
