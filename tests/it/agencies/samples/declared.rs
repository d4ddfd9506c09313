//! Has every kind of message that a kind of agency declares a sample, and does each keep what holds for all?
//!
//! Read from the files alone, and reckoned from what the kind declares and from the words of the contract: a new word
//! without a sample fails.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use polku_adapters::{Kind, Matter};
use polku_proto::identity::has_hetu;
use polku_proto::v1::{DeliveryState, LegalGround, Outcome, Purpose, ReferralState, RejectionReason};
use serde_json::Value;
use uuid::Uuid;

use super::folder;
use super::said::{ends, every, other_purposes, word};

/// Whether the kind is spoken to through security servers.
pub(super) fn is_xroad(kind: &Kind) -> bool {
    kind.speaks.contains("X-Road")
}

/// What stands in a folder, by name.
pub(super) fn written(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let read = entries.map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(&path).unwrap())
    });
    read.collect()
}

fn purposes() -> Vec<String> {
    other_purposes().map(|purpose: Purpose| word(purpose.as_str_name(), "PURPOSE_")).collect()
}

fn grounds() -> Vec<String> {
    every::<LegalGround>().map(|ground| word(ground.as_str_name(), "LEGAL_GROUND_")).collect()
}

fn reasons() -> Vec<String> {
    every::<RejectionReason>().map(|reason| word(reason.as_str_name(), "REJECTION_REASON_")).collect()
}

fn outcomes() -> Vec<String> {
    every::<Outcome>().map(|outcome| word(outcome.as_str_name(), "OUTCOME_")).collect()
}

fn all(prefix: &str, words: &[String]) -> Vec<String> {
    words.iter().map(|word| format!("{prefix}{word}")).collect()
}

/// What the gateway can tell in this matter.
fn told(matter: Matter) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |more: &[&str]| names.extend(more.iter().map(|name| (*name).to_owned()));
    match matter {
        Matter::Referral => {
            add(&["referral", "referral-to-unit", "referral-redacted"]);
            names.extend(all("referral-for-", &purposes()));
            names.extend(all("referral-on-", &grounds()));
        }
        Matter::StateChange => {
            add(&["cancellation-asked", "cancellation", "expired", "entered-in-error"]);
            let plain = every::<ReferralState>().filter(|state| {
                use ReferralState::{Completed, ConsentWithdrawn, Failed, Rejected, Requested};
                ![Requested, Rejected, Completed, Failed, ConsentWithdrawn].contains(state)
            });
            let plain: Vec<String> =
                plain.map(|state| word(state.as_str_name(), "REFERRAL_STATE_")).collect();
            names.extend(all("to-sender-", &plain));
            names.extend(all("to-sender-rejected-", &reasons()));
            names.extend(all("to-sender-completed-", &outcomes()));
            names.extend(all("to-sender-failed-", &outcomes()));
            let ends: Vec<String> =
                ends().map(|end: DeliveryState| word(end.as_str_name(), "DELIVERY_STATE_")).collect();
            names.extend(all("to-sender-delivery-", &ends));
        }
        Matter::Information => add(&["information", "information-in-part"]),
        Matter::ConsentWithdrawal => add(&["withdrawal", "to-sender-withdrawal"]),
        Matter::PlanPart => add(&["plan", "plan-redacted", "plan-withdrawn"]),
        Matter::DisclosureNotice => add(&["disclosure", "disclosure-by-statute"]),
    }
    all("deliver-", &names)
}

/// What the agency can say in this matter, and how it is refused.
fn said(matter: Matter) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |more: &[&str]| names.extend(more.iter().map(|name| (*name).to_owned()));
    match matter {
        Matter::Referral => {
            add(&["refers", "refers-redacted", "refers-refused", "refers-not-now"]);
            names.extend(all("refers-for-", &purposes()));
            names.extend(all("refers-on-", &grounds()));
        }
        Matter::StateChange => {
            add(&["accepts", "accepts-refused", "accepts-not-now", "asks", "starts", "interrupts"]);
            add(&["cancels", "confirms", "unreadable-refused", "stranger-refused"]);
            names.extend(all("rejects-", &reasons()));
            names.extend(all("completes-", &outcomes()));
            names.extend(all("fails-", &outcomes()));
        }
        Matter::Information => add(&["informs", "informs-in-part", "informs-refused", "informs-not-now"]),
        Matter::PlanPart => add(&["plans", "plans-redacted", "plans-refused", "plans-not-now"]),
        Matter::ConsentWithdrawal | Matter::DisclosureNotice => panic!("no agency says it"),
    }
    all("agency-", &names)
}

