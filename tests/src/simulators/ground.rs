//! On which ground in law does an agency tell without permission, in the codes of the employment services?
//!
//! The documents of Kela and of the case management take them over.

use polku_proto::v1::LegalClaim;

/// `peruste`, in the order of the contract.
pub(crate) const GROUNDS: &[&str] = &[
    "ETSIVA_NUORISOTYO",
    "KYKENEMATON_HUOLEHTIMAAN_ITSESTAAN",
    "LAPSEN_ETU",
    "LASTENSUOJELUILMOITUS",
    "TOIMEENTULOTUKI_SOSIAALITYO",
    "TOIMEENTULOTUKI_TAYDENTAVA_TAI_EHKAISEVA",
    "TOIMEENTULOTUKI_ALENNETTU",
    "TOIMEENTULOTUKI_TYOTON_ALLE_25",
    "TOIMEENTULOTUKI_TYOTON_25_TAYTTANYT",
    "TOIMEENTULOTUKI_MAAHANMUUTTAJA",
];

/// `suostumusta`, in the order of the contract.
pub(crate) const ASKED: &[&str] = &["PYYDETTY_EI_SAATU", "EI_TAVOITETTU", "EI_PYYDETTY"];

/// `ilmoitusperuste`: its members with their values.
pub(crate) fn stated(claim: &LegalClaim) -> [(&'static str, &str); 3] {
    [
        ("peruste", code(GROUNDS, claim.ground)),
        ("selostus", &claim.statement),
        ("suostumusta", code(ASKED, claim.consent_asked)),
    ]
}

/// The code of a number of the contract; none of that of nothing.
fn code(codes: &[&'static str], number: i32) -> &'static str {
    let place = number.checked_sub(1).and_then(|place| usize::try_from(place).ok());
    place.and_then(|place| codes.get(place)).copied().unwrap_or_default()
}
