//! Do social services hear once of each disclosure of their data (law 703/2023), in their own protocol?

use polku_proto::v1::{DataCategory, DeliveryState, GetReferralRequest, Purpose, SendReferralRequest};
use polku_tests::pki::Identity;
use polku_tests::world::{
    PEOPLE, TE, World, WorldSettings, eventually, full_content, professional, referral_to,
};
use serde_json::Value;
use tempfile::TempDir;

use super::county::County;
use super::scene::SOON;

/// The agency of social services, in the place of another one of the world.
const SOCIAL: &str = "social";

const TOLD: [DataCategory; 3] =
    [DataCategory::IdentityContact, DataCategory::ServiceNeeds, DataCategory::SocialSituation];

/// The world's Kela as social services with a system of their own.
fn with_social(text: &str, port: u16, official: &str) -> String {
    let system = format!(
        r#"id = "{SOCIAL}"
sector = "social"
standing = "authority"
adapter = "social"
[agency.settings]
url = "https://localhost:{port}"
inbound_certificate_sha256 = ["{official}"]
connection = {{ ca_file = "ca.crt.pem", certificate_file = "gateway-client.crt.pem", key_file = "gateway-client.key.pem", timeout_ms = 2000 }}
client = {{ instance = "FI-TEST", member_class = "ORG", member_code = "9999902-0", subsystem_code = "polku" }}
service = {{ instance = "FI-TEST", member_class = "GOV", member_code = "9999904-7", subsystem_code = "sosiaalihuolto" }}
"#
    );
    let kela = "id = \"kela\"\nsector = \"benefits\"\nstanding = \"authority\"\n";
    assert!(text.contains(kela));
    let agreement = format!("\n[[agreement]]\nfrom = \"{SOCIAL}\"\nto = \"{TE}\"\n");
    text.replace(kela, &system).replace("\"kela\"", &format!("\"{SOCIAL}\"")) + &agreement
}

/// The names of the data sets that a notice lists.
fn sets(notice: &Value) -> Vec<&str> {
    let values = notice["entity"].as_array().unwrap().iter().map(|entity| &entity["what"]["identifier"]);
    let sets = values.filter(|value| value["system"] == "urn:polku:data-category");
    sets.map(|value| value["value"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disclosure_to_the_employment_services_is_told_once_to_social_services() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let county = County::default();
    let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).unwrap();
    // Any certificate of this world for `localhost` will do.
    let localhost = Identity {
        certificate_pem: read("gateway.crt.pem"),
        key_pem: read("gateway.key.pem"),
        sha256: String::new(),
    };
    let port = county.serve(&localhost).await;
    let text = with_social(&read("polku.toml"), port, &world.identities.kela.sha256);
    std::fs::write(world.config_file(), text).unwrap();
    let running = world.start().await.unwrap();
    let official = professional("sosiaalityontekija-1", "kuntoutus", "official");
    let mut client = world.client(running.bound.grpc, &world.identities.kela).unwrap().acting(&official);

    let youth = client.identify(PEOPLE[0]).await.unwrap();
    let purpose = Purpose::EmploymentServices;
    let consent = client.record_consent(&youth, SOCIAL, TE, purpose, &TOLD).await.unwrap();
    let request: SendReferralRequest = referral_to(TE, &youth, purpose, full_content());
    let sent = client.referral.send_referral(request.clone()).await.unwrap().into_inner();
    let name = sent.referral.unwrap().name;
    let arrived = eventually(SOON, || async {
        let request = GetReferralRequest { name: name.clone() };
        let referral = client.referral.clone().get_referral(request).await.unwrap().into_inner();
        (referral.delivery_state() == DeliveryState::Delivered).then_some(())
    });
    arrived.await.expect("the referral does not arrive");
    let told = eventually(SOON, || async { (!county.disclosures().is_empty()).then_some(()) });
    told.await.expect("social services hear nothing");
    // The repetition of the call is no other disclosure.
    client.referral.send_referral(request).await.unwrap();
    running.stop().await.unwrap();

    let notices = county.disclosures();
    let [notice] = &notices[..] else { panic!("{} notices", notices.len()) };
    assert_eq!(sets(notice), ["identity_contact", "social_situation", "service_needs"]);
    let said = notice.to_string();
    let consent = consent.name.rsplit('/').next().unwrap();
    let handover = world.te.ledger().referrals().remove(0).message_id;
    for part in [PEOPLE[0], consent, &handover, "employment_services"] {
        assert!(said.contains(part), "{part} is not in the notice");
    }
}
