//! Who is in the day?

use polku_proto::v1::{DataCategory, Purpose, ReferralContent};
use polku_tests::simulators::Repetition;
use polku_tests::world::{AddedAgency, KELA, OHJAAMO, PAJA, TE, full_content};

/// Social services.
pub(crate) const SOCIAL: &str = "sosiaali";
/// The joint register.
pub(crate) const REGISTER: &str = "rekisteri";

/// The agencies with systems of their own.
pub(crate) const AGENCIES: [&str; 5] = [TE, PAJA, KELA, SOCIAL, REGISTER];

/// What referrals are for.
pub(crate) const PURPOSE: Purpose = Purpose::Guidance;

/// What the young people permit.
pub(crate) const PERMITTED: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::ServiceNeeds];

/// How many young people there are.
pub(crate) const YOUTHS: usize = 3;

/// The agencies beside those that every world has. Each kind of repetition is there over SOAP or REST.
pub(crate) fn added() -> Vec<AddedAgency> {
    [
        (KELA, "kela", "benefits", Repetition::Neither),
        (SOCIAL, "social", "social", Repetition::Recognised),
        (REGISTER, "typpi", "employment", Repetition::Neither),
    ]
    .map(|(id, kind, sector, repetition)| AddedAgency {
        repetition: Some(repetition),
        agreements: vec![OHJAAMO.to_owned()],
        ..AddedAgency::new(id, kind, "usual", sector)
    })
    .to_vec()
}

/// What stands in the referral of this number where it may be told.
pub(crate) fn mark(number: usize) -> String {
    format!("palvelutarve-{number:04}.")
}

/// What stands in every referral where it may not.
pub(crate) const HIDDEN: &str = "kanaria-asuminen";

/// The content of the referral of this number.
pub(crate) fn content(number: usize) -> ReferralContent {
    ReferralContent { service_needs: vec![mark(number)], housing: HIDDEN.to_owned(), ..full_content() }
}
