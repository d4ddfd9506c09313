//! The sandbox is called from a shell, with certificate and actor.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use polku_tests::world::binary;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use super::{Staying, finish, run};
use crate::stage::Ran;

/// How the printed commands begin: with what a person in the folder of the repository types.
const CARGO: &str = "cargo run --bin polku -- ";
/// How many referrals are sent at most until a watch that is just being opened has seen one.
const TRIES: usize = 40;

/// One more referral that the workshop's consent covers.
fn referral(youth: &str) -> Value {
    json!({
        "youth": youth,
        "recipient": "paja",
        "purpose": "PURPOSE_WORKSHOP_COACHING",
        "content": {"givenNames": "Aino", "serviceNeeds": ["keittiövuoro"]},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_commands_work() {
    let sandbox = Staying::start().await.unwrap();
    let printed = sandbox.said.iter().filter_map(|line| line.trim().strip_prefix(CARGO));
    let mut answers = Vec::new();
    for command in printed {
        let polku = binary("polku").unwrap();
        let ran = finish(Command::new("sh").arg("-c").arg(format!("'{}' {command}", polku.display()))).await;
        let ran = ran.unwrap();
        assert_eq!(ran.code, Some(0), "{command}: {ran:?}");
        answers.push(ran.json());
    }
    let [journey, sent, week] = answers.as_slice() else { panic!("{} commands", answers.len()) };
    assert_eq!(journey["youth"], sandbox.youth().unwrap());
    let states =
        journey["referrals"].as_array().unwrap().iter().map(|referral| referral["state"].as_str().unwrap());
    let expected = ["ACCEPTED", "CONSENT_WITHDRAWN", "ACCEPTED", "CONSENT_WITHDRAWN"]
        .map(|name| format!("REFERRAL_STATE_{name}"));
    assert_eq!(states.collect::<Vec<_>>(), expected);
    assert_eq!(sent["referral"]["deliveryState"], "DELIVERY_STATE_DELIVERED");
    assert_eq!(sent["decision"]["withheld"], json!(["DATA_CATEGORY_HOUSING"]));
    assert_eq!(week["days"].as_array().unwrap().len(), 7);
    sandbox.end("TERM").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_succeed_or_say_why_not() {
    let sandbox = Staying::start().await.unwrap();
    let youth = sandbox.youth().unwrap();
    let everybody = json!({"parent": "youths/-"}).to_string();
    let ran = sandbox.call("ohjaamo", &["polku.v1.ReferralService/ListReferrals", &everybody]).await.unwrap();
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(ran.json()["referrals"].as_array().unwrap().len(), 4);
    // Each caller sees its own part.
    let ran = sandbox.call("te", &["ListReferrals", &everybody]).await.unwrap();
    assert_eq!((ran.code, ran.json()["referrals"].as_array().unwrap().len()), (Some(0), 1));

    let mut wanting = referral(youth);
    wanting["recipient"] = json!("kela");
    let refused = sandbox.call("ohjaamo", &["SendReferral", &wanting.to_string()]).await.unwrap();
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
    assert!(refused.err.contains("\nPERMISSION_DENIED: not permitted: "), "{refused:?}");
    assert!(refused.err.contains("\n  reason: NOT_PERMITTED (polku)\n"), "{refused:?}");
    assert!(refused.err.contains("\n  withheld: identity_contact, service_needs\n"), "{refused:?}");

    wanting["recipient"] = json!("Kela");
    let wrong = sandbox.call("ohjaamo", &["SendReferral", &wanting.to_string()]).await.unwrap();
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.err.contains("\n  reason: INVALID_FIELDS (polku)\n"), "{wrong:?}");
    assert!(wrong.err.contains("\n  field recipient: "), "{wrong:?}");

    let unknown = sandbox.call("ohjaamo", &["SendReferal", "{}"]).await.unwrap();
    assert_eq!((unknown.code, unknown.out.as_str()), (Some(64), ""));
    let unreadable = sandbox.call("ohjaamo", &["GetJourney", r#"{"yuoth": ""}"#]).await.unwrap();
    assert_eq!((unreadable.code, unreadable.out.as_str()), (Some(64), ""));
    sandbox.end("TERM").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_request_id_is_filled_in_and_a_given_one_is_kept() {
    let sandbox = Staying::start().await.unwrap();
    let mut request = referral(sandbox.youth().unwrap());
    let first = sandbox.call("ohjaamo", &["SendReferral", &request.to_string()]).await.unwrap();
    assert_eq!(first.code, Some(0), "{first:?}");
    let id = filled_in(&first).unwrap();

    request["requestId"] = json!(id);
    let again = sandbox.call("ohjaamo", &["SendReferral", &request.to_string()]).await.unwrap();
    assert_eq!((again.code, again.err.as_str()), (Some(0), ""));
    assert_eq!(again.json()["referral"]["name"], first.json()["referral"]["name"]);
    assert_eq!(again.json()["receipt"], first.json()["receipt"]);

    request["purpose"] = json!("PURPOSE_GUIDANCE");
    let other = sandbox.call("ohjaamo", &["SendReferral", &request.to_string()]).await.unwrap();
    assert_eq!(other.code, Some(1));
    assert!(other.err.contains("  reason: REQUEST_ID_REUSED (polku)\n"), "{other:?}");
    sandbox.end("TERM").await.unwrap();
}

fn filled_in(ran: &Ran) -> Result<String> {
    let id = ran.err.strip_prefix("request_id ").and_then(|rest| rest.split(' ').next());
    Ok(id.context("no request_id was filled in")?.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_printed_line_by_line_until_its_deadline() {
    let sandbox = Staying::start().await.unwrap();
    let request = referral(sandbox.youth().unwrap()).to_string();
    let mut watch = sandbox.calling("ohjaamo").unwrap();
    watch
        .args(["WatchReferrals", "--deadline", "6"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut watch = watch.spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    // Nobody says when the watch has begun, so there is news until it tells some.
    let mut names = Vec::new();
    let mut first = None;
    while first.is_none() && names.len() < TRIES {
        let sent = sandbox.call("ohjaamo", &["SendReferral", &request]).await.unwrap();
        names.push(sent.json()["referral"]["name"].clone());
        first = timeout(Duration::from_millis(200), lines.next_line()).await.ok();
    }
    let line = first.expect("no news in time").unwrap().expect("the watch has ended");
    let event: Value = serde_json::from_str(&line).unwrap();
    assert!(names.contains(&event["referral"]["name"]), "{line}");
    assert!(!event["resumeToken"].as_str().unwrap().is_empty());
    while lines.next_line().await.unwrap().is_some() {}
    assert_eq!(watch.wait().await.unwrap().code(), Some(0));

    // From the token on, the news that came after it: the same referral's delivery, or the next one.
    sandbox.call("ohjaamo", &["SendReferral", &request]).await.unwrap();
    let resume = json!({"resumeToken": event["resumeToken"]}).to_string();
    let ran = sandbox.call("ohjaamo", &["WatchReferrals", &resume, "--deadline", "1"]).await.unwrap();
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let next: Value = serde_json::from_str(ran.out.lines().next().unwrap()).unwrap();
    assert_ne!(next["resumeToken"], event["resumeToken"]);
    sandbox.end("TERM").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_methods_are_listed_without_a_gateway() {
    let ran = run("polku", &["call", "--list"]).await.unwrap();
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let contract = FileDescriptorSet::decode(polku_proto::FILE_DESCRIPTOR_SET).unwrap();
    let mut expected = Vec::new();
    for file in &contract.file {
        for service in &file.service {
            let methods = service.method.iter();
            expected.extend(
                methods.map(|method| format!("{}.{}/{}", file.package(), service.name(), method.name())),
            );
        }
    }
    assert!(expected.contains(&"polku.v1.ReferralService/WatchReferrals".to_owned()));
    let mut listed: Vec<&str> = ran.out.lines().collect();
    listed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(listed, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_not_there_is_told() {
    let sandbox = Staying::start().await.unwrap();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let ran =
        sandbox.call("ohjaamo", &["--address", &nobody, "ListReferrals", r#"{"parent": "youths/-"}"#]).await;
    let ran = ran.unwrap();
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.starts_with(&format!("polku: cannot connect to {nobody}")), "{ran:?}");
    sandbox.end("TERM").await.unwrap();
}
