//! With whom is an entry, as each reader asks for it?

use polku_proto::v1::{JourneyEntry, Purpose};
use polku_proto::{Party, YouthId};
use uuid::Uuid;

use super::{Look, holder};
use crate::caller::{Actor, Caller};

fn entry(unit: &str, professional: &str) -> JourneyEntry {
    JourneyEntry {
        agency: "kela".into(),
        unit: unit.into(),
        professional: professional.into(),
        ..JourneyEntry::default()
    }
}

fn caller(agency: &str) -> Caller {
    let actor =
        Actor::Professional { id: "virkailija".into(), unit: "kuntoutus".into(), role: "official".into() };
    Caller { agency: agency.parse().unwrap(), actor }
}

#[test]
fn in_the_agency_it_is_with_the_unit_that_wrote_it_and_old_words_with_none() {
    let cases = [
        ("kuntoutus", "virkailija", true),
        ("perustoimeentulo", "virkailija", false),
        ("perustoimeentulo", "", false),
        // The young person's own word, or the gateway's.
        ("", "", true),
        // Written down before units were kept.
        ("", "virkailija", false),
    ];
    let (own, other) = (caller("kela"), caller("te"));
    for (unit, professional, is_ours) in cases {
        let holder = holder(&entry(unit, professional)).unwrap();
        for is_status in [false, true] {
            let ask = |caller| {
                let youth = YouthId::from_uuid(Uuid::nil());
                let now = "2026-03-02T10:00:00Z".parse().unwrap();
                let look = Look { caller, youth, purpose: Purpose::Guidance, now };
                look.question(&holder, is_status).unwrap().channel
            };
            assert_eq!(ask(&own).from.covers(&own.party()), is_ours, "{unit} {professional}");
            // Others are told by the unit, or by the agency where nobody knows the unit.
            let channel = ask(&other);
            let discloser = if is_status { channel.to } else { channel.from };
            let party = if unit.is_empty() { "kela".to_owned() } else { format!("kela/{unit}") };
            assert_eq!(discloser, party.parse::<Party>().unwrap());
        }
    }
}
