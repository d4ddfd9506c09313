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
mod told;

use std::sync::LazyLock;

use polku_policy::Decision;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{Delivery, PlanPart};

use super::*;
use crate::agencies::soap::Outgoing;
use crate::agencies::trial;
use crate::transport::xml::{Element, XmlLimits, read_document};

const REGISTER: &str = "FI-TEST/GOV/0204819-8/yhteisrekisteri";
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
        member_class = "GOV"
        member_code = "0204819-8"
        subsystem_code = "yhteisrekisteri"

        [represented_party]
        class = "MUN"
        code = "0186690-1"
        "#,
        pin = "ab".repeat(32),
        ca = trial::ca_file().display(),
    );
    text.parse().unwrap()
}

fn register() -> JointRegister {
    let settings: Settings = settings().try_into().unwrap();
    let office = settings.office(trial::agency("typpi"), &Network::Tls).unwrap();
    JointRegister { office, redelivery: settings.redelivery }
}

/// A decision under a consent for everything. It takes longer to make than a case of a property.
static DECISION: LazyLock<Decision> = LazyLock::new(|| trial::spent(part_of(trial::plan_part())).1);

fn part_of(part: PlanPart) -> Delivery {
    Delivery { referral: String::new(), ..trial::delivery("typpi", Item::PlanPart(part)) }
}

fn message(delivery: Delivery, decision: &Decision) -> Message {
    Message::of(delivery, &trial::agency("typpi"), decision).unwrap()
}

fn text_of(message: &impl Outgoing) -> String {
    String::from_utf8(register().office.write(message).unwrap()).unwrap()
}

/// What is written of a delivery that the engine has authorised.
fn written(delivery: Delivery) -> String {
    let (delivery, decision) = trial::spent(delivery);
    text_of(&message(delivery, &decision))
}

#[track_caller]
fn same(written: &str, golden: &str) {
    assert!(written == golden.trim_end(), "{written}");
}

/// An element of the register's namespace with these elements inside.
fn element(name: &str, inside: &str) -> Element {
    let document = format!("<{name} xmlns=\"{}\">{inside}</{name}>", wire::NAMESPACE);
    read_document(document.as_bytes(), &XmlLimits::default()).unwrap()
}
