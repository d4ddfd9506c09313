//! Does the adapter speak as README.md says, and take nothing else in?

mod answers;
mod answers_round_trip;
mod build;
mod categories;
mod facts;
mod golden;
mod moments;
mod plans;
mod received;
mod round_trip;
mod sent;
mod told;

use super::*;
use crate::agencies::envelope::Envelope;
use crate::agencies::trial;
use crate::agencies::xroad::Represented;
use crate::transport::http::HttpClient;
use crate::transport::xroad::soap::RepresentedParty;

const OFFICE: &str = "FI-TEST/MUN/0204819-8/lahetteet";
const GATEWAY: &str = "FI-TEST/COM/0245437-2/polku";
const PIN: [u8; 32] = [0xab; 32];

fn settings() -> toml::Table {
    let text = format!(
        r#"
        url = "https://security-server.example:8443/"
        user_id = "polku"
        inbound_certificate_sha256 = ["{pin}"]

        [connection]
        ca_file = "{ca}"

        [client]
        instance = "FI-TEST"
        member_class = "COM"
        member_code = "0245437-2"
        subsystem_code = "polku"

        [service]
        instance = "FI-TEST"
        member_class = "MUN"
        member_code = "0204819-8"
        subsystem_code = "lahetteet"

        [represented_party]
        class = "MUN"
        code = "0186690-1"
        "#,
        pin = "ab".repeat(32),
        ca = trial::ca_file().display(),
    );
    text.parse().unwrap()
}

fn office() -> EmploymentServices {
    let party = RepresentedParty { class: Some("MUN".to_owned()), code: "0186690-1".to_owned() };
    let office = Office {
        agency: trial::agency("te"),
        http: HttpClient::new(
            &http::Uri::from_static("https://security-server.example:8443/"),
            &toml::from_str(&format!("ca_file = \"{}\"", trial::ca_file().display())).unwrap(),
            &Network::Tls,
        )
        .unwrap(),
        url: http::Uri::from_static("https://security-server.example:8443/"),
        client: GATEWAY.parse().unwrap(),
        office: OFFICE.parse().unwrap(),
        user_id: "FIpolku".to_owned(),
        represented: Represented { by_sender: Default::default(), otherwise: party },
        pins: vec![[0; 32], PIN],
        protocol: &wire::PROTOCOL,
    };
    EmploymentServices { office, redelivery: Redelivery::AnswersStatus }
}
