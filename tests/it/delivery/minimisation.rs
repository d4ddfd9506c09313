//! Does anything cross the wire that no consent covers?

use polku_proto::v1::DataCategory::{self, *};
use polku_proto::v1::DeliveryState;
use polku_tests::simulators::Received;
use polku_tests::world::{OHJAAMO, PAJA, PEOPLE, TE, WorldSettings};

use super::scene::{Scene, ordinary, purpose, send};

/// What of the full content belongs to which category.
const CANARIES: [(DataCategory, &[&str]); 14] = [
    (IdentityContact, &["Testi Kanarialintu", "Esimerkkinen", "kanaria-yhteysosoite"]),
    (
        AddressContact,
        &["+358 40 0000000", "kanarialintu@example.fi", "Kanarialinnunkuja 1", "XK-07 QZ", "Kanariala"],
    ),
    (GuidanceNotes, &["kanaria-perustelu"]),
    (ServiceNeeds, &["kanaria-palvelutarve"]),
    (EducationWork, &["kanaria-koulutus", "kanaria-tyohistoria"]),
    (SocialSituation, &["kanaria-sosiaalinen"]),
    (HealthCapacity, &["kanaria-terveys"]),
    (Housing, &["kanaria-asuminen"]),
    (BenefitsIncome, &["kanaria-etuudet"]),
    (JointPlan, &["kanaria-suunnitelma"]),
    (ServiceAttendance, &["kanaria-osallistuminen", "kanaria-soittoaika"]),
    (OutcomeMeasures, &["kanaria-mittarit"]),
    (QualityOfLife, &["kanaria-elamanlaatu"]),
    // Nothing of it is in a referral that has just been sent.
    (ReferralStatus, &[]),
];

fn contain(received: &[Received], needle: &str) -> bool {
    let holds = |hay: &[u8]| hay.windows(needle.len()).any(|part| part == needle.as_bytes());
    received.iter().any(|request| {
        holds(&request.body)
            || holds(request.path.as_bytes())
            || request.headers.values().any(|value| holds(value.as_bytes()))
    })
}

async fn each_category_alone(agency: &str) {
    let mut scene = Scene::open(&WorldSettings::default()).await;
    for ((category, _), hetu) in CANARIES.iter().zip(PEOPLE) {
        let youth = scene.ohjaamo.identify(hetu).await.unwrap();
        let mut permitted = vec![IdentityContact, *category];
        permitted.dedup();
        scene.ohjaamo.record_consent(&youth, OHJAAMO, agency, purpose(agency), &permitted).await.unwrap();
        let before = scene.ledger(agency).received().len();
        let mut request = ordinary(&youth, agency);
        request.wait_for_delivery = true;
        let contact = request.content.as_mut().and_then(|content| content.contact.as_mut()).unwrap();
        // Five digits alone would be found in any number.
        contact.postal_code = "XK-07 QZ".into();
        contact.city = "Kanariala".into();
        let referral = send(&mut scene.ohjaamo, request).await;
        assert_eq!(referral.delivery_state(), DeliveryState::Delivered, "{category:?}");
        let received = scene.ledger(agency).received().split_off(before);
        assert!(contain(&received, hetu), "{category:?}: whom the referral is about");
        for (other, canaries) in &CANARIES {
            for canary in *canaries {
                let is_permitted = permitted.contains(other);
                assert_eq!(
                    contain(&received, canary),
                    is_permitted,
                    "{agency}, {category:?} alone: {canary}"
                );
            }
        }
    }
    scene.end().await.check_intents();
}

#[tokio::test(flavor = "multi_thread")]
async fn te_gets_what_is_permitted_and_nothing_besides() {
    each_category_alone(TE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paja_gets_what_is_permitted_and_nothing_besides() {
    each_category_alone(PAJA).await;
}
