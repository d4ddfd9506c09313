//! On which ground in law does an agency tell without permission, in the codes of the employment services?
//!
//! The documents of Kela and of the case management take them over.

use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{LegalClaim, LegalGround};

/// `peruste`.
pub(crate) fn ground_code(ground: LegalGround) -> &'static str {
    match ground {
        LegalGround::Unspecified => "",
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
    }
}

/// `suostumusta`.
pub(crate) fn asked_code(asked: ConsentAsked) -> &'static str {
    match asked {
        ConsentAsked::Unspecified => "",
        ConsentAsked::NotGiven => "PYYDETTY_EI_SAATU",
        ConsentAsked::NotReached => "EI_TAVOITETTU",
        ConsentAsked::No => "EI_PYYDETTY",
    }
}

/// `ilmoitusperuste`: its members with their values.
pub(crate) fn stated(claim: &LegalClaim) -> [(&'static str, &str); 3] {
    [
        ("peruste", ground_code(claim.ground())),
        ("selostus", &claim.statement),
        ("suostumusta", asked_code(claim.consent_asked())),
    ]
}
