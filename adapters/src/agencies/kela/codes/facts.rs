//! Which groups of what Kela holds are there, and which codes have they?

use polku_proto::CategorySet;
use polku_proto::v1::DataCategory;

/// What Kela can be asked for.
pub(in crate::agencies::kela) const FETCHED: CategorySet = CategorySet::of(&[
    DataCategory::BenefitsIncome,
    DataCategory::ServiceAttendance,
    DataCategory::HealthCapacity,
]);

/// `tietoryhmat`: the groups that hold what is asked for.
pub(in crate::agencies::kela) fn groups(asked: CategorySet) -> Vec<&'static str> {
    let groups = [
        (DataCategory::BenefitsIncome, "ETUUDET"),
        (DataCategory::ServiceAttendance, "ASIAKKUUS"),
        (DataCategory::HealthCapacity, "KUNTOUTUS"),
    ];
    groups.into_iter().filter(|(category, _)| asked.contains(*category)).map(|(_, group)| group).collect()
}

/// Code list of benefits that are applied for.
pub(in crate::agencies::kela) const PENDING: &str = "kela/vireilla-oleva-etuus";
/// Code list of decisions: the benefit, a colon, and what was decided.
pub(in crate::agencies::kela) const DECISION: &str = "kela/etuuspaatos";
/// Code list of benefits that are paid.
pub(in crate::agencies::kela) const PAYMENT: &str = "kela/etuusmaksu";
/// Code list of services of which somebody is a customer.
pub(in crate::agencies::kela) const SERVICE: &str = "kela/palvelu";
/// Code list of rehabilitation.
pub(in crate::agencies::kela) const REHABILITATION: &str = "kela/kuntoutus";

/// The coaching that needs no doctor's statement.
pub(in crate::agencies::kela) const NUOTTI: &str = "NUOTTI";

/// `ratkaisu`.
pub(in crate::agencies::kela) const RESULTS: [&str; 4] =
    ["MYONNETTY", "HYLATTY", "TARKISTETTU", "LAKKAUTETTU"];

/// `palvelu` of `kuntoutukset`: services that are granted for an illness or disability.
pub(in crate::agencies::kela) const REHABILITATIONS: [&str; 4] =
    ["AMMATILLINEN_KUNTOUTUSSELVITYS", "KOULUTUSKOKEILU", "TYOKOKEILU", "TYOLLISTYMISTA_EDISTAVA_KUNTOUTUS"];

/// Says whether a text is one of Kela's codes: 1 to 31 capital letters, digits and `_`.
pub(in crate::agencies::kela) fn is_code(text: &str) -> bool {
    let allowed = |letter: u8| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == b'_';
    (1..=31).contains(&text.len()) && text.bytes().all(allowed)
}
