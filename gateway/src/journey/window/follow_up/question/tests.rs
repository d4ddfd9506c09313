//! Does the question say all that is needed to answer it, and nobody's name?

use polku_proto::v1::DeliveryState;
use polku_proto::{MessageId, ReferralId, YouthId};
use uuid::Uuid;

use super::*;
use crate::store::{About, Priority};

#[test]
fn it_names_the_message_the_system_the_time_and_what_to_look_for() {
    let row = DeliveryRow {
        message: MessageId::from_uuid(Uuid::from_u128(7)),
        item: DeliveryItem::Handover,
        about: About::Referral(ReferralId::from_uuid(Uuid::from_u128(8))),
        youth: YouthId::from_uuid(Uuid::from_u128(9)),
        agency: "te".parse().unwrap(),
        priority: Priority::Ordinary,
        state: DeliveryState::Sending,
        attempts: 1,
        due: Timestamp::UNIX_EPOCH,
        deadline: Timestamp::UNIX_EPOCH,
        fence: 1,
        leased_until: None,
        intent: None,
        reference: None,
    };
    let asked = question(&row, Some("2026-11-22T14:05:09Z".parse().unwrap()));
    let languages: Vec<&str> = asked.iter().map(|text| text.language.as_str()).collect();
    assert_eq!(languages, ["fi", "sv", "en"]);
    for (text, thing) in asked.iter().zip(["lähete", "remiss", "referral"]) {
        for part in ["00000000-0000-0000-0000-000000000007", "(te)", "22.11.2026", "16.05", thing] {
            assert!(text.value.contains(part), "{part} is missing in {}", text.value);
        }
        // Neither whose nor which matter: these ids are the gateway's own.
        assert!(!text.value.contains("00000008") && !text.value.contains("00000009"), "{}", text.value);
    }
    assert!(question(&row, None).iter().all(|text| !text.value.contains("1970")));
}