/// How a message can fail, by what was to be done.
fn failures(kind: &Kind) -> Vec<String> {
    let mut names: Vec<String> = ["refused", "busy", "closed"].map(str::to_owned).into();
    if is_xroad(kind) {
        for failure in ["client-unknown", "network-error", "access-denied", "service-failed"] {
            names.extend([format!("xroad-{failure}"), format!("xroad-{failure}-before-7.8")]);
        }
    } else {
        names.push("broken".to_owned());
    }
    names
}

fn declared(kind: &Kind) -> BTreeSet<String> {
    let told = kind.delivers.iter().flat_map(|matter| told(*matter));
    let mut names: BTreeSet<String> = told.collect();
    names.extend(kind.receives.iter().flat_map(|matter| said(*matter)));
    names.extend(all("deliver-", &failures(kind)));
    if !kind.fetches.is_empty() {
        names.extend(["fetch", "fetch-nothing", "fetch-one-category", "fetch-refused"].map(str::to_owned));
    }
    names
}

/// What of a message is in the samples. What fails or is refused is said elsewhere: the answer alone is new.
fn sides(name: &str) -> &'static [&'static str] {
    let new = name.contains("-unreadable-") || name.contains("-stranger-");
    let ends = ["-refused", "-not-now", "-busy", "-closed", "-broken"];
    let known = ends.iter().any(|end| name.ends_with(end)) || name.contains("-xroad-");
    if known && !new { &["answer"] } else { &["request", "answer"] }
}

#[test]
fn every_declared_kind_of_message_has_a_sample() {
    for kind in polku_adapters::kinds() {
        let written = written(&folder(kind));
        for name in declared(kind) {
            for side in sides(&name) {
                let file = format!("{name}.{side}.http");
                assert!(written.contains_key(&file), "{}/{file}: POLKU_REGENERATE=1 writes it", kind.id);
            }
        }
        // In some manner every agency can be asked what has arrived, each in both ways.
        for name in ["status-arrived", "status-unknown"] {
            let found = written.keys().any(|file| file.ends_with(&format!("{name}.answer.http")));
            assert!(found, "{}: {name}", kind.id);
        }
    }
}

/// The head of a sample: its first line and its headers, and the body.
fn parts(page: &str) -> (&str, &str) {
    page.split_once("\n\n").unwrap()
}

#[test]
fn no_sample_has_an_identity_code_beside_its_body() {
    for kind in polku_adapters::kinds() {
        let mut in_bodies = 0;
        for (name, page) in written(&folder(kind)).iter().filter(|(name, _)| name.ends_with(".http")) {
            let (head, body) = parts(page);
            let header = body.split_once("Header>").and_then(|(_, rest)| rest.split_once("Header>"));
            let beside = header.map_or("", |(header, _)| header);
            assert!(!has_hetu(head) && !has_hetu(beside), "{}/{name}", kind.id);
            in_bodies += usize::from(has_hetu(body));
        }
        assert!(in_bodies > 10, "{}: the code is looked for as it never stands", kind.id);
    }
}

/// The text between these, if they are there.
fn between<'t>(text: &'t str, begin: &str, end: &str) -> Option<&'t str> {
    Some(text.split_once(begin)?.1.split_once(end)?.0)
}

/// Whose word a sample of the gateway's is: the sender's professional refers and asks, the recipient's moves a referral,
/// and all else is the gateway's own.
fn speaker(sample: &str) -> &'static str {
    let steps = [
        "info-requested",
        "accepted",
        "rejected-",
        "in-progress",
        "on-hold",
        "completed-",
        "failed-",
        "cancelled",
    ];
    let news = sample.strip_prefix("deliver-to-sender-").unwrap_or_default();
    if steps.iter().any(|step| news.starts_with(step)) {
        "FIvirkailija-1"
    } else if sample.contains("deliver-referral") || sample.contains("fetch") {
        "FIohjaaja-1"
    } else {
        "FIpolku"
    }
}

