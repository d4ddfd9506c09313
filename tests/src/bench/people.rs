//! Who is in the store, and what have they permitted?
//!
//! Everybody is invented, is the same in every run, and has four consents. The first one permits what is asked about; the
//! others name other parties, and are there because an index of many has them.

use anyhow::{Context as _, Result};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use polku_proto::v1::{
    Consent, ConsentEvent, ConsentEvidence, ConsentState, ConsentTerms, DataCategory, LegalBasis, Purpose,
    consent_evidence, consent_terms,
};
use polku_tests::world::{KELA, OHJAAMO, PAJA, TE};
use uuid::Uuid;

/// How many consents a person has.
pub(crate) const GRANTS_EACH: u64 = 4;

/// What may be told, in the order in which a decision names it.
pub(crate) const TOLD: [DataCategory; 4] = [
    DataCategory::IdentityContact,
    DataCategory::EducationWork,
    DataCategory::ServiceNeeds,
    DataCategory::GuidanceNotes,
];

/// For what.
pub(crate) const PURPOSE: Purpose = Purpose::EmploymentServices;

/// Between whom the consents of a person are, and for what.
const SIDES: [(&str, &str, [Purpose; 2]); 4] = [
    (OHJAAMO, TE, [PURPOSE, Purpose::Guidance]),
    (OHJAAMO, KELA, [Purpose::Rehabilitation, Purpose::Guidance]),
    (TE, PAJA, [Purpose::WorkshopCoaching, Purpose::Guidance]),
    (PAJA, OHJAAMO, [Purpose::Guidance, Purpose::MultiSectorSupport]),
];

/// The id of a person.
pub(crate) fn youth_id(person: u64) -> Uuid {
    id(1, person)
}

/// The id of one of a person's consents.
pub(crate) fn consent_id(person: u64, number: u64) -> Uuid {
    id(2, number << 32 | person)
}

/// The id of a referral.
pub(crate) fn referral_id(number: u64) -> Uuid {
    id(3, number)
}

/// Ordered by time, as the gateway makes them.
fn id(kind: u64, number: u64) -> Uuid {
    let mixed = number.wrapping_add(kind << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut random = [0; 10];
    for (place, byte) in random.iter_mut().zip(mixed.to_be_bytes().into_iter().cycle()) {
        *place = byte;
    }
    let millis = 1_700_000_000_000 + (number & 0xffff_ffff) * 3 + (number >> 32) * 4_000_000;
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// A hundred of them were born on each day from 1970 on. Individual numbers from 900 on are given to nobody.
pub(crate) fn identity_code(person: u64) -> Result<String> {
    let days = SignedDuration::from_hours(24 * i64::try_from(person / 100)?);
    let born = Date::new(1970, 1, 1)?.checked_add(days)?;
    let (sign, year) = if born.year() < 2000 { ('-', born.year() - 1900) } else { ('A', born.year() - 2000) };
    let individual = 900 + person % 100;
    let digits = format!("{:02}{:02}{year:02}{individual}", born.day(), born.month());
    let check = b"0123456789ABCDEFHJKLMNPRSTUVWXY".get(digits.parse::<usize>()? % 31);
    let check = char::from(*check.context("no check character")?);
    Ok(format!("{:02}{:02}{year:02}{sign}{individual}{check}", born.day(), born.month()))
}

/// One of a person's consents.
pub(crate) fn consent(person: u64, number: u64) -> Result<Consent> {
    let side = usize::try_from(number)?;
    let (from, to, purposes) = SIDES.get(side).context("a person has no such consent")?;
    let state = ConsentState::Given as i32;
    let event = ConsentEvent {
        state,
        time: Some(wire(given()?)),
        agency: (*from).to_owned(),
        ..ConsentEvent::default()
    };
    Ok(Consent {
        name: format!("youths/{}/consents/{}", youth_id(person), consent_id(person, number)),
        etag: "v1".to_owned(),
        state,
        terms: Some(ConsentTerms {
            kind: consent_terms::ConsentKind::Consent as i32,
            disclosers: vec![(*from).to_owned()],
            recipients: vec![(*to).to_owned()],
            purposes: purposes.iter().map(|purpose| *purpose as i32).collect(),
            categories: TOLD.iter().map(|category| *category as i32).collect(),
            valid_from: Some(wire(given()?)),
            valid_until: Some(wire("2099-01-01T00:00:00Z".parse()?)),
            legal_basis: LegalBasis::Consent as i32,
            ..ConsentTerms::default()
        }),
        evidence: Some(ConsentEvidence {
            given_by: consent_evidence::GivenBy::Self_ as i32,
            form: consent_evidence::Form::Written as i32,
            notice_version: "2026-1".to_owned(),
            notice_language: "fi".to_owned(),
            notice_sha256: vec![7; 32],
            reference: "archive 12/2026".to_owned(),
            ..ConsentEvidence::default()
        }),
        recorder: (*from).to_owned(),
        events: vec![event],
        ..Consent::default()
    })
}

/// When everything was written down that is there from the beginning.
pub(crate) fn given() -> Result<Timestamp> {
    Ok("2026-01-02T10:00:00Z".parse()?)
}

/// As the contract has it.
pub(crate) fn wire(instant: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: instant.as_second(), nanos: 0 }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use polku_proto::identity::Hetu;

    use super::{GRANTS_EACH, consent_id, identity_code, youth_id};

    #[test]
    fn everybody_is_somebody_else() {
        let people = (0..3_000).chain(1_000_000..1_001_000);
        let codes: BTreeSet<String> = people.clone().map(|person| identity_code(person).unwrap()).collect();
        assert_eq!(codes.len(), 4_000);
        assert!(codes.iter().all(|code| code.parse::<Hetu>().is_ok()));
        let ids = people.flat_map(|person| {
            (0..GRANTS_EACH).map(move |number| consent_id(person, number)).chain([youth_id(person)])
        });
        assert_eq!(ids.collect::<BTreeSet<_>>().len(), 4_000 * 5);
    }
}