#[test]
fn every_sample_over_x_road_says_who_speaks_for_whom_about_what() {
    for kind in polku_adapters::kinds().iter().filter(|kind| is_xroad(kind)) {
        let written = written(&folder(kind));
        let requests = written.iter().filter(|(name, _)| name.ends_with(".request.http"));
        for (name, page) in requests.filter(|(name, _)| !name.starts_with("agency-")) {
            let own = |header: &str, element: &str| {
                let head = between(page, &format!("\n{header}: "), "\n");
                head.or_else(|| between(page, &format!("{element}>"), "<")).map(str::to_owned)
            };
            let party = own("x-road-represented-party", "partyCode").unwrap_or_default();
            let user = own("x-road-userid", "userId").unwrap_or_default();
            let issue = own("x-road-issue", "issue").unwrap_or_default();
            let asks_for_itself = name.contains("status-arrived") || name.contains("status-unknown");
            // The code of the youth guidance point, or the one for all others: the gateway itself, and a county that
            // has disclosed.
            let others = asks_for_itself || name.starts_with("deliver-disclosure");
            let expected = if others { "9999902-0" } else { "9999906-0" };
            assert!(party.ends_with(expected), "{}/{name}: for {party}", kind.id);
            assert_eq!(user, speaker(name), "{}/{name}", kind.id);
            if !asks_for_itself {
                assert!(Uuid::try_parse(&issue).is_ok(), "{}/{name}: about {issue}", kind.id);
            }
        }
    }
}

/// The value of this member of the one object in a sample's body.
fn member(written: &BTreeMap<String, String>, file: &str, around: &str, name: &str) -> String {
    let (_, body) = parts(&written[file]);
    let body: Value = serde_json::from_str(body).unwrap();
    body[around][name].as_str().unwrap_or_else(|| panic!("{file}: no {around}.{name}")).to_owned()
}

#[test]
fn kelas_notices_and_contact_request_are_among_the_samples() {
    let kela = polku_adapters::kinds().iter().find(|kind| kind.id == "kela").unwrap();
    let written = written(&folder(kela));
    let notices = [
        ("social-work", "TOIMEENTULOTUKI_SOSIAALITYO", "HETI"),
        ("supplementary", "TOIMEENTULOTUKI_TAYDENTAVA_TAI_EHKAISEVA", "HETI"),
        ("lowered", "TOIMEENTULOTUKI_ALENNETTU", "PAATOSTA_SEURAAVANA_PAIVANA"),
        ("unemployed-young", "TOIMEENTULOTUKI_TYOTON_ALLE_25", "SAMANA_PAIVANA"),
        ("unemployed", "TOIMEENTULOTUKI_TYOTON_25_TAYTTANYT", "SAMANA_PAIVANA"),
        ("immigrant", "TOIMEENTULOTUKI_MAAHANMUUTTAJA", "SAMANA_PAIVANA"),
    ];
    for (what, kind, urgency) in notices {
        let file = format!("agency-refers-on-assistance-{what}.request.http");
        let said = |name| member(&written, &file, "toimeentulotukiIlmoitus", name);
        assert_eq!((said("ilmoitusTyyppi").as_str(), said("kiireellisyys").as_str()), (kind, urgency));
        assert_eq!(said("kohdeHyvinvointialue"), "hyvinvointialue");
    }
    let file = "deliver-referral-for-rehabilitation.request.http";
    assert!(Uuid::try_parse(&member(&written, file, "nuottiYhteydenotto", "laheteTunnus")).is_ok());
    assert!(!member(&written, file, "nuottiYhteydenotto", "toivottuYhteydenottoaika").is_empty());
    assert!(
        !member(&written, "deliver-referral.request.http", "yhteydenottopyynto", "kayttotarkoitus")
            .is_empty()
    );
}
